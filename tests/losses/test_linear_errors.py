"""Wrong arguments to the losses of a last layer: one message that says what to do."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import losses
from esoftmax_jax.losses._linear import losses as linear
from tests.helpers.linear_cases import CE, EPSILON, GCE, PAIRS

H, W, Y = jnp.zeros((4, 3)), jnp.zeros((3, 7)), jnp.zeros(4, jnp.int32)
WRONG_ARRAYS = [
    (
        [[0.0]],
        W,
        Y,
        {},
        TypeError,
        r"hidden: expected a jax or numpy array, got list; .*asarray",
    ),
    (H.astype(int), W, Y, {}, TypeError, r"hidden: expected a floating dtype, got int32; cast"),
    (
        jnp.float32(0),
        W,
        Y,
        {},
        ValueError,
        r"hidden: expected shape \(\.\.\., D\), got a scalar",
    ),
    (H, 1.0, Y, {}, TypeError, r"kernel: expected a jax or numpy array, got float"),
    (H, W > 0, Y, {}, TypeError, r"kernel: expected a floating dtype, got bool"),
    (H, W[0], Y, {}, ValueError, r"kernel: expected shape \(3, K\) for hidden .*, got \(7,\)"),
    (H, W[:2], Y, {}, ValueError, r"kernel: expected shape \(3, K\).*got \(2, 7\) \(an embed"),
    (H, W.T, Y, {}, ValueError, r"kernel: .*got \(7, 3\); pass kernel\.T"),
    (
        H,
        W[:, :1],
        Y,
        {},
        ValueError,
        r"kernel: expected at least 2 classes along axis 1, got 1",
    ),
    (H, W, [0] * 4, {}, TypeError, r"labels: expected a jax or numpy array, got list"),
    (H, W, Y.astype(float), {}, TypeError, r"labels: expected an integer dtype, got float32"),
    (
        H,
        W,
        Y[:3],
        {},
        ValueError,
        r"labels: expected shape \(4,\) \(hidden \(4, 3\).*got \(3,\)",
    ),
    (H, W, Y, {"bias": 0.0}, TypeError, r"bias: expected a jax or numpy array, got float"),
    (H, W, Y, {"bias": W[:, 0]}, ValueError, r"bias: expected shape \(7,\).*got \(3,\)"),
    (H, W, Y, {"bias": Y}, TypeError, r"bias: expected a floating dtype, got int32"),
    (H, W, Y, {"where": Y}, TypeError, r"where: expected a boolean mask, got int32"),
    (H, W, Y, {"where": H > 0}, ValueError, r"where: expected shape \(4,\).*got \(4, 3\)"),
    (H, W, Y, {"chunk_size": 0}, ValueError, r"chunk_size: expected at least 1 class, got 0"),
    (
        H,
        W,
        Y,
        {"chunk_size": 2.0},
        TypeError,
        r"chunk_size: expected a Python integer, got 2.0",
    ),
    (
        H,
        W,
        Y,
        {"chunk_size": True},
        TypeError,
        r"chunk_size: expected a Python integer, got True",
    ),
    (H, W, Y, {"axis_name": 3}, TypeError, r"axis_name: expected the name .* got 3"),
    (H, W, Y, {"axis": -1}, TypeError, r"got an unexpected keyword argument 'axis'"),
]


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize(
    ("hidden", "kernel", "labels", "options", "error", "message"), WRONG_ARRAYS
)
def test_wrong_arrays(name, hidden, kernel, labels, options, error, message):
    with pytest.raises(error, match=message):
        PAIRS[name][0](hidden, kernel, labels, **options)


def test_errors_come_while_tracing():
    with pytest.raises(ValueError, match=r"labels: expected shape \(4,\)"):
        jax.jit(CE)(H, W, Y[:3])


def test_an_axis_that_is_not_there():
    with pytest.raises(NameError, match="classes"):
        CE(H, W, Y, axis_name="classes")


WRONG_HYPERPARAMETERS = [
    (GCE, {"q": 0.0}, ValueError, r"q: expected a finite value in \(0, 1\], got 0.0"),
    (
        GCE,
        {"min_prob": 1.0},
        ValueError,
        r"min_prob: expected a finite value in \(0, 1\) or None",
    ),
    (EPSILON, {"m": -1.0}, ValueError, r"m: expected a finite value in \[0, inf\), got -1.0"),
    (EPSILON, {"alpha": "1"}, TypeError, r"alpha: expected a real number"),
    (
        EPSILON,
        {"beta": jnp.zeros(3)},
        ValueError,
        r"beta: .*broadcasts to the examples' \(4,\)",
    ),
    (
        linear.linear_epsilon_softmax_cross_entropy_with_mae,
        {},
        TypeError,
        r"linear_epsilon_softmax_cross_entropy_with_mae\(\): missing a required .*'m'",
    ),
]


@pytest.mark.parametrize(("loss", "options", "error", "message"), WRONG_HYPERPARAMETERS)
def test_wrong_hyperparameters(loss, options, error, message):
    with pytest.raises(error, match=message):
        loss(H, W, Y, **options)


def test_losses_in_float32_beside_hidden_states_of_half_precision():
    hidden, kernel = jnp.ones((2, 3), jnp.bfloat16), jnp.eye(3, 5, dtype=jnp.bfloat16)
    labels = jnp.array([0, 4])
    wide = losses.linear_cross_entropy(hidden, kernel, labels, loss_dtype=jnp.float32)
    assert wide.dtype == jnp.float32
    logits = jnp.array([1.0, 1.0, 1.0, 0.0, 0.0])
    expected = jax.nn.logsumexp(logits) - logits[labels]
    np.testing.assert_allclose(wide, expected, rtol=1e-6)
    assert losses.linear_cross_entropy(hidden, kernel, labels).dtype == jnp.bfloat16
    wrong: list[Any] = [jnp.int32, "foo", 3]
    for dtype in wrong:
        with pytest.raises(TypeError, match=r"loss_dtype: expected a floating dtype such as"):
            losses.linear_cross_entropy(hidden, kernel, labels, loss_dtype=dtype)
    with pytest.raises(TypeError, match=r"loss_dtype: expected .*32 bits, got float64; switch"):
        losses.linear_cross_entropy(hidden, kernel, labels, loss_dtype=jnp.float64)
