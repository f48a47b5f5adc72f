"""Data prepared by TensorFlow Datasets: found, decoded, kept, and never fetched."""

import io
import json
import logging
import os
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from esoftmax_jax.app.data import load as _datasets
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.parts import Parts, RawExamples
from esoftmax_jax.app.data.readers import prepared as _prepared
from esoftmax_jax.app.data.readers.prepared import (
    decode_split,
    find_prepared,
    lossy_note,
    numbers_at_the_end,
    quiet,
)
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.cli import main
from tests.helpers.datasets import four_arrays, pixels, refused, tree


@pytest.fixture
def arrays():
    return four_arrays()


def _prepare(root: Path, name: str = "toy", version: str = "1.0.0", **info: object) -> Path:
    directory = root / name / version
    directory.mkdir(parents=True)
    (directory / "dataset_info.json").write_text(json.dumps({"name": name} | info))
    return directory


@pytest.mark.parametrize("name", ["../mnist", "a/../b", "mnist:latest", "a b", "mnist/"])
def test_malformed_prepared_name(name, tmp_path):
    refused(f"tfds:{name}", name, "tfds:NAME/CONFIG", data_dir=str(tmp_path))


def test_missing_data_is_told_and_left_missing(tmp_path, monkeypatch):
    advice = ["tfds build mnist", "download_and_prepare()", "--data-dir"]
    refused("mnist", "not prepared", str(tmp_path / "mnist"), *advice, data_dir=str(tmp_path))
    refused(
        "mnist", "no directory", str(tmp_path / "no"), *advice, data_dir=str(tmp_path / "no")
    )
    assert not list(tmp_path.iterdir())  # nothing was begun
    monkeypatch.setenv("ESOFTMAX_DATA_DIR", str(tmp_path / "from-environment"))
    refused("tfds:anything", "from-environment", "tfds build anything")
    monkeypatch.delenv("ESOFTMAX_DATA_DIR")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "default"))
    refused("cifar10", str(tmp_path / "default"))


def test_newest_version_or_the_one_asked_for(tmp_path):
    for version in ("2.9.0", "2.10.0"):
        _prepare(tmp_path, version=version)
    (tmp_path / "toy" / "3.0.0").mkdir()  # an unfinished preparation
    assert find_prepared("toy", str(tmp_path)).name == "2.10.0"
    assert find_prepared("toy:2.9.0", str(tmp_path)).name == "2.9.0"
    refused("tfds:toy:3.0.0", "not prepared", "3.0.0", data_dir=str(tmp_path))


def test_damaged_data_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("ESOFTMAX_CACHE_DIR", str(tmp_path / "cache"))
    directory = _prepare(tmp_path)
    (directory / "dataset_info.json").write_text('{"splits": 3}')
    refused("tfds:toy", str(directory), "cannot be read", "tfds build", data_dir=str(tmp_path))


class _Source(list[dict[str, object]]):
    """A data source in memory."""

    def __getitems__(self, rows):
        return [self[row] for row in rows]


def test_decoding_needs_one_shape():
    sizes = [(4, 4, 1), (4, 4, 1), (4, 5, 1)]
    source = _Source({"image": np.zeros(size, np.uint8), "label": 1} for size in sizes)
    with pytest.raises(UsageError, match=r"one shape.*\(4, 5, 1\) in row 2; resize"):
        decode_split("toy, train", source, "image", ["label"])
    images, values = decode_split("toy, train", _Source(source[:2]), "image", ["label"])
    assert (images.shape, values) == ((2, 4, 4, 1), {"label": [1, 1]})
    with pytest.raises(UsageError, match="the split is empty"):
        decode_split("toy, train", _Source(), "image", ["label"])


@pytest.mark.parametrize(
    ("ids", "numbers"),
    [
        ([b"train_00042", b"train_00007"], [42, 7]),
        ([b"3", b"a10b20"], [3, 20]),
        ([b"train_1", b"test_1"], None),
        ([b"train_1", b"train_x"], None),
        ([b"1" * 40, b"2"], None),
    ],
)
def test_numbers_of_ids(ids, numbers):
    found = numbers_at_the_end(ids)
    assert (found if found is None else found.tolist()) == numbers


def _write_prepared(root: Path, names: list[str], further: dict[str, int]) -> None:
    """Write a set as TFDS prepares one: 6 training and 3 test examples with the label i mod 3.

    ``further`` are ClassLabels of so many classes, one more than the label; −1 in the test.
    """
    from array_record.python.array_record_module import ArrayRecordWriter
    from tensorflow_datasets.proto.tf_example_generated_pb2 import Example

    directory = root / "toy" / "1.0.0"
    directory.mkdir(parents=True)
    for split, count in (("train", 6), ("test", 3)):
        path = directory / f"toy-{split}.array_record-00000-of-00001"
        writer = ArrayRecordWriter(str(path), "group_size:1")
        for i in range(count):
            example, image = Example(), io.BytesIO()
            Image.fromarray(pixels(i)).save(image, "png")
            feature = example.features.feature
            feature["image"].bytes_list.value.append(image.getvalue())
            feature["id"].bytes_list.value.append(f"{split}_{5 - i:05d}".encode())
            feature["label"].int64_list.value.append(i % 3)
            for name, classes in further.items():
                label = (i + 1) % min(classes, 3) if split == "train" else -1
                feature[name].int64_list.value.append(label)
            writer.write(example.SerializeToString())
        writer.close()
    package = "tensorflow_datasets.core.features"
    features = {
        "id": {"pythonClassName": f"{package}.text_feature.Text", "text": {}},
        "image": {
            "pythonClassName": f"{package}.image_feature.Image",
            "image": {"dtype": "uint8", "shape": {"dimensions": ["5", "4", "3"]}},
        },
    }
    for name, classes in {"label": 3, **further}.items():
        features[name] = {
            "pythonClassName": f"{package}.class_label_feature.ClassLabel",
            "classLabel": {"numClasses": str(classes)},
        }
    described = {
        "pythonClassName": f"{package}.features_dict.FeaturesDict",
        "featuresDict": {"features": features},
    }
    (directory / "features.json").write_text(json.dumps(described))
    (directory / "label.labels.txt").write_text("\n".join(names))
    splits = [
        {
            "name": split,
            "shardLengths": [count],
            "numBytes": "1",
            "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}",
        }
        for split, count in (("train", "6"), ("test", "3"))
    ]
    info = {"name": "toy", "version": "1.0.0", "fileFormat": "array_record", "splits": splits}
    (directory / "dataset_info.json").write_text(json.dumps(info))


def test_ids_names_and_labels_of_annotators(tmp_path, monkeypatch):
    monkeypatch.setenv("ESOFTMAX_CACHE_DIR", str(tmp_path / "cache"))
    names = ["ant", "bee", "cow"]
    _write_prepared(tmp_path / "data", names, {"worse_label": 3, "coarse_label": 2})
    before = tree(tmp_path / "data")
    for _ in ("decoded", "from the cache"):
        data = load_dataset("tfds:toy", data_dir=str(tmp_path / "data"))
        assert data.train.ids.tolist() == [5, 4, 3, 2, 1, 0]
        assert data.train.ids.dtype == np.int64
        assert data.class_names == ("ant", "bee", "cow")
        assert data.train.labels.observed.tolist() == [0, 1, 2, 0, 1, 2]
        assert {name: array.tolist() for name, array in data.label_columns.items()} == {
            "worse_label": [1, 2, 0, 1, 2, 0]
        }
        assert data.label_columns["worse_label"].dtype == np.int32
        np.testing.assert_array_equal(data.test.images, [pixels(i) for i in range(3)])
        monkeypatch.setattr(_prepared, "_decode", None)
    assert tree(tmp_path / "data") == before


def test_cifar_n_is_cifar_with_more_labels(monkeypatch):
    images = np.zeros((10, 4, 4, 3), np.uint8)
    labels = np.arange(10)
    further = {"worse_label": labels[::-1]}
    parts = Parts(
        train=RawExamples(images, labels, labels, annotations=further),
        test=RawExamples(images, labels, labels),
        class_names=tuple(map(str, labels)),
    )
    monkeypatch.setattr(_datasets, "read_prepared", lambda name, data_dir: parts)
    data = load_dataset("tfds:cifar10_n")
    assert (data.class_map, data.mean) == ("cifar10", (0.4914, 0.4822, 0.4465))
    assert data.label_columns["worse_label"].tolist() == labels[::-1].tolist()
    further["worse_label"] = labels + 1
    refused("tfds:cifar10_n", "worse_label", "[0, 10)", "got label 10 in row 9")


def test_note_on_a_lossy_encoding():
    description = "Ten classes.\nEncoded as JPEG (lossy). Made for tests."
    assert lossy_note(description, True) == "Encoded as JPEG (lossy)."
    assert "JPEG" in lossy_note("Ten classes.", True)
    assert lossy_note("Ten classes.", False) == ""


def test_quiet_brings_the_logger_back():
    logger = logging.getLogger("absl")
    before = logger.level
    with quiet():
        assert logger.level == logging.ERROR
        warnings.warn("silenced", stacklevel=1)
    assert logger.level == before


def test_cache_is_used_and_a_broken_one_replaced(tmp_path, monkeypatch, arrays):
    monkeypatch.setenv("ESOFTMAX_CACHE_DIR", str(tmp_path / "cache"))
    directory = _prepare(tmp_path / "data")
    calls = []

    def decode(name, found):
        calls.append((name, found))
        return arrays | {"class_names": np.array(["a", "b", "c"]), "note": np.array("a note")}

    monkeypatch.setattr(_prepared, "_decode", decode)

    def load() -> None:
        data = load_dataset("tfds:toy", data_dir=str(tmp_path / "data"))
        np.testing.assert_array_equal(data.train.images, arrays["train_images"])
        assert (data.num_classes, data.note, data.name) == (3, "a note", "tfds:toy")

    load()
    load()
    assert calls == [("toy", directory)]
    (cached,) = (tmp_path / "cache").iterdir()  # no temporary file stays
    cached.write_bytes(cached.read_bytes()[:100])
    load()
    assert len(calls) == 2
    (directory / "more").write_text("another size")
    load()
    assert len(calls) == 3
    (tmp_path / "file").touch()
    monkeypatch.setenv("ESOFTMAX_CACHE_DIR", str(tmp_path / "file"))  # not writable
    load()
    assert len(calls) == 4


def _prepared_here(name: str) -> str:
    root = os.environ.get("ESOFTMAX_DATA_DIR")
    if not root or not (Path(root) / name).is_dir():
        pytest.skip(f"ESOFTMAX_DATA_DIR holds no {name}")
    return root


@pytest.fixture
def few(monkeypatch, tmp_path):
    """Decodes only the first images, into a cache of its own."""
    monkeypatch.setenv("ESOFTMAX_CACHE_DIR", str(tmp_path))

    def first(where, source, *keys):
        rows = _Source(source.__getitems__(list(range(500))))
        return decode_split(where, rows, *keys)

    monkeypatch.setattr(_prepared, "decode_split", first)


@pytest.mark.parametrize(
    ("name", "shape", "mean"),
    [("mnist", (28, 28, 1), (0.1307,)), ("cifar10", (32, 32, 3), (0.4914, 0.4822, 0.4465))],
)
@pytest.mark.usefixtures("few")
def test_prepared_data(name, shape, mean):
    data = load_dataset(name, data_dir=_prepared_here(name))
    assert data.train.images.shape == data.test.images.shape == (500, *shape)
    assert data.train.images.dtype == np.uint8
    assert (data.num_classes, data.class_map, data.mean) == (10, name, mean)
    assert (np.bincount(data.train.labels.observed, minlength=10) > 25).all()
    scaled = data.train.images.mean((0, 1, 2)) / 255
    np.testing.assert_allclose(scaled, mean, atol=0.02)
    lossy = bool(re.search("lossy", data.note))
    assert lossy == (name == "cifar10")


@pytest.mark.usefixtures("few")
def test_the_papers_table_on_real_images(tmp_path, capsys):
    arguments = ["reproduce", "table2", "--dataset", "cifar10", "--scale", "smoke"]
    arguments += ["--cells", "asym0.4/CE,asym0.4/CE_eps+MAE", "--seeds", "1"]
    arguments += ["--data-dir", _prepared_here("cifar10"), "--out", str(tmp_path / "out")]
    own = tmp_path / "of_a_reader.py"
    own.write_text("def loss(logits, labels, *, a=2.0): return a * logits.std(1)\n", "utf-8")
    assert main([*arguments, "--extra-losses", f"{own}:loss"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"of_a_reader.py:loss +\d+\.\d+ \(1\) +\d+\.\d+ \(1\) +– +–", printed)
    assert re.search(r"CE_eps\+MAE +\d+\.\d+ \(1\) +\d+\.\d+ \(1\) +78\.91 ± 0\.25", printed)
    assert "the first 256 training examples instead of all" in printed
    assert "lossy" in printed
    path = tmp_path / "out" / "table2-cifar10-smoke.jsonl"
    results = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len({result["noise_hash"] for result in results}) == 1
    for result in results:
        assert result["noise_rate"] == pytest.approx(0.18, abs=0.05)  # sequential
        assert result["config"]["network"] == "eight_layer_cnn"
        assert np.isfinite(result["curves"]["train_loss"]).all()


@pytest.mark.parametrize(
    ("name", "train", "test"), [("mnist", 60_000, 10_000), ("cifar10", 50_000, 10_000)]
)
def test_whole_prepared_data(name, train, test):
    data = load_dataset(name, data_dir=_prepared_here(name))
    assert (len(data.train), len(data.test)) == (train, test)
    np.testing.assert_array_equal(np.sort(data.train.ids), np.arange(train))
    classes = np.bincount(data.train.labels.observed)
    if name == "cifar10":
        np.testing.assert_array_equal(classes, 5000)
        np.testing.assert_array_equal(np.bincount(data.test.labels.observed), 1000)
        original = data.train.labels.observed[np.argsort(data.train.ids)]
        assert original[:10].tolist() == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]
        assert data.class_names[:3] == ("airplane", "automobile", "bird")
    else:
        expected = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
        np.testing.assert_array_equal(classes, expected)
