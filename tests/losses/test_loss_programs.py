"""Every loss in programs of a special kind: batches of symbolic size.

Traced, not compiled, but for a few.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import export

from esoftmax_jax import losses
from tests.helpers.linear_cases import PAIRS
from tests.helpers.loss_cases import named_losses

K = 5
EYE = np.eye(K, dtype=np.float32) + np.float32(0.1)
CE = losses.cross_entropy


def soft(loss):
    def expected(logits, labels, **options):
        hot = jax.nn.one_hot(labels, K, dtype=logits.dtype)
        return losses.expected_loss(loss)(logits, hot, **options)

    return expected


# Whatever takes (logits, labels); the last layer is given its kernel.
WRAPPERS = {
    "weighted_sum": losses.weighted_sum((0.5, CE), (2.0, losses.mean_absolute_error)),
    "with_epsilon_softmax": losses.with_epsilon_softmax(CE, m=10.0),
    "with_logit_bias": losses.with_logit_bias(CE, bias=1.0),
    "expected_loss": soft(losses.generalized_cross_entropy),
    "expected_loss of another": soft(losses.with_logit_bias(CE, bias=1.0)),
    "per_class_loss": lambda z, y, **options: losses.per_class_loss(CE)(z, **options),
    "views": lambda z, y, **options: losses.generalized_jensen_shannon_loss(
        jnp.stack([z, -z]), y, **options
    ),
    "entropy_regularizer": lambda z, y, **options: losses.entropy_regularizer(z, **options),
}
LINEAR = {
    f"linear {name}": functools.partial(
        lambda fused, z, y, **options: fused(
            z, EYE, y, bias=jnp.arange(5.0), chunk_size=3, **options
        ),
        fused,
    )
    for name, (fused, _) in PAIRS.items()
}
EVERY = named_losses(K) | WRAPPERS | LINEAR


def value_and_gradient(loss):
    """Return values and the gradient of their sum, in one program."""

    def both(logits, labels):
        def total(logits):
            values = loss(logits, labels)
            return values.sum(), values

        (_, values), gradient = jax.value_and_grad(total, has_aux=True)(logits)
        return values, gradient

    return jax.jit(both)


def batch(shape):
    keys = jax.random.split(jax.random.key(0))
    logits = 2 * jax.random.normal(keys[0], (*shape, K))
    return logits, jax.random.randint(keys[1], shape, 0, K)


def symbolic_batch(dimensions):
    sizes = export.symbolic_shape(dimensions)
    return (
        jax.ShapeDtypeStruct((*sizes, K), jnp.float32),
        jax.ShapeDtypeStruct(sizes, jnp.int32),
    )


def test_every_loss_and_its_gradient_take_a_symbolic_batch_and_sequence(subtests):
    logits, labels = symbolic_batch("batch, sequence")

    @jax.jit
    def every(logits, labels):
        return {name: value_and_gradient(loss)(logits, labels) for name, loss in EVERY.items()}

    exported = export.export(every)(logits, labels)
    results = jax.tree.unflatten(exported.out_tree, exported.out_avals)
    for name, (_, gradient) in results.items():
        with subtests.test(name):
            assert (gradient.shape, gradient.dtype) == (logits.shape, logits.dtype)


def test_a_program_of_symbolic_size_gives_what_the_loss_gives():
    chosen = losses.weighted_sum(
        (1.0, functools.partial(losses.generalized_cross_entropy, q=jnp.array(0.6))),
        (2.0, losses.with_epsilon_softmax(CE, m=3.0)),
    )
    program = value_and_gradient(chosen)
    got = export.export(program)(*symbolic_batch("batch")).call(*batch((6,)))
    for found, expected in zip(got, program(*batch((6,))), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_a_hyperparameter_for_each_example_of_a_symbolic_batch():
    logits, labels = symbolic_batch("batch, sequence")

    def loss(logits, labels, q):
        return losses.generalized_cross_entropy(logits, labels, q=q)

    for shape in (labels.shape, labels.shape[1:], (1, labels.shape[1])):
        q = jax.ShapeDtypeStruct(shape, jnp.float32)
        exported = export.export(jax.jit(loss))(logits, labels, q)
        assert exported.out_avals[0].shape == labels.shape
