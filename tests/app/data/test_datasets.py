"""Bundled sets and NumPy archives: what comes back, one clear line for every wrong input."""

import builtins
import json

import numpy as np
import pytest

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.examples import Examples
from esoftmax_jax.app.data.labels import Labels
from esoftmax_jax.app.data.load import load_dataset
from tests.helpers.datasets import four_arrays, refused


@pytest.fixture
def arrays():
    return four_arrays()


@pytest.fixture
def save(tmp_path):
    def write(arrays: dict[str, np.ndarray]) -> str:
        np.savez(tmp_path / "data.npz", **arrays)  # type: ignore[arg-type]
        return f"npz:{tmp_path / 'data.npz'}"

    return write


def test_digits():
    data = load_dataset("digits")
    assert data.train.images.shape[1:] == data.test.images.shape[1:] == (8, 8, 1)
    assert len(data.train) + len(data.test) == 1797
    assert data.train.images.dtype == np.float32
    assert data.train.images.min() == 0
    assert data.train.images.max() == 1
    assert (data.train.images * 16 == np.round(data.train.images * 16)).all()
    train, test = (
        np.bincount(data.train.labels.observed),
        np.bincount(data.test.labels.observed),
    )
    np.testing.assert_allclose(test / (train + test), 0.2, atol=0.004)
    assert (data.num_classes, data.class_map, data.note) == (10, None, "")
    np.testing.assert_allclose(data.mean, data.train.images.mean(), rtol=1e-5)
    np.testing.assert_allclose(data.std, data.train.images.std(), rtol=1e-5)
    again = load_dataset("digits")
    np.testing.assert_array_equal(data.test.images, again.test.images)


def test_npz_round_trip(arrays, save):
    data = load_dataset(save(arrays))
    for name, part in (("train", data.train), ("test", data.test)):
        np.testing.assert_array_equal(part.images, arrays[f"{name}_images"])
        np.testing.assert_array_equal(part.labels.observed, arrays[f"{name}_labels"])
    assert data.train.images.dtype == np.uint8
    assert data.train.labels.observed.dtype == data.test.labels.observed.dtype == np.int32
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
    np.testing.assert_array_equal(data.train.images, arrays["train_images"][..., :1])
    np.testing.assert_array_equal(data.test.labels.observed, arrays["test_labels"])


def test_whole_floating_point_labels_are_classes(arrays, save):
    labels = arrays["train_labels"].astype(np.float32)
    data = load_dataset(save(arrays | {"train_labels": labels[:, None]}))
    np.testing.assert_array_equal(data.train.labels.observed, arrays["train_labels"])
    assert data.num_classes == 3


def test_npz_of_features(arrays, save):
    generator = np.random.default_rng(1)
    arrays |= {"train_images": generator.normal(size=(12, 2)), "test_images": np.ones((6, 2))}
    arrays["train_images"][:, 1] = 0.1  # constant: divided by 1, not by 0
    data = load_dataset(save(arrays))
    assert data.train.images.dtype == data.test.images.dtype == np.float32
    assert data.std[0] == pytest.approx(arrays["train_images"][:, 0].std(), rel=1e-5)
    assert data.mean[1] == pytest.approx(0.1)
    assert data.std[1] == 1


WRONG_ARRAYS = {
    "short labels": ("train_labels", np.zeros(5, int), ["train_labels", "12 images", "got 5"]),
    "float labels": (
        "train_labels",
        np.arange(12) / 4,
        ["train_labels", "'0.25'", "regression"],
    ),
    "missing label": (
        "test_labels",
        np.where(np.arange(6) == 2, np.nan, 0),
        ["test_labels", "nan in row 2", "without a label"],
    ),
    "complex labels": ("train_labels", np.zeros(12, "c8"), ["integer", "complex64"]),
    "matrix labels": ("test_labels", np.zeros((6, 2), int), ["test_labels", "(6, 2)"]),
    "negative label": ("train_labels", np.arange(12) % 4 - 1, ["from 0", "-1 in row 0"]),
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
    "pickled objects": (
        "train_labels",
        np.array([{}] * 12),
        ["train_labels", "numbers", "(it holds Python objects)"],
    ),
}


@pytest.mark.parametrize("case", WRONG_ARRAYS)
def test_npz_with_a_wrong_array(case, arrays, save):
    key, array, words = WRONG_ARRAYS[case]
    refused(save(arrays | {key: array}), *words)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("tested", [True, False], ids=["test", "no-test"])
def test_channels_first_are_refused_with_the_transposition(channels, dtype, tested, save):
    parts = ("train", "test") if tested else ("train",)
    arrays = {f"{part}_images": np.zeros((12, channels, 7, 8), dtype) for part in parts}
    labels = {f"{part}_labels": np.arange(12) % 2 for part in parts}
    refused(
        save(arrays | labels),
        f"train_images: expected channels last, shape (N, H, W, C), got (12, {channels}, 7, 8), "
        "which looks like (N, C, H, W); write array.transpose(0, 2, 3, 1)",
    )
    transposed = {name: array.transpose(0, 2, 3, 1) for name, array in arrays.items()}
    data = load_dataset(save(transposed | labels))
    assert data.train.images.shape[1:] == (7, 8, channels)


def test_squares_of_many_channels_in_front_are_refused(save):
    images = np.zeros((12, 13, 16, 16), np.float32)
    refused(
        save({"train_images": images, "train_labels": np.arange(12) % 2}), "(12, 13, 16, 16)"
    )


@pytest.mark.parametrize("shape", [(3, 9, 3), (1, 8, 1), (4, 8, 3), (3, 3, 3), (3, 8, 1)])
def test_low_images_with_channels_last_are_accepted(shape, save):
    images = np.random.default_rng(0).integers(0, 256, (12, *shape), np.uint8)
    data = load_dataset(
        save(
            {
                "train_images": images,
                "train_labels": np.arange(12) % 2,
                "test_images": images,
                "test_labels": np.arange(12) % 2,
            }
        )
    )
    np.testing.assert_array_equal(data.train.images, images)


def test_npz_without_an_array(arrays, save):
    del arrays["test_labels"]
    refused(save(arrays), "'test_labels' (or 'y_test')", "'test_images', 'train_images'")


def test_npz_that_is_none(tmp_path):
    missing = tmp_path / "missing.npz"
    refused(f"npz:{missing}", "no file", str(missing), ".npz")
    (tmp_path / "text.npz").write_text("not an archive")
    refused(
        f"npz:{tmp_path / 'text.npz'}", "is not a readable NumPy .npz archive", "numpy.savez"
    )
    np.save(tmp_path / "single.npy", np.zeros(3))
    refused(f"npz:{tmp_path / 'single.npy'}", "is not a readable NumPy .npz archive")
    (tmp_path / "empty.npz").touch()
    np.savez(tmp_path / "whole.npz", train_images=np.zeros(100))
    (tmp_path / "part.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:300])
    refused(f"npz:{tmp_path / 'part.npz'}", "is not a readable NumPy .npz archive")
    refused(f"npz:{tmp_path / 'empty.npz'}", "is not a readable NumPy .npz archive")


def test_npz_with_clean_labels_names_and_ids(arrays, save):
    given = arrays["train_labels"][::-1].astype(np.int8)
    clean, ids = arrays["train_labels"], np.arange(12, dtype=np.uint16)[::-1]
    further = {
        "train_clean_labels": clean,
        "class_names": np.array(["ant", "bee", "cow", "dog"]),
        "train_ids": ids,
    }
    data = load_dataset(save(arrays | {"train_labels": given} | further))
    np.testing.assert_array_equal(data.train.labels.truth, clean)
    np.testing.assert_array_equal(data.train.labels.observed, given)
    assert data.label_columns == {"given": data.train.labels.observed}
    np.testing.assert_array_equal(data.train.ids, ids)
    assert data.train.ids.dtype == np.int64
    assert (data.num_classes, data.class_names) == (4, ("ant", "bee", "cow", "dog"))


NAMES = np.array(["ant", "bee", "cow"])
WRONG_FURTHER = {
    "empty class": ({"train_labels": np.arange(12) % 2 * 2}, ["train_labels", "0 to 2", "class 1"]),
    "clean label beyond": ({"train_clean_labels": np.arange(12)}, ["train_clean_labels", "[0, 3)", "3 in row 3"]),
    "short clean labels": ({"train_clean_labels": np.arange(3)}, ["train_clean_labels", "12 images", "got 3"]),
    "given label beyond names": ({"train_clean_labels": np.arange(12) % 2, "class_names": NAMES[:2]}, ["train_labels", "[0, 2)", "2 in row 2"]),
    "label beyond names": ({"class_names": NAMES[:2]}, ["train_labels", "[0, 2)"]),
    "one name": ({"class_names": NAMES[:1]}, ["at least 2 classes, got 1"]),
    "name twice": ({"class_names": NAMES[[0, 1, 0]]}, ["class_names", "'ant' 2 times"]),
    "names that look the same": ({"class_names": np.array(["ant", "bee", "ant\u200b"])}, ["class_names", "look different, got 'ant\\u200b' and 'ant'"]),
    "names as numbers": ({"class_names": np.arange(3)}, ["class_names", "strings", "int64"]),
    "float ids": ({"train_ids": np.zeros(12)}, ["train_ids", "one integer", "float64"]),
    "id twice": ({"train_ids": np.arange(12) // 2}, ["train_ids", "got 0 in row 0 and again"]),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_FURTHER)
def test_npz_with_wrong_further_arrays(case, arrays, save):
    further, words = WRONG_FURTHER[case]
    refused(save(arrays | further), *words)


def test_an_empty_class_is_allowed_if_it_has_a_name(arrays, save):
    data = load_dataset(
        save(arrays | {"train_labels": np.arange(12) % 2, "class_names": NAMES})
    )
    assert data.num_classes == 3


@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [("breast_cancer", (569, 30), ("malignant", "benign")), ("wine", (178, 13), ("class_0", "class_1", "class_2"))],
)  # fmt: skip
def test_bundled_tables(name, shape, classes):
    data = load_dataset(name)
    assert data.train.images.dtype == np.float32
    rows = np.concatenate([data.train.images, data.test.images])
    assert rows.shape == shape
    assert data.class_names == classes
    train, test = (
        np.bincount(data.train.labels.observed),
        np.bincount(data.test.labels.observed),
    )
    np.testing.assert_allclose(test / (train + test), 0.2, atol=0.01)
    # Standardised column by column, from the training rows alone.
    np.testing.assert_allclose(data.mean, data.train.images.mean(0, np.float64), rtol=1e-5)
    np.testing.assert_allclose(data.std, data.train.images.std(0, np.float64), rtol=1e-5)
    assert len(set(data.std)) == shape[1]


def test_fields_that_a_reader_leaves_out():
    images, labels = np.zeros((4, 2), np.float32), np.arange(4, dtype=np.int32) % 2
    part = Examples(images, Labels.right(labels))
    data = Dataset("own", part, part, 2, None, "", (0.0,) * 2, (1.0,) * 2)
    assert data.train.ids.tolist() == [0, 1, 2, 3]
    assert data.class_names == ("0", "1")
    assert data.label_columns == {}


@pytest.mark.parametrize(
    "spec",
    ["imagenet", "", "npz:", "tfds:", "npz", "MNIST", "csv:", "parquet:", "folder:", "folder", "digits:x"],
)  # fmt: skip
def test_unknown_name_lists_the_choices(spec):
    choices = (
        "digits, mnist, cifar10, cifar100, fashion_mnist, breast_cancer, wine, tfds:NAME, "
        "npz:PATH, folder:PATH, csv:PATH or parquet:PATH"
    )
    refused(spec, repr(spec), choices)
    if spec.endswith(":"):
        refused(spec, "--dataset: expected a ", f" behind {spec!r}")


@pytest.mark.parametrize("spec", ["digits", "mnist", "npz:data.npz"])
def test_image_size_is_for_image_files(spec):
    refused(spec, "--image-size", "folder:PATH", spec, image_size=8)
    refused("folder:x", "--image-size", "≥ 1, got 0", image_size=0)


def test_missing_packages_are_named(tmp_path, monkeypatch):
    plain = builtins.__import__

    def without(name, *arguments, **keywords):
        if name in ("sklearn.datasets", "tensorflow_datasets", "pyarrow"):
            raise ImportError(name)
        return plain(name, *arguments, **keywords)

    monkeypatch.setenv("ESOFTMAX_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(builtins, "__import__", without)
    directory = tmp_path / "toy" / "1.0.0"
    directory.mkdir(parents=True)
    (directory / "dataset_info.json").write_text(json.dumps({"name": "toy"}))
    (tmp_path / "data.parquet").touch()
    for spec in ("digits", "wine", "tfds:toy", f"parquet:{tmp_path / 'data.parquet'}"):
        refused(spec, "not installed", "esoftmax_jax[app]", data_dir=str(tmp_path))
