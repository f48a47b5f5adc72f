"""The report in a browser: filters, decisions, and the list that it saves."""

import json
from pathlib import Path

import numpy as np
import pytest

from esoftmax_jax.app.audits.page_data import SAVED
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.jobs.audit.audit import audit
from esoftmax_jax.app.suspects.corrections import correct
from tests.helpers.audits import CLASSES, noisy, probabilities_of, write_table
from tests.helpers.browser import browser, overflow_at, page_after

pytestmark = pytest.mark.usefixtures("folder")


def audited_table():
    """Write a table that can be trained on, and audit it."""
    truth, labels = noisy()
    names = [f'{CLASSES[label]}, "x"\n' if label == 2 else CLASSES[label] for label in labels]
    write_table("own.csv", {"size": np.linspace(0, 1, 60), "label": names})
    return audit("own.csv", probabilities=probabilities_of(truth), out="out")


def test_the_report_is_no_wider_than_a_phone(tmp_path):
    browser()
    assert overflow_at(audited_table().report, 360, tmp_path / "profile") <= 0


def test_a_reviewed_list_is_applied_as_it_was_decided(tmp_path):
    browser()
    found = audited_table()
    assert found.report is not None
    csv = page_after(
        found.report,
        """
        const card = (place) => document.querySelectorAll(".card")[place];
        const press = (place, what) => card(place).querySelector(`button.${what}`).click();
        press(0, "correct");
        press(1, "drop");
        press(2, "keep");
        press(3, "keep"); press(3, "keep");  // decided, and undone
        const select = card(4).querySelector("select");
        select.value = [...select.options].at(-1).value;
        select.dispatchEvent(new Event("change"));
        const bytes = window.audit.bytes("caf\\udce9 \\u{1f600}").map((part) => [...part]).flat();
        const chosen = select.selectedOptions[0].textContent;
        return JSON.stringify([window.audit.csv(), chosen, bytes]);
        """,
        tmp_path / "profile",
    )
    text, chosen, saved = json.loads(csv)
    assert (
        bytes(saved) == b"caf\xe9 " + "\U0001f600".encode()
    )  # a name of a file that is no text
    Path(SAVED).write_text(text, encoding="utf-8-sig", newline="")
    data, suspects = load_dataset("csv:own.csv"), found.suspects

    def by_source(dataset):
        return {
            source: dataset.class_names[label]
            for part in (dataset.train, dataset.test)
            for source, label in zip(
                part.sources.tolist(), part.labels.observed.tolist(), strict=True
            )
        }

    expected = by_source(data)
    examples = suspects["example"].tolist()
    expected[examples[0]] = suspects["suggestion"][0]
    del expected[examples[1]]
    expected[examples[4]] = chosen
    assert by_source(correct(data, SAVED)) == expected
    assert text.splitlines()[0].split(",")[-1] == "decision"


def test_thousands_of_suspects_are_drawn_as_they_are_scrolled_to(tmp_path):
    browser()
    truth = np.arange(9000) % 3
    labels = np.where(np.arange(9000) < 4000, (truth + 1) % 3, truth)
    found = audit(
        labels=np.array(["<script>alert(1)</script>", "bee", "cat"])[labels],
        probabilities=probabilities_of(truth),
        out="out",
    )
    assert found.report is not None
    said = page_after(
        found.report,
        """
        const counts = [document.querySelectorAll(".card").length];
        const first = document.querySelector(".card .said").textContent;
        const pick = (id, value) => {
          const one = document.getElementById(id);
          one.value = value;
          one.dispatchEvent(new Event("change"));
          return document.getElementById("count").textContent;
        };
        const filtered = pick("by-label", "0");
        pick("by-label", "");
        document.querySelector("[data-all=drop]").click();
        const decided = document.getElementById("count").textContent;
        window.scrollTo({top: document.body.scrollHeight, behavior: "instant"});
        window.dispatchEvent(new Event("scroll"));
        counts.push(document.querySelectorAll(".card").length);
        const scripts = document.querySelectorAll("script").length;
        return JSON.stringify({counts, first, filtered, decided, scripts});
        """,
        tmp_path / "profile",
    )
    said = json.loads(said)
    few, more = said["counts"]
    assert few < more < 1000
    assert "<script>alert(1)</script>" in said["first"] or "bee" in said["first"]
    assert said["filtered"].startswith("1,333 of 4,000 shown")
    assert said["decided"] == "4,000 of 4,000 shown, 4,000 decided"
    assert said["scripts"] == 3  # of the page two, and this test's
