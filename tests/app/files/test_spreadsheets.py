"""A list of suspects is known again, whatever pandas or a spreadsheet has made of its cells."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.labels.noisy_labels import apply_noise
from esoftmax_jax.app.suspects.corrections import correct
from esoftmax_jax.app.suspects.labelled import labelled_examples
from esoftmax_jax.app.suspects.suspect_list import Suspects, write_suspects
from esoftmax_jax.app.terminal.messages import UsageError
from tests.helpers.datasets import draw

pytestmark = pytest.mark.usefixtures("folder")

COUNT = 30
CHANGED = "5"  # the example that reviewers give another label


def archive(names=("ant", "bee", "cat"), **more: Any) -> Dataset:
    arrays: dict[str, Any] = {
        "train_images": np.eye(COUNT),
        "train_labels": np.arange(COUNT) % len(names),
        "class_names": np.array(names),
    }
    np.savez("own.npz", **(arrays | more))
    return load_dataset("npz:own.npz")


def rows_of(dataset: Dataset) -> list[dict[str, str]]:
    """Return the list that `train --suspects` writes, with one label changed."""
    noisy = apply_noise(parse_noise("none"), dataset, seed=0)
    labelled = labelled_examples(dataset, noisy, parse_noise("none"))
    other = (labelled.labels.observed.astype(int) + 1) % dataset.num_classes
    margins = np.linspace(-1, 1, len(other), dtype=np.float32)
    write_suspects(
        Path("list.csv"), Suspects(labelled, other, margins, margins), dataset.class_names
    )
    with Path("list.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["example"] == CHANGED:
            row["label"] = row["suggestion"]
    return rows


def write(rows, *, delimiter=",", encoding="utf-8", end="\n"):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    Path("reviewed.csv").write_bytes(text.getvalue().encode(encoding))
    return [Path("reviewed.csv")]


def labels_of(dataset: Dataset) -> dict[str, int]:
    return {
        **dict(
            zip(
                dataset.train.sources.tolist(),
                dataset.train.labels.observed.tolist(),
                strict=True,
            )
        ),
        **dict(
            zip(
                dataset.test.sources.tolist(),
                dataset.test.labels.observed.tolist(),
                strict=True,
            )
        ),
    }


def accepted(dataset: Dataset, rows, **form: Any) -> None:
    """Assert that a list changes the one label that it is to change."""
    before = labels_of(dataset)
    after = labels_of(correct(dataset, write(rows, **form)))
    assert after == before | {CHANGED: (before[CHANGED] + 1) % dataset.num_classes}


def floats(rows, *columns):
    """Write a column of numbers as pandas does beside an empty cell."""
    return [row | {name: row[name] and f"{row[name]}.0" for name in columns} for row in rows]


def test_numbers_that_became_floating_point_ones():
    data = archive()
    rows = rows_of(data)
    assert {row["id"] for row in rows if row["part"] == "test"} == {""}
    accepted(data, rows)
    accepted(data, floats(rows, "id"))
    accepted(data, floats(rows, "id", "example", "rank"))
    german = floats(rows, "id", "example")  # to_csv(decimal=",", sep=";")
    commas = [{name: cell.replace(".0", ",0") for name, cell in row.items()} for row in german]
    accepted(data, commas, delimiter=";")


def test_classes_called_by_numbers():
    data = archive(("0", "1", "2"))
    rows = rows_of(data)
    accepted(data, floats(rows, "id", "label", "given", "suggestion"))
    # One label is left out, and the column has become one of floating-point numbers.
    emptied = [row | {"label": ""} if row["example"] == "7" else row for row in rows]
    before = labels_of(data)
    after = labels_of(correct(data, write(floats(emptied, "label", "id"))))
    assert "7" not in after
    assert after == {k: v for k, v in before.items() if k != "7"} | {CHANGED: after[CHANGED]}
    assert after[CHANGED] != before[CHANGED]


@pytest.mark.parametrize(
    ("names", "become"),
    [
        (("01", "02", "10"), {"01": "1", "02": "2"}),
        (("0.50", "1.50", "2.0"), {"0.50": "0.5", "1.50": "1.5"}),
        (("true", "false"), {"true": "True", "false": "False"}),
        (("False", "True"), {"True": "TRUE", "False": "FALSE"}),
        (("1", "01", "2"), {}),
    ],
)
def test_names_of_classes_that_a_spreadsheet_spells_anew(names, become):
    data = archive(names)
    rows = [
        {key: become.get(value, value) if key in ("label", "given") else value
         for key, value in row.items()}
        for row in rows_of(data)
    ]  # fmt: skip
    accepted(data, rows)


def test_a_name_that_two_classes_could_have_had_is_refused():
    data = archive(("01", "001", "2"))
    rows = [row | {"label": "1"} for row in rows_of(data)]
    with pytest.raises(UsageError, match=r"expected a class of .*\(01, 001, 2\), got '1'"):
        correct(data, write(rows))


def test_a_class_that_pandas_reads_as_nothing():
    data = archive(("NA", "bee", "cat"))
    rows = rows_of(data)
    accepted(data, rows)
    eaten = [
        {key: "" if value == "NA" else value for key, value in row.items()} for row in rows
    ]
    with pytest.raises(
        UsageError,
        match=r"pandas reads the class 'NA' as an empty cell; .* keep_default_na=Fal",
    ):
        correct(data, write(eaten))


def test_columns_and_rows_in_another_order_and_an_index():
    data = archive()
    rows = rows_of(data)
    order = np.random.default_rng(0).permutation(len(rows))
    turned = [dict(reversed(rows[row].items())) for row in order]
    accepted(data, turned)
    for name in ("Unnamed: 0", "", "index"):
        accepted(data, [{name: str(place)} | row for place, row in enumerate(turned)])
    for left_out in ("rank", "part", "id", "given", "clean_label", "margin"):
        accepted(data, [{k: x for k, x in row.items() if k != left_out} for row in rows])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_as_spreadsheets_save_it(encoding, end, delimiter):
    data = archive(("naïve; a", "b,c", "犬"))
    rows = rows_of(data)
    accepted(data, rows, encoding=encoding, end=end, delimiter=delimiter)


def test_as_excel_saves_it_in_western_countries():
    for place in range(12):
        draw(Path("own", ("Bär", "Wölfe")[place % 2], f"ä{place}.png"), place)
    data = load_dataset("folder:own")
    first = data.train.sources[0]
    rows = [
        row | {"label": row["suggestion"] if row["example"] == first else row["label"]}
        for row in rows_of(data)
    ]
    path = write(rows, encoding="cp1252", delimiter=";", end="\r\n")
    assert labels_of(correct(data, path)) == labels_of(data) | {first: 1}


def test_rows_of_another_length():
    data = archive()
    lines = write(rows_of(data))[0].read_text().splitlines()
    assert lines[1].endswith(",")  # the last column is empty, and left out by Excel
    Path("short.csv").write_text("\n".join(line.rstrip(",") for line in lines))
    Path("long.csv").write_text("\n".join(line + ",," for line in lines))
    for name in ("short.csv", "long.csv"):
        assert (
            correct(data, [Path(name)]).data_hash
            == correct(data, write(rows_of(data))).data_hash
        )
    # Names of rows without a name of their column, as R writes them.
    Path("r.csv").write_text("example,label\n1,2,ant\n")
    with pytest.raises(
        UsageError, match=r"r.csv, row 2: expected 2 cells as in the header, got 3; make it as"
    ):
        correct(data, [Path("r.csv")])
    Path("cut.csv").write_text("\n".join([*lines[:3], ",".join(lines[3].split(",")[:7])]))
    with pytest.raises(UsageError, match=r"cut.csv, row 4: expected 9 cells as in the"):
        correct(data, [Path("cut.csv")])


def test_paths_stay_text():
    for place in range(12):
        draw(Path("own", "ab"[place % 2], f"{place:03d}.png"), place)
    data = load_dataset("folder:own")
    rows = rows_of(data)
    assert correct(data, write(floats(rows, "id"))).data_hash == data.data_hash


def test_lists_of_other_data_are_still_refused():
    data = archive()
    for changed in (
        {"id": "40.0"},
        {"id": "4.5"},
        {"given": "ant" if labels_of(data)["3"] else "bee"},
        {"part": "test" if "3" in data.train.sources else "train", "id": ""},
    ):
        rows = [row | changed for row in rows_of(data) if row["example"] == "3"]
        with pytest.raises(UsageError, match=r"expected the part, id and given label that '3'"):
            correct(data, write(rows))
    for example in ("3.5", "-3", "30.0", "3,000"):
        rows = [row | {"example": example} for row in rows_of(data)]
        with pytest.raises(UsageError, match=rf"expected an example of .* got '{example}'"):
            correct(data, write(rows))
