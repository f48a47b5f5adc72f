"""Images in one directory for each class."""

import dataclasses
import os
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from esoftmax_jax.app.data.label_text import alike_note, capitals_note, same_looking
from esoftmax_jax.app.data.parts import (
    Parts,
    RawExamples,
    divided,
    held_out_fifth,
    in_class_order,
)
from esoftmax_jax.app.data.readers.image_decoding import IMAGE_SUFFIXES
from esoftmax_jax.app.data.readers.image_files import read_images
from esoftmax_jax.app.data.readers.image_search import (
    described,
    find_images,
    folders_below,
    folders_in,
    holds_other_files_only,
    passed_note,
)
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.number_text import counted

# In any case, and "training_set" as well; the first that is there is taken.
_TRAIN = ("train", "training")
_TEST = ("test", "testing", "val", "valid", "validation")
_SET = re.compile(r"[ _-]?(set|data|images)$")


@dataclasses.dataclass(frozen=True)
class _Part:
    """Images, the numbers of their classes, and what is passed over.

    That is files by kind, warnings of classes of which it is most, and directories.
    """

    files: list[Path]
    labels: list[int]
    passed: Counter[str]
    warnings: list[str]
    others: list[str]


@dataclasses.dataclass(frozen=True, eq=False)
class FolderList:
    """The images of a folder, not decoded.

    Attributes:
        files: in the order of their paths as text.
        called: their paths below the folder.
        labels: int (N,), the numbers of their classes.
        test: bool (N,), which belong to the test set.
        classes: names, in the order of the numbers.
        held_out: whether the test set is a fifth that was held out, not divided by the user.
        notes: what a reader has to know.
        warnings: what the user has to know before anything is run.
    """

    files: list[Path]
    called: list[str]
    labels: Array
    test: Array
    classes: list[str]
    held_out: bool
    notes: list[str]
    warnings: list[str]


def read_folder(spec: str, root: Path, image_size: int | None) -> Parts:
    """Read ROOT/train/CLASS and ROOT/test/CLASS, or ROOT/CLASS and hold out a fifth.

    Classes are numbered in the order of their directories' names, of numbers in theirs. Images
    are in the order of their paths as text. What is not read is counted in a note.
    """
    found = list_folder(spec, root)
    images = read_images(spec, found.files, found.called, image_size)
    ids = np.arange(len(found.files))
    data = divided(
        RawExamples(images.pixels, found.labels, ids=ids, sources=np.array(found.called)),
        found.test,
        found.classes,
        held_out=found.held_out,
        notes=[*found.notes, *images.notes],
        warnings=[*found.warnings, *images.warnings],
        value_range=images.value_range,
    )
    return dataclasses.replace(data, source_ids=ids) if found.held_out else data


def list_folder(spec: str, root: Path) -> FolderList:
    """List what ``read_folder`` reads; nothing is decoded.

    Raises:
        UsageError: there is no such folder, or it has no classes.
    """
    if not root.is_dir():
        raise UsageError(
            f"no directory {str(root)!r}: folder:PATH expects PATH/train/CLASS and "
            "PATH/test/CLASS, or PATH/CLASS, with images"
        )
    try:
        return _listed(spec, root)
    except OSError as error:
        raise UsageError(
            f"{spec}: expected directories that can be read, got {error.filename} "
            f"({error.strerror}); change its permissions"
        ) from error


def _listed(spec: str, root: Path) -> FolderList:
    train = _training_directory(spec, root)
    if train is None:
        classes, alike = _classes(spec, [root])
        part = _images(spec, root, classes, alike)
        labels = np.array(part.labels, np.int64)
        test = held_out_fifth(labels)
        if not test.any():
            raise UsageError(
                f"{spec}: expected at least 3 images in a class to hold out a fifth, got "
                "fewer; add images, or divide them into PATH/train and PATH/test"
            )
        parents, parts, notes = [root], [part], list[str]()
    else:
        found = _named(root, _TEST)
        if not found:
            raise UsageError(
                f"{spec}: expected a directory {', '.join(_TEST[:-1])} or {_TEST[-1]} beside "
                f"{train.name}, got none; add one, or pass folder:{train} to hold out a fifth "
                "of it"
            )
        parents = [train, root / found[0]]
        classes, alike = _classes(spec, parents)
        parts = [_images(spec, parent, classes, alike) for parent in parents]
        labels = np.array([label for part in parts for label in part.labels], np.int64)
        test = np.arange(len(labels)) >= len(parts[0].labels)
        notes = [f"the directory {name} is left out" for name in found[1:]]
    files = [file for part in parts for file in part.files]
    passed = sum((part.passed for part in parts), Counter[str]())
    notes += alike_note(alike) + capitals_note(classes)
    further, warnings = _left_out(root, parents, files, passed)
    notes += further
    if others := [name for part in parts for name in part.others]:
        notes.append(f"directories without images are left out: {', '.join(others)}")
    warnings += [text for part in parts for text in part.warnings]
    called = [file.relative_to(root).as_posix() for file in files]
    return FolderList(
        files=files,
        called=called,
        labels=labels,
        test=test,
        classes=classes,
        held_out=train is None,
        notes=[*notes, *passed_note(passed)],
        warnings=warnings,
    )


def _training_directory(spec: str, root: Path) -> Path | None:
    """Return the directory of the training set, where the set is divided."""
    # A class may be called "train", too: then it holds images, not directories.
    found = [root / name for name in _named(root, _TRAIN) if folders_in(root / name)]
    if len(found) > 1:
        raise UsageError(
            f"{spec}: expected one directory of training images, got {found[0].name} and "
            f"{found[1].name}; merge or rename them"
        )
    return found[0] if found else None


def _named(root: Path, names: tuple[str, ...]) -> list[str]:
    """Return the directories that are called so, in the order of the names."""
    there = folders_in(root)
    return [one for name in names for one in there if _SET.sub("", one.lower()) == name]


def _class_folders(parent: Path) -> tuple[list[str], list[str]]:
    """Return the directories of classes, and those of annotations and the like."""
    there = folders_in(parent)
    others = [name for name in there if holds_other_files_only(parent / name)]
    return [name for name in there if name not in others], others


def _left_out(
    root: Path, parents: list[Path], files: list[Path], passed: Counter[str]
) -> tuple[list[str], list[str]]:
    """Return notes and warnings on images outside the classes' directories, and count links."""
    folders = Counter(file.parent for file in files)
    beside = sum(len(find_images(parent).images) for parent in parents)
    seen = {os.path.realpath(folder) for folder in (root, *parents, *folders)}
    seen |= set(map(str, Path(os.path.realpath(root)).parents))
    below, warnings = 0, []
    for folder in sorted(folders):
        inner = _count_below(folder, passed, seen)
        below += inner
        if inner > folders[folder]:
            warnings.append(
                f"only {folders[folder]} of {folders[folder] + inner} images in "
                f"{str(folder)!r} are read, the others are in directories within it; move them "
                "into it"
            )
    notes = (
        [f"left out: {counted(below, 'image')} in directories within a class's"]
        if below
        else []
    )
    notes += [f"left out: {counted(beside, 'image')} beside the classes'"] if beside else []
    return notes, warnings


def _count_below(folder: Path, passed: Counter[str], seen: set[str]) -> int:
    """Count the images in the directories within one."""
    return sum(
        len(find_images(inner).images)
        for name in folders_in(folder)
        for inner in folders_below(folder / name, passed, seen)
    )


def _without_images(spec: str, folder: Path, passed: Counter[str]) -> UsageError:
    others = f" ({described(passed)})" if passed else ""
    remedy = "add some or remove it"
    if below := _count_below(folder, Counter(), set()):
        others = f", but {below} in directories within it"
        remedy = (
            "pass the directory that holds one for each class, or one train and one test of "
            "such"
        )
    return UsageError(
        f"{spec}: expected images ({' '.join(sorted(IMAGE_SUFFIXES))}) in the class directory "
        f"{str(folder)!r}, got none{others}; {remedy}"
    )


def _classes(spec: str, parents: list[Path]) -> tuple[list[str], dict[str, str]]:
    """Return the names of the classes in the first directory, and what looks like one."""
    names = [_class_folders(parent)[0] for parent in parents]
    alike = same_looking(name for there in names for name in there)
    classes = in_class_order({alike.get(name, name) for name in names[0]})
    parent = parents[0]
    if len(classes) < 2:
        only = f"only {classes[0]!r}" if classes else "none"
        raise UsageError(
            f"{spec}: expected at least two directories of images, one for each class, in "
            f"{str(parent)!r}, got {only}; sort the images into directories"
        )
    return classes, alike


def _images(spec: str, parent: Path, classes: list[str], alike: Mapping[str, str]) -> _Part:
    """Return the images below a directory."""
    names, others = _class_folders(parent)
    part = _Part([], [], Counter(), [], [str(parent / name) for name in others])
    for name in names:
        called = alike.get(name, name)
        if called not in classes:
            raise UsageError(
                f"{spec}: expected classes of the training set, got {name!r} in "
                f"{str(parent)!r}, of which there is no training image; add some or remove it"
            )
        found = find_images(parent / name)
        if not found.images:
            raise _without_images(spec, parent / name, found.passed)
        if found.lost:
            part.warnings.append(
                f"only {len(found.images)} of {len(found.images) + found.passed.total()} files "
                f"in {str(parent / name)!r} are read, {described(found.passed)} are passed "
                "over; convert, replace or remove them"
            )
        part.passed.update(found.passed)
        part.files.extend(found.images)
        part.labels.extend([classes.index(called)] * len(found.images))
    if not part.files:
        raise UsageError(
            f"{spec}: expected class directories in {str(parent)!r}, got none; add some"
        )
    return part
