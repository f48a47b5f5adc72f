"""Joining labels to data: by id, checked against clean labels, loud about a wrong order."""

import os
from pathlib import Path

import jax
import numpy as np
import pytest

from esoftmax_jax.noise import (
    majority_vote,
    match_labels,
    noise_rate,
    noisy_columns,
    read_label_file,
)

GENERATOR = np.random.default_rng(0)
CLEAN = GENERATOR.integers(0, 10, 400)
NOISY = np.where(GENERATOR.random(400) < 0.4, GENERATOR.integers(0, 10, 400), CLEAN)
FILE = {"clean_label": CLEAN, "worse_label": NOISY, "aggre_label": CLEAN}


def test_rows_go_to_the_examples_of_their_ids():
    ids = GENERATOR.permutation(400)
    noisy = match_labels(
        FILE, "worst", clean_labels=CLEAN[ids], num_classes=10, example_ids=ids
    )
    np.testing.assert_array_equal(noisy, NOISY[ids])
    assert noisy.dtype == np.int32
    plain = match_labels(FILE, "worse_label", clean_labels=CLEAN, num_classes=10)
    np.testing.assert_array_equal(plain, NOISY)


def test_an_id_column_names_the_rows():
    order = GENERATOR.permutation(400)
    file = {"id": order + 7, "labels": NOISY[order]}
    ids = np.arange(400) + 7
    noisy = match_labels(file, clean_labels=CLEAN, num_classes=10, example_ids=ids)
    np.testing.assert_array_equal(noisy, NOISY)


def test_a_part_of_the_data_is_found_by_its_ids():
    ids = GENERATOR.permutation(400)[:50]
    noisy = match_labels(
        FILE, "worst", clean_labels=CLEAN[ids], num_classes=10, example_ids=ids
    )
    np.testing.assert_array_equal(noisy, NOISY[ids])


@pytest.mark.parametrize(
    "alias", ["aggregate", "random1", "random2", "random3", "worst", "noisy"]
)
def test_the_papers_names(alias):
    name = {"aggregate": "aggre_label", "worst": "worse_label", "noisy": "noisy_label"}.get(
        alias, f"random_label{alias[-1]}"
    )
    noisy = match_labels({name: NOISY, "x": CLEAN}, alias, clean_labels=CLEAN, num_classes=10)
    np.testing.assert_array_equal(noisy, NOISY)


def test_the_name_in_tfds_of_cifar100n():
    noisy = match_labels(
        {"noise_label": NOISY, "x": CLEAN}, "noisy", clean_labels=CLEAN, num_classes=10
    )
    np.testing.assert_array_equal(noisy, NOISY)


def test_noisy_columns_leave_out_what_is_none():
    names = [*FILE, "id", "clean_coarse_label"]
    assert noisy_columns(dict.fromkeys(names, CLEAN)) == ["worse_label", "aggre_label"]


@pytest.mark.parametrize("clean", [True, False], ids=["with clean labels", "without"])
def test_another_order_fails_loudly(clean):
    order = GENERATOR.permutation(400)
    file = FILE if clean else {"worse_label": NOISY}
    message = (
        r"'clean_label' must agree .* got 3\d\d of 400 that differ .*in another order"
        if clean
        else r"'worse_label' must agree .* chance, got \d+\.\d % where .*another order"
    )
    with pytest.raises(ValueError, match=message):
        match_labels(file, "worst", clean_labels=CLEAN[order], num_classes=10)


def test_a_single_exchanged_row_fails_where_there_are_clean_labels():
    first, second = 0, int(np.argmax(CLEAN[0] != CLEAN))
    exchanged = CLEAN.copy()
    exchanged[[first, second]] = exchanged[[second, first]]
    with pytest.raises(ValueError, match=r"got 2 of 400 that differ \(first: id 0, "):
        match_labels(FILE, "worst", clean_labels=exchanged, num_classes=10)


def test_order_can_be_trusted_on_demand():
    order = GENERATOR.permutation(400)
    noisy = match_labels(
        {"labels": NOISY}, clean_labels=CLEAN[order], num_classes=10, check_order=False
    )
    np.testing.assert_array_equal(noisy, NOISY)


def test_chance_agreement_is_that_of_the_two_sets_of_shares():
    # 90 % in one class: unrelated labels agree in most examples, which is no evidence.
    clean = np.zeros(2000, int)
    clean[:200] = 1
    noisy = GENERATOR.permutation(clean)
    with pytest.raises(ValueError, match=r"where unrelated labels agree in 82\.0 %"):
        match_labels({"labels": noisy}, clean_labels=clean, num_classes=2)
    nearly = np.where(GENERATOR.random(2000) < 0.1, 1 - clean, clean)
    match_labels({"labels": nearly}, clean_labels=clean, num_classes=2)


@pytest.mark.parametrize(
    ("columns", "column", "options", "message"),
    [
        (FILE, None, {}, "must be named where there are several, got 'worse_label', 'aggre"),
        (FILE, "random1", {}, "must be one of the labels' columns, .*; got 'random1'"),
        ({"clean_label": CLEAN}, None, {}, "got no noisy labels at all"),
        ({"x": NOISY[:-1]}, None, {}, "one row for each of the 400 examples, got 399 rows"),
        (
            {"x": NOISY, "y": NOISY[1:]},
            "x",
            {},
            "columns must have one length, got 399 and 400",
        ),
        ({"x": NOISY + 1}, None, {}, r"'x' must lie in \[0, 10\), got 10 at index"),
        (
            {"x": NOISY},
            None,
            {"example_ids": np.arange(400) + 1},
            r"got none for the id 400 \(1 missing in all; ids are 0 to 399\)",
        ),
        (
            {"x": NOISY, "id": np.arange(400) // 2},
            None,
            {},
            "column 'id' must name every example once, got 0 twice",
        ),
    ],
    ids=["several", "unknown", "none", "length", "ragged", "range", "id", "twice"],
)
def test_errors(columns, column, options, message):
    with pytest.raises(ValueError, match=message):
        match_labels(columns, column, clean_labels=CLEAN, num_classes=10, **options)


def test_type_errors():
    with pytest.raises(TypeError, match="columns must be a mapping .*got ndarray"):
        match_labels(NOISY, clean_labels=CLEAN, num_classes=10)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="columns must have names that are strings, got 0; nam"):
        match_labels({0: NOISY}, clean_labels=CLEAN, num_classes=10)  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="column 'x' must have an integer dtype, got float64"):
        match_labels({"x": NOISY / 1}, clean_labels=CLEAN, num_classes=10)


# --- published files, where they are at hand ------------------------------------------------


def published(name: str) -> Path:
    folder = os.environ.get("ESOFTMAX_LABELS_DIR")
    if not folder or not (Path(folder) / name).is_file():
        pytest.skip(f"ESOFTMAX_LABELS_DIR holds no {name}")
    return Path(folder) / name


@pytest.mark.parametrize(
    ("column", "percent"),
    [("aggregate", 9.01), ("random1", 17.23), ("random2", 18.12), ("random3", 17.64), ("worst", 40.21)],
)  # fmt: skip
def test_rates_of_cifar10n(column, percent):
    columns = read_label_file(published("CIFAR-10_human.npy"))
    clean = columns["clean_label"]
    noisy = match_labels(columns, column, clean_labels=clean, num_classes=10)
    # Wei et al. 2022, table 1.
    assert round(100 * noise_rate(clean, noisy), 2) == percent


def test_aggregate_labels_are_the_majority_of_the_three_random_ones():
    columns = read_label_file(published("CIFAR-10_human.npy"))
    three = np.stack([columns[f"random_label{i}"] for i in (1, 2, 3)], axis=1)
    voted = np.asarray(majority_vote(jax.random.key(0), three, num_classes=10))
    agreeing = np.array([len(set(row)) < 3 for row in three.tolist()])
    np.testing.assert_array_equal(voted[agreeing], columns["aggre_label"][agreeing])
    # Where all three differ, theirs and ours are each one of three at random.
    same = np.mean(voted[~agreeing] == columns["aggre_label"][~agreeing])
    assert 0.28 < same < 0.39


def test_rate_of_cifar100n_and_of_instance_dependent_labels():
    columns = read_label_file(published("CIFAR-100_human.npy"))
    clean = columns["clean_label"]
    noisy = match_labels(columns, clean_labels=clean, num_classes=100)
    assert round(100 * noise_rate(clean, noisy), 1) == 40.2
    clean = read_label_file(published("CIFAR-10_human.npy"))["clean_label"]
    for rate in (0.2, 0.4, 0.6):
        columns = read_label_file(published(f"cifar10_dependent_{rate}.json"))
        noisy = match_labels(columns, clean_labels=clean, num_classes=10)
        assert noise_rate(clean, noisy) == pytest.approx(rate, abs=0.005)
        shuffled = GENERATOR.permutation(clean)
        with pytest.raises(ValueError, match="more often than chance"):
            match_labels(columns, clean_labels=shuffled, num_classes=10)
