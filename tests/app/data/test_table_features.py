"""Which columns of a table are features: an index is none, and it is told which are."""

import json
from pathlib import Path

import numpy as np
import pyarrow  # type: ignore[import-untyped]
import pyarrow.parquet  # type: ignore[import-untyped]
import pytest

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.readers.index_columns import declared_index
from experiments.cli import main
from tests.helpers.datasets import draw, refused

pytestmark = pytest.mark.usefixtures("folder")

ROWS = range(20)


def csv_table(header: str, row: str) -> str:
    """Write 20 rows, with {i} their number; the second half is class 1."""
    lines = [row.format(i=i, x=i % 7 / 10) + f",{i // 10}" for i in ROWS]
    Path("own.csv").write_text("\n".join([f"{header},label", *lines]))
    return "csv:own.csv"


PANDAS = {
    "to_csv": (",x", "{i},{x}", "''"),
    "to_csv of several levels": (",,x", "a,{i},{x}", "'', ''"),
    "read again": ("Unnamed: 0,x", "{i},{x}", "'Unnamed: 0'"),
    "read again twice": ("Unnamed: 0.1,Unnamed: 0,x", "{i},{i},{x}", "'Unnamed: 0.1', 'Unnamed: 0'"),
    "behind the others": ("x,Unnamed: 3", "{x},", "'Unnamed: 3'"),
    "of a header of levels": ("Unnamed: 0_level_0,x", "{i},{x}", "'Unnamed: 0_level_0'"),
    "reset_index": ("index,x", "{i},{x}", "'index'"),
    "a key": ("x,ID", "{x},9{i}", "'ID'"),
    "of Kaggle": ("PassengerId,x,sample_id", "{i},{x},{i}", "'PassengerId', 'sample_id'"),
    "large keys": ("id,x", "1000000{i:02d},{x}", "'id'"),
    "of R": ("rownames,x", "{i},{x}", "'rownames'"),
}  # fmt: skip


@pytest.mark.parametrize("case", PANDAS)
def test_an_index_in_a_csv_file_is_no_feature(case):
    header, row, told = PANDAS[case]
    data = load_dataset(csv_table(header, row))
    assert data.feature_names == ("x",)
    assert data.train.images.shape == (16, 1)
    assert data.train.images.max() == np.float32(0.6)
    assert (
        f"The features are x. Columns that number the rows are passed over: {told}."
        in data.note
    )


def test_codes_with_an_underscore_are_no_numbers():
    codes = [f"{i % 3}_1" for i in ROWS]
    Path("codes.csv").write_text(
        "\n".join(["code,label", *(f"{code},{i // 10}" for i, code in enumerate(codes))])
    )
    table = pyarrow.table({"code": codes, "label": [i // 10 for i in ROWS]})
    pyarrow.parquet.write_table(table, "codes.parquet")
    for spec in ("csv:codes.csv", "parquet:codes.parquet"):
        columns = load_dataset(spec).columns
        assert columns is not None
        assert [(one.name, one.kind) for one in columns.columns] == [("code", "category")]


def test_a_column_of_such_a_name_that_repeats_itself_is_a_feature():
    for name in ("id", "index", "row"):
        assert load_dataset(csv_table(f"{name},x", "{x},{x}")).feature_names == (name, "x")
    for name in ("acid", "paid", "number of rooms"):
        assert load_dataset(csv_table(f"{name},x", "{i},{x}")).feature_names == (name, "x")


def test_a_key_may_be_there_twice():
    keys = [*range(40), 39]
    rows = "\n".join(f"{key},{key % 7},{key % 2}" for key in keys)
    Path("own.csv").write_text(f"id,x,label\n{rows}\n")
    assert load_dataset("csv:own.csv").feature_names == ("x",)


def test_a_table_of_nothing_but_an_index():
    refused(csv_table("Unnamed: 0", "{i}"), "columns of numbers", "'Unnamed: 0'")
    refused(csv_table("id", "{i}"), "only 'id', which numbers the rows; add features")
    refused(csv_table("x,", "{x},{i}"), "a name of its own", "none in column 2")


def parquet_table(index: object, **columns: object) -> str:
    metadata = json.dumps({"index_columns": index, "columns": [], "pandas_version": "3.0"})
    table = pyarrow.table(
        {"x": [i % 7 / 10 for i in ROWS], "label": [i // 10 for i in ROWS]} | columns
    )
    table = table.replace_schema_metadata({"pandas": metadata})
    pyarrow.parquet.write_table(table, "own.parquet")
    return "parquet:own.parquet"


RANGE = {"kind": "range", "name": None, "start": 0, "stop": 20, "step": 1}


@pytest.mark.parametrize(
    ("index", "columns", "told"),
    [
        (["__index_level_0__"], {"__index_level_0__": ROWS}, "'__index_level_0__'"),
        (["patient"], {"patient": [f"p{i}" for i in ROWS]}, "'patient'"),
        (["site", "day"], {"day": ROWS, "site": [i // 5 for i in ROWS]}, "'day', 'site'"),
        ([RANGE], {}, None),
        ([RANGE], {"id": ROWS}, "'id'"),
        (["label"], {}, None),
    ],
)  # fmt: skip
def test_an_index_in_a_parquet_file_is_no_feature(index, columns, told):
    data = load_dataset(parquet_table(index, **columns))
    assert data.feature_names == ("x",)
    assert data.class_names == ("0", "1")
    assert "The features are x. " in data.note
    assert data.note.count(f"Columns that number the rows are passed over: {told}.") == bool(
        told
    )
    assert ("passed over" in data.note) == bool(told)


def test_metadata_that_is_not_of_pandas_is_passed_over():
    for text in (b"", b"[", b"[" * 100_000, b"3", b"{}", b'{"index_columns": 3}'):
        assert declared_index({b"pandas": text}) == []
    assert declared_index(None) == []


def test_many_features_are_told_in_a_line():
    names = [f"p{i}" for i in range(784)]
    rows = [",".join([*("0" for _ in names), str(k % 2)]) for k in range(8)]
    Path("own.csv").write_text("\n".join([",".join([*names, "label"]), *rows]))
    note = load_dataset("csv:own.csv").note
    assert "The features are 784 columns: p0, p1, p2, " in note
    assert "p38, ..., p783." in note


def test_an_index_beside_paths_is_not_mentioned():
    rows = [f"{i},{i}.png,{i % 2}" for i in ROWS]
    for i in ROWS:
        draw(Path(f"{i}.png"), i)
    Path("own.csv").write_text("\n".join([",path,label", *rows]))
    assert "features" not in load_dataset("csv:own.csv").note


def test_every_command_tells_the_features(capsys):
    """compare, train and noise print the data's note; predict tells what the model wants."""
    spec = csv_table("Unnamed: 0,x,y", "{i},{x},1")
    short = ["--epochs", "1", "--dataset", spec]
    assert main(["noise", "--dataset", spec]) == 0
    assert main(["train", *short, "--loss", "CE", "--workdir", "run"]) == 0
    compare = ["compare", *short, "--losses", "CE", "--no-tune", "--seeds", "1"]
    assert main(compare) == 0
    assert capsys.readouterr().out.replace("\n", " ").count("The features are x, y.") == 3
    Path("new.csv").write_text(",y,x\n7,1,0.3\n")
    assert main(["predict", "--model", "run", "--inputs", "csv:new.csv"]) == 0
    assert "Features: x, y." in capsys.readouterr().out
