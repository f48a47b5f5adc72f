"""What no image file may do: run a program, take the memory, or end in more than a line."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from esoftmax_jax.app.data.card import Card
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.readers import image_decoding, image_files
from esoftmax_jax.app.data.readers.image_decoding import Decoded
from esoftmax_jax.app.data.readers.image_files import read_images
from esoftmax_jax.app.data.unlabelled import read_unlabelled
from esoftmax_jax.app.files.memory import available_memory
from esoftmax_jax.app.terminal.messages import UsageError
from tests.helpers.datasets import draw, pixels, refused
from tests.helpers.images import write_png

pytestmark = pytest.mark.usefixtures("folder")

POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"


def read(*names, image_size=None):
    return read_images(
        "folder:.", [Path(name) for name in names], names, image_size, cached=False
    )


def unlabelled(inputs):
    return read_unlabelled("--inputs", inputs, Card(("a", "b"), (4, 4, 3), "uint8", ()))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tga", "a.gif"])
def test_postscript_is_not_handed_to_a_program(name, monkeypatch):
    def started(*arguments, **_):
        raise AssertionError(f"a program is started: {arguments}")

    monkeypatch.setattr(subprocess, "Popen", started)
    Path("new").mkdir()
    Path("new", name).write_bytes(POSTSCRIPT)
    with pytest.raises(UsageError, match=rf"expected an image, but {name!r} cannot be decoded"):
        unlabelled("folder:new")
    Path("new", name).rename("new/a")
    with pytest.raises(UsageError, match=r"got none \(1 × without an ending\)"):
        unlabelled("folder:new")


def test_formats_that_are_not_named_are_not_tried():
    Image.fromarray(pixels(0)).save("a.pcx")
    Path("a.pcx").rename("a.png")
    with pytest.raises(UsageError, match="'a.png' cannot be decoded"):
        read("a.png")


def test_a_known_format_under_another_name_is_read():
    for kind in ("png", "bmp", "tga"):
        Image.fromarray(pixels(0)).save("a.tga", format=kind)
        np.testing.assert_array_equal(read("a.tga").pixels[0], pixels(0))


@pytest.mark.parametrize(
    ("side", "got"), [(13000, "13000×13000"), (60000, "3600000000 pixels")]
)
@pytest.mark.parametrize("image_size", [None, 8])
def test_too_many_pixels_are_refused_by_the_header(side, got, image_size):
    for name in ("cat", "dog"):
        for i in range(3):
            write_png(Path("data", name, f"{i}.png"), b"", (side, side, 8, 2))
    refused(
        "folder:data",
        f"expected images of at most 134217728 pixels, got {got} in 'cat/0.png'; make it smaller",
        image_size=image_size,
    )
    with pytest.raises(UsageError, match=f"got {got} in 'cat/0.png'"):
        unlabelled("folder:data")


def test_large_images_are_read_one_at_a_time(monkeypatch):
    monkeypatch.setattr(image_decoding, "_LARGE", 10)
    expected = [draw(Path(f"{i}.png"), i) for i in range(8)]
    np.testing.assert_array_equal(read(*(f"{i}.png" for i in range(8))).pixels, expected)


def test_a_set_that_does_not_fit_in_memory_is_refused(monkeypatch):
    for i in range(6):
        draw(Path(f"{i}.png"), pixels(i, (5, 4)))
    draw(Path("6.png"), 6)
    monkeypatch.setattr(image_files, "available_memory", lambda: 2 * 6 * 20)
    assert read(*(f"{i}.png" for i in range(6))).pixels.shape == (6, 5, 4, 1)
    monkeypatch.setattr(image_files, "available_memory", lambda: 2 * 7 * 20)
    with pytest.raises(UsageError) as caught:
        read(*(f"{i}.png" for i in range(7)))  # the last one makes all of them colours
    assert str(caught.value) == (
        "folder:.: expected images that fit in memory, got 7 of 4×5 as '6.png', which take "
        "8.4e-07 GB where 2.8e-07 GB are free; pass a smaller --image-size, or fewer images"
    )


def test_the_available_memory_is_known():
    assert 2**20 < available_memory() < 2**50


def test_files_that_change_their_decoding_are_not_taken_from_an_older_cache(monkeypatch):
    for name in ("cat", "dog"):
        for i in range(5):
            draw(Path("data", name, f"{i}.png"), pixels(i, (3, 3)))
    before = load_dataset("folder:data").train.images
    monkeypatch.setattr(image_files, "_DECODING", image_files._DECODING + 1)
    seven = Decoded(np.full((3, 3, 1), 7, np.uint8), None, several=False)
    monkeypatch.setattr(image_files, "decode", lambda *_: seven)
    assert before.std() > 0
    assert (load_dataset("folder:data").train.images == 7).all()
