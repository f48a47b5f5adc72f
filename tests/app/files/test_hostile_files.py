"""Files that declare more than they hold, or than memory: refused by their headers."""

import hashlib
import io
import json
import pickle
import zipfile

import numpy as np
import pytest

from esoftmax_jax.app.data.label_file import read_labels
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.files import memory as _memory
from esoftmax_jax.app.labels.matrix_file import read_matrix
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.noise import read_label_file
from experiments.cli import main
from tests.helpers.noises import write_npy_of_pickle

MILLION = 10**6


def npy(shape, dtype="<i8", content=b""):
    """Return an array file whose header is not about its content."""
    file = io.BytesIO()
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + content


def archive(path, compression=zipfile.ZIP_DEFLATED, **members):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return path


def lying(path, size):
    """Raise the size that an archive says its only member has."""
    content = bytearray(path.read_bytes())
    where = content.rindex(b"PK\x01\x02") + 24
    content[where : where + 4] = size.to_bytes(4, "little")
    path.write_bytes(content)
    return path


DECLARED = {
    "a few bytes": npy((10**12,), content=b"\0" * 80),
    "beyond 64 bits": npy((2**40, 2**40)),
    "below zero": npy((-1,), content=b"\0" * 80),
}
HEADER = b"\x93NUMPY\2\0" + (2**32 - 1).to_bytes(4, "little") + b"\0" * 999


@pytest.mark.parametrize("case", DECLARED)
def test_an_array_that_is_larger_than_its_file(tmp_path, case):
    content = DECLARED[case]
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(ValueError, match=r"'a.npy' cannot be read: an array of shape \(.*left"):
        read_label_file(tmp_path / "a.npy")
    with pytest.raises(UsageError, match=r"--noise matrix: .*cannot be read \(its shape is \("):
        read_matrix(tmp_path / "a.npy", 3)
    archive(tmp_path / "a.npz", worse=content, train_images=content, train_labels=content)
    with pytest.raises(
        UsageError, match=r"--labels: .*'a.npz' cannot be read: an array of shape"
    ):
        read_labels(tmp_path / "a.npz")
    with pytest.raises(ValueError, match=r"'a.npz' cannot be read: an array of shape"):
        read_label_file(tmp_path / "a.npz")
    with pytest.raises(UsageError, match=r"array 'train_images' cannot be read \(its shape is"):
        load_dataset(f"npz:{tmp_path / 'a.npz'}")


def test_an_archive_that_lies_about_sizes(tmp_path):
    content = npy((2**28,), "|u1", b"\0" * 800)
    path = lying(archive(tmp_path / "a.npz", train_images=content), 2**28 + 128)
    with pytest.raises(
        ValueError, match=r"'train_images.npy' of 268435584 bytes, where \d+ are"
    ):
        read_label_file(path)
    with pytest.raises(UsageError, match="--labels: .* of 268435584 bytes, where"):
        read_labels(path)


def test_a_header_of_four_gigabytes(tmp_path):
    path = archive(tmp_path / "a.npz", train_images=HEADER, train_labels=HEADER)
    with pytest.raises(
        UsageError, match="'train_images' cannot be read .its header has 429496"
    ):
        load_dataset(f"npz:{path}")
    with pytest.raises(
        ValueError, match="'a.npz' cannot be read: a header of 4294967295 bytes"
    ):
        read_label_file(path)


def test_all_headers_are_read_before_any_array(tmp_path, little_memory):
    zeros = npy((3 * MILLION,), "|u1", b"\0" * 3 * MILLION)
    path = archive(tmp_path / "a.npz", train_images=zeros, train_labels=zeros)
    with pytest.raises(UsageError, match="0.005 GB are free, got 0.006 GB by what it says"):
        load_dataset(f"npz:{path}")


def test_text_of_tables_and_names_of_arrays(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    text = pyarrow.array([b"a", b"\xff"] * 3).cast(pyarrow.string(), safe=False)
    parquet.write_table(
        pyarrow.table({"label": text.view(pyarrow.string()), "x": range(6)}),
        tmp_path / "a.parquet",
    )
    with pytest.raises(
        UsageError, match="a.parquet: expected a file that can be read, got an e"
    ):
        load_dataset(f"parquet:{tmp_path / 'a.parquet'}")
    path = archive(tmp_path / "a.npz", **{f"{name:05}": b"" for name in range(50)})
    with pytest.raises(UsageError, match=r"found '00000', .*'00019' and 30 more; name it so"):
        load_dataset(f"npz:{path}")


def test_rows_of_labels_and_matrices_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr("esoftmax_jax.spreadsheets.csv_rows._LONGEST_ROW", 2**20)
    for content in (b"a\n" + b"1," * 600_000, b"a\n" + b'"\n",' * 300_000):
        (tmp_path / "a.csv").write_bytes(content)
        with pytest.raises(
            ValueError,
            match=r"'a.csv' cannot be read: the table, row 2: .* \(more than 1048576",
        ):
            read_label_file(tmp_path / "a.csv")
    with pytest.raises(UsageError, match="expected 3 × 3 numbers as .*, got 1200002 bytes in"):
        read_matrix(tmp_path / "a.csv", 3)


@pytest.fixture
def little_memory(monkeypatch):
    monkeypatch.setattr(_memory, "available_memory", lambda: 5 * MILLION)


def test_zeros_that_fill_more_than_memory(tmp_path, little_memory):
    zeros = io.BytesIO()
    np.save(zeros, np.zeros(MILLION, np.int64))
    path = archive(tmp_path / "a.npz", train_images=zeros.getvalue(), train_labels=b"")
    assert path.stat().st_size < 20_000
    message = rf"'{path}', \d+ bytes: expected content that fits into memory, of which 0.005 GB are free, got 0.008 GB by what it says of itself; take a part"  # fmt: skip
    with pytest.raises(UsageError, match=message):
        load_dataset(f"npz:{path}")
    path = archive(tmp_path / "b.npz", one=zeros.getvalue())
    with pytest.raises(UsageError, match=message.replace("a.npz", "b.npz")):
        read_labels(path)
    np.save(tmp_path / "m.npy", np.zeros(MILLION))
    with pytest.raises(UsageError, match="got 0.008 GB by what it says of itself"):
        read_matrix(tmp_path / "m.npy", 1000)


def test_rows_without_end(tmp_path, little_memory):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = 300_000
    columns = {"label": pyarrow.repeat("a", rows), "x": pyarrow.repeat(1.0, rows)}
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table(columns), path)
    assert path.stat().st_size < 10_000
    with pytest.raises(UsageError, match=r"a.parquet, \d+ bytes: .*got 0.0216 GB by what it"):
        load_dataset(f"parquet:{path}")


def opcodes(*parts):
    return b"\x80\x04" + b"".join(parts) + b"."


TEXT = b"X" + (100_000).to_bytes(4, "little") + b"x" * 100_000
ENCODE = b"c_codecs\nencode\n"
PICKLES = {
    "a memo of two billion": (opcodes(b"]r\xff\xff\xff\x7f"), None),
    "announced bytes": (opcodes(b"\x8e" + (2**40).to_bytes(8, "little")), "but only"),
    "announced text": (opcodes(b"\x8d" + (2**40).to_bytes(8, "little")), "but only"),
    "announced bytearray": (opcodes(b"\x96" + (2**30).to_bytes(8, "little")), "but only"),
    "announced number": (opcodes(b"\x8b" + (2**31 - 1).to_bytes(4, "little")), "not enough|but"),
    "a frame": (opcodes(b"\x95" + (2**62).to_bytes(8, "little") + b"]"), None),
    "the same text encoded without end": (
        opcodes(TEXT, b"q\0", ENCODE, b"q\x01", b"h\x01h\0\x85R" * 100),
        "it makes more than it holds",
    ),
    "tuples too deep to be hashed": (
        opcodes(b"}", b")" + b"\x85" * 500_000, b"K\x01s"),
        "a key of type tuple",
    ),
    "lists too deep": (opcodes(b"]" * 500_000 + b"a" * 499_999), r"got \[\[\[\[\[\[\[\.\.\.\]"),
    "a list in itself": (opcodes(b"]q\0h\0a"), "got .*in row 0"),
    "dictionaries of dictionaries": (
        opcodes(b"}q\0" + b"".join(b"}(K\1h%cK\2h%cuq%c" % (i, i, i + 1) for i in range(60))),
        "expected a list of integers, got dict",
    ),
    "without end": (b"\x80\x04]", "pickle exhausted|does not end"),
    "nothing on the stack": (b"\x80\x04.", "a damaged pickle"),
    "marks that are not there": (opcodes(b"]e"), "a damaged pickle"),
    "a call of a number": (opcodes(b"K\1)R"), "a call of what is no function"),
    "a state of a function": (opcodes(b"cnumpy\ndtype\n)b"), "a state of type"),
    "an object": (opcodes(b"cnumpy\nndarray\n)\x81"), "refused: it asks for NEWOBJ; nothing"),
    "a class by place": (opcodes(b"(cnumpy\nndarray\no"), "refused: it asks for OBJ; nothing"),
    "an extension": (opcodes(b"\x82\x01"), "refused: it asks for EXT1; nothing"),
    "an identity": (opcodes(b"Px\n"), "refused: it asks for PERSID; nothing"),
}  # fmt: skip


@pytest.mark.parametrize("case", PICKLES)
def test_pickles_take_no_more_than_they_hold(tmp_path, case):
    content, message = PICKLES[case]
    path = write_npy_of_pickle(tmp_path / "a.npy", content)
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match=message or "expected integers") as caught:
        read_label_file(path)
    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert taken < 200_000  # KB
    assert len(str(caught.value)) < 400


def test_long_pickles_of_plain_lists_are_read(tmp_path):
    labels = list(range(50_000))
    for protocol in range(6):
        content = pickle.dumps({"a": labels, "b": labels[::-1]}, protocol=protocol)
        found = read_label_file(write_npy_of_pickle(tmp_path / "a.npy", content))
        assert {name: column.tolist() for name, column in found.items()} == {
            "a": labels,
            "b": labels[::-1],
        }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": [1], "a": [2]}', "a name twice in one object"),
        (b"[1, NaN]", "expected a list of integers, got nan in row 1"),
        (b"[" + b"[" * 400 + b"]" * 400 + b"]", r"got \[{7}\.\.\.\]{7} in row 0"),
        (b"[" + b"9" * 5000 + b"]", "cannot be read: Exceeds the limit"),
    ],
)
def test_json_of_labels(tmp_path, content, message):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_label_file(tmp_path / "a.json")


def test_one_line_and_nothing_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.npy").write_bytes(DECLARED["a few bytes"])
    (tmp_path / "m.json").write_text(json.dumps({"a": 1}))
    for option in ("labels:x --labels a.npy", "matrix:m.json", "matrix:a.npy"):
        command = f"noise --dataset wine --out new --noise {option}"
        assert main(command.split()) == 2
        error = capsys.readouterr().err
        assert error.startswith("error: --")
        assert error.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_the_hash_is_that_of_the_labels_that_were_read(tmp_path, monkeypatch):
    path = tmp_path / "labels.csv"
    path.write_bytes(b"0\n1\n")

    def replaced_meanwhile(*arguments):
        path.write_bytes(b"1\n1\n1\n")
        return read_label_file(*arguments)

    monkeypatch.setattr("esoftmax_jax.noise.read_label_file", replaced_meanwhile)
    found = read_labels(path)
    assert found.columns["labels"].tolist() == [0, 1]
    digest = hashlib.sha256(b"0\n1\n").hexdigest()
    assert found.name == f"labels.csv#{digest[:16]}"


def test_labels_of_a_file_larger_than_memory_are_not_read(tmp_path, little_memory):
    path = tmp_path / "labels.csv"
    path.write_bytes(b"0\n" * 3 * MILLION)
    with pytest.raises(UsageError, match=r"--labels: .*into memory, .*0.005 GB .*0.006 GB"):
        read_labels(path)
