"""Values and gradients: against slow formulas, against the authors' code, and identities."""

import functools
import json
import os
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.test_util import check_grads

from esoftmax_jax import losses
from tests.loss_cases import CASES

every_loss = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)

# The values and gradients that the authors' published PyTorch losses give, in float64. The
# file is not part of the project; ESOFTMAX_GOLDEN_DIR says where it is.
GOLDEN = pathlib.Path(os.environ.get("ESOFTMAX_GOLDEN_DIR", "golden"))
GOLDEN /= "official_losses.npz"


@every_loss
@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**31 - 1),
    num_classes=st.sampled_from([2, 10, 300]),
    scale=st.sampled_from([0.01, 1.0, 5.0, 20.0]),
)
def test_values_match_the_formula(case, seed, num_classes, scale):
    with jax.enable_x64(True):
        rng = np.random.default_rng(seed)
        logits = scale * rng.normal(size=(8, num_classes))
        labels = rng.integers(num_classes, size=8)
        labels[:4] = logits[:4].argmax(axis=1)
        expected = case.reference(logits, labels)
        np.testing.assert_allclose(case(logits, labels), expected, rtol=1e-10, atol=1e-13)
    single = logits.astype(np.float32)
    expected = case.reference(single, labels)
    error = np.abs(np.asarray(case(single, labels), np.float64) - expected)
    assert (error <= 1e-5 * np.maximum(1, np.abs(expected))).all()


@every_loss
def test_gradients_match_finite_differences(case):
    # Away from ties and from the floor, where the derivative does not exist.
    if case.hyperparameters.get("stop_modulator_gradient"):
        pytest.skip("its derivative is not that of its value, by definition")
    with jax.enable_x64(True):
        logits = 2 * jax.random.normal(jax.random.key(3), (6, 5), jnp.float64)
        labels = jnp.array([0, 1, 2, 3, 4, 0])
        check_grads(
            jax.jit(lambda z: case(z, labels)), (logits,), order=2, modes=["fwd", "rev"]
        )


@every_loss
def test_hessian_is_symmetric_and_agrees_in_both_modes(case):
    with jax.enable_x64(True):
        logits = jax.random.normal(jax.random.key(4), (5,), jnp.float64)
        label = jnp.array(2)
        hessian = jax.jit(jax.hessian(lambda z: case(z, label)))(logits)
        assert jnp.isfinite(hessian).all()
        reverse = jax.jit(jax.jacrev(jax.grad(lambda z: case(z, label))))(logits)
        np.testing.assert_allclose(hessian, reverse, rtol=1e-10, atol=1e-12)
        if not case.hyperparameters.get("stop_modulator_gradient"):
            np.testing.assert_allclose(hessian, hessian.T, rtol=1e-10, atol=1e-12)


def golden_cases():
    if not GOLDEN.exists():
        return []
    with np.load(GOLDEN) as data:
        entries = json.loads(str(data["index"]))
    by_name = {case.golden: case for case in CASES if case.golden}
    return [(by_name[e["loss"]], e) for e in entries if e["loss"] in by_name]


@pytest.mark.skipif(not GOLDEN.exists(), reason=f"{GOLDEN} is absent")
def test_the_golden_file_covers_every_loss_said_to_be_in_it():
    names = {entry["loss"] for _, entry in golden_cases()}
    assert names == {case.golden for case in CASES if case.golden}


@functools.cache
def compiled_value_and_grad(loss, stop_modulator_gradient):
    # Hyperparameters are arguments, so that all golden settings share a compilation.
    def total(logits, labels, numbers):
        flags = {"stop_modulator_gradient": stop_modulator_gradient}
        given = {} if stop_modulator_gradient is None else flags
        values = loss(logits, labels, **numbers, **given)
        return values.sum(), values

    def value_and_grad(*args):
        (_, values), gradient = jax.value_and_grad(total, has_aux=True)(*args)
        return values, gradient

    return jax.jit(value_and_grad)


@pytest.mark.parametrize(
    ("case", "entry"),
    golden_cases(),
    ids=lambda x: f"{x['key']}-{x['loss']}" if isinstance(x, dict) else "",
)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-6), ("float32", 1e-5)])
def test_the_authors_values_and_gradients(case, entry, dtype, tolerance):
    if entry["loss"] in ("rce", "sce"):
        tolerance = 1e-5  # the authors floor every p_k at 1e-8; K · 1e-8 · 9.21 remains
    with np.load(GOLDEN) as data:
        logits, labels = data[f"logits_{entry['K']}"], data[f"labels_{entry['K']}"]
        value, gradient = data[f"{entry['key']}_value"], data[f"{entry['key']}_grad"]
    flags = ("stop_modulator_gradient", "min_prob")
    options = {k: v for k, v in case.hyperparameters.items() if k in flags} | entry["params"]
    with jax.enable_x64(dtype == "float64"):
        stop = options.pop("stop_modulator_gradient", None)
        numbers = {k: jnp.asarray(v, dtype) for k, v in options.items()}
        ours, ours_gradient = compiled_value_and_grad(case.loss, stop)(
            jnp.asarray(logits, dtype), jnp.asarray(labels), numbers
        )
        error = np.abs(np.asarray(ours, np.float64) - value) / np.maximum(1, np.abs(value))
        gradient_error = np.abs(np.asarray(ours_gradient, np.float64) - gradient)
    assert error.max() < tolerance
    assert gradient_error.max() / np.abs(gradient).max() < tolerance


@pytest.mark.parametrize("case", [c for c in CASES if c.constant_sum], ids=lambda c: c.name)
def test_symmetric_losses_have_a_constant_sum_over_labels(case):
    logits = 3 * jax.random.normal(jax.random.key(0), (7, 6))
    every_label = [case(logits, jnp.full(7, k)) for k in range(6)]
    np.testing.assert_allclose(sum(every_label), case.constant_sum(6), rtol=1e-5)


def batch():
    logits = 3 * jax.random.normal(jax.random.key(1), (64, 7))
    return logits, jax.random.randint(jax.random.key(2), (64,), 0, 7)


def assert_same(first, second, rtol=1e-5):
    logits, labels = batch()
    np.testing.assert_allclose(
        first(logits, labels), second(logits, labels), rtol=rtol, atol=1e-6
    )
    gradients = [
        jax.jit(jax.grad(lambda z, f=f: f(z, labels).sum()))(logits) for f in (first, second)
    ]
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-4, atol=1e-5)


def with_options(loss, **options):
    return lambda logits, labels: loss(logits, labels, **options)


def test_m_zero_is_cross_entropy():
    assert_same(
        with_options(losses.epsilon_softmax_cross_entropy, m=0.0, min_prob=None),
        losses.cross_entropy,
    )


def test_gamma_zero_is_cross_entropy():
    assert_same(with_options(losses.focal_loss, gamma=0.0), losses.cross_entropy)
    assert_same(
        with_options(losses.epsilon_softmax_focal_loss, m=5.0, gamma=0.0),
        with_options(losses.epsilon_softmax_cross_entropy, m=5.0),
    )


def test_generalized_cross_entropy_between_cross_entropy_and_mae():
    assert_same(
        with_options(losses.generalized_cross_entropy, q=1e-6), losses.cross_entropy, rtol=1e-2
    )
    assert_same(
        with_options(losses.generalized_cross_entropy, q=1.0),
        lambda z, y: losses.mean_absolute_error(z, y) / 2,
    )


def test_the_fused_losses_are_the_sums_of_their_parts():
    def part(z, y, **kw):
        return losses.epsilon_softmax_cross_entropy(z, y, m=100.0, **kw)

    assert_same(
        with_options(
            losses.epsilon_softmax_cross_entropy_with_mae, m=100.0, alpha=0.3, beta=2.0
        ),
        losses.weighted_sum((0.3, part), (2.0, losses.mean_absolute_error)),
    )

    def focal_part(z, y, **kw):
        return losses.epsilon_softmax_focal_loss(z, y, m=100.0, gamma=0.5, **kw)

    assert_same(
        with_options(
            losses.epsilon_softmax_focal_loss_with_mae, m=100.0, alpha=0.3, beta=2.0, gamma=0.5
        ),
        losses.weighted_sum((0.3, focal_part), (2.0, losses.mean_absolute_error)),
    )


def test_optax_agrees_on_cross_entropy():
    import optax

    assert_same(losses.cross_entropy, optax.softmax_cross_entropy_with_integer_labels)


def test_epsilon_loss_ignores_what_it_says_it_ignores():
    # m = 1e5 and the floor 1e-8: not predicted and p_y < 1e-3 means no gradient.
    logits = jnp.array([[8.0, 0.0, 0.0]])
    gradient = jax.grad(
        lambda z: losses.epsilon_softmax_cross_entropy(z, jnp.array([1]), m=1e5).sum()
    )(logits)
    np.testing.assert_array_equal(gradient, 0)
    unclipped = jax.grad(
        lambda z: losses.epsilon_softmax_cross_entropy(
            z, jnp.array([1]), m=1e5, min_prob=None
        ).sum()
    )(logits)
    assert jnp.abs(unclipped).max() > 0.9


@pytest.mark.parametrize("m", [0.0, 1e-3, 0.99, 1.0, 1.01, 1e3, 1e5, 1e8])
@pytest.mark.parametrize("num_classes", [2, 1000])
def test_log_of_the_top_class_keeps_its_relative_precision(m, num_classes):
    # The small losses of predicted examples, −log((p + m) / (1 + m)), in float32.
    p = np.linspace(1 / num_classes, 1 - 1e-3, 50)
    logits = np.zeros((50, num_classes))
    logits[:, 0] = np.log(p) - np.log1p(-p) + np.log(num_classes - 1)
    logits = logits.astype(np.float32)
    exact = logits[:, 0].astype(np.float64)
    exact_p = 1 / (1 + (num_classes - 1) * np.exp(-exact))
    expected = -np.log1p(-(1 - exact_p) / (1 + m))
    ours = losses.epsilon_softmax_cross_entropy(
        logits, np.zeros(50, np.int32), m=m, min_prob=None
    )
    # log p itself carries a rounding of the logits' size; nothing more may be lost.
    np.testing.assert_allclose(ours, expected, rtol=5e-4 if num_classes > 2 else 2e-4)
