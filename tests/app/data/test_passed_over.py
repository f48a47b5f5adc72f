"""Files that are not read: counted by kind, and a warning where they are the most of a class."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from esoftmax_jax.app.data.card import Card
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.unlabelled import read_unlabelled
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.cli import main
from tests.helpers.datasets import draw, pixels, refused

pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture
def data():
    """Two classes of five images each."""
    for number, name in enumerate(["cat", "dog"]):
        for i in range(5):
            draw(Path("data", name, f"{i}.png"), 10 * number + i)
    return Path("data")


def predicted(inputs="folder:data"):
    return read_unlabelled("--inputs", inputs, Card(("a", "b"), (4, 4, 3), "uint8", ()))


def test_files_passed_over_are_counted_by_kind(data):
    for i in range(3):
        (data / "cat" / f"IMG_{i}.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    (data / "cat" / "annexed.png").symlink_to("nowhere.png")
    (data / "dog" / "round.png").symlink_to("round.png")
    (data / "dog" / "README").write_text("no image")
    os.mkfifo(data / "dog" / "pipe.png")
    said = (
        "Files passed over: 3 × .heic, 2 × link to nothing, 1 × pipe, socket or device, "
        "1 × without an ending."
    )
    loaded = load_dataset("folder:data")
    assert said in loaded.note
    assert loaded.warnings == ()
    assert len(loaded.train) + len(loaded.test) == 10
    found = predicted()
    assert f"{found.notes[0]}." == said[0].lower() + said[1:]
    assert (len(found.sources), found.warnings) == (10, [])


def test_what_lies_beside_images_is_not_counted(data):
    for name in ("labels.txt", "a.json", "Thumbs.db", ".DS_Store", "._0.png", "desktop.ini"):
        (data / "cat" / name).write_text("no image")
    (data / "cat" / "._1.png").write_text("no image")
    assert "passed over" not in load_dataset("folder:data").note
    assert predicted().notes == []


def test_a_class_that_loses_most_of_its_files_is_a_warning(data, capsys):
    for i in range(6):
        (data / "cat" / f"{i}.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (data / "dog" / "5.heic").write_bytes(b"\0\0\0\x18ftypheic")
    text = (
        "only 5 of 11 files in 'data/cat' are read, 6 × .heic are passed over; convert, replace "
        "or remove them"
    )
    loaded = load_dataset("folder:data")
    assert loaded.warnings == (text,)
    assert loaded.note.startswith(f"Warning: {text}. ")
    assert main(["noise", "--dataset", "folder:data", "--out", "out"]) == 0
    assert capsys.readouterr().err == f"warning: {text}\n"
    assert predicted().warnings == []
    for i in range(6, 12):
        (data / "cat" / f"{i}.heic").write_bytes(b"\0\0\0\x18ftypheic")
    assert predicted().warnings == ["files passed over: 13 × .heic"]


def test_nothing_but_other_files(data):
    (data / "emu").mkdir()
    (data / "emu" / "0.heic").write_bytes(b"\0\0\0\x18ftypheic")
    refused("folder:data", "in the class directory 'data/emu', got none (1 × .heic)")
    with pytest.raises(UsageError, match=r"in it or below it, got none \(1 × \.heic\)"):
        predicted("folder:data/emu")


def test_images_without_an_ending_are_known_by_their_content(data):
    for i, name in enumerate(
        ["IMG_0001", "frame.0001", "Mr. Smith 3", "5.PNG", "photo.JPG_large"]
    ):
        with (data / "dog" / name).open("wb") as file:
            Image.fromarray(pixels(i)).save(file, "png")
    (data / "dog" / "no-image").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n")
    loaded = load_dataset("folder:data")
    assert len(loaded.train) + len(loaded.test) == 15
    assert "Files passed over: 1 × without an ending." in loaded.note
    assert len(predicted().sources) == 15


def test_links_that_lead_round_are_counted(data):
    (data / "cat" / "loop").symlink_to("..")
    (data / "dog" / "above").symlink_to("../..")
    draw(Path("elsewhere", "0.png"))
    loaded = load_dataset("folder:data")
    said = "files passed over: 2 × link to a folder above or one that is read already"
    assert said[1:] in loaded.note
    assert "left out" not in loaded.note.casefold()
    found = predicted()
    assert (len(found.sources), found.notes) == (10, [said])


def test_images_beside_the_classes_are_counted(data):
    draw(data / "5.png")
    draw(data / "6.PNG")
    (data / "list.csv").write_text("no image")
    assert "Left out: 2 images beside the classes'." in load_dataset("folder:data").note


def test_a_class_that_keeps_most_images_in_directories_within_is_a_warning(data):
    for i in range(3):
        draw(data / "dog" / "few" / f"{i}.png", 30 + i)
    for i in range(6):
        draw(data / "cat" / "more" / "still" / f"{i}.png", 40 + i)
    text = (
        "only 5 of 11 images in 'data/cat' are read, the others are in directories within it; "
        "move them into it"
    )
    loaded = load_dataset("folder:data")
    assert loaded.warnings == (text,)
    assert "Left out: 9 images in directories within a class's." in loaded.note


def test_directories_of_annotations_are_no_classes(data):
    (data / "annotations" / "xmls").mkdir(parents=True)
    (data / "annotations" / "xmls" / "0.xml").write_text("no image")
    draw(data / "__pycache__" / "0.png")
    loaded = load_dataset("folder:data")
    assert loaded.class_names == ("cat", "dog")
    assert "Directories without images are left out: data/annotations." in loaded.note
    (data / "empty").mkdir()
    refused("folder:data", "in the class directory 'data/empty', got none; add some or remove")


def test_classes_deeper_than_expected(data):
    Path("deep").mkdir()
    data.rename("deep/seg_train")
    draw(Path("deep", "seg_pred", "0.png"))
    refused(
        "folder:deep",
        "directory 'deep/seg_train', got none, but 10 in directories within it; pass the",
    )


def test_folders_that_systems_make_are_no_classes(data):
    draw(data / "__MACOSX" / "cat" / "._0.png")
    draw(data / "cat" / "@eaDir" / "thumbnail.png")
    loaded = load_dataset("folder:data")
    assert loaded.class_names == ("cat", "dog")
    assert "left out" not in loaded.note
    assert len(predicted().sources) == 10


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("Train", "Test"),
        ("TRAIN", "Val"),
        ("Training", "Testing"),
        ("training_set", "test_set"),
        ("Train Data", "Valid-Images"),
        ("trainset", "testset"),
    ],
)
def test_directories_of_training_and_test_in_any_case(data, train, test):
    data.rename(train)
    for number, name in enumerate(["cat", "dog"]):
        draw(Path("split", test, name, "9.png"), 20 + number)
    Path(train).rename(Path("split", train))
    loaded = load_dataset("folder:split")
    assert loaded.class_names == ("cat", "dog")
    assert (len(loaded.train), loaded.note) == (10, "")
    np.testing.assert_array_equal(loaded.test.images, [pixels(20), pixels(21)])


def test_two_directories_of_training_images(data):
    for name in ("train", "training"):
        for inner in ("cat", "dog"):
            draw(Path("split", name, inner, "0.png"))
    refused("folder:split", "one directory of training images, got train and training")


@pytest.mark.parametrize("suffix", ["tiff", "gif", "webp", "png"])
def test_images_of_several_pages_or_frames_are_counted(data, suffix):
    pages = [Image.fromarray(pixels(20 + i, (5, 4, 3))) for i in range(3)]
    pages[0].save(data / "dog" / f"many.{suffix}", save_all=True, append_images=pages[1:])
    pages[0].save(data / "dog" / f"one.{suffix}")
    note = "1 of 12 images have several pages or frames: the first one is used"
    for _ in range(2):  # the second time out of the cache
        assert f"{note}." in load_dataset("folder:data").note
    assert predicted().notes == [note]


def test_what_phones_add_to_a_photograph_is_no_further_page(data):
    shot = Image.fromarray(pixels(20))
    shot.save(data / "dog" / "phone.jpg", "MPO", save_all=True, append_images=[shot])
    with Image.open(data / "dog" / "phone.jpg") as opened:
        assert opened.format == "MPO"
    assert "pages" not in load_dataset("folder:data").note
