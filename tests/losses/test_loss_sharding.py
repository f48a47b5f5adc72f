"""Every loss on batches that a mesh splits over devices: equal to one device."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import checkify
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from esoftmax_jax import losses
from tests.helpers.linear_cases import PAIRS
from tests.helpers.loss_cases import named_losses
from tests.losses.test_loss_programs import EVERY, batch, value_and_gradient

NAMED = named_losses(5)
TOKENS = PartitionSpec("data", "sequence")
KEPT = np.arange(16).reshape(4, 4) % 3 != 0


def mesh_of(kind):
    return jax.make_mesh((4, 2), ("data", "sequence"), axis_types=(kind, kind))


def split(mesh, array, *names):
    return jax.device_put(array, NamedSharding(mesh, PartitionSpec(*names)))


def split_batch(mesh):
    logits, labels = batch((4, 4))
    return split(mesh, logits, *TOKENS), split(mesh, labels, *TOKENS)


def test_every_loss_and_its_gradient_are_typed_as_the_batch_is_split(subtests):
    """Traced: a type says how an array is split, and a mistake is a wrong type."""
    mesh = mesh_of(AxisType.Explicit)
    with jax.set_mesh(mesh):
        logits, labels = split_batch(mesh)
        for name, loss in EVERY.items():
            with subtests.test(name):
                masked = functools.partial(loss, where=KEPT)
                values, gradient = value_and_gradient(masked).trace(logits, labels).out_info
                assert gradient.sharding.spec == PartitionSpec(*TOKENS, None)
                if values.ndim == 2:
                    assert values.sharding.spec == TOKENS


def several(logits, labels):
    """Return a loss of each kind of arithmetic, and one setting for each example."""
    q = jnp.linspace(0.2, 0.8, logits.shape[1])
    parts = [
        losses.get("Bi-Tempered", t2=1.3)(logits, labels, where=jnp.asarray(KEPT)),
        losses.generalized_cross_entropy(logits, labels, q=q),
        NAMED["Forward"](logits, labels),
        NAMED["Backward"](logits, labels),
        NAMED["NFL+RCE"](logits, labels),
        EVERY["linear CE_eps+MAE"](logits, labels),
    ]
    return sum(parts)


@functools.cache
def of_several_on_one_device():
    return value_and_gradient(several)(*batch((4, 4)))


@pytest.mark.parametrize("kind", [AxisType.Explicit, AxisType.Auto])
def test_values_and_gradients_are_those_of_one_device(kind):
    mesh = mesh_of(kind)
    with jax.set_mesh(mesh):
        got = value_and_gradient(several)(*split_batch(mesh))
    for found, exact in zip(got, of_several_on_one_device(), strict=True):
        assert len(found.sharding.device_set) == 8
        np.testing.assert_allclose(found, exact, rtol=2e-5, atol=2e-6)


def test_the_last_layer_learns_its_kernel_from_tokens_on_all_devices():
    fused, _ = PAIRS["CE"]
    kernel = jax.random.normal(jax.random.key(1), (5, 7))

    def total(kernel, bias, hidden, labels):
        return fused(hidden, kernel, labels, bias=bias, chunk_size=3).sum()

    gradient = jax.jit(jax.grad(total, (0, 1)))
    expected = gradient(kernel, jnp.arange(7.0), *batch((4, 4)))
    mesh = mesh_of(AxisType.Explicit)
    with jax.set_mesh(mesh):
        got = gradient(kernel, jnp.arange(7.0), *split_batch(mesh))
    for found, exact in zip(got, expected, strict=True):
        np.testing.assert_allclose(found, exact, rtol=2e-5, atol=1e-5)


def test_labels_may_be_split_where_logits_are_not():
    logits, labels = batch((4, 4))
    loss = losses.normalized_cross_entropy
    expected = value_and_gradient(loss)(logits, labels)
    mesh = mesh_of(AxisType.Explicit)
    with jax.set_mesh(mesh):
        got = value_and_gradient(loss)(split(mesh, logits), split(mesh, labels, *TOKENS))
    for found, exact in zip(got, expected, strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-6)


def test_what_a_nearly_certain_token_still_learns_keeps_its_digits_on_every_mesh():
    """With two tokens on a device the same product rounds differently in the two passes."""
    generator = np.random.default_rng(3)
    hidden = 3 * generator.normal(size=(8, 6)).astype(np.float32)
    kernel = generator.normal(size=(6, 10)).astype(np.float32)
    logits = hidden.astype(np.float64) @ kernel
    labels = logits.argmax(1)
    probs = np.exp(logits - logits.max(1, keepdims=True))
    probs /= probs.sum(1, keepdims=True)
    exact = (probs - np.eye(10)[labels]) @ kernel.T
    mesh = mesh_of(AxisType.Explicit)

    def total(hidden, kernel):
        return losses.linear_cross_entropy(hidden, kernel, labels, chunk_size=4).sum()

    with jax.set_mesh(mesh):
        found, _ = jax.grad(total, (0, 1))(split(mesh, hidden, "data"), kernel)
    rest = 1 - probs.max(1)
    tolerance = 1e-5 + 2e-7 / rest  # what is left of 1 − p_y in float32
    errors = np.abs(found - exact).max(1) / np.abs(exact).max(1)
    assert tolerance.min() < 2e-5
    np.testing.assert_array_less(errors, tolerance)


@pytest.mark.parametrize("kind", [AxisType.Explicit, AxisType.Auto])
def test_losses_with_a_state_are_those_of_one_device(kind):
    logits, labels = batch((16,))
    ids = jnp.asarray(np.random.default_rng(0).permutation(16))
    kept = jnp.arange(16) % 3 != 0

    def updated(logits, labels, ids, kept):
        memory = losses.init_early_learning(16, logits.shape[1])
        values, memory = losses.early_learning_regularized_cross_entropy(
            logits, labels, ids, memory, where=kept
        )
        clipping = losses.init_gradient_clipping(16)
        plain = losses.cross_entropy(logits, labels)
        return (
            values,
            memory,
            losses.update_gradient_clipping(clipping, plain, max_ratio=2.0, where=kept),
        )

    expected = updated(logits, labels, ids, kept)
    mesh = jax.make_mesh((8,), ("data",), axis_types=(kind,))
    with jax.set_mesh(mesh):
        found = updated(*(split(mesh, x, "data") for x in (logits, labels, ids, kept)))
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=1e-5, atol=1e-6)


def test_checked_looks_at_the_whole_of_a_split_batch():
    loss = losses.checked(losses.cross_entropy)
    mesh = mesh_of(AxisType.Explicit)
    with jax.set_mesh(mesh):
        logits, labels = split_batch(mesh)
        np.testing.assert_array_equal(
            loss(logits, labels), losses.cross_entropy(logits, labels)
        )
        bad = np.where(KEPT, labels, 9 + np.arange(16).reshape(4, 4))
        first, wrong = bad[0, 0], split(mesh, bad, *TOKENS)
        with pytest.raises(ValueError, match=rf"in \[0, 5\), got {first} \(6 of 16 examples"):
            loss(logits, wrong)
        assert jnp.isfinite(loss(logits, wrong, where=split(mesh, KEPT, *TOKENS))).all()
        step = checkify.checkify(jax.jit(jax.grad(lambda z, y: loss(z, y).sum())))
        assert f"got {first}" in str(step(logits, wrong)[0].get())


def test_classes_over_devices_belong_to_the_last_layer():
    mesh = jax.make_mesh((8,), ("classes",), axis_types=(AxisType.Explicit,))
    with jax.set_mesh(mesh):
        logits = split(mesh, jnp.ones((4, 8)), None, "classes")
        labels = jnp.zeros(4, jnp.int32)
        message = (
            r"axis . split over 'classes'; .* linear_\* loss with axis_name= inside shard_map"
        )
        for loss in (
            losses.cross_entropy,
            losses.checked(losses.cross_entropy),
            losses.with_epsilon_softmax(losses.cross_entropy, m=1.0),
            losses.get("NCE+RCE", alpha=1.0, beta=1.0),
            lambda z, y: losses.generalized_jensen_shannon_loss(z[None], y),
        ):
            with pytest.raises(ValueError, match=message):
                loss(logits, labels)
        kernel = split(mesh, jnp.ones((3, 8)), None, "classes")
        with pytest.raises(ValueError, match=r"kernel: expected the whole of it .*axis_name="):
            losses.linear_cross_entropy(jnp.ones((4, 3)), kernel, labels)
