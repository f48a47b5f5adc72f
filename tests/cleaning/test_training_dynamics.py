"""Evidence about labels, gathered while a network trains."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from esoftmax_jax import cleaning
from tests.tensors import Tensor

LABELS = np.array([0, 1, 2, 1])
EPOCHS = np.array(
    [
        [[2, 0, -1], [2, 0, -1], [0, 3, 0], [0, 1, 0]],
        [[1, 0, -1], [0, 2, 1], [1, 0, 0], [0, 0, 4]],
        [[3, 0, 1], [5, 0, -1], [2, 0, 1], [0, 2, 0]],
    ],
    np.float32,
)


def gathered(epochs=EPOCHS, labels=LABELS):
    dynamics = cleaning.init_training_dynamics(len(labels), epochs.shape[-1])
    for logits in epochs:
        dynamics = dynamics.update(logits, labels)
    return dynamics


def assert_same(one, other, rtol=0.0):
    for left, right in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(left, right, rtol=rtol, atol=rtol)


def test_the_evidence_of_three_epochs():
    dynamics = gathered()
    margins = [[2, -2, -3, 1], [1, 1, -1, -4], [2, -5, -1, 2]]
    np.testing.assert_allclose(dynamics.mean_margins, np.mean(margins, axis=0), rtol=1e-7)
    np.testing.assert_array_equal(dynamics.last_margins, margins[-1])
    np.testing.assert_array_equal(dynamics.disagreements, [0, 2, 3, 1])
    np.testing.assert_array_equal(dynamics.updates, [3, 3, 3, 3])
    # Example 1: classes 0, 2, 0; example 2: 1, 0, 0; example 3: 0 and 2 once, 0 of a tie.
    np.testing.assert_array_equal(dynamics.suggestions, [1, 0, 0, 0])
    np.testing.assert_array_equal(dynamics.votes[1], [2, 0, 1])
    probabilities = np.exp(EPOCHS) / np.exp(EPOCHS).sum(axis=2, keepdims=True)
    of_labels = np.take_along_axis(probabilities, LABELS[None, :, None], axis=2)[..., 0]
    np.testing.assert_allclose(dynamics.mean_probabilities, of_labels.mean(axis=0), rtol=1e-6)


def test_the_ranking_begins_with_the_least_mean_margin():
    ranking = gathered().ranking()
    assert ranking.indices.tolist() == [1, 2, 3, 0]
    assert ranking.suggestions.tolist() == [0, 0, 0, 1]
    np.testing.assert_allclose(ranking.margins, [-2, -5 / 3, -1 / 3, 5 / 3], rtol=1e-6)
    assert ranking.num_suspects == 3
    assert isinstance(ranking.indices, np.ndarray)


def test_shuffled_mini_batches_gather_what_whole_epochs_do():
    dynamics = cleaning.init_training_dynamics(4, 3)
    for logits, order in zip(EPOCHS, ([3, 1, 0, 2], [0, 2, 1, 3], [2, 3, 1, 0]), strict=True):
        for batch in np.split(np.array(order), 2):
            dynamics = dynamics.update(logits[batch], LABELS[batch], indices=batch)
    assert_same(dynamics, gathered())


def test_padding_is_left_out():
    batch, real = np.array([1, 3, 0]), np.array([True, True, False])
    empty = cleaning.init_training_dynamics(4, 3)
    padded = empty.update(EPOCHS[0][batch], LABELS[batch], indices=batch, where=real)
    assert_same(
        padded, empty.update(EPOCHS[0][batch[:2]], LABELS[batch[:2]], indices=batch[:2])
    )
    np.testing.assert_array_equal(padded.updates, [0, 1, 0, 1])
    whole = empty.update(EPOCHS[0], LABELS, where=np.array([False, True, False, True]))
    assert_same(whole, padded)


def test_an_example_that_is_drawn_twice_counts_twice():
    batch = np.array([2, 2])
    empty = cleaning.init_training_dynamics(4, 3)
    twice = empty.update(EPOCHS[:2, 2], LABELS[batch], indices=batch)
    np.testing.assert_allclose(twice.mean_margins[2], -2.0)
    np.testing.assert_array_equal(twice.updates, [0, 0, 2, 0])
    np.testing.assert_array_equal(twice.votes[2], [1, 1, 0])


def test_what_was_never_seen_is_known_to_be_unknown():
    dynamics = cleaning.init_training_dynamics(4, 3)
    dynamics = dynamics.update(EPOCHS[0][:1], LABELS[:1], indices=np.array([2]))
    for values in (dynamics.mean_margins, dynamics.mean_probabilities):
        np.testing.assert_array_equal(np.isnan(values), [True, True, False, True])
    np.testing.assert_array_equal(dynamics.last_margins, [0, 0, 2, 0])
    np.testing.assert_array_equal(dynamics.suggestions, [-1, -1, 1, -1])
    ranking = dynamics.ranking()
    assert ranking.indices.tolist() == [2, 0, 1, 3]
    assert ranking.num_suspects == 0


def test_the_same_inside_scan_and_jit():
    empty = cleaning.init_training_dynamics(4, 3)
    order = jnp.array([[3, 1, 0, 2], [0, 2, 1, 3], [2, 3, 1, 0]])
    logits = jnp.take_along_axis(jnp.asarray(EPOCHS), order[..., None], axis=1)

    @jax.jit
    def scanned(dynamics):
        def step(dynamics, batch):
            rows, scores, labels = batch
            return dynamics.update(scores, labels, indices=rows), None

        return jax.lax.scan(step, dynamics, (order, logits, jnp.asarray(LABELS)[order]))[0]

    assert_same(scanned(empty), gathered(), rtol=1e-6)


@pytest.mark.parametrize("kind", [AxisType.Explicit, AxisType.Auto])
def test_batches_on_a_mesh_are_those_of_one_device(kind):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(16, 3)).astype(np.float32)
    labels, places = rng.integers(3, size=16), rng.permutation(16)
    expected = cleaning.init_training_dynamics(16, 3).update(logits, labels, indices=places)
    mesh = jax.make_mesh((8,), ("data",), axis_types=(kind,))
    with jax.set_mesh(mesh):
        split = NamedSharding(mesh, PartitionSpec("data"))
        batch = [jax.device_put(x, split) for x in (logits, labels, places)]
        start = cleaning.init_training_dynamics(16, 3)
        found = start.update(batch[0], batch[1], indices=batch[2])
    assert_same(found, expected, rtol=1e-6)


def test_masked_padding_may_have_any_index():
    given = np.ones((2, 2), np.float32), np.array([0, -1])
    options = {"indices": np.array([2, -1]), "where": np.array([True, False])}
    found = cleaning.init_training_dynamics(3, 2).update(*given, **options)
    np.testing.assert_array_equal(found.updates, [0, 0, 1])
    with pytest.raises(ValueError, match=r"indices: expected places in \[0, 3\), got -1"):
        cleaning.init_training_dynamics(3, 2).update(*given, indices=options["indices"])


def test_searching_for_nan_is_not_stopped():
    with jax.debug_nans(True):
        dynamics = cleaning.init_training_dynamics(4, 3)
        dynamics = dynamics.update(EPOCHS[0][:1], LABELS[:1], indices=np.array([2]))
    assert dynamics.updates.tolist() == [0, 0, 1, 0]


def test_a_label_that_is_no_class_is_refused_unless_it_is_masked():
    empty, labels = cleaning.init_training_dynamics(4, 3), np.array([0, 3, -1, 1])
    with pytest.raises(ValueError, match=r"^labels: expected classes in \[0, 3\), got 3; mask"):
        empty.update(EPOCHS[0], labels)
    masked = empty.update(EPOCHS[0], labels, where=np.array([True, False, False, True]))
    assert masked.updates.tolist() == [1, 0, 0, 1]


def test_an_index_outside_is_left_out_where_values_are_unknown():
    update = jax.jit(lambda old, rows: old.update(EPOCHS[0][:3], LABELS[:3], indices=rows))
    dynamics = update(cleaning.init_training_dynamics(4, 3), jnp.array([-1, 1, 4]))
    np.testing.assert_array_equal(dynamics.updates, [0, 1, 0, 0])


def test_sums_keep_their_digits_over_many_updates():
    count = 20_000
    logits = np.random.default_rng(0).uniform(0.1, 0.3, (count, 1, 2)).astype(np.float32)
    logits[:, 0, 1] = 0

    @jax.jit
    def scanned(dynamics, logits):
        def step(dynamics, scores):
            return dynamics.update(scores, np.array([0])), None

        return jax.lax.scan(step, dynamics, logits)[0]

    dynamics = scanned(cleaning.init_training_dynamics(1, 2), logits)
    margins = logits[:, 0, 0]
    expected = margins.astype(np.float64).mean()
    np.testing.assert_allclose(dynamics.mean_margins[0], expected, rtol=2e-7)
    naive = np.add.accumulate(margins)[-1] / count
    assert abs(naive - expected) > 2e-6 * expected


def test_infinite_margins_and_labels_that_are_no_class():
    masked = np.array([[-np.inf, 1.0], [np.nan, 0.0], [1.0, 0.0]], np.float32)
    dynamics = cleaning.init_training_dynamics(3, 2)
    update = jax.jit(lambda old, labels: old.update(masked, labels))  # values are unknown in it
    for _ in range(2):
        dynamics = update(dynamics, np.array([0, 0, -1]))
    np.testing.assert_array_equal(dynamics.mean_margins, [-np.inf, np.nan, np.nan])
    assert dynamics.ranking().indices.tolist() == [0, 1, 2]
    assert dynamics.suggestions[2] == 0


def test_arrays_of_other_frameworks():
    empty = cleaning.init_training_dynamics(4, 3)
    expected = empty.update(EPOCHS[0], LABELS)
    assert_same(empty.update(Tensor(EPOCHS[0]), Tensor(LABELS)), expected)
    assert_same(empty.update(EPOCHS[0].astype(np.float64), LABELS), expected)
    assert_same(empty.update(jnp.asarray(EPOCHS[0], jnp.bfloat16), LABELS), expected, 1e-2)
    message = r"logits: expected an array that NumPy can read, got Tensor \(Got .*; cast it"
    with pytest.raises(TypeError, match=message):
        empty.update(Tensor(None), LABELS)


WRONG: dict[str, dict[str, Any]] = {
    "logits: expected shape (batch, 3), got (4, 2)": {"logits": np.ones((4, 2), np.float32)},
    "logits: expected 4 rows, one for each example, got 2; for mini-batches pass indices=": {
        "logits": EPOCHS[0][:2], "labels": LABELS[:2],
    },
    "labels: expected shape (4,)": {"labels": LABELS[:2]},
    "indices: expected places in [0, 4), got 4; mask padding by where=": {
        "indices": np.array([0, 1, 2, 4]),
    },
    "indices: expected places in [0, 4), got -1": {"indices": jnp.array([0, 1, 2, -1])},
    "indices: expected shape (4,)": {"indices": np.array([0, 1])},
    "indices: expected an integer dtype": {"indices": np.ones(4)},
    "where: expected a boolean mask": {"where": np.ones(4)},
    "labels: expected an integer dtype": {"labels": np.ones(4)},
    "logits: expected an array of JAX, NumPy or another framework, got list": {
        "logits": EPOCHS[0].tolist(),
    },
}  # fmt: skip


@pytest.mark.parametrize("message", WRONG)
def test_what_is_no_evidence_is_refused(message):
    arguments: dict[str, Any] = {"logits": EPOCHS[0], "labels": LABELS, **WRONG[message]}
    with pytest.raises((TypeError, ValueError)) as error:
        cleaning.init_training_dynamics(4, 3).update(**arguments)
    assert str(error.value).startswith(message)


def test_sizes_are_checked():
    with pytest.raises(
        ValueError, match=r"num_examples: expected an integer in \[1, inf\), got 0"
    ):
        cleaning.init_training_dynamics(0, 3)
    with pytest.raises(ValueError, match=r"num_classes: expected at least 2, got 1"):
        cleaning.init_training_dynamics(3, 1)
