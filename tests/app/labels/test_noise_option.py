"""The --noise option: its grammar, and what each kind does to a dataset's labels."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from esoftmax_jax import app
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.subset import take_rows
from esoftmax_jax.app.labels import draws
from esoftmax_jax.app.labels.matrix_file import read_matrix
from esoftmax_jax.app.labels.noise_kinds import KINDS, RATE_AND_COUNT, NoiseKind
from esoftmax_jax.app.labels.noise_spec import NoiseSpec, parse_noise
from esoftmax_jax.app.labels.noisy_labels import apply_noise
from esoftmax_jax.app.runs.recipes import noise_file
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.cli import main, make_parser
from tests.helpers.noises import write_npy_of_pickle
from tests.helpers.parsed_data import load_data

TEXTS = [
    "none", "symmetric:0.6", "symmetric:0.1234567", "pairwise:1e-05", "part:1", "symmetric-bernoulli:0.2", "symmetric-resampled:0.5", "pairwise:0.4",
    "asymmetric:0.4", "asymmetric-sequential:0.4", "instance:0.4", "instance-views:0.4", "part:0.3", "annotators:0.3:5",
    "open-set:0.4:npz:other.npz", "matrix:T.npy", "matched:worst", "human:worst", "labels",
    "labels:a:b", "given",
]  # fmt: skip
RATES = [
    ("none", 0, 0),
    ("symmetric:0.4", 0.395, 0.4),
    ("symmetric-bernoulli:0.4", 0.35, 0.45),
    ("symmetric-resampled:0.4", 0.32, 0.4),
    ("pairwise:0.4", 0.395, 0.4),
    ("asymmetric:0.4", 0.395, 0.4),
    ("asymmetric-sequential:0.4", 0.2, 0.5),
    ("instance:0.4", 0.399, 0.4),
    ("instance-views:0.4", 0.399, 0.4),
    ("part:0.4", 0.35, 0.45),
    ("annotators:0.3:1", 0.25, 0.35),
    ("annotators:0.3:5", 0.01, 0.2),
]
"""Kinds that a seed decides, and the bounds of the share of wrong labels."""


@pytest.mark.parametrize("text", TEXTS)
def test_text_and_value_are_two_forms_of_one_thing(text):
    assert str(parse_noise(text)) == text


def test_every_kind_is_tested():
    assert set(KINDS) - {parse_noise(text).kind for text in TEXTS} == set(), "add to TEXTS"
    rated = {name for name, kind in KINDS.items() if kind.takes in ("R", RATE_AND_COUNT)}
    assert rated - {parse_noise(text).kind for text, *_ in RATES} == set(), "add to RATES"
    assert parse_noise("annotators:0.3") == NoiseSpec("annotators", 0.3, annotators=3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fog:0.1", r"expected none, symmetric:R, .*given; got 'fog:0.1'; e.g. symmetric:0.6"),
        ("none:", r"expected none alone, got 'none:'"),
        ("symmetric", r"expected symmetric:R with R in \[0, 1\], got 'symmetric'"),
        ("symmetric:", r"got 'symmetric:'; e.g. symmetric:0.4"),
        ("symmetric:0.2:3", r"expected symmetric:R with R"),
        ("part:nan", r"expected part:R with R in \[0, 1\], got 'part:nan'"),
        ("instance:-0.1", r"instance:R with R in \[0, 1\], got"),
        ("annotators:0.3:0", r"whole number of ANNOTATORS ≥ 1, got 'annotators:0.3:0'"),
        ("annotators:0.3:x", r"whole number of ANNOTATORS ≥ 1"),
        (f"annotators:0.3:{'9' * 5000}", r"whole number of ANNOTATORS ≥ 1, got"),
        ("open-set:0.3", r"expected open-set:R:DATASET .* dataset of the foreign images, got"),
        (
            "matrix:",
            r"expected matrix:PATH with the file of a transition matrix, got 'matrix:'",
        ),
        ("human:", r"expected human:COLUMN with a column of the label file, got 'human:'"),
        ("given:x", r"expected given alone, got 'given:x'"),
    ],
)
def test_what_is_not_understood(text, message):
    with pytest.raises(UsageError, match=message):
        parse_noise(text)


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits")


@pytest.mark.parametrize(("text", "low", "high"), RATES)
def test_each_kind_has_the_rate_it_says(digits, text, low, high):
    drawn = apply_noise(parse_noise(text), digits, seed=0)
    assert low <= drawn.report.rate <= high
    np.testing.assert_array_equal(drawn.labels.truth, digits.train.labels.truth)
    again = apply_noise(parse_noise(text), digits, seed=0)
    assert again.report.labels_hash == drawn.report.labels_hash
    assert drawn.report.rate == drawn.labels.wrong.mean()
    if drawn.report.rate:
        other = apply_noise(parse_noise(text), digits, seed=1)
        assert other.report.labels_hash != drawn.report.labels_hash


def test_labels_follow_ids_not_positions(digits):
    order = np.random.default_rng(0).permutation(len(digits.train))
    shuffled = take_rows(digits, order)
    for text in ("symmetric:0.4", "instance:0.4"):
        first = apply_noise(parse_noise(text), digits, seed=3).labels.observed
        second = apply_noise(parse_noise(text), shuffled, seed=3).labels.observed
        np.testing.assert_array_equal(first[order], second)


def options(*arguments):
    return make_parser().parse_args(["noise", *arguments])


def test_a_matrix_from_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    matrix = np.roll(np.eye(10), 1, axis=1) * 0.5 + np.eye(10) * 0.5
    np.savetxt("T.csv", matrix, delimiter=",")
    content = Path("T.csv").read_bytes()
    dataset, (spec,) = load_data(options("--noise", "matrix:T.csv"))
    # Read once: what becomes of the file afterwards changes neither labels nor name.
    Path("T.csv").write_text("other")
    assert noise_file(dataset, spec) == f"T.csv#{hashlib.sha256(content).hexdigest()[:16]}"
    drawn = apply_noise(spec, dataset, seed=0)
    np.testing.assert_allclose(drawn.report.matrix, matrix, atol=0.01)
    wrong = drawn.labels.take(drawn.labels.wrong)
    assert wrong.truth is not None
    np.testing.assert_array_equal((wrong.truth + 1) % 10, wrong.observed)


@pytest.mark.parametrize(
    "content",
    [
        b"0.75,0.25\n0.5,0.5\n",
        b"# share of each class\r\n7.5e-01,2.5e-01\r\n5e-01,5e-01\r\n",
        "\ufeff0,75;0,25\r\n0,5;0,5\r\n;\r\n".encode(),
        "\ufeff0,75\t0,25\r\n0,5\t0,5\r\n".encode("utf-16-le"),
    ],
    ids=["plain", "of NumPy", "of a spreadsheet", "Unicode text"],
)
def test_a_matrix_as_numpy_and_spreadsheets_write_it(content, tmp_path):
    (tmp_path / "T.csv").write_bytes(content)
    found = read_matrix(tmp_path / "T.csv", 2).values
    np.testing.assert_array_equal(found, [[0.75, 0.25], [0.5, 0.5]])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"0.5,x\n0.5,0.5\n", "could not convert string to float: 'x'"),
        (b"\xff\n", "the table: expected text in UTF-8, got something else"),
        (b"", "expected 2 × 2 numbers as .npy, .csv or .json, got the shape"),
        (b"0.5,0.5\n1\n", "inhomogeneous"),
    ],
)
def test_a_table_that_is_no_matrix(content, reason, tmp_path):
    (tmp_path / "T.csv").write_bytes(content)
    with pytest.raises(UsageError, match=f"^--noise matrix: .*T.csv.*{reason}"):
        read_matrix(tmp_path / "T.csv", 2)


def test_labels_of_a_file_and_noise_that_matches_them(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    human = apply_noise(parse_noise("part:0.3"), digits, seed=9).labels.observed
    np.savez("human.npz", clean_label=digits.train.labels.observed, noisy_label=human)
    arguments = ["--labels", "human.npz", "--noise", "human:noisy,matched,symmetric:0.1"]
    dataset, specs = load_data(options(*arguments))
    read, matched, _ = (apply_noise(spec, dataset, seed=0) for spec in specs)
    np.testing.assert_array_equal(read.labels.observed, human)
    np.testing.assert_array_equal(matched.report.counts, read.report.counts)
    assert (matched.labels.observed != human).any()
    # Without --noise the only column is what is trained on.
    dataset, (spec,) = load_data(options("--labels", "human.npz"))
    np.testing.assert_array_equal(apply_noise(spec, dataset, seed=0).labels.observed, human)
    # A part of the data keeps its own labels.
    dataset, (spec,) = load_data(options("--labels", "human.npz", "--train-examples", "200"))
    np.testing.assert_array_equal(
        apply_noise(spec, dataset, seed=0).labels.observed, human[:200]
    )


def test_open_set_noise_puts_foreign_images_under_our_labels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    arrays = {
        "train_images": generator.integers(0, 256, (40, 6, 5), np.uint8),
        "train_labels": np.arange(40) % 2,
        "test_images": generator.integers(0, 256, (4, 6, 5), np.uint8),
        "test_labels": np.arange(4) % 2,
    }
    np.savez("ours.npz", **arrays)  # type: ignore[arg-type]
    colour = {
        name: np.repeat(np.repeat(x[..., None], 3, -1), 2, 1) if x.ndim == 3 else x
        for name, x in arrays.items()
    }
    np.savez("other.npz", **colour)  # type: ignore[arg-type]
    dataset, (spec,) = load_data(
        options("--dataset", "npz:ours.npz", "--noise", "open-set:0.25:npz:other.npz")
    )
    assert dataset.foreign_images is not None
    assert dataset.foreign_images.shape == (40, 6, 5, 1)
    drawn = apply_noise(spec, dataset, seed=0)
    np.testing.assert_array_equal(drawn.labels.observed, dataset.train.labels.observed)
    assert drawn.foreign is not None
    np.testing.assert_array_equal(drawn.labels.wrong, drawn.foreign >= 0)
    assert drawn.labels.wrong.sum() == 10
    assert drawn.foreign_rate == 0.25
    assert drawn.record.wrong_rate == drawn.record.to_json()["open_set_rate"] == 0.25


def test_long_tailed_classes(digits):
    dataset, _ = load_data(options("--imbalance", "10", "--noise", "none"))
    counts = np.bincount(dataset.train.labels.observed)
    assert counts[0] == pytest.approx(10 * counts[9], rel=0.1)
    assert (np.diff(counts) <= 0).all()
    drawn = apply_noise(parse_noise("symmetric:0.5"), dataset, seed=0)
    shares = 1 - np.diagonal(drawn.report.matrix)
    assert (shares > 0.4).all()
    assert (shares <= 0.5).all()


def test_the_verb_returns_tells_and_keeps(tmp_path, capsys):
    drawn = app.noise(
        noise=["symmetric:0.4", "pairwise:0.3"],
        seed=3,
        statistics=True,
        out=tmp_path,
        verbose=True,
    )
    printed = capsys.readouterr().out
    written = (tmp_path / "noise.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in written.splitlines()]
    for line, one in zip(lines, drawn.labelings, strict=True):
        assert one.labels_hash == line["labels_hash"]
        assert one.rate == line["rate"]
        assert one.statistics == line["statistics"]
        assert np.array(line["counts"]).sum() == 1438
        assert line["statistics"]["image_share"] < 0.2
    assert re.search(r"symmetric:0.4: of each true class", printed)
    assert (tmp_path / "transitions.png").read_bytes().startswith(b"\x89PNG")
    # The labels that were written are the labels: read back, they give the same hash.
    file = str(tmp_path / "symmetric-0.4-seed3.npz")
    (again,) = app.noise(labels=file, out=tmp_path / "again").labelings
    assert again.labels_hash == lines[0]["labels_hash"]


def refused(capsys, *arguments):
    assert main(["noise", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def test_one_line_for_each_wrong_file(tmp_path, monkeypatch, capsys, digits):
    monkeypatch.chdir(tmp_path)
    np.savez("short.npz", noisy_label=digits.train.labels.observed[:-1])
    generator = np.random.default_rng(0)
    np.savez("other-order.npz", noisy_label=generator.permutation(digits.train.labels.observed))
    np.save("T.npy", np.eye(3))
    Path("garbage.npy").write_bytes(b"garbage" * 9)
    Path("garbage.npz").write_bytes(b"garbage" * 9)
    np.savez("objects.npz", noisy_label=np.array([{}], object))
    np.savez("two.npz", worst=digits.train.labels.observed, random=digits.train.labels.observed)
    before = sorted(path.name for path in tmp_path.iterdir())
    cases = {
        ("--noise", "human:worst"): "human:worst: expected a file of labels, got none; pass --labels",
        ("--noise", "given"): "expected a dataset with clean labels beside those given, got digits",
        ("--labels", "gone.npz"): "--labels: no file 'gone.npz'",
        ("--labels", "short.npz"): "each of the 1438 training examples of digits, .* got 1437 rows without ids in short.npz",
        ("--labels", "other-order.npz"): "more often than chance.*belong to other data$",
        ("--labels", "two.npz"): "labels have several, got none; write labels:COLUMN with COLUMN among worst, random$",
        ("--labels", "garbage.npz"): "cannot be read: not an archive of arrays; expected N integers",
        ("--labels", "objects.npz"): "cannot be read: column 'noisy_label' holds Python objects; expected",
        ("--noise", "matrix:garbage.npy"): "cannot be read .no array of numbers.; expected 10",
        ("--labels", "short.npz", "--noise", "symmetric:0.1"): "expected a --noise that reads it",
        ("--noise", "matrix:T.npy"): "expected 10 × 10 numbers .* got the shape",
        ("--noise", "matrix:gone.npy"): "no file 'gone.npy'",
        ("--noise", "matrix:T.txt"): "as .npy, .csv or .json, got the file 'T.txt'",
        ("--noise", "open-set:0.1:wine"): "expected wine to hold float32 of shape",
        ("--noise", "open-set:0.1:digits,open-set:0.1:wine"): "expected one dataset of foreign",
        ("--imbalance", "0.5"): "--imbalance: expected a number ≥ 1, got '0.5'",
    }  # fmt: skip
    for arguments, message in cases.items():
        text = refused(capsys, *arguments)
        assert re.search(message, text), (arguments, text)
        assert "pickle" not in text
        assert "check_order" not in text
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_pickle_that_would_run_a_command(tmp_path, capsys):
    # Exit code 2, one line, and nothing run.
    command = f"touch {tmp_path / 'was-run'}"
    write_npy_of_pickle(tmp_path / "evil.npy", f"cos\nsystem\n(S'{command}'\ntR.".encode())
    message = refused(capsys, "--labels", str(tmp_path / "evil.npy"))
    assert "'evil.npy' is refused: it asks for os.system; nothing in it was run" in message
    assert not (tmp_path / "was-run").exists()


def test_a_kind_says_everything_and_its_draw_exists():
    for name, kind in KINDS.items():
        assert kind.draw is None or callable(getattr(draws, kind.draw)), name
    with pytest.raises(TypeError, match="'from_outside'"):
        NoiseKind(takes="R", draw="pairwise", replaces="labels", resembles="asymmetric")  # type: ignore[call-arg]
