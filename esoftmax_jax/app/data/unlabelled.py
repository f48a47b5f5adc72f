"""Examples without labels, in the form that a trained network expects them."""

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from esoftmax_jax.app.data.card import Card
from esoftmax_jax.app.data.checks import checked_images
from esoftmax_jax.app.data.columns.fitted import FittedColumns
from esoftmax_jax.app.data.columns.numbers import objects_as_numbers
from esoftmax_jax.app.data.feature_offsets import without_offsets
from esoftmax_jax.app.data.in_memory.number_frames import numbers_by_name
from esoftmax_jax.app.data.in_memory.tables import features_of_table, is_table
from esoftmax_jax.app.data.names import INPUT_FORMS
from esoftmax_jax.app.data.readers.image_decoding import IMAGE_SUFFIXES
from esoftmax_jax.app.data.readers.image_files import read_images
from esoftmax_jax.app.data.readers.image_search import (
    described,
    find_images,
    folders_below,
    passed_note,
)
from esoftmax_jax.app.data.readers.manifest import table_images
from esoftmax_jax.app.data.readers.npz_file import open_archive, read_arrays
from esoftmax_jax.app.data.readers.table_files import read_cell_table, read_table
from esoftmax_jax.app.data.readers.wide_images import arrays_to_bytes
from esoftmax_jax.app.files.arrays import Array, as_numpy, refuse_masked
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spreadsheets import named

_ARRAYS = ("images", "test_images", "x_test", "train_images", "x_train")


@dataclasses.dataclass(frozen=True, eq=False)
class Unlabelled:
    """Examples, what the user calls each of them, and what a reader has to know."""

    inputs: Array
    sources: list[str]
    notes: list[str]
    warnings: list[str] = dataclasses.field(default_factory=list)


def read_unlabelled(option: str, spec: str, card: Card) -> Unlabelled:
    """Read examples that a model is to classify.

    Args:
        option: that names them, for messages.
        spec: one of

            - ``folder:PATH``: all images in PATH and below it;
            - ``csv:PATH``, ``parquet:PATH``: a table with a column path, or with the columns
              that the model was trained on, in any order; others are passed over;
            - ``npz:PATH``: a NumPy archive with the array images, test_images or x_test, or
              else train_images or x_train.

            Images are brought to the model's size where that is square.
        card: of the model.

    Raises:
        UsageError: there are none, or they do not fit the model.
    """
    kind, _, rest = spec.partition(":")
    path = Path(rest).expanduser()
    if kind not in ("folder", "csv", "parquet", "npz") or not rest:
        raise UsageError(f"{option}: expected {INPUT_FORMS}, got {spec!r}")
    if kind == "folder":
        found = _folder(spec, path, card)
    elif kind == "npz":
        found = _archive(spec, path, card)
    elif card.columns is not None:
        found = _columns(kind, path, card.columns)
    elif len(card.input_shape) == 1 and not card.feature_names:
        raise UsageError(
            f"{option}: expected npz:PATH, as the model was trained on numbers without names, "
            f"got {spec!r}"
        )
    else:
        table = read_table(kind, path, card.feature_names)
        rows = np.arange(len(table.rows))
        called = table.text.get("path", [str(row) for row in table.rows])
        size = _image_size(spec, card, table.of_files)
        images = table_images(
            spec, table, rows, size, cached=False, value_range=card.value_range
        )
        pixels = without_offsets(images.pixels, card.feature_offsets)
        pixels = checked_images(pixels, spec)
        found = Unlabelled(pixels, called, images.notes, images.warnings)
    return dataclasses.replace(found, inputs=_fitting(spec, found.inputs, card))


def _columns(kind: str, path: Path, columns: FittedColumns) -> Unlabelled:
    """Read the cells that a model was trained on, and make its features of them."""
    table = read_cell_table(kind, path, columns.names)
    notes = columns.unknown(table.cells, table.where)
    if table.passed_over:
        notes.append(f"columns that are passed over: {named(table.passed_over)}")
    called = [str(row) for row in table.rows]
    return Unlabelled(columns.features(table.cells, table.where), called, notes)


def array_examples(name: str, given: Any, card: Card) -> Unlabelled:
    """Check examples in memory, (N, ...), that a model is to classify.

    For a model of a table that is not all numbers that is such a table, or its features.

    Raises:
        UsageError: they do not fit the model.
    """
    found = None if card.columns is None else features_of_table(name, given, card.columns)
    if found is not None:
        features, notes = found
        return Unlabelled(features, [str(row) for row in range(len(features))], notes)
    refuse_masked(name, given)
    passed: list[str] = []
    if is_table(given) and card.feature_names:
        given, passed = numbers_by_name(name, given, card.feature_names)
    array = as_numpy(name, given)
    if len(card.input_shape) == 1 and array.ndim == 2:
        array = objects_as_numbers(array)
        array = array.astype(np.float64) if array.dtype.kind in "biu" else array
    if array.ndim < 2 or not len(array):
        form = _form(card.input_dtype, card.input_shape)
        raise UsageError(f"{name}: expected one example or more, {form}, got {array.shape}")
    converted, _, notes, warnings = arrays_to_bytes({name: array}, card.value_range)
    array = without_offsets(converted[name], card.feature_offsets)
    images = _fitting(name, checked_images(array, name), card)
    called = [str(row) for row in range(len(images))]
    return Unlabelled(images, called, [*passed, *notes], warnings)


def _image_size(spec: str, card: Card, images: bool) -> int | None:
    """Return what files of images are to be resized to; None for those that must fit."""
    if images and (len(card.input_shape) != 3 or card.input_dtype != "uint8"):
        raise UsageError(
            f"{spec}: expected {_form(card.input_dtype, card.input_shape)}, which the model "
            "was trained on, got files of images; pass npz:PATH"
        )
    square = images and card.input_shape[0] == card.input_shape[1]
    return card.input_shape[0] if square else None


def _folder(spec: str, root: Path, card: Card) -> Unlabelled:
    if not root.is_dir():
        raise UsageError(f"no directory {str(root)!r}: folder:PATH expects one with images")
    size = _image_size(spec, card, images=True)
    files, passed = [], Counter[str]()
    try:
        for folder in folders_below(root, passed, set()):
            found = find_images(folder)
            files += found.images
            passed += found.passed
    except OSError as error:
        raise UsageError(
            f"expected a folder that can be read, got {error.filename} ({error.strerror}); "
            "change its permissions"
        ) from error
    if not files:
        others = f" ({described(passed)})" if passed else ""
        raise UsageError(
            f"{spec}: expected images ({' '.join(sorted(IMAGE_SUFFIXES))}) in it or below it, "
            f"got none{others}"
        )
    called = [file.relative_to(root).as_posix() for file in files]
    images = read_images(spec, files, called, size, cached=False, value_range=card.value_range)
    notes = passed_note(passed)
    warnings = notes if passed.total() > len(files) else []
    warnings = [*warnings, *images.warnings]
    return Unlabelled(images.pixels, called, [*notes, *images.notes], warnings)


def _archive(spec: str, path: Path, card: Card) -> Unlabelled:
    with open_archive(path) as archive:
        wanted = [name for name in _ARRAYS if name in archive.files]
        if not wanted:
            raise UsageError(
                f"{spec}: expected an array {' or '.join(_ARRAYS)}, found "
                f"{named(sorted(archive.files))}; name it so"
            )
        (array,) = read_arrays(archive, wanted[:1], path)
    converted, _, notes, warnings = arrays_to_bytes({wanted[0]: array}, card.value_range)
    array = without_offsets(converted[wanted[0]], card.feature_offsets)
    images = checked_images(array, f"{spec}: {wanted[0]}")
    if len(archive.files) > 1:
        notes = [f"of the archive the array {wanted[0]}", *notes]
    return Unlabelled(images, [str(row) for row in range(len(images))], notes, warnings)


def _fitting(spec: str, inputs: Array, card: Card) -> Array:
    """Return inputs of the model's shape and dtype, grey or in colour as it wants them."""
    wanted = card.input_shape
    if len(wanted) == 3 and inputs.ndim == 4:
        if (inputs.shape[-1], wanted[-1]) == (1, 3):
            inputs = np.repeat(inputs, 3, axis=-1)
        elif (inputs.shape[-1], wanted[-1]) == (3, 1) and inputs.dtype == np.uint8:
            inputs = _grey(inputs)
    if inputs.shape[1:] != wanted or str(inputs.dtype) != card.input_dtype:
        raise UsageError(
            f"{spec}: expected {_form(card.input_dtype, wanted)}, which the model was trained "
            f"on, got {_form(inputs.dtype, inputs.shape[1:])}; convert them"
        )
    return inputs


def _grey(images: Array) -> Array:
    """Return the brightness of colours as Pillow has it; grey ones keep their value."""
    weights = np.array([19595, 38470, 7471], np.uint32)
    return ((images @ weights + 0x8000) >> 16).astype(np.uint8)[..., np.newaxis]


def _form(dtype: Any, shape: tuple[int, ...]) -> str:
    return f"{dtype} of shape (N, {', '.join(map(str, shape))})"
