"""Wrong arguments: one message that says what was expected, what came and what to do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import losses
from tests.helpers.loss_cases import CASES

Z = jnp.zeros((4, 3))
Y = jnp.zeros(4, jnp.int32)

WRONG_ARRAYS = [
    (
        [[0.0, 1.0]],
        Y,
        {},
        TypeError,
        r"logits: expected a jax or numpy array, got list; .*asarray",
    ),
    (Z.astype(int), Y, {}, TypeError, r"logits: expected a floating dtype, got int32; cast"),
    (jnp.float32(1.0), Y, {}, ValueError, r"axis: expected an axis of logits of shape \(\)"),
    (Z[:, :1], Y, {}, ValueError, r"logits: expected at least 2 classes along axis -1, got 1"),
    (Z, [0, 1, 2, 0], {}, TypeError, r"labels: expected a jax or numpy array, got list"),
    (
        Z,
        np.ma.masked_array(np.zeros(4, np.int64), mask=np.arange(4) == 2),
        {},
        ValueError,
        r"labels: expected numbers, got 1 masked; leave these examples out",
    ),
    (
        np.ma.masked_array(np.array(Z), mask=np.arange(12).reshape(4, 3) == 5),
        Y,
        {},
        ValueError,
        r"logits: expected numbers, got 1 masked",
    ),
    (
        Z,
        Y.astype(float),
        {},
        TypeError,
        r"labels: expected an integer dtype, got float32; cast classes with labels.astype\(int\)",
    ),
    (
        Z,
        Z,
        {},
        TypeError,
        r"got float32; for one-hot labels pass their argmax, for soft .* expected_loss\(loss\)",
    ),
    (Z, Y > 0, {}, TypeError, r"labels: expected an integer dtype, got bool"),
    (Z, Y[:3], {}, ValueError, r"labels: expected shape \(4,\) \(logits \(4, 3\).*got \(3,\)"),
    (Z, Y[:3], {}, ValueError, r"got \(3,\); classes along another axis\? name it by axis="),
    (Z, Y[:, None], {}, ValueError, r"labels: expected shape \(4,\).*got \(4, 1\)"),
    (Z, Z.astype(int), {}, ValueError, r"got \(4, 3\); one-hot labels\? pass their argmax"),
    (
        Z,
        Y,
        {"axis": 2},
        ValueError,
        r"axis: expected an axis of logits of shape \(4, 3\), got 2",
    ),
    (
        Z,
        Y,
        {"axis": (1, 1)},
        ValueError,
        r"axis: expected different axes of logits .* \(1, 1\)",
    ),
    (Z, Y, {"axis": ()}, ValueError, r"axis: expected different axes of logits .* got \(\)"),
    (Z, Y, {"axis": (1, 0.0)}, TypeError, r"axis: expected integers, got \(1, 0.0\)"),
    (Z, Y, {"axis": 1.0}, TypeError, r"axis: expected an integer or a tuple of them, got 1.0"),
    (
        Z,
        Y,
        {"where": Y},
        TypeError,
        r"where: expected a boolean mask, got int32; pass mask > 0",
    ),
    (
        Z,
        Y,
        {"where": Z[:, :2] > 0},
        ValueError,
        r"where: expected shape \(4,\), one entry.*or \(4, 3\), one for each class\), got \(4, 2\)",
    ),
    (Z, Y, {"where": True}, TypeError, r"where: expected a jax or numpy array, got bool"),
]


@pytest.mark.parametrize(("logits", "labels", "options", "error", "message"), WRONG_ARRAYS)
def test_wrong_arrays(subtests, logits, labels, options, error, message):
    for case in CASES:
        with subtests.test(case.name), pytest.raises(error, match=message):
            case.loss(logits, labels, **case.options(3, "float32"), **options)


def test_errors_come_while_tracing(subtests):
    for case in CASES:
        wrong = pytest.raises(ValueError, match=r"labels: expected shape \(4,\)")
        with subtests.test(case.name), wrong:
            jax.jit(case)(Z, Y[:3])


EPSILON = losses.epsilon_softmax_cross_entropy
WITH_MAE = losses.epsilon_softmax_cross_entropy_with_mae
NUMBER = "expected a real number or an array of them"
WRONG_HYPERPARAMETERS = [
    (EPSILON, {}, TypeError, r"epsilon_softmax_cross_entropy\(\): missing a required .*'m'"),
    (EPSILON, {"m": 1.0, "k": 2}, TypeError, r"unexpected keyword argument 'k'"),
    (EPSILON, {"m": -1.0}, ValueError, r"m: expected a finite value in \[0, inf\), got -1.0"),
    (EPSILON, {"m": jnp.array(-1.0)}, ValueError, r"m: expected a finite value in \[0, inf\)"),
    (EPSILON, {"m": float("inf")}, ValueError, r"m: expected a finite value in .*got inf"),
    (EPSILON, {"m": float("nan")}, ValueError, r"m: expected a finite value in .*got nan"),
    (EPSILON, {"m": "big"}, TypeError, f"m: {NUMBER}, got 'big'"),
    (EPSILON, {"m": True}, TypeError, f"m: {NUMBER}, got True"),
    (EPSILON, {"m": Y > 0}, TypeError, f"m: {NUMBER}, got an array of bool"),
    (EPSILON, {"m": None}, TypeError, f"m: {NUMBER}, got None"),
    (
        EPSILON,
        {"m": jnp.ones(3)},
        ValueError,
        r"m: expected a scalar or .* \(4,\), got shape \(3,\)",
    ),
    (
        EPSILON,
        {"m": 1.0, "min_prob": 0.0},
        ValueError,
        r"min_prob: .*in \(0, 1\) or None, got 0.0",
    ),
    (
        EPSILON,
        {"m": 1.0, "min_prob": 2.0},
        ValueError,
        r"min_prob: .*in \(0, 1\) or None, got 2.0",
    ),
    (WITH_MAE, {"m": 1, "alpha": -1, "beta": 1}, ValueError, r"alpha: expected .*got -1"),
    (WITH_MAE, {"m": 1, "alpha": 1, "beta": -2}, ValueError, r"beta: expected .*got -2"),
    (losses.focal_loss, {"gamma": -0.5}, ValueError, r"gamma: expected .*\[0, inf\), got -0.5"),
    (
        losses.focal_loss,
        {"stop_modulator_gradient": 1},
        TypeError,
        r"stop_modulator_gradient: expected True or False, got 1",
    ),
    (losses.generalized_cross_entropy, {"q": 0.0}, ValueError, r"q: .*in \(0, 1\], got 0.0"),
    (losses.generalized_cross_entropy, {"q": 1.5}, ValueError, r"q: .*in \(0, 1\], got 1.5"),
    (
        losses.reverse_cross_entropy,
        {"min_target": 1.0},
        ValueError,
        r"min_target: .*in \(0, 1\)",
    ),
    (losses.symmetric_cross_entropy, {"alpha": 1.0}, TypeError, r"missing a required .*'beta'"),
    (
        losses.asymmetric_generalized_cross_entropy,
        {"a": 0.0, "q": 1.0},
        ValueError,
        r"a: expected a finite value in \(0, inf\), got 0.0",
    ),
    (
        losses.asymmetric_unhinged_loss,
        {"a": 1.0, "q": 1.0},
        ValueError,
        r"a: expected a finite value in \(1, inf\), got 1.0",
    ),
    (losses.asymmetric_mean_squared_error, {"a": 0.5}, ValueError, r"a: .*\[1, inf\), got 0.5"),
    (losses.partially_huberised_cross_entropy, {"tau": 1.0}, ValueError, r"tau: .*\(1, inf\)"),
    (losses.temperature_softmax_cross_entropy, {"tau": 0}, ValueError, r"tau: .*\(0, inf\)"),
    (losses.logit_clip_cross_entropy, {"delta": -1.0}, ValueError, r"delta: .*got -1.0"),
    (losses.ldr_kl_loss, {"lam": 0.0}, ValueError, r"lam: .*\(0, inf\), got 0.0"),
    (losses.jensen_shannon_loss, {"pi": 1.0}, ValueError, r"pi: .*\(0, 1\), got 1.0"),
    (losses.bi_tempered_loss, {"t1": 1.5}, ValueError, r"t1: .*\[0, 1\], got 1.5"),
    (losses.bi_tempered_loss, {"t2": 0.5}, ValueError, r"t2: .*\[1, 4\], got 0.5"),
    (
        losses.taylor_cross_entropy,
        {"order": 0},
        ValueError,
        r"order: expected an integer in \[1, 64\], got 0",
    ),
    (
        losses.taylor_cross_entropy,
        {"order": 2.0},
        TypeError,
        r"order: expected a Python integer",
    ),
    (losses.negative_learning_loss, {}, TypeError, r"missing a required .*'key'"),
    (
        losses.negative_learning_loss,
        {"key": 0},
        TypeError,
        r"key: expected a key from jax.random.key\(seed\), got 0",
    ),
    (
        losses.negative_learning_loss,
        {"key": jax.random.split(jax.random.key(0))},
        ValueError,
        r"key: expected one key, got keys of shape \(2,\)",
    ),
    (
        losses.forward_corrected_cross_entropy,
        {"transition_matrix": jnp.eye(2)},
        ValueError,
        r"transition_matrix: expected shape \(3, 3\), one row for each true class, got \(2, 2\)",
    ),
    (
        losses.backward_corrected_cross_entropy,
        {"transition_matrix": 2 * jnp.eye(3)},
        ValueError,
        r"transition_matrix: expected rows of probabilities .* row sums from 2 to 2",
    ),
    (
        losses.normalized_negative_cross_entropy,
        {"min_prob": None},
        TypeError,
        r"min_prob: expected a real number",
    ),
]


@pytest.mark.parametrize(("loss", "options", "error", "message"), WRONG_HYPERPARAMETERS)
def test_wrong_hyperparameters(loss, options, error, message):
    with pytest.raises(error, match=message):
        loss(Z, Y, **options)


def test_values_for_each_example_are_checked_when_a_loss_is_got():
    for name, given, error, message in (
        (
            "GCE",
            {"q": np.array([2.0, 0.5])},
            ValueError,
            r"q: expected a finite value in \(0, 1\]",
        ),
        (
            "GCE",
            {"q": jnp.array([True, True])},
            TypeError,
            "q: expected a real number or an array",
        ),
        ("CE_eps", {"m": [1, 2]}, TypeError, r"m: expected a real number .*, got \[1, 2\]"),
        ("SCE", {"alpha": np.array([0.1, 1.0]), "beta": -1.0}, ValueError, "beta: expected"),
    ):
        with pytest.raises(error, match=message):
            losses.get(name, **given)
    values = losses.get("GCE", q=np.array([0.2, 0.5]))(jnp.zeros((2, 4)), jnp.array([0, 1]))
    np.testing.assert_allclose(values, [(1 - 0.25**q) / q for q in (0.2, 0.5)], rtol=1e-6)


def test_wrong_terms_of_a_weighted_sum():
    with pytest.raises(ValueError, match="expected at least one"):
        losses.weighted_sum()
    with pytest.raises(TypeError, match=r"expected \(weight, loss\) pairs, got .* as term 1"):
        losses.weighted_sum((1.0, losses.cross_entropy), losses.cross_entropy)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="weight of term 0: expected .*got -1"):
        losses.weighted_sum((-1.0, losses.cross_entropy))


def test_checked_names_the_first_bad_label_and_logit():
    loss = losses.checked(losses.cross_entropy)
    with pytest.raises(
        ValueError, match=r"labels: expected classes in \[0, 3\), got 7 \(2 of 4"
    ):
        loss(Z, jnp.array([0, 7, -1, 2]))
    with pytest.raises(
        ValueError, match=r"logits: expected finite values, got nan \(1 of 12\)"
    ):
        loss(Z.at[1, 2].set(jnp.nan), Y)
    with pytest.raises(ValueError, match=r"logits: .*got -inf .*allow_masked_classes=True$"):
        loss(Z.at[1, 2].set(-jnp.inf), Y)
    with pytest.raises(TypeError, match="checked: expected a loss function, got 3"):
        losses.checked(3)  # type: ignore[arg-type]


def test_checked_lets_good_and_masked_examples_pass():
    loss = losses.checked(losses.cross_entropy)
    np.testing.assert_array_equal(loss(Z, Y), losses.cross_entropy(Z, Y))
    where = jnp.array([True, False, True, True])
    assert loss(Z.at[1].set(jnp.nan), Y.at[1].set(-100), where=where)[1] == 0
    relaxed = losses.checked(losses.cross_entropy, allow_masked_classes=True)
    assert jnp.isfinite(relaxed(Z.at[1, 2].set(-jnp.inf), Y)).all()
    with pytest.raises(ValueError, match="got inf"):
        relaxed(Z.at[1, 2].set(jnp.inf), Y)


def test_checked_under_transformations():
    from jax.experimental import checkify

    loss = losses.checked(losses.cross_entropy)
    gradient = jax.grad(lambda z, y: loss(z, y).sum())
    np.testing.assert_allclose(
        gradient(Z, Y), jax.grad(lambda z: losses.cross_entropy(z, Y).sum())(Z)
    )
    with pytest.raises(ValueError, match="got 9"):
        gradient(Z, Y.at[0].set(9))
    step = checkify.checkify(jax.jit(gradient))
    error, _ = step(Z, Y)
    assert error.get() is None
    error, _ = step(Z, Y.at[0].set(9))
    assert "labels: expected classes in [0, 3), got 9 (1 of 4 examples)" in str(error.get())
    with pytest.raises(ValueError, match="not functionalized"):
        jax.jit(gradient)(Z, Y)
