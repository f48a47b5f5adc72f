"""Loading data: what comes back, and one clear line for every wrong input."""

import builtins
import json
import logging
import os
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from experiments import _datasets
from experiments._dataset_files import decode_split, find_prepared, lossy_note, quiet
from experiments._datasets import load_dataset
from experiments._errors import UsageError


@pytest.fixture
def arrays():
    generator = np.random.default_rng(0)
    return {
        "train_images": generator.integers(0, 256, (12, 4, 5, 3), np.uint8),
        "train_labels": np.arange(12) % 3,
        "test_images": generator.integers(0, 256, (6, 4, 5, 3), np.uint8),
        "test_labels": np.arange(6) % 3,
    }


@pytest.fixture
def save(tmp_path):
    def write(arrays: dict[str, np.ndarray]) -> str:
        np.savez(tmp_path / "data.npz", **arrays)  # type: ignore[arg-type]
        return f"npz:{tmp_path / 'data.npz'}"

    return write


def _prepare(root: Path, name: str = "toy", version: str = "1.0.0", **info: object) -> Path:
    directory = root / name / version
    directory.mkdir(parents=True)
    (directory / "dataset_info.json").write_text(json.dumps({"name": name} | info))
    return directory


def _refused(spec: str, *words: str, data_dir: Path | None = None) -> None:
    """Asserts that the one-line message holds every word."""
    with pytest.raises(UsageError) as caught:
        load_dataset(spec, data_dir=None if data_dir is None else str(data_dir))
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message, message


def test_digits():
    data = load_dataset("digits")
    assert data.train_images.shape[1:] == data.test_images.shape[1:] == (8, 8, 1)
    assert len(data.train_images) + len(data.test_images) == 1797
    assert data.train_images.dtype == np.float32
    assert data.train_images.min() == 0
    assert data.train_images.max() == 1
    assert (data.train_images * 16 == np.round(data.train_images * 16)).all()
    train, test = np.bincount(data.train_labels), np.bincount(data.test_labels)
    np.testing.assert_allclose(test / (train + test), 0.2, atol=0.004)
    assert (data.num_classes, data.class_map, data.note) == (10, None, "")
    np.testing.assert_allclose(data.mean, data.train_images.mean(), rtol=1e-5)
    np.testing.assert_allclose(data.std, data.train_images.std(), rtol=1e-5)
    again = load_dataset("digits")
    np.testing.assert_array_equal(data.test_images, again.test_images)


def test_npz_round_trip(arrays, save):
    data = load_dataset(save(arrays))
    for key, array in arrays.items():
        np.testing.assert_array_equal(getattr(data, key), array)
    assert data.train_images.dtype == np.uint8
    assert data.train_labels.dtype == data.test_labels.dtype == np.int32
    assert (data.num_classes, data.class_map) == (3, None)
    scaled = arrays["train_images"] / 255
    np.testing.assert_allclose(data.mean, scaled.mean((0, 1, 2)))
    np.testing.assert_allclose(data.std, scaled.std((0, 1, 2)))


def test_npz_under_the_names_and_shapes_of_keras(arrays, save):
    spec = save(
        {
            "x_train": arrays["train_images"][..., 0],
            "y_train": arrays["train_labels"][:, None].astype(np.uint8),
            "x_test": arrays["test_images"][..., 0],
            "y_test": arrays["test_labels"][:, None].astype(np.uint8),
        }
    )
    data = load_dataset(spec)
    np.testing.assert_array_equal(data.train_images, arrays["train_images"][..., :1])
    np.testing.assert_array_equal(data.test_labels, arrays["test_labels"])


def test_npz_of_features(arrays, save):
    generator = np.random.default_rng(1)
    arrays |= {"train_images": generator.normal(size=(12, 2)), "test_images": np.ones((6, 2))}
    arrays["train_images"][:, 1] = 0.1  # constant: divided by 1, not by 0
    data = load_dataset(save(arrays))
    assert data.train_images.dtype == data.test_images.dtype == np.float32
    assert data.std[0] == pytest.approx(arrays["train_images"][:, 0].std(), rel=1e-5)
    assert data.mean[1] == pytest.approx(0.1)
    assert data.std[1] == 1


WRONG_ARRAYS = {
    "short labels": ("train_labels", np.zeros(5, int), ["train_labels", "12 images", "got 5"]),
    "float labels": ("train_labels", np.zeros(12), ["train_labels", "integer", "float64"]),
    "matrix labels": ("test_labels", np.zeros((6, 2), int), ["test_labels", "(6, 2)"]),
    "negative label": ("train_labels", np.arange(12) - 1, ["from 0", "-1 in row 0"]),
    "foreign label": (
        "test_labels",
        np.array([0, 1, 2, 0, 7, 9]),
        ["test_labels", "[0, 3)", "7 in row 4"],
    ),
    "one class": ("train_labels", np.zeros(12, int), ["at least 2 classes, got 1"]),
    "integer images": (
        "train_images",
        np.zeros((12, 4, 5, 3), int),
        ["train_images", "uint8", "int64"],
    ),
    "flat images": (
        "train_images",
        np.zeros((12, 60), np.uint8),
        ["train_images", "(N, H, W)", "(12, 60)"],
    ),
    "one-dimensional features": ("train_images", np.zeros(12), ["(N, D)", "(12,)"]),
    "no images": ("test_images", np.zeros((0, 4, 5, 3), np.uint8), ["test_images", "(0, 4"]),
    "other size": ("test_images", np.zeros((6, 4, 4, 3), np.uint8), ["alike", "(4, 4, 3)"]),
    "infinite feature": (
        "train_images",
        np.where(np.arange(12)[:, None] == 8, np.inf, np.zeros((12, 2))),
        ["train_images", "row 8", "finite"],
    ),
    "feature beyond float32": ("train_images", np.full((12, 2), 1e300), ["row 0", "float32"]),
    "pickled objects": ("train_labels", np.array([{}] * 12), ["train_labels", "numbers"]),
}


@pytest.mark.parametrize("case", WRONG_ARRAYS)
def test_npz_with_a_wrong_array(case, arrays, save):
    key, array, words = WRONG_ARRAYS[case]
    _refused(save(arrays | {key: array}), *words)


def test_npz_without_an_array(arrays, save):
    del arrays["test_labels"]
    _refused(save(arrays), "'test_labels' (or 'y_test')", "test_images, train_images")


def test_npz_that_is_none(tmp_path):
    missing = tmp_path / "missing.npz"
    _refused(f"npz:{missing}", "no file", str(missing), ".npz")
    (tmp_path / "text.npz").write_text("not an archive")
    _refused(
        f"npz:{tmp_path / 'text.npz'}", "is not a readable NumPy .npz archive", "numpy.savez"
    )
    np.save(tmp_path / "single.npy", np.zeros(3))
    _refused(f"npz:{tmp_path / 'single.npy'}", "is not a readable NumPy .npz archive")
    (tmp_path / "empty.npz").touch()
    np.savez(tmp_path / "whole.npz", train_images=np.zeros(100))
    (tmp_path / "part.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:300])
    _refused(f"npz:{tmp_path / 'part.npz'}", "is not a readable NumPy .npz archive")
    _refused(f"npz:{tmp_path / 'empty.npz'}", "is not a readable NumPy .npz archive")


@pytest.mark.parametrize("spec", ["imagenet", "", "npz:", "tfds:", "npz", "MNIST", "csv:x"])
def test_unknown_name_lists_the_choices(spec):
    _refused(spec, repr(spec), "digits, mnist, cifar10, cifar100, fashion_mnist, tfds:NAME")


@pytest.mark.parametrize("name", ["../mnist", "a/../b", "mnist:latest", "a b", "mnist/"])
def test_malformed_prepared_name(name, tmp_path):
    _refused(f"tfds:{name}", name, "tfds:NAME/CONFIG", data_dir=tmp_path)


def test_missing_data_is_told_and_left_missing(tmp_path, monkeypatch):
    advice = ["tfds build mnist", "download_and_prepare()", "--data-dir"]
    _refused("mnist", "not prepared", str(tmp_path / "mnist"), *advice, data_dir=tmp_path)
    _refused("mnist", "no directory", str(tmp_path / "no"), *advice, data_dir=tmp_path / "no")
    assert not list(tmp_path.iterdir())  # nothing was begun
    monkeypatch.setenv("ESOFTMAX_DATA_DIR", str(tmp_path / "from-environment"))
    _refused("tfds:anything", "from-environment", "tfds build anything")
    monkeypatch.delenv("ESOFTMAX_DATA_DIR")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "default"))
    _refused("cifar10", str(tmp_path / "default"))


def test_newest_version_or_the_one_asked_for(tmp_path):
    for version in ("2.9.0", "2.10.0"):
        _prepare(tmp_path, version=version)
    (tmp_path / "toy" / "3.0.0").mkdir()  # an unfinished preparation
    assert find_prepared("toy", str(tmp_path)).name == "2.10.0"
    assert find_prepared("toy:2.9.0", str(tmp_path)).name == "2.9.0"
    _refused("tfds:toy:3.0.0", "not prepared", "3.0.0", data_dir=tmp_path)


def test_damaged_data_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("ESOFTMAX_CACHE_DIR", str(tmp_path / "cache"))
    directory = _prepare(tmp_path)
    (directory / "dataset_info.json").write_text("{")
    _refused("tfds:toy", str(directory), "cannot be read", "tfds build", data_dir=tmp_path)


def test_missing_packages_are_named(tmp_path, monkeypatch):
    plain = builtins.__import__

    def without(name, *arguments, **keywords):
        if name in ("sklearn.datasets", "tensorflow_datasets"):
            raise ImportError(name)
        return plain(name, *arguments, **keywords)

    monkeypatch.setenv("ESOFTMAX_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(builtins, "__import__", without)
    _prepare(tmp_path)
    for spec in ("digits", "tfds:toy"):
        _refused(spec, "not installed", "esoftmax_jax[experiments]", data_dir=tmp_path)


class _Source(list[dict[str, object]]):
    """A data source in memory."""

    def __getitems__(self, rows):
        return [self[row] for row in rows]


def test_decoding_needs_one_shape():
    sizes = [(4, 4, 1), (4, 4, 1), (4, 5, 1)]
    source = _Source({"image": np.zeros(size, np.uint8), "label": 1} for size in sizes)
    with pytest.raises(UsageError, match=r"one shape.*\(4, 5, 1\) in row 2; resize"):
        decode_split("toy, train", source, "image", "label")
    images, labels = decode_split("toy, train", _Source(source[:2]), "image", "label")
    assert (images.shape, labels.tolist()) == ((2, 4, 4, 1), [1, 1])
    with pytest.raises(UsageError, match="the split is empty"):
        decode_split("toy, train", _Source(), "image", "label")


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
        return _datasets._Prepared(arrays, 3, "a note")

    monkeypatch.setattr(_datasets, "_decode", decode)

    def load() -> None:
        data = load_dataset("tfds:toy", data_dir=str(tmp_path / "data"))
        np.testing.assert_array_equal(data.train_images, arrays["train_images"])
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

    monkeypatch.setattr(_datasets, "decode_split", first)


@pytest.mark.parametrize(
    ("name", "shape", "mean"),
    [("mnist", (28, 28, 1), (0.1307,)), ("cifar10", (32, 32, 3), (0.4914, 0.4822, 0.4465))],
)
@pytest.mark.usefixtures("few")
def test_prepared_data(name, shape, mean):
    data = load_dataset(name, data_dir=_prepared_here(name))
    assert data.train_images.shape == data.test_images.shape == (500, *shape)
    assert data.train_images.dtype == np.uint8
    assert (data.num_classes, data.class_map, data.mean) == (10, name, mean)
    assert (np.bincount(data.train_labels, minlength=10) > 25).all()
    scaled = data.train_images.mean((0, 1, 2)) / 255
    np.testing.assert_allclose(scaled, mean, atol=0.02)
    lossy = bool(re.search("lossy", data.note))
    assert lossy == (name == "cifar10")


@pytest.mark.parametrize(
    ("name", "train", "test"), [("mnist", 60_000, 10_000), ("cifar10", 50_000, 10_000)]
)
def test_whole_prepared_data(name, train, test):
    data = load_dataset(name, data_dir=_prepared_here(name))
    assert (len(data.train_images), len(data.test_images)) == (train, test)
    classes = np.bincount(data.train_labels)
    if name == "cifar10":
        np.testing.assert_array_equal(classes, 5000)
        np.testing.assert_array_equal(np.bincount(data.test_labels), 1000)
    else:
        expected = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
        np.testing.assert_array_equal(classes, expected)
