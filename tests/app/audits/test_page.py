"""The report: whole, safe whatever the data contain, and readable by a program."""

import csv
import dataclasses
import html
import json
import re
from pathlib import Path

import numpy as np
import pytest

from esoftmax_jax.app.audits.matrix_picture import confused_pairs, draw_matrix
from esoftmax_jax.app.audits.page import report_text
from esoftmax_jax.app.jobs.audit.audit import audit
from tests.helpers.audits import noisy, noisy_table, probabilities_of, weak, write_table

pytestmark = pytest.mark.usefixtures("folder")

HOSTILE = '</script><script>alert("x")</script>'


def data_of(page):
    """Return the suspects in a page."""
    (text,) = re.findall(r'id="data">(.*?)</script>', page, re.S)
    return json.loads(text)


def test_names_and_texts_are_text():
    truth, labels = noisy()
    names = np.array([HOSTILE, "<img src=x onerror=alert(1)>", "{{js}} & \u202e"])
    write_table(
        "own.csv", {f"<b>{HOSTILE}": [f"<!--{HOSTILE}"] * 60, "label": names[labels].tolist()}
    )
    columns = {name: probabilities_of(truth)[:, place] for place, name in enumerate(names)}
    write_table("own-probs.csv", columns)
    page = report_text(audit("own.csv", probabilities="own-probs.csv"))
    # The two of the template, and what the list needs: nothing that the data brought.
    assert page.count("<script") == 2
    assert page.count("</script>") == 2
    assert "<img" not in page
    assert "<b>" not in page
    assert page.count("<!--") == 0
    found = data_of(page)
    assert sorted(found["classes"]) == sorted(names.tolist())
    assert found["columns"] == [f"<b>{HOSTILE}"]
    assert found["shown"][0] == [f"<!--{HOSTILE}"]


def test_nothing_is_loaded_from_elsewhere():
    truth, labels = noisy()
    page = report_text(audit(labels=labels, probabilities=probabilities_of(truth)))
    assert re.findall(r"(?:https?:)?//[\w.-]+\.\w+", page) == []
    assert "default-src 'none'" in page
    assert set(re.findall(r'(?:src|href)="([^"#]+)', page)) == {"data:,"}


def test_suspects_are_in_the_page_with_what_is_known_of_them():
    truth, labels = noisy()
    found = audit(
        labels=np.array(["ant", "bee", "cat"])[labels], probabilities=probabilities_of(truth)
    )
    data = data_of(report_text(found))
    rows = [dict(zip(data["fields"], row, strict=True)) for row in data["suspects"]]
    assert len(rows) == 6
    # The surest predictions, those of later examples, contradict their labels most.
    assert [row["example"] for row in rows] == ["51", "41", "31", "21", "11", "1"]
    assert [row["rank"] for row in rows] == [1, 2, 3, 4, 5, 6]
    first = rows[0]
    assert data["classes"][first["label"]] == "bee"
    assert data["classes"][first["suggestion"]] == "ant"
    assert data["header"][-2:] == ["probability", "decision"]


def test_the_page_says_how_noisy_and_what_is_confused():
    truth, labels = noisy(300)
    found = audit(labels=labels, probabilities=probabilities_of(truth))
    page = report_text(found, ["Chosen: rate 0.1 & β 1."])
    assert f"{found.noise_rate:.1%}" in page
    low, high = found.noise.interval
    assert f"by chance alone the 95% interval is {low:.1%} to {high:.1%}" in page
    assert f"{found.count}<small>as many as another class was predicted for" in page
    least, most = found.noise.bounds
    assert f"between {min(low, least):.1%} and {max(high, most):.1%}; by chance" in page
    assert "Chosen: rate 0.1 &amp; β 1." in page
    assert "What was trained" not in report_text(found)
    assert found.noise_rate == pytest.approx(0.1, abs=0.02)


def test_a_rate_that_is_refused_is_told_nowhere():
    truth, labels = noisy(300)
    found = audit(labels=labels, probabilities=probabilities_of(truth))
    noise = dataclasses.replace(found.noise, refused="too little is known", bounds=(0.0, 0.5))
    found = dataclasses.replace(
        found, findings=dataclasses.replace(found.findings, noise=noise)
    )
    page = report_text(found)
    assert "at most 50%" in page
    assert "That is at most</dt><dd>150<small>of 300 labels" in page
    assert f"<dd>{noise.rate:.1%}" not in page
    assert "Too little is known." in page
    assert repr(found) == "<Audit of 300 labels of arrays: at most 50% wrong, 30 suspects>"


def test_a_model_that_is_too_weak_tells_no_rate_of_a_class_and_no_probability(tmp_path):
    truth, probabilities = weak()
    found = audit(labels=truth, probabilities=probabilities, out=tmp_path / "out")
    assert "cannot be told from wrong labels" in found.noise.refused
    assert np.isnan(found.table["probability_wrong"]).all()
    assert np.isnan(found.noise_rate)
    assert found.between == found.noise.refused
    assert np.isnan(found.transition_matrix).all()
    assert list(found.classes) == ["class", "labels", "suspects", "mostly suggested"]
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    for text in (">estimated wrong<", "right on average", "true classes", "% of the class"):
        assert text not in page
    assert "<p>No estimate, see above.</p>" in page
    data = data_of(page)
    place = data["fields"].index("probability")
    assert {row[place] for row in data["suspects"]} == {""}
    with (tmp_path / "out/suspects.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["probability"] for row in rows} == {""}
    assert len(rows) == len(truth)


@pytest.mark.parametrize(("least", "told"), [(0.06, True), (0.04, False)])
def test_a_rate_between_wide_bounds_is_told_as_the_most_that_it_may_be(least, told):
    truth, labels = noisy(300)
    found = audit(labels=labels, probabilities=probabilities_of(truth))
    noise = dataclasses.replace(found.noise, bounds=(least, 0.2))
    found = dataclasses.replace(
        found, findings=dataclasses.replace(found.findings, noise=noise)
    )
    page, estimated = report_text(found), f"{noise.rate:.1%}"
    assert found.rate_in_words == (f"about {estimated}" if told else "at most 20.0%")
    assert (f"<dd>{estimated}<small>between 6.0% and 20.0%; by chance" in page) is told
    assert ("<dd>at most 20.0%<small>the estimate is" in page) is not told
    assert ("That is at most</dt><dd>60<small>of 300" in page) is not told
    assert (f"the estimate is {estimated}, which counts the model's own" in page) is not told
    assert ("at most 20% wrong, 30 suspects" in repr(found)) is not told


def test_a_matrix_is_drawn_with_its_names():
    matrix = np.array([[0.75, 0.25], [0.0, 1.0]])
    picture = draw_matrix(matrix, ["<a>", "b"])
    assert picture.count("<rect") == 4  # three shares and the frame
    assert "&lt;a&gt; → b: 25.0%" in picture
    assert "<a>" not in picture
    many = draw_matrix(np.eye(100), [str(row) for row in range(100)])
    assert "<text" not in many
    joint = np.array([[0.5, 0.1], [0.0, 0.4]])
    assert [pair[:2] for pair in confused_pairs(joint)] == [(0, 1)]


def test_a_report_is_written_whole_or_not_at_all(monkeypatch):
    truth, labels = noisy()
    arguments = {"labels": labels, "probabilities": probabilities_of(truth), "out": "out"}
    found = audit(**arguments)
    assert found.report is not None
    before = found.report.read_bytes()
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError, match="full"):
        audit(**arguments)
    assert found.report.read_bytes() == before
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "report.html",
        "suspects.csv",
    ]


def test_the_commands_that_come_next_read_the_data_as_the_audit_did():
    probabilities = noisy_table()
    found = audit("own.csv", probabilities=probabilities)
    found = dataclasses.replace(found, model_folder=Path("out/training"))
    page = html.unescape(report_text(found, options=["--ignore", 'id,"a, b"']))
    data = """--dataset csv:own.csv --ignore 'id,"a, b"' --corrections suspects-reviewed.csv"""
    assert f"esoftmax train {data} --suspects again.csv\n" in page
    assert f"esoftmax compare {data}\n" in page
    assert "esoftmax predict --model out/training --inputs csv:PATH" in page
