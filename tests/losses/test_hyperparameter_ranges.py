"""One rule for numbers everywhere: inside the range, also as what the dtype makes of them."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import losses, training

LOGITS, LABELS = np.array([[2.0, 0.0, -1.0], [0.0, 1.0, 3.0]]), np.array([0, 2])


def of_logits(loss, **options):
    """Call a loss of logits; wrappers are made with their options at that time."""
    return lambda dtype: loss(**options)(LOGITS.astype(dtype), LABELS)


def bound(loss):
    return functools.partial(functools.partial, loss)


def of_layer(loss, **options):
    return lambda dtype: loss(LOGITS.astype(dtype), np.eye(3, dtype=dtype), LABELS, **options)


def activation(function):
    return lambda dtype: function(LOGITS.astype(dtype), m=1e39)


def early_learning(**options):
    return lambda dtype: losses.early_learning_regularized_cross_entropy(
        LOGITS.astype(dtype), LABELS, LABELS, losses.init_early_learning(5, 3), **options
    )[0]


def gradient_clipping(**options):
    def call(dtype):
        state = losses.init_gradient_clipping(2)
        values = np.ones(2, dtype)
        return losses.update_gradient_clipping(state, values, **options).tau

    return call


def weight_decay(dtype):
    parameters = jnp.ones(2, dtype)
    transformation = training.add_l1_weight_decay(1e39)
    return transformation.update(parameters, transformation.init(parameters), parameters)[0]


CE, MAE = losses.cross_entropy, losses.mean_absolute_error
WITH_MAE = {"alpha": 1.0, "beta": 1.0}
TOO_LARGE = {
    "dense": ("m", of_logits(bound(losses.epsilon_softmax_cross_entropy), m=1e39)),
    "array": ("m", of_logits(bound(losses.epsilon_softmax_cross_entropy), m=np.full(2, 1e39))),
    "sum by name": (
        "beta",
        of_logits(functools.partial(losses.get, "NCE+RCE"), alpha=1.0, beta=1e39),
    ),
    "weighted sum": (
        "weight of term 1",
        of_logits(lambda: losses.weighted_sum((1.0, CE), (1e39, MAE))),
    ),
    "logit bias": ("bias", of_logits(lambda: losses.with_logit_bias(CE, bias=-1e39))),
    "wrapper": ("m", of_logits(lambda: losses.with_epsilon_softmax(CE, m=1e39))),
    "activation": ("m", activation(losses.epsilon_softmax)),
    "its logarithm": ("m", activation(losses.log_epsilon_softmax)),
    "bound": ("m", lambda dtype: losses.epsilon_bound(1e39, 10)),
    "last layer": (
        "m",
        of_layer(losses.linear_epsilon_softmax_cross_entropy_with_mae, m=1e39, **WITH_MAE),
    ),
    "early learning": ("lam", early_learning(lam=1e39)),
    "gradient clipping": ("max_ratio", gradient_clipping(max_ratio=1e39)),
    "weight decay": ("weight_decay", weight_decay),
}
TOO_SMALL = {
    "dense": (
        "min_prob",
        of_logits(bound(losses.normalized_negative_cross_entropy), min_prob=1e-50),
    ),
    "below the normal range": (
        "min_target",
        of_logits(bound(losses.reverse_cross_entropy), min_target=1e-40),
    ),
    "wrapper": (
        "min_prob",
        of_logits(lambda: losses.with_epsilon_softmax(CE, m=1.0, min_prob=1e-50)),
    ),
    "last layer": (
        "min_prob",
        of_layer(losses.linear_generalized_cross_entropy, min_prob=1e-50),
    ),
    "early learning": ("min_disagreement", early_learning(min_disagreement=1e-50)),
    "gradient clipping": ("min_prob", gradient_clipping(max_ratio=2.0, min_prob=1e-50)),
    "inverse of the bound": ("epsilon", lambda dtype: losses.m_for_epsilon(1e-50, 10)),
}
TO_ONE = {
    "views": (
        "pi",
        lambda dtype: losses.generalized_jensen_shannon_loss(
            LOGITS[None].astype(dtype), LABELS, pi=1 - 1e-12
        ),
    ),
    "memory": ("beta", early_learning(beta=1 - 1e-12)),
    "pole": ("a", of_logits(bound(losses.variation_squared_error), a=1 + 1e-12)),
}
ALL = [
    pytest.param(name, became, call, id=f"{became}: {where}")
    for became, table in (("inf", TOO_LARGE), ("0.0", TOO_SMALL), ("1.0", TO_ONE))
    for where, (name, call) in table.items()
]


@pytest.mark.parametrize(("name", "became", "call"), ALL)
def test_numbers_that_the_dtype_cannot_hold(name, became, call):
    with pytest.raises(
        ValueError, match=rf"^{name}: expected .*, which is .*{became}.* in float32; choose"
    ):
        call(np.float32)
    with jax.enable_x64(True):
        assert jnp.all(jnp.isfinite(call(np.float64)))


def test_numbers_that_only_half_precision_cannot_hold_are_accepted():
    """It is computed in float32."""
    logits = LOGITS.astype(np.float16)
    values = losses.epsilon_softmax_cross_entropy(logits, LABELS, m=1e6)
    assert jnp.all(jnp.isfinite(values))


def test_where_logits_are_narrower_than_jax_they_decide():
    with jax.enable_x64(True):
        loss = losses.with_epsilon_softmax(losses.cross_entropy, m=1e39)
        with pytest.raises(ValueError, match="m: .* which is inf in float32"):
            loss(LOGITS.astype(np.float32), LABELS)
        assert jnp.all(jnp.isfinite(loss(LOGITS, LABELS)))


def test_a_bias_for_a_probability_is_computed_by_python():
    assert losses.logit_bias_for_initial_prob(2, initial_prob=1e-50) == pytest.approx(
        np.log(1e-50)
    )


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("m", losses.gate_probability),
        ("probability", losses.m_for_gate),
        ("m", lambda m: losses.with_epsilon_softmax(CE, m=m)),
        ("bias", lambda bias: losses.with_logit_bias(CE, bias=bias)),
        ("weight of term 0", lambda weight: losses.weighted_sum((weight, CE))),
        ("initial_prob", lambda p: losses.logit_bias_for_initial_prob(10, initial_prob=p)),
        ("q", lambda q: losses.generalized_cross_entropy(LOGITS, LABELS, q=q)),
        ("m", lambda m: losses.epsilon_bound(m, 10)),
        ("epsilon", lambda epsilon: losses.m_for_epsilon(epsilon, 10)),
        ("weight_decay", training.add_l1_weight_decay),
    ],
)
def test_no_numbers_and_numbers_that_no_float_can_hold(name, call):
    with pytest.raises(ValueError, match=rf"^{name}: expected .*, got an integer of 1329 bits"):
        call(10**400)
    for value in (None, [1.0], "1"):
        with pytest.raises(TypeError, match=f"^{name}: expected a real number or an array of"):
            call(value)
