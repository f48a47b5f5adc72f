"""How far losses are from symmetric: closed forms, values by hand, searches, claims."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import losses, theory

CE_EPS = losses.epsilon_softmax_cross_entropy
FL_EPS = losses.epsilon_softmax_focal_loss


def squared_mae(logits, labels):
    return losses.mean_absolute_error(logits, labels) ** 2


def unknown(loss):
    """Return the same loss as one of which nothing is known."""
    return lambda logits, labels: loss(logits, labels)


@pytest.mark.parametrize("name", ["MAE", "NCE", "RCE"])
def test_symmetric_losses_have_no_gap(name):
    loss = losses.get(name)
    assert theory.symmetry_gap(loss, 3) == theory.Bound(0.0, 0.0, "Σ_k L is constant")
    assert theory.symmetry_gap(unknown(loss), 3).lower < 1e-9
    assert theory.delta(loss, 0.1, 3).upper == 0


BY_HAND = [
    # S is largest at (1 − f, f), least at (1/2, 1/2).
    (functools.partial(CE_EPS, m=0.0, min_prob=0.01), 2, -math.log(0.01 * 0.99) - 2 * math.log(2)),
    # All labels that are not predicted cost the same: only p_t is left, from 1 to 1/3.
    (functools.partial(CE_EPS, m=1e8), 3, math.log1p((2 / 3) / (1e8 + 1 / 3))),
    (losses.get("GCE", q=0.5), 3, 4 - 6 * (1 - 3**-0.5)),
    (losses.get("GCE", q=1.0), 3, 0.0),
    (losses.mean_squared_error, 3, 2 / 3),
    (losses.get("CE_eps+MAE", m=1e8, alpha=0.5, beta=7.0), 3, 0.5 * math.log1p((2 / 3) / (1e8 + 1 / 3))),
    (losses.dynamic_fine_tuning_loss, 3, math.log(3)),
]  # fmt: skip


@pytest.mark.parametrize(("loss", "num_classes", "gap"), BY_HAND)
def test_gaps_by_hand(loss, num_classes, gap):
    found = theory.symmetry_gap(loss, num_classes)
    assert found.exact
    assert found.kind == "exact"
    assert found.lower == pytest.approx(gap, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    "loss", [losses.cross_entropy, functools.partial(CE_EPS, m=1e5, min_prob=None)]
)
def test_without_a_floor_cross_entropy_has_no_bound_whatever_m_is(loss):
    assert theory.symmetry_gap(loss, 3).lower == math.inf
    assert theory.symmetry_gap(unknown(loss), 3).lower == math.inf
    assert theory.delta(loss, 1e-6, 3).lower == math.inf


@pytest.mark.parametrize(
    "loss",
    [
        functools.partial(CE_EPS, m=5.0, min_prob=1e-3),
        functools.partial(FL_EPS, m=5.0, gamma=0.5, min_prob=1e-3),
        losses.get("GCE", q=0.5),
    ],
)
def test_what_is_known_is_what_a_search_finds(loss):
    known = theory.symmetry_gap(loss, 3)
    found = theory.symmetry_gap(unknown(loss), 3)
    assert known.exact
    assert found.kind == "lower bound only"
    assert 0.995 * known.lower < found.lower < known.lower * (1 + 1e-9)


def test_a_loss_that_wraps_one_of_the_library_is_another():
    # With m = 1 the middle becomes (2/3, 1/6, 1/6), and S = ‖u‖² + 1/3.
    wrapped = losses.with_epsilon_softmax(losses.mean_squared_error, m=1.0)
    found = theory.symmetry_gap(wrapped, 3)
    assert found.kind == "lower bound only"
    assert found.lower == pytest.approx(0.5, rel=1e-6)
    partly = functools.wraps(losses.mean_absolute_error)(squared_mae)
    assert theory.symmetry_gap(partly, 3).lower == pytest.approx(8 / 3, rel=1e-6)


def test_claims_give_upper_bounds_and_false_ones_are_refused():
    claimed = theory.symmetry_gap(squared_mae, 3, convex=True)
    assert claimed.exact
    assert claimed.upper == pytest.approx(8 / 3)  # 8 at a vertex, 3 · (4/3)² in the middle
    # The gradient of S is −8(1 − p), and what of it lies in the simplex's plane 8√(2/3) at most.
    steepest = 8 * math.sqrt(2 / 3)
    between = theory.symmetry_gap(squared_mae, 3, lipschitz=steepest)
    assert between.kind == "between"
    assert between.lower == pytest.approx(8 / 3)
    assert between.upper == pytest.approx(
        8 / 3 + 2 * steepest * math.sqrt(2 / 3) / 198, rel=0.05
    )
    with pytest.raises(ValueError, match="concave: expected a claim that holds, got a segment"):
        theory.symmetry_gap(squared_mae, 3, concave=True)
    with pytest.raises(ValueError, match="lipschitz: expected a claim that holds, got a slope"):
        theory.symmetry_gap(squared_mae, 3, lipschitz=0.5)


def floored_sums(points, m, floor):
    """Return Σ_k CE_ε(p, k), written down anew."""
    tops = points >= points.max(axis=1, keepdims=True)
    outputs = (points + m * tops) / (1 + m)
    return -np.log(np.maximum(outputs, floor)).sum(axis=1)


@pytest.mark.parametrize(("m", "floor"), [(0.0, 0.02), (4.0, 0.01)])
@pytest.mark.parametrize("distance", [0.01, 0.05, 0.3])
def test_delta_is_exceeded_by_no_pair_of_outputs(m, floor, distance):
    """Distances are those of ε-softmax's outputs, which m makes smaller."""
    loss = functools.partial(CE_EPS, m=m, min_prob=floor)
    found = theory.delta(loss, distance / (1 + m), 3)
    draw = np.random.default_rng(0)
    first = draw.dirichlet(np.full(3, 0.4), 20_000)
    way = draw.normal(size=(20_000, 3))
    way -= way.mean(axis=1, keepdims=True)
    second = first + distance * way / np.linalg.norm(way, axis=1, keepdims=True)
    # Pairs of the same prediction: the others are farther apart than p says.
    allowed = (second.min(axis=1) >= 0) & (first.argmax(axis=1) == second.argmax(axis=1))
    changes = np.abs(
        floored_sums(first[allowed], m, floor) - floored_sums(second[allowed], m, floor)
    )
    assert 0.8 * found.lower < changes.max() <= found.upper
    assert found.upper <= 1.35 * found.lower


@pytest.mark.parametrize(
    ("num_classes", "m", "floor", "distance"),
    [(2, 0.0, 0.45, 0.2), (2, 1.0, 0.45, 0.1), (3, 1e3, 0.01, 0.3), (3, 0.5, 0.3, 0.2)],
)
def test_where_the_floor_hides_the_others_delta_is_what_the_largest_class_changes(
    num_classes, m, floor, distance
):
    loss = functools.partial(CE_EPS, m=m, min_prob=floor)
    found = theory.delta(loss, distance / (1 + m), num_classes)
    draw = np.random.default_rng(0)
    first = draw.dirichlet(np.full(num_classes, 2.0), 20_000)
    way = draw.normal(size=first.shape)
    way -= way.mean(axis=1, keepdims=True)
    second = first + distance * way / np.linalg.norm(way, axis=1, keepdims=True)
    allowed = (second.min(axis=1) >= 0) & (first.argmax(axis=1) == second.argmax(axis=1))
    sums = [floored_sums(one[allowed], m, floor) for one in (first, second)]
    largest = np.abs(sums[0] - sums[1]).max()
    assert 0 < largest <= found.upper
    assert largest > 0.6 * found.lower > 0


def test_a_matrix_in_double_precision_is_taken_as_it_is():
    matrix = np.full((3, 3), 0.1) + 0.7 * np.eye(3)
    gaps = [
        theory.symmetry_gap(losses.get("Forward", transition_matrix=one), 3).upper
        for one in (matrix, jnp.asarray(matrix))
    ]
    assert gaps[0] == pytest.approx(gaps[1], rel=1e-6)
    assert gaps[0] > 1


@pytest.mark.parametrize(
    "loss",
    [
        losses.get("SCE", alpha=1e-3, beta=1.0),
        losses.get("CE_eps+MAE", m=1e4, alpha=1e-3, beta=1.0, min_prob=None),
        lambda z, y: 1e-3 * losses.cross_entropy(z, y),
        lambda z, y: jnp.sqrt(losses.cross_entropy(z, y)),
        lambda z, y: jnp.log1p(losses.cross_entropy(z, y)),
    ],
    ids=["SCE", "CE_eps+MAE", "a thousandth", "a root", "a logarithm"],
)
def test_a_loss_that_grows_slowly_is_unbounded_all_the_same(loss):
    assert theory.largest_loss(loss, 3) == math.inf
    with pytest.raises(ValueError, match="expected a bounded loss, got an unbounded one"):
        theory.excess_risk_bound(loss, 0.2, 3, convex=True)


def test_a_slope_that_is_refuted_between_the_segments_is_refused_too():
    def with_a_peak(logits, labels):
        p = jnp.take_along_axis(jax.nn.softmax(logits), labels[:, None], axis=1)[:, 0]
        return 2 * (1 - p) + 5 * jnp.exp(-(((p - 0.62) / 2e-4) ** 2))

    with pytest.raises(ValueError, match="lipschitz: expected a claim that holds, got a range"):
        theory.symmetry_gap(with_a_peak, 3, lipschitz=0.001)


def test_the_gap_of_a_vocabulary_takes_no_table_of_all_pairs():
    found = theory.symmetry_gap(functools.partial(CE_EPS, m=1e5), 50_000)
    few = theory.symmetry_gap(functools.partial(CE_EPS, m=1e5), 1000)
    assert found.exact
    assert found.upper > few.upper > 0


def test_delta_at_lemma_1_is_the_gap_and_on_the_whole_simplex_it_is_no_less():
    for m in (1e2, 1e5):
        epsilon = losses.epsilon_bound(m, 10)
        of_outputs = theory.delta(functools.partial(CE_EPS, m=m), epsilon, 10)
        assert of_outputs.exact
        assert of_outputs.lower == theory.symmetry_gap(functools.partial(CE_EPS, m=m), 10).lower
        as_printed = theory.delta(functools.partial(CE_EPS, m=0.0), float(epsilon), 10)
        assert as_printed.lower > of_outputs.lower


def test_delta_of_a_convex_sum_lies_between_pairs_and_the_gap():
    gce = losses.get("GCE", q=0.5)
    near, far = (theory.delta(gce, epsilon, 3) for epsilon in (0.05, 2.0))
    # From (1, 0, 0) on: 2(√a + √b − …) rises by 4 √(ε/√6) − O(ε) if both others get ε/√6.
    part = 0.05 / math.sqrt(6)
    drop = 4 * math.sqrt(part) - 2 * (1 - math.sqrt(1 - 2 * part))
    assert near.kind == "between"
    assert drop <= near.lower * (1 + 1e-6)
    assert near.upper == far.lower == theory.symmetry_gap(gce, 3).upper


def test_what_is_no_loss_is_refused():
    with pytest.raises(
        TypeError, match=r"loss: expected a function of logits and labels, got 'CE'"
    ):
        theory.symmetry_gap("CE", 3)  # type: ignore[arg-type]
    with pytest.raises(
        ValueError,
        match=r"expected one value for each example, shape \(1024,\), got shape \(\)",
    ):
        theory.symmetry_gap(lambda z, y: losses.cross_entropy(z, y).mean(), 3)
    with pytest.raises(ValueError, match="m: expected a finite value in"):
        theory.symmetry_gap(functools.partial(CE_EPS, m=-1.0), 3)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_loss_that_is_nan_where_a_probability_underflows_is_unbounded_all_the_same(dtype):
    def one_hot_cross_entropy(z, y):
        log_p = jnp.log(jax.nn.softmax(z.astype(dtype)))  # 0 times -inf is NaN
        return -(jax.nn.one_hot(y, 3, dtype=dtype) * log_p).sum(-1)

    gap = theory.symmetry_gap(one_hot_cross_entropy, 3, convex=True)
    assert (gap.lower, gap.kind) == (float("inf"), "exact")
