"""Files of noisy labels: every format, every damage, and pickles that want to run something."""

import json
import os
import pickle
import re
import subprocess

import numpy as np
import pytest

from esoftmax_jax.noise import read_label_file
from tests.helpers.noises import write_npy_of_pickle

COLUMNS = {"clean_label": [0, 1, 2, 1], "worse_label": [0, 2, 2, -1]}


def saved(tmp_path, form):
    path = tmp_path / f"labels.{form.split()[0]}"
    arrays = {name: np.array(values, np.int16) for name, values in COLUMNS.items()}
    if form == "json":
        path.write_text(json.dumps(COLUMNS))
    elif form == "csv":
        rows = zip(*COLUMNS.values(), strict=True)
        text = "\n".join(",".join(map(str, row)) for row in [tuple(COLUMNS), *rows])
        path.write_text(text + "\n\n", encoding="utf-8-sig")
    elif form == "npz":
        np.savez(path, **arrays)  # type: ignore[arg-type]
    elif form == "npy of lists":
        np.save(path, np.array(COLUMNS, object), allow_pickle=True)
    elif form == "npy of arrays":
        turned = {name: x.astype(">i4") for name, x in arrays.items()}
        np.save(path, np.array(turned, object), allow_pickle=True)
    elif form == "npy of protocol 2":
        array = pickle.dumps(np.array(COLUMNS, object), protocol=2)
        write_npy_of_pickle(path, array)
    return path


@pytest.mark.parametrize(
    "form", ["json", "csv", "npz", "npy of lists", "npy of arrays", "npy of protocol 2"]
)
def test_columns_by_name_in_every_format(tmp_path, form):
    columns = read_label_file(saved(tmp_path, form))
    assert list(columns) == list(COLUMNS)
    for name, values in COLUMNS.items():
        assert columns[name].dtype == np.int64
        np.testing.assert_array_equal(columns[name], values)


@pytest.mark.parametrize("form", ["json", "csv", "npy"])
def test_one_column_without_a_name(tmp_path, form):
    path = tmp_path / f"labels.{form}"
    if form == "npy":
        np.save(path, np.array([3, 0, 2], np.uint8))
    else:
        path.write_text("[3, 0, 2]" if form == "json" else "3\n0\n2\n")
    ((name, column),) = read_label_file(str(path)).items()
    assert name == "labels"
    np.testing.assert_array_equal(column, [3, 0, 2])


WHOLE_FLOATS = {
    "a.csv": b"2.0\n0.0\n1.0\n",
    "savetxt.csv": b"2.000000000000000000e+00\n0.000000000000000000e+00\n1.000e+00\n",
    "excel.csv": "\ufefflabels;note\r\n2;0\r\n0;0\r\n1;0\r\n;\r\n".encode(),
    "unicode text.csv": "\ufefflabels\tnote\r\n2\t0\r\n0\t0\r\n1\t0\r\n".encode("utf-16-le"),
    "pandas.csv": b",labels\n0,2.0\n1,0.0\n2,1.0\n",
    "again.csv": b"Unnamed: 0,labels\n0,2.0\n1,0.0\n2,1\n",
    "a.json": b"[2.0, 0, 1.0]",
    "named.json": b'{"labels": [2.0, 0.0, 1.0]}',
}


@pytest.mark.parametrize("name", WHOLE_FLOATS)
def test_whole_numbers_may_be_spelt_as_floating_point(tmp_path, name):
    (tmp_path / name).write_bytes(WHOLE_FLOATS[name])
    columns = read_label_file(tmp_path / name)
    assert columns["labels"].dtype == np.int64
    assert columns["labels"].tolist() == [2, 0, 1]
    # The index of pandas tells which example a row is about.
    assert columns.get("index", np.arange(3)).tolist() == [0, 1, 2]


@pytest.mark.parametrize("dtype", ["f2", "<f4", ">f8"])
def test_whole_numbers_in_floating_point_arrays(tmp_path, dtype):
    values = np.array([2, 0, 1], dtype)
    np.save(tmp_path / "a.npy", values)
    np.savez(tmp_path / "a.npz", labels=values)
    for name in ("a.npy", "a.npz"):
        columns = read_label_file(tmp_path / name)
        assert columns["labels"].dtype == np.int64
        assert columns["labels"].tolist() == [2, 0, 1]
    if dtype != "f2":
        pickled = {"labels": values, "more": [2.0, values[1], np.int8(1)]}
        np.save(tmp_path / "p.npy", np.array(pickled, object), allow_pickle=True)
        columns = read_label_file(tmp_path / "p.npy")
        assert {name: x.tolist() for name, x in columns.items()} == {
            "labels": [2, 0, 1],
            "more": [2, 0, 1],
        }


@pytest.mark.parametrize("value", [np.nan, np.inf, 1.5, 2.0**60])
def test_a_missing_or_broken_label_is_refused_with_its_row(tmp_path, value):
    np.save(tmp_path / "a.npy", np.array([2, 0, value, 1]))
    with pytest.raises(
        ValueError, match=rf"list of integers, got {re.escape(str(value))} in row 2"
    ):
        read_label_file(tmp_path / "a.npy")


class Command:
    """Pickles into a call of a function with arguments."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def malicious(tmp_path):
    """Pickles that would leave a file behind, each on another way."""
    target = tmp_path / "was-run"
    touch = f"open({str(target)!r}, 'w').close()"
    direct = Command(os.system, f"touch {target}")
    hidden = np.array({"clean_label": [0, 1], "worse_label": direct}, object)
    yield "os.system", pickle.dumps(direct, protocol=0)
    yield "in a column", pickle.dumps(hidden, protocol=4)
    yield "exec", pickle.dumps(Command(exec, touch), protocol=2)
    yield "subprocess", pickle.dumps(Command(subprocess.call, ["touch", str(target)]))
    yield "eval by getattr", b"c__builtin__\neval\n(S'" + touch.encode() + b"'\ntR."
    yield "an attribute of numpy", b"cnumpy\nf2py.os.system\n(S'x'\ntR."
    yield "a class of numpy by its base", b"\x80\x04\x8c\x05numpy\x8c\x08ndarray_\x93."


def test_a_pickle_that_would_run_something_is_refused(tmp_path):
    names = []
    for name, content in malicious(tmp_path):
        path = write_npy_of_pickle(tmp_path / "labels.npy", content)
        with pytest.raises(
            ValueError, match=r"'labels.npy' is refused: it asks for .*not.* run"
        ):
            read_label_file(path)
        assert not (tmp_path / "was-run").exists(), name
        names.append(name)
    assert len(names) == 7
    # The test would notice: the ordinary reader runs the first of them.
    pickle.loads(next(malicious(tmp_path))[1])
    assert (tmp_path / "was-run").exists()


def forged():
    """Return an array of objects whose entries are bytes, to be taken for pointers."""

    class Reconstructed:
        def __reduce__(self):
            state = (1, (1,), np.dtype("O"), False, b"\x08" * 8)
            return np.zeros(0).__reduce__()[0], (np.ndarray, (0,), b"b"), state

    return pickle.dumps(Reconstructed(), protocol=2)


def test_bytes_are_never_taken_for_objects(tmp_path):
    path = write_npy_of_pickle(tmp_path / "labels.npy", forged())
    with pytest.raises(ValueError, match="array of dtype 'O8' where numbers belong"):
        read_label_file(path)


def test_a_pickle_leaves_nothing_behind_for_the_next(tmp_path):
    # It names the stand-in for a class and sets an attribute on it.
    spoiled = b"cnumpy\ndtype\n(NN(S'code'\nS'O8'\ndtb0(dS'a'\n(lI1\nas."
    path = write_npy_of_pickle(tmp_path / "spoiled.npy", spoiled)
    with pytest.raises(ValueError, match="spoiled"):
        read_label_file(path)
    columns = read_label_file(saved(tmp_path, "npy of arrays"))
    np.testing.assert_array_equal(columns["worse_label"], COLUMNS["worse_label"])


@pytest.mark.parametrize("column", [list(range(300)), np.arange(300) % 256])
def test_a_pickle_that_names_one_column_many_times_is_refused(tmp_path, column):
    path = tmp_path / "many.npy"
    np.save(path, {f"column {number}": column for number in range(300)}, allow_pickle=True)  # type: ignore[arg-type]
    assert path.stat().st_size < 300 * 300
    with pytest.raises(ValueError, match="'many.npy' is refused: it makes more than it holds"):
        read_label_file(path)


def test_names_of_columns_that_are_no_text(tmp_path):
    path = tmp_path / "names.npy"
    np.save(path, {b"worse_label": [1, 2], 7: [3, 4]}, allow_pickle=True)  # type: ignore[arg-type]
    assert list(read_label_file(path)) == ["worse_label", "7"]
    np.save(path, {1: [1, 2], "1": [3, 4]}, allow_pickle=True)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a name of its own for every column, got '1' twice"):
        read_label_file(path)


def test_unsigned_numbers_do_not_become_negative(tmp_path):
    np.save(tmp_path / "a.npy", np.array([2**64 - 1, 1], np.uint64))
    with pytest.raises(ValueError, match="got one that needs more than 64 bits"):
        read_label_file(tmp_path / "a.npy")


WRONG = {
    "ending": ("labels.pt", b"", r"expected the ending \.npy, \.npz, .*got '\.pt'; save"),
    "text as npy": ("a.npy", b"not an array", r"'a.npy' cannot be read: .*expected N integers"),
    "text as npz": ("a.npz", b"not an archive", r"'a.npz' cannot be read"),
    "damaged json": ("a.json", b"[1, 2", r"'a.json' cannot be read"),
    "deep json": ("a.json", b"[" * 100_000, r"'a.json' cannot be read"),
    "empty object": ("a.json", b"{}", "expected at least one column, got none"),
    "floats": ("a.json", b"[1, 2.5]", r"column 'labels': expected a list of integers, got 2\.5 in row 1"),
    "missing in json": ("a.json", b"[1, null]", "got None in row 1"),
    "NaN in json": ("a.json", b"[1.0, NaN]", "got nan in row 1"),
    "missing in csv": ("a.csv", b"a,b\n1,2\n1,\n", r"line 3, column 'b': no whole number \(id or class\): ''"),
    "NaN in csv": ("a.csv", b"a\n1.0\nNaN\n", r"line 3, column 'a': no whole number \(id or class\): 'NaN'"),
    "fraction in csv": ("a.csv", b"1.0\n2.5\n", r"line 2, column 'labels': no whole number \(id or class\): '2.5'"),
    "booleans": ("a.json", b"[true]", "got True in row 0"),
    "strings": ("a.json", b'{"x": ["1"]}', "column 'x': expected a list of integers, got '1'"),
    "a number": ("a.json", b'{"x": 3}', "column 'x': expected a list of integers, got int"),
    "empty list": ("a.json", b"[]", r"expected integers of shape \(N,\), got"),
    "huge": ("a.json", b"[1, 99999999999999999999]", "more than 64 bits"),
    "two lengths": ("a.json", b'{"x": [1], "y": [1, 2]}', "one length, got x: 1, y: 2"),
    "empty csv": ("a.csv", b"\n", "the file is empty"),
    "ragged csv": ("a.csv", b"a,b\n1,2\n3\n", "line 3: expected 2 values, got 1"),
    "text in csv": ("a.csv", b"a,b\n1,cat\n", r"line 2, column 'b': no whole number \(id or class\): 'cat'"),
    "csv without header": ("a.csv", b"1,2\n3,4\n", "line 1: expected the columns' names"),
    "csv with one name twice": ("a.csv", b"a,a\n3,4\n", "line 1: .*all different"),
    "csv not in utf-8": ("a.csv", b"a\n\xff\n", "'a.csv' cannot be read: the table: expected text in UTF-8"),
    "cell without end": ("a.csv", b'a\n"' + b"1" * 140_000, r"the table, row 2: .*larger than field limit \(131072\)\); correct it; expected N"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_files(tmp_path, case):
    name, content, message = WRONG[case]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_label_file(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_damaged_pickles_and_foreign_arrays(tmp_path):
    whole = saved(tmp_path, "npy of arrays").read_bytes()
    for end in (len(whole) - 1, len(whole) - 40, 140):
        (tmp_path / "part.npy").write_bytes(whole[:end])
        with pytest.raises(ValueError, match=r"'part.npy' cannot be read: a damaged pickle"):
            read_label_file(tmp_path / "part.npy")
    times = np.zeros(3, "M8[s]")
    np.save(tmp_path / "times.npy", np.array({"a": times}, object), allow_pickle=True)
    with pytest.raises(ValueError, match="array of dtype 'M8' where numbers belong"):
        read_label_file(tmp_path / "times.npy")
    np.save(tmp_path / "matrix.npy", np.zeros((3, 2), int))
    with pytest.raises(
        ValueError, match=r"integers of shape \(N,\), got int64 of shape \(3, 2\)"
    ):
        read_label_file(tmp_path / "matrix.npy")
    np.savez(tmp_path / "objects.npz", a=np.array([{}], object))
    with pytest.raises(ValueError, match=r"'objects.npz' cannot be read"):
        read_label_file(tmp_path / "objects.npz")


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no label file .*gone\.json'; check the path"):
        read_label_file(tmp_path / "gone.json")


def test_reading_does_not_need_numpys_own_pickle_support(tmp_path):
    # Written by one NumPy, read by another: the module of _reconstruct has changed its name.
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
        content = pickle.dumps(np.array(COLUMNS, object), protocol=2)
        current = "numpy._core.multiarray" if b"_core" in content else "numpy.core.multiarray"
        content = content.replace(current.encode(), module.encode())
        path = write_npy_of_pickle(tmp_path / "labels.npy", content)
        assert list(read_label_file(path)) == list(COLUMNS)


@pytest.mark.parametrize("form", ["json", "csv", "npz", "npy of lists", "npy of arrays"])
def test_a_file_that_was_read_before_is_not_read_again(tmp_path, form):
    path = saved(tmp_path, form)
    content = path.read_bytes()
    path.unlink()
    columns = read_label_file(path, content)
    assert {name: column.tolist() for name, column in columns.items()} == COLUMNS
