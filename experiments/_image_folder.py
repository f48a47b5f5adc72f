"""Images in one directory for each class."""

import dataclasses
from pathlib import Path

import numpy as np

from experiments._dataset_parts import (
    HELD_OUT,
    Array,
    Parts,
    divided,
    held_out_fifth,
    in_class_order,
)
from experiments._errors import UsageError
from experiments._image_files import IMAGE_SUFFIXES, read_images

_TEST = ("test", "val", "valid", "validation")  # the first that is there is taken


def read_folder(spec: str, root: Path, image_size: int | None) -> Parts:
    """Read ROOT/train/CLASS and ROOT/test/CLASS, or ROOT/CLASS and hold out a fifth.

    Classes are numbered in the order of their directories' names, of numbers in theirs. Images
    are in the order of their paths as text. Files that are not images, and hidden ones, are
    passed over.
    """
    if not root.is_dir():
        raise UsageError(
            f"no directory {str(root)!r}: folder:PATH expects PATH/train/CLASS and "
            "PATH/test/CLASS, or PATH/CLASS, with images"
        )
    try:
        return _read(spec, root, image_size)
    except OSError as error:
        raise UsageError(
            f"{spec}: expected directories that can be read, got {error.filename} "
            f"({error.strerror}); change its permissions"
        ) from error


def _read(spec: str, root: Path, image_size: int | None) -> Parts:
    train = root / "train"
    # A class may be called "train", too: then it holds images, not directories.
    if not train.is_dir() or not _directories(train):
        classes = _classes(spec, root)
        files, labels = _images(spec, root, classes)
        test = held_out_fifth(labels)
        if not test.any():
            raise UsageError(
                f"{spec}: expected at least 3 images in a class to hold out a fifth, got "
                "fewer; add images, or divide them into PATH/train and PATH/test"
            )
        notes = [HELD_OUT]
    else:
        found = [name for name in _TEST if (root / name).is_dir()]
        if not found:
            raise UsageError(
                f"{spec}: expected a directory {', '.join(_TEST[:-1])} or {_TEST[-1]} beside "
                f"train, got none; add one, or pass folder:{train} to hold out a fifth of it"
            )
        classes = _classes(spec, train)
        files, labels = _images(spec, train, classes)
        tested, test_labels = _images(spec, root / found[0], classes)
        test = np.arange(len(files) + len(tested)) >= len(files)
        files, labels = files + tested, np.concatenate([labels, test_labels])
        notes = [f"the directory {name} is left out" for name in found[1:]]
    below = sum(map(_images_below, {file.parent for file in files}))
    if below:
        notes.append(f"{below} images in directories within a class's are left out")
    called = [file.relative_to(root).as_posix() for file in files]
    images = read_images(spec, files, called, image_size)
    ids = np.arange(len(files))
    parts = divided(images, labels, test, classes, sources=called, ids=ids, notes=notes)
    return dataclasses.replace(parts, source_ids=ids) if parts.held_out else parts


def _directories(parent: Path) -> list[str]:
    """Return the names of the directories in another, without hidden ones, sorted."""
    return sorted(
        path.name for path in parent.iterdir() if path.is_dir() and path.name[0] != "."
    )


def _images_below(folder: Path) -> int:
    """Count the images in directories within a class's, which are not read."""
    return sum(
        path.suffix.lower() in IMAGE_SUFFIXES
        for name in _directories(folder)
        for path in (folder / name).rglob("*")
    )


def _classes(spec: str, parent: Path) -> list[str]:
    classes = in_class_order(_directories(parent))
    if len(classes) < 2:
        only = f"only {classes[0]!r}" if classes else "none"
        raise UsageError(
            f"{spec}: expected at least two directories of images, one for each class, in "
            f"{str(parent)!r}, got {only}; sort the images into directories"
        )
    return classes


def _images(spec: str, parent: Path, classes: list[str]) -> tuple[list[Path], Array]:
    """Return the image files below a directory, and their class numbers."""
    files: list[Path] = []
    labels: list[int] = []
    for name in _directories(parent):
        if name not in classes:
            raise UsageError(
                f"{spec}: expected classes of the training set, got {name!r} in "
                f"{str(parent)!r}, of which there is no training image; add some or remove it"
            )
        found = sorted(
            path
            for path in (parent / name).iterdir()
            if path.suffix.lower() in IMAGE_SUFFIXES and path.name[0] != "." and path.is_file()
        )
        if not found:
            raise UsageError(
                f"{spec}: expected images ({' '.join(sorted(IMAGE_SUFFIXES))}) in the class "
                f"directory {str(parent / name)!r}, got none; add some or remove it"
            )
        files += found
        labels += [classes.index(name)] * len(found)
    if not files:
        raise UsageError(
            f"{spec}: expected class directories in {str(parent)!r}, got none; add some"
        )
    return files, np.array(labels, np.int64)
