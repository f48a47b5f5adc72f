"""The interactive page: what it computes is what the library computes, and it stands alone."""

import json
import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import losses, theory
from experiments.cli import main
from experiments.generated_parts import generated
from experiments.playground import replay
from experiments.playground.page import PAGE, page_text, paper_settings, table_of_replay
from experiments.theory.page import PAGE as THEORY
from tests.helpers.browser import browser, overflow_at, page_after

LOSSES = {"ce": "CE", "mae": "MAE", "ce_eps": "CE_eps", "ce_eps_mae": "CE_eps+MAE"}
SETTINGS = [
    {"m": m, "alpha": alpha, "beta": beta, "floor": floor, "classes": classes, "rate": rate}
    for m, alpha, beta, floor, classes, rate in [
        (1e5, 0.01, 5.0, 1e-8, 10, 0.4),
        (1e3, 0.02, 5.0, 1e-8, 10, 0.2),
        (1e4, 0.05, 1.0, 1e-8, 10, 0.8),
        (0.0, 0.1, 1.0, 1e-8, 10, 0.0),
        (0.3, 1.0, 0.5, 1e-6, 2, 0.3),
        (1e7, 1.0, 0.0, 1e-8, 10, 0.6),
        (1e9, 0.5, 2.0, 1e-8, 100, 0.4),
        (10.0, 1.0, 1.0, 1e-3, 3, 0.1),
        (1e5, 0.01, 5.0, None, 10, 0.4),
        (1e2, 0.004, 1.0, 1e-12, 100, 0.95),
    ]
]
REASONS = {  # of the library and of the page
    "clean-label-dominant": "the right label is no longer the most frequent one",
    "unbounded": "without a floor the loss is unbounded",
}
PROBABILITIES = {False: [1e-5, 5e-4, 2e-3, 0.1, 0.45], True: [0.51, 0.7, 0.999]}
POINTS = [[0.7, 0.2, 0.1], [0.34, 0.33, 0.33], [0.9989, 0.001, 0.0001]]


def functions_of(given):
    constants = {"m": given["m"], "min_prob": given["floor"]}
    both = {**constants, "alpha": given["alpha"], "beta": given["beta"]}
    return {
        "ce": losses.get("CE"),
        "mae": losses.get("MAE"),
        "ce_eps": losses.get("CE_eps", **constants),
        "ce_eps_mae": losses.get("CE_eps+MAE", **both),
    }


def values_of(loss, probabilities, predicted):
    """Return the loss of a label with these probabilities, beside one other class."""
    label, other = np.array(probabilities), 1 - np.array(probabilities)
    assert predicted == bool((label > other).all())
    return of_label(loss, np.stack([label, other], axis=1), 0)


def of_label(loss, points, label):
    with jax.enable_x64(True):
        logits = jnp.asarray(np.log(points))
        return np.asarray(loss(logits, jnp.full(len(points), label, jnp.int32))).tolist()


def by_the_library(given):
    found = {"epsilon": float(losses.epsilon_bound(given["m"], given["classes"]))}
    for key, loss in functions_of(given).items():
        for predicted, probabilities in PROBABILITIES.items():
            place = f"{key} {predicted}"
            found[f"{place} value"] = values_of(loss, probabilities, predicted)
            found[f"{place} weight"] = theory.example_weight(
                loss, given["classes"], probabilities, predicted=predicted
            ).weight.tolist()
        by_label = [of_label(loss, np.array(POINTS), k) for k in range(3)]
        found[f"{key} sums"] = np.sum(by_label, axis=0).tolist()
        if key.startswith("ce_eps"):
            found[f"{key} bound"] = bound_of(loss, given)
    return found


def bound_of(loss, given):
    try:
        bound = theory.excess_risk_bound(loss, given["rate"], given["classes"])
    except ValueError as refused:
        return str(refused)
    return [bound.delta, bound.bound, bound.tighter, bound.largest_loss]


BY_THE_PAGE = """
const by = (given) => {
  const found = {epsilon: epsilonBound(given)};
  for (const key of Object.keys(LOSSES)) {
    for (const [predicted, all] of [["False", PROBABILITIES[0]], ["True", PROBABILITIES[1]]]) {
      for (const kind of ["value", "weight"]) {
        found[`${key} ${predicted} ${kind}`] =
          all.map((p) => LOSSES[key][kind](Math.log(p), predicted === "True", given));
      }
    }
    found[`${key} sums`] = POINTS.map((one) => sumOverLabels(key, one, given));
    if (key.startsWith("ce_eps")) {
      const weights = key === "ce_eps" ? [1, 0] : [given.alpha, given.beta];
      const one = excessRiskBound(given, ...weights);
      found[`${key} bound`] = one.refused ?? [one.delta, one.bound, one.tighter, one.largest];
    }
  }
  return found;
};
const lines = (where) => [...document.querySelectorAll(`#${where} path`)].map((one) => one.outerHTML).join();
const text = (where) => document.getElementById(where).textContent;
const drawn = () => ({
  loss: lines("value-other"), predicted: lines("value-predicted"), weight: lines("weight-other"),
  simplex: lines("simplex-lines"), bound: lines("bound") + text("bound-rows") + text("bound-text"),
  table: text("probe-rows"), shares: lines("replay-memorised"), ends: text("replay-rows"),
  bars: document.getElementById("bar-0-ce-wrong").outerHTML,
});
const changed = (name, to) => {
  const before = drawn(), input = document.getElementById(name);
  input.value = to;
  input.dispatchEvent(new Event(input.tagName === "SELECT" ? "change" : "input"));
  const after = drawn();
  return Object.keys(after).filter((one) => after[one] !== before[one]);
};
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What the page says when it is opened once, with the errors that it had."""
    browser()
    folder = tmp_path_factory.mktemp("page")
    path = folder / "page.html"
    listening = (
        "<head><script>window.wrong = [];"
        "addEventListener('error', (e) => wrong.push(String(e.message)));"
        "addEventListener('securitypolicyviolation', (e) => wrong.push(e.blockedURI));"
        "for (const kind of ['error', 'warn']) console[kind] = (...all) => wrong.push(all.join());"
        "</script>"
    )
    path.write_text(page_text().replace("<head>", listening, 1), encoding="utf-8")
    given = {"SETTINGS": SETTINGS, "PROBABILITIES": [*PROBABILITIES.values()], "POINTS": POINTS}
    constants = "".join(f"const {name} = {json.dumps(value)};" for name, value in given.items())
    moved = {
        "m": 3, "alpha": -1, "beta": 2, "floor": -6, "classes": 3, "rate": 0.1, "probe": -3,
        "epoch": 5, "replay-rate": 0.01, "preset": 2, "simplex-loss": "ce_eps_mae",
    }  # fmt: skip
    script = f"""{constants}{BY_THE_PAGE}
    const names = [...document.querySelectorAll("input, select, button")]
      .filter((one) => !one.labels?.length && !one.textContent.trim()).map((one) => one.id);
    const result = {{
      numbers: SETTINGS.map(by),
      wide: document.documentElement.scrollWidth - innerWidth,
      names,
      changed: Object.entries({json.dumps(moved)}).map(([name, to]) => [name, changed(name, to)]),
      settings, loaded: performance.getEntriesByType("resource").map((one) => one.name),
      unnamed: [...document.querySelectorAll("svg[role=img]")].filter((one) => !one.ariaLabel).length,
      wrong: window.wrong,
    }};
    return JSON.stringify(result);"""
    return json.loads(page_after(path, script, folder / "profile"))


@pytest.mark.parametrize("place", range(len(SETTINGS)))
def test_formulas_are_the_librarys(said, place):
    library, page = by_the_library(SETTINGS[place]), said["numbers"][place]
    assert page.keys() == library.keys()
    for name, expected in library.items():
        if isinstance(expected, str):
            (reason,) = [one for said, one in REASONS.items() if said in expected]
            assert page[name] == reason
        else:
            assert page[name] == pytest.approx(expected, rel=1e-6, abs=1e-10), name


def test_the_page_loads_nothing_and_has_no_errors(said):
    assert said["wrong"] == []
    assert said["loaded"] == []
    assert said["wide"] <= 0
    assert set(re.findall(r"https?://[^\"]+", page_text())) == {"http://www.w3.org/2000/svg"}


def test_every_slider_changes_its_curves(said):
    changed = {name: set(parts) for name, parts in said["changed"]}
    assert changed["m"] >= {"loss", "weight", "simplex", "bound", "table"}
    assert changed["alpha"] >= {"loss", "weight", "bound", "table"}
    assert changed["beta"] >= {"loss", "weight", "bound", "table"}
    assert changed["floor"] >= {"loss", "weight", "bound"}
    assert changed["classes"] >= {"predicted", "bound"}
    assert changed["rate"] == {"bound"}
    assert changed["probe"] == {"table"}
    assert changed["epoch"] == {"ends", "bars"}
    assert changed["replay-rate"] == {"shares", "ends", "bars"}
    assert changed["preset"] >= {"loss", "weight", "simplex", "bound"}
    assert changed["simplex-loss"] == {"simplex"}
    assert said["settings"] == paper_settings()[2]["settings"]


def test_what_can_be_moved_or_seen_has_a_name(said):
    assert said["names"] == []
    assert said["unnamed"] == 0


def test_the_committed_page_is_the_one_that_is_built():
    assert PAGE.read_text(encoding="utf-8") == page_text(), "run `python -m experiments page`"
    assert PAGE.stat().st_size + replay.LINES.stat().st_size < 300_000


def test_the_replay_is_of_the_labels_that_its_seed_draws():
    shared, *_ = replay.read_lines()
    assert shared == replay.what_is_shared(*replay.draw_labels())
    assert math.isclose(shared["wrong"] / shared["labels"], 0.4, abs_tol=0.005)


def test_in_the_replay_ce_memorises_wrong_labels_and_the_papers_loss_far_fewer():
    _, *runs = replay.read_lines()
    assert table_of_replay(runs) == generated(THEORY.read_text(encoding="utf-8"), "replay")
    ends = {(run["loss"], run["learning_rate"]): run["memorised"][-1] for run in runs}
    assert ends["CE", 0.1] > 0.9
    assert ends["CE_eps+MAE", 0.1] < 0.2
    assert ends["CE", 0.01] < 0.1  # a small rate keeps CE from it, too, and the page says so
    for run in runs:
        assert {len(run[key]) for key in ("memorised", "clean_test", "noisy_train")} == {100}
        assert run["seeds"]["memorised"][0] == run["memorised"][-1]
        assert len(run["seeds"]["clean_test"]) == replay.SEEDS


def test_the_command_writes_the_page_or_says_where_it_cannot(tmp_path, capsys):
    assert main(["page", "--out", str(tmp_path / "own.html")]) == 0
    assert (tmp_path / "own.html").read_text(encoding="utf-8") == page_text()
    assert main(["page", "--out", str(tmp_path / "missing" / "own.html")]) == 2
    assert "--out: expected a file that can be written" in capsys.readouterr().err


def test_the_page_is_no_wider_than_a_phone(tmp_path):
    browser()
    path = tmp_path / "page.html"
    path.write_text(page_text(), encoding="utf-8")
    assert overflow_at(path, 360, tmp_path / "profile") <= 0
