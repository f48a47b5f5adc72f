"""What weight losses give to examples, and below which probability none."""

import functools
import math

import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import losses, theory

CE_EPS = losses.epsilon_softmax_cross_entropy
PROBABILITIES = np.array([1e-6, 5e-4, 2e-3, 0.1, 0.3])


@pytest.mark.parametrize(
    ("loss", "weight"),
    [
        (losses.cross_entropy, lambda p: np.ones_like(p)),
        (losses.mean_absolute_error, lambda p: 2 * p),
        (functools.partial(losses.generalized_cross_entropy, q=0.5), lambda p: p**0.5),
        (functools.partial(CE_EPS, m=1e5), lambda p: (p > 1e-3) * 1.0),
        (lambda z, y: losses.mean_absolute_error(z, y) ** 2, lambda p: 8 * (1 - p) * p),
    ],
)
def test_weights_of_labels_that_are_not_predicted(loss, weight):
    found = theory.example_weight(loss, 3, PROBABILITIES, predicted=False)
    assert found.weight == pytest.approx(weight(PROBABILITIES), rel=1e-9)
    assert found.residual.tolist() == [0] * 5


def test_a_predicted_label_has_the_weight_of_equation_3_4():
    found = theory.example_weight(
        functools.partial(CE_EPS, m=9.0), 3, [0.4, 0.9], predicted=True
    )
    assert found.weight == pytest.approx([0.4 / 9.4, 0.9 / 9.9])


def test_where_no_such_point_exists_there_is_no_weight():
    def is_nan(probability, predicted):
        ce = losses.cross_entropy
        return bool(
            np.isnan(theory.example_weight(ce, 3, probability, predicted=predicted).weight)
        )

    assert [is_nan(0.9, False), is_nan(0.9, True), is_nan(0.2, True)] == [True, False, True]
    assert not is_nan(1 / 3, True)  # all equal, this one by a hair


def test_what_does_not_lie_along_the_direction_is_told():
    """MSE at (0.2, 0.72, 0.08), label 0: the gradient worked out from ‖p − e_y‖²/3."""
    p = np.array([0.2, 0.72, 0.08])
    way = p - [1, 0, 0]
    gradient = 2 / 3 * p * (way - (way * p).sum())
    weight = (gradient @ way) / (way @ way)
    over = np.linalg.norm(gradient - weight * way) / np.linalg.norm(gradient)
    found = theory.example_weight(losses.mean_squared_error, 3, 0.2, predicted=False)
    assert (float(found.weight), float(found.residual)) == pytest.approx((weight, over))


@pytest.mark.parametrize(
    ("loss", "gate"),
    [
        (functools.partial(CE_EPS, m=1e5), 1e-3 + 1e-8),
        (functools.partial(CE_EPS, m=1e8), 1),
        (functools.partial(CE_EPS, m=1e5, min_prob=None), 0),
        (functools.partial(losses.generalized_cross_entropy, q=0.5, min_prob=1e-8), 1e-8),
        (losses.mean_absolute_error, 0),
    ],
)
def test_gates(loss, gate):
    assert theory.gate(loss, 3) == pytest.approx(gate, rel=1e-8)


def test_of_two_classes_a_gate_may_lie_up_to_a_half():
    assert theory.gate(functools.partial(CE_EPS, m=4.85e7), 2) == pytest.approx(0.485, rel=1e-6)


@pytest.mark.parametrize("given", [[0.5, 1.0], 0.0, 1e-31, 1 - 1e-9, math.nan, []])
def test_probabilities_are_those_that_have_digits_enough(given):
    with pytest.raises(
        ValueError, match=r"expected probabilities from 1e-30 to 1 - 1\.5e-08, got"
    ):
        theory.example_weight(losses.cross_entropy, 3, given, predicted=True)


@pytest.mark.parametrize(
    ("dtype", "nearest", "rel"), [(jnp.float64, 1.6e-8, 1e-7), (jnp.float32, 3.6e-4, 1e-3)]
)
def test_weights_are_right_to_the_ends_of_the_range(dtype, nearest, rel):
    def loss(logits, labels):
        return losses.cross_entropy(logits.astype(dtype), labels)

    for probability, predicted in ((1e-30, False), (1 - nearest, True)):
        found = theory.example_weight(loss, 3, probability, predicted=predicted)
        assert found.weight == pytest.approx(1, rel=rel)
    with pytest.raises(ValueError, match=r"expected probabilities from 1e-30 to 1 - "):
        theory.example_weight(loss, 3, 1 - nearest / 2, predicted=True)


def test_whole_numbers_of_numpy_are_hyperparameters():
    taylor = functools.partial(losses.taylor_cross_entropy, order=np.int64(2))  # type: ignore[arg-type]
    assert theory.largest_loss(taylor, 3) == theory.largest_loss(
        functools.partial(losses.taylor_cross_entropy, order=2), 3
    )
    with pytest.raises(ValueError, match="label_probability: expected numbers, got 1 masked"):
        theory.example_weight(taylor, 3, np.ma.array([0.5], mask=True), predicted=True)


def test_losses_are_real_numbers():
    for kind, loss in {
        "complex128": lambda z, y: losses.cross_entropy(z, y).astype(complex),
        "int32": lambda z, y: losses.cross_entropy(z, y).astype(jnp.int32),
    }.items():
        with pytest.raises(TypeError, match=f"expected real floating-point values, got {kind}"):
            theory.symmetry_gap(loss, 3)


@pytest.mark.parametrize(
    "ask",
    [
        lambda loss: theory.gate(loss, 3),
        lambda loss: theory.example_weight(loss, 3, 0.1, predicted=False),
        lambda loss: theory.largest_loss(loss, 3),
        theory.variation_ratio,
        theory.all_k_calibrated,
    ],
)
def test_no_number_is_told_of_a_loss_that_is_averaged_or_nan(ask):
    with pytest.raises(ValueError, match="expected one value for each example"):
        ask(lambda z, y: losses.cross_entropy(z, y).mean())
    with pytest.raises(ValueError, match="expected finite values inside the simplex"):
        ask(lambda z, y: losses.cross_entropy(z, y) * np.nan)


def test_a_gradient_that_is_nan_opens_no_gate():
    """The branch that jnp.where does not take: the root has no slope at 0."""

    def clipped(z, y):
        over = jnp.maximum(losses.mean_absolute_error(z, y) - 3, 0)
        return jnp.where(over > 0, jnp.sqrt(over), 0)

    with pytest.raises(ValueError, match="expected a gradient at every point"):
        theory.gate(clipped, 3)
