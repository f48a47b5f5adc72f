"""Labels in memory as classes, whatever holds them: lists, arrays, columns of pandas."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.label_doubts import doubtful_numbers, find_doubt
from esoftmax_jax.app.data.label_text import (
    LITERAL,
    capitals_note,
    joined_alike,
    missing_words,
    plain,
)
from esoftmax_jax.app.data.parts import in_class_order
from esoftmax_jax.app.files.arrays import Array, as_numpy
from esoftmax_jax.app.terminal.messages import UsageError

_SHOWN = 12  # names of classes in a message or a note
_WHOLE = 2.0**53  # beyond, floating-point numbers are none that somebody has counted


@dataclasses.dataclass(frozen=True, eq=False)
class NumberedLabels:
    """Labels as class numbers.

    Attributes:
        names: of the classes that labels have, in their order.
        declared: of all classes that the labels' type tells, with those that no label has;
            ``names`` where it tells none.
        numbers: int64 (N,), by what the labels are called.
        kind: of NumPy's types, that of the labels: ``b``, ``i``, ``u``, ``f`` or another.
        notes: what a reader has to know of them.
    """

    names: tuple[str, ...]
    declared: tuple[str, ...]
    numbers: dict[str, npt.NDArray[np.int64]]
    kind: str
    notes: tuple[str, ...] = ()

    @property
    def counted(self) -> bool:
        """Whether the names are the class numbers."""
        return self.names == tuple(map(str, range(len(self.names))))


def number_labels(
    labels: Mapping[str, Any], *, literal: bool, doubt: bool = True
) -> NumberedLabels:
    """Number the classes of labels in memory.

    Whole numbers from 0 without a gap are class numbers. Other numbers are classes in their
    order, as are truth values, so that ``classes_`` of scikit-learn are the same. Categories
    of pandas are classes in the order that they have. Everything else is text, in the order of
    the alphabet.

    Args:
        labels: (N,), by what they are called in messages; the first tell the classes.
        literal: whether a label is a class whatever it looks like, such as −1.
        doubt: whether labels that are probably no classes are refused.

    Raises:
        UsageError: a label is missing, there is one class, labels are no classes, or further
            ones are of other classes.
    """
    arrays = {name: plain_labels(name, value) for name, value in labels.items()}
    for name, value in labels.items():
        check_one_type(name, value)
    spelt = {name: _texts(name, array) for name, array in arrays.items()}
    texts, alike = joined_alike(spelt, literal=literal)
    first = next(iter(arrays))
    if not literal:
        for name, array in arrays.items():
            _check_missing_words(name, texts[name])
            _check_unlabelled(name, array)
    notes = _doubts(first, arrays[first], texts[first], literal=literal) if doubt else []
    notes += [*_joined_by_blanks(arrays[first], spelt[first]), *alike]
    present = set(texts[first])
    declared = _categories(labels[first])
    if not present <= set(declared):
        declared = []
    order = declared or _ordered(arrays[first], present)
    names = tuple(name for name in order if name in present)
    if len(names) < 2:
        raise UsageError(
            f"{first}: expected at least 2 classes, got 1, {names[0]!r} for each of "
            f"{len(texts[first])} examples; add examples of another"
        )
    notes += capitals_note(names)
    numbers = {name: _places(column, names, name) for name, column in texts.items()}
    kind = arrays[first].dtype.kind
    return NumberedLabels(names, tuple(declared) or names, numbers, kind, tuple(notes))


def values_of(names: Sequence[str], kind: str) -> Array:
    """Return classes as labels of a kind have them: numbers, truth values, else names."""
    if kind == "b":
        return np.array([name == "True" for name in names])
    if kind in "iu":
        return np.array([int(name) for name in names])
    return np.array(names, np.float64 if kind == "f" else object)


def plain_values(names: Sequence[str]) -> Array:
    """Return classes as a reader of their names takes them, where no kind is kept.

    Truth values or numbers if all are spelt so, else names: ``01`` is one.
    """
    if set(names) <= {"False", "True"}:
        return values_of(names, "b")
    for kind, read in (("i", int), ("f", float)):
        try:
            # 10 beside 0.5 is the number 10.
            spelt = [repr(read(name)).removesuffix(".0") for name in names]
            values = values_of(names, kind)
        except (ValueError, OverflowError):
            continue
        if spelt == list(names) and values.dtype.kind == kind and np.isfinite(values).all():
            return values
    return values_of(names, "U")


def plain_labels(name: str, value: Any) -> Array:
    """Return labels as an array (N,) of numbers, truth values or texts.

    Raises:
        UsageError: it has another shape, or a label is missing.
    """
    try:
        array = as_numpy(name, value)
    except UsageError:
        if not isinstance(value, list | tuple):
            raise
        array = np.zeros((0, 0), object)  # rows of different lengths
    if array.ndim != 1 or not len(array):
        _refuse_shape(name, value, array)
    missing = np.ma.getmaskarray(np.ma.asarray(value)) if np.ma.isMA(value) else _gaps(array)
    if missing.any():
        row = int(missing.argmax())
        shown = "a masked one" if np.ma.isMA(value) else repr(array[row : row + 1].tolist()[0])
        raise UsageError(
            f"{name}: expected a label for every example, got {shown} in row {row}, which "
            f"stands for a missing one (such rows: {int(missing.sum())}); fill them in, or "
            "leave these examples out"
        )
    if array.dtype.kind in "mM":
        return array.astype(str)
    return _of_one_kind(array) if array.dtype.kind == "O" else array


def check_one_type(name: str, value: Any) -> None:
    """Refuse labels of several types that would be called the same, such as 1, True and "1".

    Raises:
        UsageError: there are such.
    """
    # An array of NumPy has one type, but for Python's objects.
    if not isinstance(value, list | tuple) and getattr(value, "dtype", None) != np.dtype("O"):
        return
    values = as_numpy(name, value, object).ravel().tolist()
    truths = [one for one in values if isinstance(one, bool | np.bool_)]
    pair: tuple[Any, Any] | None = None
    if truths and len(truths) < len(values):
        pair = truths[0], next(one for one in values if not isinstance(one, bool | np.bool_))
    texts = {one.strip(): one for one in values if isinstance(one, str)}
    for one in values if texts and not truths else ():
        if isinstance(one, int | float | np.number) and (called := _name(float(one))) in texts:
            pair = one, texts[called]
    if pair:
        raise UsageError(
            f"{name}: expected labels of one type, got {pair[0]!r} beside {pair[1]!r}; convert "
            "them"
        )


def _refuse_shape(name: str, value: Any, array: Array) -> None:
    named = repr(value) if np.isscalar(value) else type(value).__name__
    what = f"shape {array.shape}" if array.ndim else named
    if array.ndim == 1:
        what, remedy = "none", "pass those of the examples"
    elif array.ndim == 2 and array.shape[1] == 1:
        remedy = f"write numpy.ravel({name})"
    elif array.ndim == 2 and array.size:
        remedy = f"of one-hot labels pass numpy.argmax({name}, axis=1), of several columns one"
    else:
        remedy = "pass a list or an array"
    raise UsageError(
        f"{name}: expected one label for each example, shape (N,), got {what}; {remedy}"
    )


def _gaps(array: Array) -> npt.NDArray[np.bool_]:
    """Mark what is None, NaN, NaT or NA."""
    if array.dtype.kind == "O":
        return np.array([is_nothing(one) for one in array.tolist()])
    found: npt.NDArray[np.bool_] = array != array
    return found


def is_nothing(one: Any) -> bool:
    """Tell whether a value is None, NaN, NaT or NA."""
    try:
        return one is None or bool(one != one)
    except TypeError:  # NA of pandas is neither true nor false
        return True
    except ValueError:  # an array
        return False


def _of_one_kind(array: Array) -> Array:
    """Return Python's objects as numbers or truth values if all are, else as texts."""
    values = array.tolist()
    if all(isinstance(one, bool | np.bool_) for one in values):
        return np.array(values, bool)
    if all(isinstance(one, int | float | np.number) for one in values):
        numbers = np.array(values)
        if numbers.dtype.kind in "iuf":
            return numbers
    texts = np.empty(len(values), object)
    texts[:] = [one if isinstance(one, bytes) else str(one) for one in values]
    return texts


def _texts(name: str, array: Array) -> list[str]:
    """Return names of classes, whole numbers in their plainest spelling."""
    if array.dtype.kind in "iuf":
        return [_name(one) for one in array.tolist()]
    try:
        return [_text(one) for one in array.tolist()]
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{name}: expected names of classes in UTF-8, got other bytes; write strings"
        ) from error


def _text(one: Any) -> str:
    return (one.decode() if isinstance(one, bytes) else str(one)).strip()


def _name(number: float) -> str:
    """Return what a number is called: 1 for 1.0."""
    whole = isinstance(number, float) and number.is_integer() and abs(number) < _WHOLE
    return str(int(number)) if whole else str(number)


def _doubts(name: str, array: Array, texts: list[str], *, literal: bool) -> list[str]:
    """Refuse labels that are probably no classes; what is overruled is a note."""
    numbers = array.dtype.kind in "iuf"
    doubt = doubtful_numbers(Counter(texts)) if numbers else find_doubt(texts)
    if doubt is None:
        return []
    if literal:
        return [f"labels that look like {doubt.looks} are classes by {LITERAL}"]
    raise UsageError(f"{name}: {doubt.message('the array')}")


def _joined_by_blanks(array: Array, texts: list[str]) -> list[str]:
    """Note labels that are one class although blanks around them differ."""
    first: dict[str, str] = {}
    given = array.tolist() if array.dtype.kind in "OU" else texts
    for text, one in zip(texts, given, strict=True):
        other = first.setdefault(text, one)
        if other != one:
            return [f"labels that differ in blanks only are one class: {other!r} and {one!r}"]
    return []


def _check_missing_words(name: str, texts: list[str]) -> None:
    words = set(missing_words(texts))
    if not words:
        return
    rows = [row for row, text in enumerate(texts) if text in words]
    word = texts[rows[0]]
    raise UsageError(
        f"{name}: expected a label in row {rows[0]}, got {word!r}, which stands for a missing "
        f"one (such rows: {len(rows)}); fill them in or leave these examples out, or pass "
        f"{LITERAL} if {word!r} names a class"
    )


def _check_unlabelled(name: str, labels: Array) -> None:
    """Refuse −1 beside class numbers, which says that there is no label."""
    if labels.dtype.kind not in "if":
        return
    values = np.unique(labels)
    if values[0] != -1 or not np.array_equal(values[1:], np.arange(len(values) - 1)):
        return
    rows = np.flatnonzero(labels == -1)
    raise UsageError(
        f"{name}: expected a label for every example, got -1 in row {rows[0]}, which stands "
        f"for a missing one beside class numbers from 0 (such rows: {len(rows)}); leave these "
        f"examples out, or pass {LITERAL} if -1 names a class"
    )


def _categories(labels: Any) -> list[str]:
    """Return the categories of pandas in their order; none of anything else."""
    found = getattr(getattr(labels, "dtype", None), "categories", None)
    if found is None or not hasattr(found, "tolist"):
        return []
    return [_name(one) if isinstance(one, float) else _text(one) for one in found.tolist()]


def _ordered(labels: Array, present: set[str]) -> list[str]:
    if labels.dtype.kind in "iuf":
        return list(dict.fromkeys(_name(one) for one in np.unique(labels).tolist()))
    return in_class_order(present)


def _places(texts: list[str], names: tuple[str, ...], where: str) -> npt.NDArray[np.int64]:
    place = {name: number for number, name in enumerate(names)}
    for text in set(texts) - set(place):
        place[text] = place.get(plain(text), -1)
    numbers = np.array([place[text] for text in texts], np.int64)
    unknown = numbers < 0
    if unknown.any():
        row = int(unknown.argmax())
        raise UsageError(
            f"{where}: expected a class that the labels name ({_listed(names)}), got "
            f"{texts[row]!r} in row {row}; correct it, or leave the example out"
        )
    return numbers


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
