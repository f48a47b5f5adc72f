"""Label noise: exact counts, the right targets, and draws that only key and id decide."""

from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from esoftmax_jax.noise import (
    _selection,
    noise_rate,
    symmetric_noise,
    transition_matrix,
)
from tests.helpers.noises import KEY, balanced, every_model, flips_per_class, unbalanced

# --- symmetric: how many ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "flips"),
    [(0, 0), (0.004, 0), (0.2, 20), (0.29, 29), (0.295, 29), (0.57, 57), (0.8, 80), (1.0, 100)],
)
def test_symmetric_flips_exactly_the_floor_in_every_class(rate, flips):
    clean = balanced(10, 100)
    noisy = symmetric_noise(KEY, clean, num_classes=10, rate=rate)
    assert flips_per_class(clean, noisy, 10) == [flips] * 10


@pytest.mark.parametrize(
    "rate", [1 - 0.71, np.float32(0.29), np.float64(0.29), Fraction(29, 100)]
)
def test_rate_survives_rounding_however_it_was_made(rate):
    clean = balanced(10, 100)
    noisy = symmetric_noise(KEY, clean, num_classes=10, rate=rate)
    assert flips_per_class(clean, noisy, 10) == [29] * 10


def test_computed_rate_just_below_its_decimal_is_not_floored_away():
    clean = balanced(2, 500)
    assert 1 - 0.9 < 0.1
    noisy = symmetric_noise(KEY, clean, num_classes=2, rate=1 - 0.9)
    assert flips_per_class(clean, noisy, 2) == [50, 50]


def test_equal_takes_the_share_of_the_average_class():
    # N = 141, K = 4: floor(0.029 * 141 / 4) = 1 in every class, whatever its size.
    clean = unbalanced()
    noisy = symmetric_noise(KEY, clean, num_classes=4, rate=0.029)
    assert flips_per_class(clean, noisy, 4) == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("rate", "flips"),
    [(0, [0, 0, 0, 0]), (0.29, [2, 29, 9, 0]), (0.6, [4, 60, 19, 0]), (1, [7, 100, 33, 1])],
)
def test_proportional_flips_the_floor_of_each_class(rate, flips):
    clean = unbalanced()
    noisy = symmetric_noise(KEY, clean, num_classes=4, rate=rate, per_class="proportional")
    assert flips_per_class(clean, noisy, 4) == flips


def test_absent_classes_are_no_obstacle_to_proportional_noise():
    clean = np.full(20, 2)
    noisy = symmetric_noise(KEY, clean, num_classes=5, rate=0.5, per_class="proportional")
    assert flips_per_class(clean, noisy, 5) == [0, 0, 10, 0, 0]


# --- symmetric: to which class ---------------------------------------------------------


def test_targets_are_uniform_over_the_other_classes():
    num_classes, per_class = 5, 4000
    clean = balanced(num_classes, per_class)
    noisy = symmetric_noise(KEY, clean, num_classes=num_classes, rate=1.0)
    counts = np.asarray(
        transition_matrix(clean, noisy, num_classes=num_classes, normalize=False)
    )
    np.testing.assert_array_equal(np.diag(counts), 0)
    expected = per_class / (num_classes - 1)
    others = counts[~np.eye(num_classes, dtype=bool)]
    chi_square = float(((others - expected) ** 2 / expected).sum())
    # 15 degrees of freedom; both tails, so that a target that is dealt out in turn fails too.
    assert 3.0 < chi_square < 40.0


def test_who_flips_says_nothing_about_the_target():
    # The flipped 5 % are the examples of the smallest bits: their targets stay uniform.
    clean = balanced(5, 4000)
    noisy = np.asarray(symmetric_noise(KEY, clean, num_classes=5, rate=0.05))
    offsets = ((noisy - clean) % 5)[noisy != clean]
    counts = np.bincount(offsets, minlength=5)
    assert counts[0] == 0
    chi_square = float(((counts[1:] - 250) ** 2 / 250).sum())
    assert chi_square < 16.3


def test_who_flips_and_the_targets_are_drawn_from_different_keys(monkeypatch):
    drawn = []
    example_bits = _selection.example_bits

    def recorded(key: jax.Array, example_ids: Any) -> jax.Array:
        drawn.append(np.asarray(example_bits(key, example_ids)))
        return jnp.asarray(drawn[-1])

    monkeypatch.setattr(_selection, "example_bits", recorded)
    symmetric_noise(KEY, balanced(10, 100), num_classes=10, rate=0.3)
    who, to_which = drawn
    assert not (who == to_which).any()
    correlation = np.corrcoef(who.astype(np.float64), to_which.astype(np.float64))[0, 1]
    # The standard deviation of 1000 independent pairs is 0.03.
    assert abs(correlation) < 0.13


def test_every_example_is_equally_likely_to_flip():
    clean = np.zeros(20, dtype=np.int32)
    times = np.zeros(20)
    for seed in range(100):
        noisy = symmetric_noise(
            jax.random.key(seed), clean, num_classes=2, rate=0.5, per_class="proportional"
        )
        times += np.asarray(noisy) != 0
    # Binomial(100, 1/2) has the standard deviation 5.
    assert times.min() > 30
    assert times.max() < 70


def test_two_classes_have_one_other():
    clean = balanced(2, 500)
    noisy = symmetric_noise(KEY, clean, num_classes=2, rate=1.0)
    np.testing.assert_array_equal(noisy, 1 - clean)


# --- every model: keys, ids, devices, dtypes -------------------------------------------


@every_model
def test_same_key_same_labels_and_another_key_other_labels(draw):
    clean = balanced(10, 100)
    first = draw(KEY, clean)
    np.testing.assert_array_equal(first, draw(KEY, clean))
    assert bool((first != draw(jax.random.key(8), clean)).any())


@every_model
def test_old_style_key_draws_what_its_typed_twin_draws(draw):
    clean = balanced(10, 100)
    np.testing.assert_array_equal(
        draw(jax.random.PRNGKey(3), clean), draw(jax.random.key(3), clean)
    )


@every_model
@pytest.mark.parametrize("implementation", ["threefry2x32", "rbg", "unsafe_rbg"])
def test_permuted_examples_get_permuted_labels(draw, implementation):
    key = jax.random.key(5, impl=implementation)
    clean = balanced(10, 100)
    ids = np.random.default_rng(2).choice(2**32, size=clean.size, replace=False)
    order = np.random.default_rng(3).permutation(clean.size)
    noisy = draw(key, clean, example_ids=ids)
    assert noise_rate(clean, noisy) > 0
    np.testing.assert_array_equal(
        draw(key, clean[order], example_ids=ids[order]), np.asarray(noisy)[order]
    )


@every_model
def test_ids_default_to_positions_and_matter(draw):
    clean = balanced(10, 100)
    noisy = draw(KEY, clean)
    positions = np.arange(clean.size)
    np.testing.assert_array_equal(noisy, draw(KEY, clean, example_ids=positions))
    assert bool((noisy != draw(KEY, clean, example_ids=positions + 1)).any())


def test_equal_bits_fall_back_on_the_id():
    # 32 bits do collide in a large data set; here they all do.
    labels = jnp.array([1, 0, 1, 0, 1, 0, 1], jnp.int32)
    ids = np.array([6, 5, 0, 1, 3, 2, 4], np.uint32)
    flipped = _selection.choose_flipped(
        labels,
        jnp.zeros(7, jnp.uint32),
        ids,
        counts=np.array([3, 4], np.int32),
        quotas=np.array([1, 2], np.int32),
    )
    np.testing.assert_array_equal(flipped, [False, False, True, True, True, False, False])


@every_model
def test_sharded_labels_get_the_labels_of_one_device(draw):
    assert jax.device_count() == 8
    clean = balanced(10, 100)
    sharding = NamedSharding(Mesh(np.array(jax.devices()), ("data",)), PartitionSpec("data"))
    sharded = jax.jit(lambda x: x, out_shardings=sharding)(clean)
    assert len(sharded.sharding.device_set) == 8
    noisy = draw(KEY, sharded)
    assert len(noisy.sharding.device_set) == 8
    np.testing.assert_array_equal(noisy, draw(KEY, clean))


@every_model
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "uint32"])
def test_shape_dtype_and_draw_for_every_integer_dtype(draw, dtype):
    clean = balanced(10, 100)
    noisy = draw(KEY, jnp.asarray(clean, dtype))
    assert isinstance(noisy, jax.Array)
    assert noisy.shape == clean.shape
    assert noisy.dtype == dtype
    np.testing.assert_array_equal(noisy, draw(KEY, clean))


@every_model
def test_host_labels_of_64_bits_follow_the_x64_mode(draw):
    clean = balanced(10, 100)
    narrow = draw(KEY, clean.astype(np.int64))
    assert narrow.dtype == jnp.int32
    with jax.enable_x64(True):
        wide = draw(KEY, clean.astype(np.int64))
        assert wide.dtype == jnp.int64
    np.testing.assert_array_equal(narrow, wide)


def test_narrow_labels_do_not_overflow_while_targets_are_drawn():
    clean = balanced(125, 8).astype(np.int8)
    noisy = np.asarray(symmetric_noise(KEY, clean, num_classes=125, rate=1.0))
    assert noisy.dtype == np.int8
    assert noisy.min() >= 0
    assert not (noisy == clean).any()


@every_model
def test_input_is_left_alone(draw):
    clean = balanced(10, 100)
    before = clean.copy()
    draw(KEY, clean)
    np.testing.assert_array_equal(clean, before)
