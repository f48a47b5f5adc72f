"""Directories of images: layouts, sizes, colours, the cache, and what is refused."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.readers import image_files
from esoftmax_jax.app.data.readers.image_files import read_images
from tests.helpers.datasets import draw, pixels, refused, tree


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ESOFTMAX_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def root(tmp_path):
    """Two classes, divided: three training and two test images each."""
    for number, name in enumerate(["cat", "dog"]):
        for i in range(5):
            part = "train" if i < 3 else "test"
            draw(tmp_path / "data" / part / name / f"{i}.png", 10 * number + i)
    return tmp_path / "data"


def test_divided_folder(root):
    (root / "train" / "cat" / "notes.txt").write_text("passed over")
    (root / "train" / "cat" / ".hidden.png").write_text("passed over")
    (root / "train" / ".thumbnails").mkdir()
    before = tree(root)
    data = load_dataset(f"folder:{root}")
    assert data.name == f"folder:{root}"
    expected = [pixels(seed) for seed in (0, 1, 2, 10, 11, 12)]
    np.testing.assert_array_equal(data.train.images, expected)
    np.testing.assert_array_equal(data.test.images, [pixels(s) for s in (3, 4, 13, 14)])
    assert data.train.labels.observed.tolist() == [0, 0, 0, 1, 1, 1]
    assert data.test.labels.observed.tolist() == [0, 0, 1, 1]
    assert (data.num_classes, data.class_names, data.note) == (2, ("cat", "dog"), "")
    assert data.train.ids.tolist() == list(range(6))
    assert not data.train.labels.known
    assert data.test.labels.trusted
    assert tree(root) == before  # nothing is written beside the data


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_other_names_of_the_test_directory(root, name):
    (root / "test").rename(root / name)
    assert len(load_dataset(f"folder:{root}").test) == 4


def test_test_is_taken_before_val(root):
    draw(root / "val" / "cat" / "0.png")
    data = load_dataset(f"folder:{root}")
    assert len(data.test) == 4
    assert data.note == "The directory val is left out."


def test_a_fifth_is_held_out(tmp_path):
    for name, count in (("b", 10), ("a", 5)):
        for i in range(count):
            draw(tmp_path / "flat" / name / f"{i}.jpg", i + 10 * (name == "a"))
    data = load_dataset(f"folder:{tmp_path / 'flat'}")
    assert data.class_names == ("a", "b")
    assert np.bincount(data.train.labels.observed).tolist() == [4, 8]
    assert np.bincount(data.test.labels.observed).tolist() == [1, 2]
    assert data.note.startswith(
        "A fixed fifth of each class is held out as the test set. There"
    )
    assert not data.test.labels.known
    again = load_dataset(f"folder:{tmp_path / 'flat'}")
    np.testing.assert_array_equal(data.test.images, again.test.images)


def test_images_below_a_class_are_counted_out(tmp_path):
    for name in ("a", "b"):
        for i in range(5):
            draw(tmp_path / "flat" / name / f"{i}.png", i)
    draw(tmp_path / "flat" / "a" / "more" / "deep" / "5.png", 5)
    draw(tmp_path / "flat" / "b" / "more" / "5.png", 5)
    data = load_dataset(f"folder:{tmp_path / 'flat'}")
    assert len(data.train) + len(data.test) == 10
    assert "Left out: 2 images in directories within a class's." in data.note


def test_a_class_may_be_called_train(tmp_path):
    for name in ("train", "plane"):
        for i in range(5):
            draw(tmp_path / "flat" / name / f"{i}.png", i)
    assert load_dataset(f"folder:{tmp_path / 'flat'}").class_names == ("plane", "train")


def test_greyscale_and_colour(root):
    for path in root.rglob("*.png"):
        draw(path, pixels(int(path.stem), (5, 4)))
    data = load_dataset(f"folder:{root}")
    assert data.train.images.shape == (6, 5, 4, 1)
    np.testing.assert_array_equal(data.train.images[1, ..., 0], pixels(1, (5, 4)))
    colour = draw(root / "train" / "dog" / "2.png", 7)
    data = load_dataset(f"folder:{root}")
    np.testing.assert_array_equal(data.train.images[-1], colour)
    np.testing.assert_array_equal(data.train.images[1, ..., 2], pixels(1, (5, 4)))


def stencil(mode):
    """Return a black picture whose shape is in its transparency alone, in a mode of Pillow."""
    shape = np.zeros((4, 4), np.uint8)
    shape[1:3, 1:3] = 255
    alpha = Image.fromarray(shape)
    if mode == "L":  # one grey that is none
        return Image.fromarray(~shape), {"transparency": 255}
    if mode == "P":
        coloured = Image.merge("RGBA", [Image.new("L", (4, 4))] * 3 + [alpha])
        return coloured.quantize(2), {}
    picture = Image.new(mode.removesuffix("A"), (4, 4))
    picture.putalpha(alpha)
    return picture, {}


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA"])
def test_what_is_transparent_is_white(root, mode):
    picture, options = stencil(mode)
    path = root / "train" / "cat" / "0.png"
    picture.save(path, **options)
    expected = np.full((4, 4), 255, np.uint8)
    expected[1:3, 1:3] = 0
    found = read_images("", [path], ["0.png"], None, cached=False).pixels[0]
    assert found.shape[-1] == (1 if mode in ("L", "LA") else 3)
    np.testing.assert_array_equal(found, np.repeat(expected[..., None], found.shape[-1], -1))
    half = Image.new("RGBA", (1, 1), (100, 0, 200, 51))
    half.save(path)
    found = read_images("", [path], ["0.png"], None, cached=False).pixels[0]
    np.testing.assert_allclose(found[0, 0], [224, 204, 244], atol=1)


def test_other_modes(root):
    grey = pixels(0, (5, 4))
    draw(root / "train" / "cat" / "0.png", grey.astype(np.uint16) * 257)
    rgba = np.dstack([pixels(1), np.full((5, 4), 255, np.uint8)])
    draw(root / "train" / "cat" / "1.png", rgba)
    Image.fromarray(grey > 127).save(root / "train" / "cat" / "2.png")
    images = load_dataset(f"folder:{root}").train.images
    np.testing.assert_array_equal(images[0], grey[..., None].repeat(3, 2))
    np.testing.assert_array_equal(images[1], pixels(1))
    np.testing.assert_array_equal(images[2, ..., 0], np.where(grey > 127, 255, 0))


def test_orientation_is_applied(root):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° clockwise
    draw(root / "train" / "cat" / "0.png", np.rot90(pixels(0)), exif=exif)
    images = load_dataset(f"folder:{root}").train.images
    np.testing.assert_array_equal(images[0], pixels(0))


def test_images_are_resized_and_cropped(root):
    wide = pixels(0, (20, 40, 3))
    whole = Image.fromarray(wide).resize((16, 8), Image.Resampling.BICUBIC)
    draw(root / "train" / "cat" / "0.png", wide)
    draw(root / "train" / "cat" / "1.png", wide.transpose(1, 0, 2))
    draw(root / "train" / "cat" / "2.png", pixels(0, (8, 8, 3)))
    data = load_dataset(f"folder:{root}", image_size=8)
    assert data.train.images.shape == (6, 8, 8, 3)
    middle = np.asarray(whole)[:, 4:12].astype(int)
    np.testing.assert_allclose(data.train.images[0], middle, atol=1)
    np.testing.assert_allclose(data.train.images[1], middle.transpose(1, 0, 2), atol=2)
    np.testing.assert_array_equal(data.train.images[2], pixels(0, (8, 8, 3)))


def test_images_of_different_sizes(root):
    draw(root / "train" / "dog" / "1.png", pixels(0, (7, 4, 3)))
    words = ["4×5 in 'train/cat/0.png'", "4×7 in 'train/dog/1.png'", "--image-size"]
    refused(f"folder:{root}", *words)


def test_decoded_images_are_kept(root, cache, monkeypatch):
    calls = []
    decode = image_files._decode_all

    def counted(*arguments):
        calls.append(arguments)
        return decode(*arguments)

    monkeypatch.setattr(image_files, "_decode_all", counted)
    first = load_dataset(f"folder:{root}")
    again = load_dataset(f"folder:{root}")
    np.testing.assert_array_equal(first.train.images, again.train.images)
    assert len(calls) == 1
    (kept,) = cache.iterdir()
    kept.write_bytes(kept.read_bytes()[:200])
    load_dataset(f"folder:{root}")
    assert len(calls) == 2
    load_dataset(f"folder:{root}", image_size=3)
    assert len(calls) == 3
    changed = root / "test" / "dog" / "4.png"
    os.utime(changed, ns=(0, 0))  # the same size, another time
    load_dataset(f"folder:{root}")
    assert len(calls) == 4
    changed.rename(changed.with_name("9.png"))
    load_dataset(f"folder:{root}")
    assert len(calls) == 5


def test_many_images_show_progress(root, monkeypatch, capfd):
    monkeypatch.setattr(image_files, "_SHOWN_FROM", 5)
    monkeypatch.setattr(image_files, "_CHUNK", 4)
    monkeypatch.setattr("esoftmax_jax.app.terminal.progress.PLAIN_INTERVAL", 0.0)
    assert len(load_dataset(f"folder:{root}").train) == 6
    assert "10/10 images" in capfd.readouterr().err


def _corrupt(path: Path) -> None:
    path.write_bytes(b"no image")


def _truncate(path: Path) -> None:
    draw(path, pixels(0, (40, 40, 3)))
    path.write_bytes(path.read_bytes()[:-300])


@pytest.mark.parametrize("damage", [_corrupt, _truncate])
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_damaged_image_is_named(root, cache, damage, suffix):
    path = root / "test" / "dog" / f"7{suffix}"
    damage(path)
    size = None if damage is _corrupt else 5
    words = [f"'test/dog/7{suffix}'", "cannot be decoded", "replace or remove"]
    refused(f"folder:{root}", *words, image_size=size)
    assert not cache.exists()


def test_layouts_that_are_refused(root, tmp_path):
    spec = f"folder:{root}"
    refused(f"folder:{tmp_path / 'none'}", "no directory", "PATH/train/CLASS")
    (root / "test" / "emu").mkdir()
    draw(root / "test" / "emu" / "0.png")
    refused(spec, "'emu'", "test", "no training image")
    (root / "train" / "emu").mkdir()
    refused(spec, f"'{root / 'train' / 'emu'}'", "got none", ".png")
    (root / "test").rename(root / "held")
    refused(
        spec, "test, testing, val, valid or validation beside train", f"folder:{root / 'train'}"
    )
    (root / "val").mkdir()
    draw(root / "train" / "emu" / "0.png")
    refused(spec, "class directories", str(root / "val"), "got none")
    draw(tmp_path / "one" / "cat" / "0.png")
    refused(f"folder:{tmp_path / 'one'}", "at least two directories", "only 'cat'")
    refused(f"folder:{tmp_path / 'one' / 'cat'}", "at least two directories", "got none")
    draw(tmp_path / "one" / "dog" / "0.png")
    refused(f"folder:{tmp_path / 'one'}", "at least 3 images in a class")
