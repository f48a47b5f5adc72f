"""Images of more than 8 bits a value: one range for a whole set, the same for predictions."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from esoftmax_jax.app.data.card import Card
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.readers.image_files import read_images
from esoftmax_jax.app.data.readers.wide_images import fitting_range, to_bytes, values_above
from esoftmax_jax.app.data.unlabelled import read_unlabelled
from esoftmax_jax.app.terminal.messages import UsageError
from tests.helpers.datasets import draw, pixels, refused
from tests.helpers.images import draw_wide

pytestmark = pytest.mark.usefixtures("folder")


def read(*names, value_range=None):
    files = [Path(name) for name in names]
    return read_images("folder:.", files, names, None, cached=False, value_range=value_range)


def values(top, shape=(5, 4), seed=0):
    found = np.random.default_rng(seed).integers(0, top + 1, shape).astype(np.uint16)
    found[0, 0] = top
    return found


@pytest.mark.parametrize(
    ("largest", "top"),
    [(0, 1), (1, 1), (2, 15), (15, 15), (16, 255), (239, 255), (256, 1023), (4096, 16383)],
)
def test_the_range_is_the_smallest_full_one(largest, top):
    assert fitting_range(values_above(np.array([largest, 0]))) == top
    assert fitting_range(values_above(np.array([65535]))) == 65535


@pytest.mark.parametrize("saturated", [255, 4095, 65535])
def test_a_few_saturated_values_do_not_decide_the_range(saturated):
    image = np.arange(1000) % 200
    image[:2] = saturated
    assert fitting_range(values_above(image)) == 255
    image[2] = saturated
    assert fitting_range(values_above(image)) == saturated
    image[:3] = saturated - 1  # high, but not saturated
    assert fitting_range(values_above(image)) == saturated


def test_a_range_becomes_bytes():
    for top in (1, 15):
        all_values = np.arange(top + 1, dtype=np.uint16)
        assert to_bytes(all_values, top).tolist() == (all_values * (255 // top)).tolist()
    for top in (255, 1023, 4095, 16383, 65535):
        all_values = np.arange(top + 1, dtype=np.uint16)
        # The highest 8 bits: each byte stands for equally many values.
        assert np.bincount(to_bytes(all_values, top)).tolist() == [(top + 1) // 256] * 256
    assert (
        to_bytes(np.array([254, 255, 256, 65535], np.uint16), 255).tolist() == [254] + [255] * 3
    )


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_small_values_keep_their_content(suffix):
    of_8_bits = values(239)
    for name in ("a", "b"):
        for i in range(4):
            path = Path("data", name, f"{i}.{suffix}")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(of_8_bits).save(path)
    data = load_dataset("folder:data")
    assert data.train.images.dtype == np.uint8
    np.testing.assert_array_equal(data.train.images[0, ..., 0], of_8_bits)
    assert data.value_range == 255
    assert "8 of 8 images have more than 8 bits a value: 0..255 becomes 0..255." in data.note
    again = load_dataset("folder:data")  # out of the cache
    assert (again.value_range, again.note) == (255, data.note)


def test_all_images_of_a_set_share_one_range():
    dark, light = values(200), values(4000)
    draw(Path("dark.png"), dark)
    draw(Path("light.png"), light)
    found = read("dark.png", "light.png")
    np.testing.assert_array_equal(found.pixels[..., 0], np.stack([dark, light]) >> 4)
    assert found.value_range == 4095
    assert found.notes == [
        "2 of 2 images have more than 8 bits a value: 0..4095 becomes 0..255"
    ]


def test_images_of_8_bits_stay_as_they_are_beside_others():
    grey, colours = draw(Path("grey.png"), pixels(0, (5, 4))), draw(Path("colours.png"), 1)
    wide = draw(Path("wide.png"), values(1000))
    found = read("grey.png", "wide.png", "colours.png")
    np.testing.assert_array_equal(found.pixels[0], grey[..., None].repeat(3, 2))
    np.testing.assert_array_equal(found.pixels[1], (wide >> 2)[..., None].repeat(3, 2))
    np.testing.assert_array_equal(found.pixels[2], colours)
    assert found.notes == [
        "1 of 3 images have more than 8 bits a value: 0..1023 becomes 0..255"
    ]
    alone = read("grey.png")
    assert (alone.value_range, alone.notes) == (None, [])


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_both_bytes_of_colours_are_read(channels):
    wide = draw_wide(Path("wide.png"), values(1000, (5, 4, channels)))
    found = read("wide.png")
    expected = wide[..., :3] if channels > 2 else wide[..., :1].repeat(3, 2)
    if channels == 4:
        wide[0, 0, 3] = 9  # transparency has no part in the range
    np.testing.assert_array_equal(found.pixels[0], expected >> 2)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("order", ["II", "MM"])
def test_both_bytes_of_colours_in_tiff(compressed, order):
    wide = values(1000, (5, 4, 3))
    end = "<" if order == "II" else ">"
    content = wide.astype(f"{end}u2").tobytes()
    content = zlib.compress(content) if compressed else content
    entries = {256: 4, 257: 5, 259: 8 if compressed else 1, 262: 2, 277: 3, 278: 5}
    places = {258: (3, 3, 126), 273: (4, 1, 132), 279: (4, 1, len(content))}
    fields = {tag: (4, 1, value) for tag, value in entries.items()} | places
    table = b"".join(struct.pack(f"{end}HHII", tag, *fields[tag]) for tag in sorted(fields))
    start = order.encode() + struct.pack(f"{end}HIH", 42, 8, len(fields))
    bits = struct.pack(f"{end}HHH", 16, 16, 16)
    whole = start + table + bytes(4)
    assert len(whole) <= 126
    Path("wide.tiff").write_bytes(whole.ljust(126, b"\0") + bits + content)
    np.testing.assert_array_equal(read("wide.tiff").pixels[0], wide >> 2)


def test_a_saturated_pixel_leaves_the_content_of_all_images():
    dark, light = values(239, (16, 16)), values(239, (16, 16), 1)
    light[3, 3] = 65535
    for name, image in {"dark.png": dark, "light.png": light}.items():
        draw(Path(name), image)
    held = np.minimum(np.stack([dark, light]), 255)
    note = (
        "2 of 2 images have more than 8 bits a value: 0..255 becomes 0..255, and in 1 of them "
        "higher values count as 255"
    )
    found = read("dark.png", "light.png")
    np.testing.assert_array_equal(found.pixels[..., 0], held)
    assert (found.value_range, found.notes, found.warnings) == (255, [note], [])
    np.savez("new.npz", images=np.stack([dark, light]))
    predicted = read_unlabelled("--inputs", "npz:new.npz", Card(("a", "b"), (16, 16, 1), "uint8", ()))  # fmt: skip
    np.testing.assert_array_equal(predicted.inputs[..., 0], held)
    assert predicted.notes == [note]


def test_most_images_nearly_of_one_value_are_a_warning():
    wide = np.stack([values(200), values(200), values(60000)])
    warning = (
        "{} images of more than 8 bits become nearly one value, as 0..65535 becomes 0..255; "
        "bring all images to one scale"
    )
    of_three, of_twelve = warning.format("2 of 3"), warning.format("8 of 12")
    names = [f"{i}.png" for i in range(3)]
    for name, image in zip(names, wide, strict=True):
        draw(Path("data", name), image)
    Path("data.csv").write_text(
        "path,label\n" + "".join(f"data/{name},{i % 2}\n" for i in range(4) for name in names)
    )
    assert read(*(f"data/{name}" for name in names)).warnings == [of_three]
    assert load_dataset("csv:data.csv", literal_labels=True).warnings == (of_twelve,)
    np.savez("data.npz", images=wide, train_images=wide[[0, 1, 2] * 4], train_labels=[0, 1] * 6)
    assert load_dataset("npz:data.npz").warnings == (of_twelve,)
    for inputs in ("folder:data", "npz:data.npz"):
        assert read_unlabelled("--inputs", inputs, card(None)).warnings == [of_three]


def test_white_is_zero_in_16_bits_as_in_8():
    small = values(239)
    white_is_zero = {262: 0}
    turned = Image.fromarray((255 - small).astype(np.uint8))
    turned.save("8.tiff", tiffinfo=white_is_zero)  # Pillow writes 255 minus these
    Image.fromarray(small).save("16.tiff", tiffinfo=white_is_zero)
    for name in ("8.tiff", "16.tiff"):
        np.testing.assert_array_equal(read(name).pixels[0, ..., 0], 255 - small)


def test_orientation_is_applied_to_wide_images():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° clockwise
    wide = values(4095)
    draw(Path("wide.png"), np.ascontiguousarray(np.rot90(wide)), exif=exif)
    np.testing.assert_array_equal(read("wide.png").pixels[0, ..., 0], wide >> 4)


def test_what_is_not_of_16_bits_is_refused():
    Image.fromarray(np.full((3, 3), 0.5, np.float32)).save("float.tiff")
    Image.fromarray(np.full((3, 3), -1, np.int32)).save("negative.tiff")
    Image.fromarray(np.full((3, 3), 70000, np.int32)).save("large.tiff")
    for name, message in {
        "float.tiff": "'float.tiff' cannot be decoded .32 bits a pixel, floating-point; save",
        "negative.tiff": "values from -1 to -1, which are not of 16 bits",
        "large.tiff": "values from 70000 to 70000",
    }.items():
        with pytest.raises(UsageError, match=message):
            read(name)
    Image.fromarray(np.full((3, 3), 300, np.int32)).save("small.tiff")
    assert (read("small.tiff").pixels == 300 >> 2).all()


def archive(dtype=np.uint16, *, tested=False, top=1000):
    wide = values(top, (10, 5, 4)).astype(dtype)
    arrays = {"train_images": wide, "train_labels": np.arange(10) % 2}
    if tested:
        arrays |= {"test_images": wide[::-1], "test_labels": np.arange(10) % 2}
    np.savez("data.npz", **arrays)
    return wide


def test_arrays_of_16_bits():
    for dtype in (np.uint16, np.int16, ">u2"):
        wide = archive(dtype)
        data = load_dataset("npz:data.npz")
        kept = data.train.sources.astype(int)
        np.testing.assert_array_equal(data.train.images[..., 0], wide[kept] >> 2)
        assert data.value_range == 1023
        assert "10 of 10 images have more than 8 bits a value: 0..1023 becomes" in data.note
    wide = archive(tested=True)
    data = load_dataset("npz:data.npz")
    np.testing.assert_array_equal(data.test.images[..., 0], wide[::-1] >> 2)
    assert "20 of 20 images have more than 8 bits a value: 0..1023 becomes 0..255." in data.note
    assert "10 of the 10 test examples have the content of a training example" in data.note
    archive(np.uint8, top=255)
    assert load_dataset("npz:data.npz").value_range is None
    np.savez(
        "data.npz", train_images=np.full((9, 2, 2), -1, np.int16), train_labels=np.arange(9) % 2
    )
    refused("npz:data.npz", "uint8 images", "int16", "convert the array")


def card(value_range):
    return Card(("a", "b"), (5, 4, 1), "uint8", (), value_range)


def test_predictions_use_the_range_of_training():
    Path("new").mkdir()
    dark, light = draw(Path("new/a.png"), values(200)), draw(Path("new/b.png"), values(5000))
    np.savez("new.npz", images=np.stack([dark, light]))
    Path("new.csv").write_text("path\nnew/a.png\nnew/b.png\n")
    for inputs in ("folder:new", "csv:new.csv", "npz:new.npz"):
        found = read_unlabelled("--inputs", inputs, card(4095))
        np.testing.assert_array_equal(found.inputs[0, ..., 0], dark >> 4)
        np.testing.assert_array_equal(found.inputs[1, ..., 0], np.minimum(light, 4095) >> 4)
        assert found.notes == [
            "2 of 2 images have more than 8 bits a value: 0..4095 becomes 0..255, and in 1 of "
            "them higher values count as 4095"
        ]
        # A model of images of 8 bits: the range of what is there.
        found = read_unlabelled("--inputs", inputs, card(None))
        np.testing.assert_array_equal(found.inputs[1, ..., 0], light >> 6)
