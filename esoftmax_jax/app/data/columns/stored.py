"""Fitted columns as values of JSON and arrays, which hold nothing that runs."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from esoftmax_jax.app.data.columns.dates import FORMS, PARTS
from esoftmax_jax.app.data.columns.fitted import FittedColumns
from esoftmax_jax.app.data.columns.kind_names import (
    BOOLEAN,
    CATEGORY,
    DATE,
    KINDS,
    NUMBER,
    TEXT,
)
from esoftmax_jax.app.data.columns.kinds import Column
from esoftmax_jax.app.data.columns.numbers import STYLES
from esoftmax_jax.app.data.columns.steps import NGRAMS, OneHot, Scaled, Step, Words
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.json_file import check_fields

_COLUMN = {"name": str, "kind": str, "form": str, "unit": str}
_SCALED = {
    "column": int,
    "parts": tuple[int, ...],
    "mean": tuple[float, ...],
    "scale": tuple[float, ...],
    "fill": tuple[float, ...],
    "indicator": bool,
}
_ONE_HOT = {"column": int, "categories": tuple[str, ...], "frequent": int, "others": bool}
_WORDS = {"column": int, "form": str, "terms": tuple[str, ...], "scale": float}
_FORMS = {
    NUMBER: STYLES, DATE: FORMS, TEXT: tuple(NGRAMS), BOOLEAN: ("",), CATEGORY: ("",)
}  # fmt: skip


def to_json(fitted: FittedColumns) -> dict[str, Any]:
    """Return all but the arrays of texts, see ``arrays_of``."""
    columns = [
        {"name": one.name, "kind": one.kind, "form": one.form, "unit": one.unit}
        for one in fitted.columns
    ]
    return {"columns": columns, "steps": [_step_to_json(step) for step in fitted.steps]}


def arrays_of(fitted: FittedColumns) -> dict[str, Array]:
    """Return the arrays of texts by the place of the step: ``1/idf``, ``1/mean``."""
    arrays: dict[str, Array] = {}
    for place, step in enumerate(fitted.steps):
        if isinstance(step, Words):
            arrays |= {f"{place}/idf": step.idf, f"{place}/mean": step.mean}
            if step.components is not None:
                arrays[f"{place}/components"] = step.components
    return arrays


def _step_to_json(step: Step) -> dict[str, Any]:
    if isinstance(step, Scaled):
        numbers = {"mean": step.mean, "scale": step.scale, "fill": step.fill}
        return {
            "kind": "scaled",
            "column": step.column,
            "parts": list(step.parts),
            **{name: values.tolist() for name, values in numbers.items()},
            "indicator": step.indicator,
        }
    if isinstance(step, OneHot):
        return {
            "kind": "one-hot",
            "column": step.column,
            "categories": list(step.places),
            "frequent": step.width - (step.others is not None),
            "others": step.others is not None,
        }
    terms = sorted(step.vocabulary, key=lambda term: step.vocabulary[term])
    return {
        "kind": "words",
        "column": step.column,
        "form": step.form,
        "terms": terms,
        "scale": step.scale,
    }


def from_stored(values: Any, arrays: Mapping[str, Array]) -> FittedColumns:
    """Return fitted columns; see ``to_json`` and ``arrays_of``.

    Raises:
        ValueError: they are none; the message says what is wrong.
    """
    check_fields(values, {"columns": list[Any], "steps": list[Any]})
    columns = tuple(map(_column, values["columns"]))
    names = {column.name for column in columns}
    if not columns or len(names) < len(columns):
        raise ValueError("expected columns with names of their own")
    steps = tuple(
        _step(place, one, columns, arrays) for place, one in enumerate(values["steps"])
    )
    return FittedColumns(columns, steps)


def _column(values: Any) -> Column:
    check_fields(values, _COLUMN)
    kind, form = values["kind"], values["form"]
    if kind not in KINDS or form not in _FORMS[kind]:
        raise ValueError(f"a column of the kind {kind[:40]!r}, {form[:40]!r}")
    return Column(values["name"], kind, form, values["unit"])


def _step(
    place: int, values: Any, columns: tuple[Column, ...], arrays: Mapping[str, Array]
) -> Step:
    kind = check_fields(values, {"kind": str, "column": int})["kind"]
    if not 0 <= values["column"] < len(columns):
        raise ValueError(f"step {place} of column {values['column']}")
    of = columns[values["column"]].kind
    if kind == "one-hot" and of == CATEGORY:
        return _one_hot(check_fields(values, _ONE_HOT))
    if kind == "words" and of == TEXT:
        return _words(place, check_fields(values, _WORDS), arrays)
    if kind == "scaled" and of in (NUMBER, BOOLEAN, DATE):
        return _scaled(check_fields(values, _SCALED), PARTS if of == DATE else 1)
    raise ValueError(f"step {place}, {kind[:40]!r}, of a column of the kind {of!r}")


def _scaled(values: Mapping[str, Any], most: int) -> Scaled:
    parts = tuple(values["parts"])
    mean, scale, fill = (np.array(values[name], float) for name in ("mean", "scale", "fill"))
    lengths = {len(parts), len(mean), len(scale), len(fill)}
    if len(lengths) > 1 or not parts or not all(0 <= part < most for part in parts):
        raise ValueError(f"parts {list(parts[:10])} of a scaled column")
    if not (np.isfinite([mean, scale, fill]).all() and (scale > 0).all()):
        raise ValueError("a scaled column of numbers that are not finite, or a scale of 0")
    return Scaled(values["column"], parts, mean, scale, fill, values["indicator"])


def _one_hot(values: Mapping[str, Any]) -> OneHot:
    names, frequent, others = values["categories"], values["frequent"], values["others"]
    if len(set(names)) < len(names) or not 0 <= frequent <= len(names) or not names:
        raise ValueError(f"{frequent} of {len(names)} categories")
    if others != (frequent < len(names)):
        raise ValueError("categories that have no feature, or a feature without categories")
    places = {name: min(place, frequent) for place, name in enumerate(names)}
    return OneHot(values["column"], places, frequent + others, frequent if others else None)


def _words(place: int, values: Mapping[str, Any], arrays: Mapping[str, Array]) -> Words:
    terms, form, scale = values["terms"], values["form"], float(values["scale"])
    vocabulary = {term: at for at, term in enumerate(terms)}
    found = {name: arrays.get(f"{place}/{name}") for name in ("idf", "mean", "components")}
    idf, mean, components = found["idf"], found["mean"], found["components"]
    if form not in NGRAMS or len(vocabulary) < len(terms) or idf is None or mean is None:
        raise ValueError(f"terms of step {place} without their arrays")
    width = len(terms) if components is None else len(components)
    shapes = {"idf": (len(terms),), "mean": (width,), "components": (width, len(terms))}
    for name, array in found.items():
        if array is None:
            continue
        if array.dtype != np.float32 or array.shape != shapes[name]:
            raise ValueError(f"{name} {array.dtype} of shape {array.shape}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} of numbers that are not finite")
    if not scale > 0 or not width:
        raise ValueError(f"the scale {scale}")
    return Words(values["column"], form, vocabulary, idf, components, mean, scale)
