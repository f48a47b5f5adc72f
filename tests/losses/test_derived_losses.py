"""Losses made of losses: those of others, labels of two kinds, pickles."""

import functools
import pickle
import pydoc
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from esoftmax_jax import losses

Z = (2 * np.random.default_rng(0).normal(size=(8, 5))).astype(np.float32)
Y = np.array([0, 1, 2, 3, 4, 0, 1, 2], np.int32)
HOT = np.eye(5, dtype=np.float32)[Y]
WHERE = np.array([True, True, False, True, False, True, True, True])


def plain(logits, labels):
    """A loss of somebody else, with nothing but the two arrays."""
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels)


def test_losses_of_others_need_neither_axis_nor_where():
    ce = losses.cross_entropy
    binary = functools.partial(optax.sigmoid_focal_loss, gamma=1.0)  # one loss for each class

    @jax.jit
    def pairs():
        derived: list[Any] = [
            functools.partial(losses.with_epsilon_softmax, m=3.0),
            functools.partial(losses.with_logit_bias, bias=1.0),
            lambda loss: losses.weighted_sum((2.0, loss)),
        ]
        every = losses.per_class_loss(ce)(Z)
        narrow = losses.with_epsilon_softmax(binary, m=3.0, min_prob=None)
        return [
            *((make(plain)(Z, Y), make(ce)(Z, Y)) for make in derived),
            (losses.per_class_loss(plain)(Z), every),
            (losses.per_class_loss(plain)(Z.T, axis=0), every.T),
            (losses.expected_loss(plain)(Z, HOT), ce(Z, Y)),
            (narrow(Z, HOT), binary(losses.log_epsilon_softmax(Z, m=3.0), HOT)),
            (losses.weighted_sum((1.0, binary))(Z, HOT), binary(Z, HOT)),
        ]

    found = pairs()
    for theirs, ours in found:
        np.testing.assert_allclose(theirs, ours, rtol=1e-5)
    summed, expected = found[-1]
    np.testing.assert_allclose(summed, expected, rtol=1e-6)
    np.testing.assert_allclose(losses.checked(binary)(Z, HOT), expected, rtol=1e-6)
    np.testing.assert_allclose(losses.checked(plain)(Z, Y), ce(Z, Y), rtol=1e-5)
    with pytest.raises(TypeError, match="unexpected keyword argument 'where'"):
        losses.checked(plain)(Z, Y, where=WHERE)


@pytest.mark.parametrize("size", [8, 5])  # with as many examples as classes they broadcast
def test_losses_of_other_labels_are_told_apart(size):
    logits, labels, hot = Z[:size], Y[:size], HOT[:size]
    one_hot = optax.softmax_cross_entropy
    mixed = losses.weighted_sum((1.0, losses.cross_entropy), (1.0, one_hot))
    wrong = "softmax_cross_entropy takes labels with one entry for each class, and gets one int"
    for name, loss in (
        ("weighted_sum", mixed),
        ("with_logit_bias", losses.with_logit_bias(one_hot, bias=1.0)),
        ("per_class_loss", lambda z, y: losses.per_class_loss(one_hot)(z)),
        ("per_class_loss", lambda z, y: losses.expected_loss(one_hot)(z, hot)),
    ):
        with pytest.raises(TypeError, match=f"{name}: {wrong}"):
            jax.eval_shape(loss, logits, labels)
    with pytest.raises(TypeError, match=r"write expected_loss\(cross_entropy\) for it"):
        jax.eval_shape(mixed, logits, hot)
    soft = losses.expected_loss(losses.cross_entropy)
    each = losses.weighted_sum((1.0, soft), (1.0, optax.sigmoid_focal_loss))
    with pytest.raises(ValueError, match=rf"of one shape, got \({size},\) and \({size}, 5\)"):
        jax.eval_shape(each, logits, hot)

    @jax.jit
    def sums():
        of_soft = losses.weighted_sum((1.0, soft), (1.0, one_hot))(logits, hot)
        both = losses.weighted_sum((1.0, losses.cross_entropy), (1.0, plain))
        return (of_soft, both(logits, labels)), losses.cross_entropy(logits, labels)

    found, once = sums()
    for twice in found:
        np.testing.assert_allclose(twice, 2 * np.asarray(once), rtol=1e-5)


def derived_losses():
    ce = losses.cross_entropy
    gce = functools.partial(losses.generalized_cross_entropy, q=0.3)
    summed = losses.weighted_sum((jnp.float32(1.0), ce), (0.5, losses.checked(gce)))
    return {
        "weighted_sum": summed,
        "with_epsilon_softmax": losses.with_epsilon_softmax(gce, m=jnp.float32(2.0)),
        "with_logit_bias": losses.with_logit_bias(plain, bias=1.0),
        "checked": losses.checked(losses.get("NCE+RCE", alpha=1.0, beta=1.0)),
        "bound": functools.partial(losses.checked(losses.generalized_cross_entropy), q=0.3),
    }


def test_derived_losses_can_be_pickled(subtests):
    for name, loss in derived_losses().items():
        with subtests.test(name):
            again = pickle.loads(pickle.dumps(loss))
            np.testing.assert_array_equal(again(Z, Y), loss(Z, Y))
    every = losses.per_class_loss(losses.get("NCE+RCE", alpha=1.0, beta=1.0))
    again = pickle.loads(pickle.dumps(every))
    np.testing.assert_array_equal(again(Z, where=WHERE), every(Z, where=WHERE))
    soft = losses.expected_loss(losses.get("GCE"))
    again = pickle.loads(pickle.dumps(functools.partial(soft, axis=-1)))
    np.testing.assert_array_equal(again(Z, abs(Z)), soft(Z, label_distribution=abs(Z)))


def test_a_loss_for_every_class_has_the_logits_dtype():
    def wide(logits, labels):
        return losses.cross_entropy(logits.astype(jnp.float32), labels)

    logits = jnp.ones((2, 3), jnp.bfloat16)
    assert losses.per_class_loss(wide)(logits).dtype == jnp.bfloat16


def test_arguments_of_derived_losses():
    loss = losses.weighted_sum((1.0, losses.cross_entropy))
    with pytest.raises(
        TypeError, match="weighted_sum: expected no hyperparameters, got q; bind"
    ):
        loss(Z, Y, q=0.5)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="missing a required argument: 'labels'"):
        loss(Z)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="each argument once"):
        loss(Z, Y, labels=Y)  # type: ignore[misc]
    jitted = jax.jit(loss, static_argnames="axis")
    np.testing.assert_allclose(jitted(Z, labels=Y, axis=1), loss(Z, Y), rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "make"),
    {
        "weighted_sum": lambda loss: losses.weighted_sum((1.0, loss)),
        "with_epsilon_softmax": lambda loss: losses.with_epsilon_softmax(loss, m=2.0),
        "with_logit_bias": lambda loss: losses.with_logit_bias(loss, bias=0.0),
        "checked": losses.checked,
    }.items(),
)
def test_one_hot_losses_never_broadcast_integer_labels(name, make):
    loss = make(optax.softmax_cross_entropy)
    square, labels = np.zeros((5, 5), np.float32), np.arange(5, dtype=np.int32)
    with pytest.raises(TypeError, match=f"{name}: softmax_cross_entropy takes labels with one"):
        loss(square, labels)
    with pytest.raises(TypeError, match=f"{name}: softmax_cross_entropy takes labels with one"):
        jax.vmap(loss)(square, labels)


def test_a_derived_loss_says_what_it_is():
    gce = functools.partial(losses.generalized_cross_entropy, q=0.3)
    for loss, name in (
        (losses.expected_loss(losses.cross_entropy), "expected_loss(cross_entropy)"),
        (losses.with_logit_bias(plain, bias=1.0), "with_logit_bias(plain, bias=1.0)"),
        (
            losses.weighted_sum((0.5, losses.checked(gce))),
            "weighted_sum((0.5, checked(partial(generalized_cross_entropy, q=0.3))))",
        ),
    ):
        assert repr(loss) == name
        assert pydoc.plain(pydoc.render_doc(loss)).count(f"{name}(logits") == 1


def test_losses_that_average_over_examples():
    def averaged(logits, labels):
        return losses.cross_entropy(logits, labels).mean()

    with pytest.raises(
        ValueError, match=r"shape \(8,\), got shape \(\) of averaged; average aft"
    ):
        losses.expected_loss(averaged)(Z, HOT)
    mixed = losses.weighted_sum((1.0, losses.cross_entropy), (1.0, averaged))
    with pytest.raises(ValueError, match=r"got \(8,\) and \(\); average after the sum"):
        mixed(Z, Y)
