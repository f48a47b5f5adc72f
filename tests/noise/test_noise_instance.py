"""Noise that depends on the features: how many, which class, and who decides it."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from esoftmax_jax.app.labels.noise_statistics import instance_statistics, transition_distance
from esoftmax_jax.noise import (
    _feature_draws,
    _instance,
    _selection,
    instance_dependent_noise,
    noise_rate,
    part_dependent_noise,
    transition_matrix,
)
from tests.helpers.noises import KEY, balanced, unbalanced

SHAPE = (2, 2, 3)


def images(ids: Any, seed: int = 0) -> np.ndarray:
    """Features that an id decides, whatever its place."""
    ids = np.asarray(ids, np.uint32)
    rows = [np.random.default_rng((seed, i)).standard_normal(SHAPE) for i in ids.tolist()]
    return np.array(rows, np.float32)


CLEAN = balanced(10, 100)
IMAGES = images(np.arange(CLEAN.size))


def draw(model: str, key: Any, labels: Any, features: Any, **kwargs: Any) -> jax.Array:
    options: dict[str, Any] = {"num_classes": 10, "rate": 0.3} | kwargs
    function = instance_dependent_noise if model == "instance" else part_dependent_noise
    return function(key, labels, features, **options)


def sure(model: str) -> dict[str, float]:
    """What makes a rate of 1 flip every example."""
    return {"rate_std": 0.0} if model == "part" else {}


both_models = pytest.mark.parametrize("model", ["instance", "part"])

# --- how many --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "flips"),
    [(0, 0), (0.0009, 0), (0.29, 290), (0.295, 295), (1 - 0.71, 290), (1, 1000)],
)
def test_instance_flips_exactly_the_floor_of_the_whole_set(rate, flips):
    noisy = draw("instance", KEY, CLEAN, IMAGES, rate=rate)
    assert int((np.asarray(noisy) != CLEAN).sum()) == flips


def test_flips_are_not_dealt_out_by_class():
    noisy = np.asarray(draw("instance", KEY, CLEAN, IMAGES))
    per_class = np.bincount(CLEAN[noisy != CLEAN], minlength=10)
    # Hypergeometric, standard deviation 4.3 each.
    assert per_class.sum() == 300
    assert 1.5 < per_class.std() < 9
    assert per_class.min() > 10
    assert per_class.max() < 50


@both_models
def test_unbalanced_and_absent_classes(model):
    clean = unbalanced()
    noisy = np.asarray(
        draw(model, KEY, clean, images(range(clean.size)), rate=1, **sure(model))
    )
    assert not (noisy == clean).any()
    assert noisy.min() >= 0
    assert noisy.max() < 10


def test_part_flips_follow_the_mean_of_the_rates():
    clean = np.zeros(10_000, np.int32)
    features = np.ones((clean.size, 12), np.float32)
    noisy = part_dependent_noise(KEY, clean, features, num_classes=10, rate=0.4)
    # Standard deviation 0.005.
    assert abs(noise_rate(clean, noisy) - 0.4) < 0.02


@pytest.mark.parametrize(
    ("rate", "rate_std", "mean", "std"),
    [
        (0.4, 0.1, 0.4, 0.1),
        # Normal laws cut at one and at no standard deviation from their mean.
        (0.1, 0.1, 0.12876, 0.07935),
        (0.0, 0.1, 0.07979, 0.06028),
        (0.9, 0.1, 0.87124, 0.07935),
        (0.3, 0.0, 0.3, 0.0),
        (0.0, 0.0, 0.0, 0.0),
        (1.0, 0.0, 1.0, 0.0),
        # So wide that nothing of the normal law remains but the borders.
        (0.3, 1000.0, 0.5, 12**-0.5),
    ],
)
def test_rates_of_their_own_are_a_truncated_normal(rate, rate_std, mean, std):
    ids = np.arange(10_000, dtype=np.uint32)
    rates = np.asarray(
        _instance._own_flip_rates(
            jax.random.key(0, impl="threefry2x32"), ids, np.float32(rate), np.float32(rate_std)
        ),
        np.float64,
    )
    assert rates.min() >= 0
    assert rates.max() <= 1
    # Five standard errors.
    assert abs(rates.mean() - mean) <= 5 * std / 100 + 1e-6
    assert abs(rates.std() - std) <= 5 * std / 100 + 1e-6


@pytest.mark.parametrize(("rate", "flips"), [(0, 0), (1, 1000)])
def test_part_without_spread_flips_nothing_or_all(rate, flips):
    noisy = draw("part", KEY, CLEAN, IMAGES, rate=rate, rate_std=0)
    assert int((np.asarray(noisy) != CLEAN).sum()) == flips


# --- to which class --------------------------------------------------------------------


def weights_of(key: jax.Array, label: int) -> np.ndarray:
    """The matrix of a class, in double precision."""
    _, to_which = _selection.separate_streams(key)
    weights_key, _ = jax.random.split(to_which)
    return np.asarray(_feature_draws._class_weights(weights_key, label, (12, 10)), np.float64)


@both_models
@pytest.mark.parametrize("label", [0, 4, 9])
def test_targets_follow_the_softmax_without_the_true_class(model, label):
    # One image under many ids, scaled so that no class is out of the question.
    clean = np.full(10_000, label, np.int32)
    image = 0.2 * IMAGES[0]
    features = np.broadcast_to(image, (clean.size, *SHAPE))
    noisy = np.asarray(draw(model, KEY, clean, features, rate=1, **sure(model)))
    logits = image.reshape(-1).astype(np.float64) @ weights_of(KEY, label)
    logits[label] = -np.inf
    expected = np.exp(logits) / np.exp(logits).sum() * clean.size
    counts = np.bincount(noisy, minlength=10)
    assert counts[label] == 0
    others = np.arange(10) != label
    assert expected[others].min() > 50
    assert expected.max() > 2 * expected[others].min()
    chi_square = float(((counts - expected) ** 2 / np.maximum(expected, 1))[others].sum())
    # 8 degrees of freedom; both tails, so that a target that is dealt out in turn fails too.
    assert 0.8 < chi_square < 27


def test_matrices_are_standard_normal_and_differ_by_class():
    weights = np.stack([weights_of(KEY, label) for label in range(10)])
    # 1200 entries: the standard errors are 0.029 and 0.020.
    assert abs(weights.mean()) < 0.12
    assert abs(weights.std() - 1) < 0.08
    correlation = np.corrcoef(weights.reshape(10, -1)) - np.eye(10)
    # The standard deviation of the correlation of 120 independent pairs is 0.09.
    assert np.abs(correlation).max() < 0.4


@both_models
def test_wide_features_make_the_label_a_function_of_image_and_class(model):
    wide = 1000 * IMAGES
    noisy = np.asarray(draw(model, KEY, CLEAN, wide, rate=1, **sure(model)))
    logits = np.stack(
        [x @ weights_of(KEY, y) for x, y in zip(wide.reshape(-1, 12), CLEAN, strict=True)]
    )
    logits[np.arange(CLEAN.size), CLEAN] = -np.inf
    # A gap of 1000 · 0.02 is passed by one Gumbel draw in a million.
    first, second = np.sort(logits, axis=1)[:, :-3:-1].T
    clear = first - second > 20
    assert clear.mean() > 0.95
    np.testing.assert_array_equal(noisy[clear], logits.argmax(axis=1)[clear])


def test_products_that_overflow_never_name_the_true_class():
    features = np.full((CLEAN.size, *SHAPE), 3e38, np.float32)
    noisy = np.asarray(draw("instance", KEY, CLEAN, features, rate=1))
    assert not (noisy == CLEAN).any()
    assert noisy.min() >= 0
    assert noisy.max() < 10


def test_instances_of_one_class_get_different_labels_and_rows_of_the_matrix_differ():
    noisy = draw("instance", KEY, CLEAN, IMAGES, rate=1)
    matrix = np.asarray(transition_matrix(CLEAN, noisy, num_classes=10))
    np.testing.assert_array_equal(np.diag(matrix), 0)
    # Of a hundred random directions no class takes all.
    assert matrix.max() < 0.8
    assert not (matrix == matrix[:1]).all()


# --- keys, ids, devices, dtypes --------------------------------------------------------


@both_models
@pytest.mark.parametrize("implementation", ["threefry2x32", "rbg"])
def test_permuted_examples_get_permuted_labels(model, implementation):
    key = jax.random.key(5, impl=implementation)
    # More than two chunks of one class, and a few of others.
    clean = np.where(np.arange(1000) < 800, 3, CLEAN)
    ids = np.random.default_rng(2).choice(2**32, size=clean.size, replace=False)
    order = np.random.default_rng(3).permutation(clean.size)
    noisy = np.asarray(draw(model, key, clean, IMAGES, rate=0.8, example_ids=ids))
    assert int((noisy[clean == 3] != 3).sum()) > 2 * _feature_draws._CHUNK
    np.testing.assert_array_equal(
        draw(model, key, clean[order], IMAGES[order], rate=0.8, example_ids=ids[order]),
        noisy[order],
    )


def test_features_decide_the_label_but_not_who_flips():
    noisy = np.asarray(draw("part", KEY, CLEAN, IMAGES))
    other = np.asarray(draw("part", KEY, CLEAN, images(range(CLEAN.size), seed=1)))
    np.testing.assert_array_equal(noisy != CLEAN, other != CLEAN)
    assert (noisy != other).any()


def test_parts_of_the_data_get_the_labels_of_the_whole():
    whole = np.asarray(draw("part", KEY, CLEAN, IMAGES))
    rows = np.arange(300, 700)
    part = draw("part", KEY, CLEAN[rows], IMAGES[rows], example_ids=rows)
    # A tie to within rounding could go either way.
    assert (np.asarray(part) != whole[rows]).sum() <= 1


@both_models
def test_sharded_arrays_get_the_labels_of_one_device(model):
    assert jax.device_count() == 8
    sharding = NamedSharding(Mesh(np.array(jax.devices()), ("data",)), PartitionSpec("data"))
    labels, features = jax.device_put((CLEAN, IMAGES), sharding)
    noisy = draw(model, KEY, labels, features)
    assert len(noisy.sharding.device_set) == 8
    np.testing.assert_array_equal(noisy, draw(model, KEY, CLEAN, IMAGES))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_features_of_every_floating_dtype_and_rank(dtype):
    # Quarters are exact in all of them.
    features = np.round(IMAGES * 4) / 4
    noisy = draw("instance", KEY, CLEAN, features)
    given = features.astype(jnp.dtype(dtype)).reshape(-1, 12)
    np.testing.assert_array_equal(noisy, draw("instance", KEY, CLEAN, given))
    assert jnp.issubdtype(given.dtype, jnp.floating)


# --- the statistics that tell kinds of noise apart -------------------------------------


def test_transition_distance():
    identity = np.eye(3)
    assert transition_distance(identity, identity) == 0
    assert transition_distance(identity, np.roll(identity, 1, axis=1)) == 1
    # Half of each row has moved; the row of an absent class does not count.
    half = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 0.0]])
    assert transition_distance(identity, half) == 0.5
    with pytest.raises(ValueError, match=r"matrices of one shape, got \(3, 3\) and \(2, 2\)"):
        transition_distance(identity, np.eye(2))


def test_statistics_see_what_the_features_decide():
    clean = balanced(4, 1000)
    features = np.random.default_rng(5).standard_normal((clean.size, 12)).astype(np.float32)
    options: dict[str, Any] = {"num_classes": 4, "rate": 0.5}
    by_image = np.asarray(instance_dependent_noise(KEY, clean, 50 * features, **options))
    found = instance_statistics(features, clean, by_image, 4)
    assert found["rate"] == 0.5
    assert 0.4 < found["lowest_class_rate"] < found["highest_class_rate"] < 0.6
    assert found["image_share"] > 0.7

    # The same wrong labels of each class, dealt out to other examples of the class.
    shuffled = by_image.copy()
    for label in range(4):
        rows = np.flatnonzero((clean == label) & (by_image != label))
        shuffled[rows] = by_image[np.random.default_rng(6).permutation(rows)]
    dealt = instance_statistics(features, clean, shuffled, 4)
    assert dealt["spread"] == found["spread"] > 0
    assert abs(dealt["image_share"]) < 5 * dealt["image_share_error"] + 0.02
