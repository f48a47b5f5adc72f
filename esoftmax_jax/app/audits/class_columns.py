"""Which column of one's own probabilities belongs to which class."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from esoftmax_jax.app.audits.example_rows import rows_of_examples
from esoftmax_jax.app.audits.examples import AuditedExamples
from esoftmax_jax.app.audits.own_arrays import ONE_COLUMN, OwnNumbers, is_number
from esoftmax_jax.app.data.label_text import plain, whole_number
from esoftmax_jax.app.data.parts import in_class_order
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spelling import did_you_mean
from esoftmax_jax.spreadsheets import named

_FORMS = ("{}", "p({})")
SUM_TOLERANCE = 1e-2


def with_classes_of_columns(examples: AuditedExamples, found: OwnNumbers) -> AuditedExamples:
    """Return the examples among all classes that have a column, with a label or not.

    Such are columns that are called as no label is, if all together sum to 1; categories of
    pandas; and class numbers below the number of columns.
    """
    names, count = examples.class_names, found.values.shape[1]
    further = _further_names(found, names)
    if further:
        return examples.of_classes(in_class_order((*names, *further)))
    if _named_columns(found, names) is not None or count < len(names):
        return examples
    if count == len(names):
        return _in_order_of_columns(examples, found)
    if count == len(examples.declared):
        return examples.of_classes(examples.declared)
    numbers = [whole_number(name) for name in names]
    if all(number is not None and 0 <= number < count for number in numbers):
        return examples.of_classes([str(number) for number in range(count)])
    return examples


def _in_order_of_columns(examples: AuditedExamples, found: OwnNumbers) -> AuditedExamples:
    """Return the classes as columns without names have them, where two orders are usual.

    Numbers that are text, and categories of pandas, have one of their own; scikit-learn sorts
    them as text or as numbers. The order that fits the labels better is taken, and told.
    """
    names = examples.class_names
    predicted = rows_of_examples(found, examples).argmax(axis=1)

    def agreed(order: Sequence[str]) -> int:
        return int(np.sum(examples.of_classes(order).labels == predicted))

    order = max((names, in_class_order(names), sorted(names)), key=agreed)
    if agreed(order) - agreed(names) <= 2 * np.sqrt(len(examples)):
        return examples
    note = (
        f"the columns of the probabilities are taken in the order {named(order)}, which fits "
        f"the labels better than {named(names)}; to be sure name the columns"
    )
    return dataclasses.replace(examples.of_classes(order), notes=(*examples.notes, note))


def _further_names(found: OwnNumbers, names: Sequence[str]) -> list[str]:
    """Return columns of further classes: all columns together sum to 1."""
    for form in _FORMS if found.names is not None else ():
        places = _places(found, names, form)
        if places is None or len(places) == len(found.names or ()):
            continue
        below = found.values[int(found.first_is_names) :]
        if (np.abs(below.sum(axis=1) - 1) <= SUM_TOLERANCE).all():
            before, after = form.split("{}")
            others = [one for place, one in enumerate(found.names or ()) if place not in places]
            return [plain(one.removeprefix(before).removesuffix(after)) for one in others]
    return []


def in_order_of_classes(found: OwnNumbers, classes: tuple[str, ...]) -> OwnNumbers:
    """Return a column for each class, in their order.

    Raises:
        UsageError: the columns are others.
    """
    count = found.values.shape[1]
    if found.names is not None:
        places = _named_columns(found, classes)
        if places is not None:
            # A line of numbers is a header only if it names all classes.
            below = found.values[int(found.first_is_names) :]
            return dataclasses.replace(found, values=below[:, places], names=None)
        if found.gaps:
            raise UsageError(f"{found.where}: {found.gaps[0]}")
        if count > 1 and not all(map(is_number, found.names)):
            raise UsageError(
                f"{found.where}: expected a column for each class ({named(classes)}), called "
                f"so, got {named(found.names)}; {_remedy_of_names(found.names, classes)}"
            )
    if count != len(classes):
        remedy = ONE_COLUMN if count == 1 else "give a column to every class"
        raise UsageError(
            f"{found.where}: expected {len(classes)} columns, one for each class "
            f"({named(classes)}), got {count}; {remedy}"
        )
    return found


def _remedy_of_names(names: Sequence[str], classes: Sequence[str]) -> str:
    """Return what to do with columns that are not those of all classes."""
    missing = [one for one in classes if one not in names]
    others = [one for one in names if one not in classes]
    if missing and not others:
        return f"add a column {missing[0]!r}"
    return f"rename the columns{did_you_mean(others[0], missing) if others else ''}"


def _named_columns(found: OwnNumbers, classes: Sequence[str]) -> list[int] | None:
    """Return the column of each class by its name, None unless all are there."""
    return next((one for form in _FORMS if (one := _places(found, classes, form))), None)


def _places(found: OwnNumbers, classes: Sequence[str], form: str) -> list[int] | None:
    """Return the column of each class whose name has this form, None unless all are there."""
    names = list(found.names or ())
    # Of pandas a class may be called 1.0; a line of numbers that sum to 1 is no header.
    is_row = found.first_is_names and abs(found.values[0].sum() - 1) <= SUM_TOLERANCE
    for called in (names, [] if is_row else [plain(name) for name in names]):
        wanted = [form.format(name) for name in classes]
        if set(wanted) <= set(called) and len(set(called)) == len(called):
            return [called.index(name) for name in wanted]
    return None
