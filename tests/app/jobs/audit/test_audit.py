"""An audit by one's own probabilities: what it finds, writes, and gives back."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from esoftmax_jax import cleaning
from esoftmax_jax.app.audits.result import LIST_COLUMNS
from esoftmax_jax.app.audits.sources import read_examples
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.jobs.audit.audit import audit
from esoftmax_jax.app.suspects.corrections import correct
from esoftmax_jax.app.terminal.messages import UsageError
from tests.helpers.audits import (
    CLASSES,
    Frame,
    noisy,
    noisy_table,
    probabilities_of,
    write_table,
)

pytestmark = pytest.mark.usefixtures("folder")


def test_the_wrong_labels_come_first():
    np.save("probs.npy", noisy_table())
    found = audit("own.csv", probabilities="probs.npy", out="out")
    assert found.count == 6
    assert found.suspects["example"].tolist() == ["53", "43", "33", "23", "13", "3"]
    assert (found.table["prediction"] == np.array(CLASSES)[noisy()[0]]).all()
    assert found.noise_rate == pytest.approx(0.1, abs=0.02)
    low, high = found.noise.interval
    assert low <= found.noise_rate <= high
    assert found.probabilities_wrong.sum() == pytest.approx(found.expected_wrong)
    wrong = found.table["probability_wrong"]
    assert wrong[found.table["suspect"]].min() > wrong[~found.table["suspect"]].max()
    assert found.classes["labels"].sum() == 60
    assert found.classes["suspects"].tolist() == [2, 2, 2]
    assert found.transition_matrix.shape == (3, 3)
    assert "60 labels of csv:own.csv" in repr(found)


def test_the_list_is_one_that_corrections_read():
    truth, labels = noisy()
    names = np.array(CLASSES)
    write_table("own.csv", {"size": np.linspace(0, 1, 60), "label": names[labels].tolist()})
    found = audit("own.csv", probabilities=probabilities_of(truth), out="out")
    with Path("out/suspects.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == LIST_COLUMNS
    assert len(rows) == 60
    assert [row["example"] for row in rows[:6]] == found.suspects["example"].tolist()
    data = load_dataset("csv:own.csv")
    suspects = {**found.suspects, "label": found.suspects["suggestion"]}
    corrected = correct(data, suspects)
    right = {str(row + 2): names[label] for row, label in enumerate(truth)}
    for part in (corrected.train, corrected.test):
        for source, label in zip(part.sources, part.labels.observed, strict=True):
            assert corrected.class_names[label] == right[source]
    assert len(cleaning.read_label_list("out/suspects.csv").rows) == 60


def test_a_reviewed_list_is_not_replaced():
    noisy_table()
    probabilities = probabilities_of(noisy()[0])
    audit("own.csv", probabilities=probabilities, out="out")
    audit("own.csv", probabilities=probabilities, out="out")
    path = Path("out/suspects.csv")
    text = path.read_bytes().replace(b",bee,ant,", b",cat,ant,", 1)
    path.write_bytes(text)
    with pytest.raises(UsageError, match="in which 1 labels are not those given"):
        audit("own.csv", probabilities=probabilities, out="out")
    assert path.read_bytes() == text


def test_two_labels_of_one_example_are_told_beside_probabilities_too(capsys):
    truth, labels = noisy()
    right, features = probabilities_of(truth), np.arange(60.0)[:, None]
    features[1] = features[0]
    note = (
        "examples with the content of an earlier one and another label: 1, first '0' and '1'; "
        "one of the two labels is wrong: keep one, or correct it"
    )
    texts = [f"text {max(row, 1)}" for row in range(60)]
    for data in (features, texts, Frame(text=texts)):
        found = audit(data, labels=labels, probabilities=right, verbose=True)
        assert found.examples.notes == (note,)
        assert capsys.readouterr().out.startswith(f"E{note[1:]}.")
    # Of files only those of the same bytes.
    for name, colour in (("ant/1", 0), ("bee/2", 0), ("bee/3", 90), ("bee/4", 200)):
        Path("pets", name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), colour).save(f"pets/{name}.png")
    (told,) = read_examples("pets").notes
    assert "1, first 'ant/1.png' and 'bee/2.png'" in told


def test_what_an_audit_cannot_do_is_told():
    write_table("same.csv", {"label": ["a"] * 60, "text": range(60)})
    truth, labels = noisy()
    right = probabilities_of(truth)
    for arguments, message in [
        ({"probabilities": right}, "DATA: expected a path, a dataset, or labels, got nothing"),
        ({"data": "digits", "labels": labels, "probabilities": right}, "none beside a path"),
        ({"labels": labels, "probabilities": np.full((60, 3), 1 / 3)}, "by chance"),
        ({"data": 7, "probabilities": right}, "a path or a dataset, got int"),
        (
            {"data": "same.csv", "probabilities": right},
            "at least 2 classes, got 'a' for each of 60",
        ),
    ]:
        with pytest.raises(UsageError, match=message):
            audit(**arguments)


def test_a_class_of_one_label_is_told():
    truth, labels = noisy()
    labels[1:][labels[1:] == 2] = 0
    labels[0] = 2
    with pytest.raises(UsageError, match=r"at least 2 of every class, got 1 of class 2"):
        audit(labels=labels, probabilities=probabilities_of(truth))


def test_texts_and_tables_in_memory_are_shown(tmp_path):
    truth, labels = noisy()
    right, names = probabilities_of(truth), np.array(CLASSES)[labels]
    mixed = Frame(text=[f"text {row}" for row in range(60)], size=np.arange(60))
    for data in ([f"text {row}" for row in range(60)], mixed):
        out = tmp_path / type(data).__name__
        found = audit(data, labels=names, probabilities=right, out=out)
        assert found.count == 6
        assert '"text 51"' in (out / "report.html").read_text(encoding="utf-8")
        assert sorted(path.name for path in out.iterdir()) == ["report.html", "suspects.csv"]


def test_the_list_and_the_report_appear_together_or_not_at_all(monkeypatch):
    noisy_table()
    right = probabilities_of(noisy()[0])

    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("esoftmax_jax.app.audits.page.write_whole", fail)
        with pytest.raises(OSError, match="No space left"):
            audit("own.csv", probabilities=right, out="out")
    assert not Path("out").exists()
    audit("own.csv", probabilities=right, out="out")
    before = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    with monkeypatch.context() as broken:
        broken.setattr("esoftmax_jax.app.audits.page.write_whole", fail)
        with pytest.raises(OSError, match="No space left"):
            audit("own.csv", probabilities=probabilities_of(noisy()[0], sure=0.7), out="out")
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == before


def test_a_list_that_is_replaced_is_told(capsys):
    np.save("probs.npy", noisy_table())
    for told in (False, True):
        audit("own.csv", probabilities="probs.npy", out="out", verbose=True)
        said = "wrote out/suspects.csv, in place of the list of an earlier audit"
        assert (said in capsys.readouterr().out) == told


def test_tables_of_pandas_are_joined_by_their_index():
    pandas = pytest.importorskip("pandas")
    truth, labels = noisy()
    index, mixed = [f"row {row}" for row in range(60)], np.random.default_rng(0).permutation(60)
    right = pandas.DataFrame(probabilities_of(truth), index=index)
    given = pandas.Series(labels, index=index)
    for own, wanted in ((right.iloc[mixed], given), (right, given.iloc[mixed])):
        found = audit(labels=wanted, probabilities=own, features=own)
        assert found.count == 6
        suspects = np.array(index)[np.flatnonzero(truth != labels)]
        assert set(wanted.index[found.table["suspect"]]) == set(suspects)
    with pytest.raises(
        UsageError, match=r"probabilities: expected rows in the order of labels"
    ):
        audit(
            labels=given.reset_index(drop=True).iloc[mixed],
            probabilities=right.reset_index(drop=True),
        )


def test_what_cannot_be_trained_on_is_told():
    truth, labels = noisy()
    sparse = pytest.importorskip("scipy.sparse")
    for data, message in [
        (None, "DATA: expected features or images beside labels, or probabilities of a model"),
        (["some text"] * 60, r"got 1 column: left out: text \(always 'some text'\)"),
        (
            sparse.csr_matrix(probabilities_of(truth)),
            "got a sparse one; make it dense, such as",
        ),
        (np.full((60, 2), "a"), "arrays: data: expected numbers, got dtype <U1"),
    ]:
        with pytest.raises(UsageError, match=message):
            audit(data, labels=labels)
