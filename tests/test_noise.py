"""Label noise: exact counts, the right targets, and draws that only key and id decide."""

from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from esoftmax_jax.noise import (
    CLASS_MAPS,
    _selection,
    asymmetric_noise,
    named_class_map,
    noise_rate,
    pairwise_class_map,
    symmetric_noise,
    transition_matrix,
)

KEY = jax.random.key(7)


def balanced(num_classes: int, per_class: int, seed: int = 0) -> np.ndarray:
    labels = np.repeat(np.arange(num_classes, dtype=np.int32), per_class)
    return np.random.default_rng(seed).permutation(labels)


def unbalanced() -> np.ndarray:
    labels = np.repeat(np.arange(4, dtype=np.int32), [7, 100, 33, 1])
    return np.random.default_rng(1).permutation(labels)


def flips_per_class(clean: np.ndarray, noisy: Any, num_classes: int) -> list[int]:
    changed = clean[np.asarray(noisy) != clean]
    return [int((changed == label).sum()) for label in range(num_classes)]


def draw(kind: str, key: jax.Array, labels: Any, **kwargs: Any) -> jax.Array:
    if kind == "symmetric":
        return symmetric_noise(key, labels, num_classes=10, rate=0.3, **kwargs)
    return asymmetric_noise(key, labels, class_map="cifar10", rate=0.3, **kwargs)


both_kinds = pytest.mark.parametrize("kind", ["symmetric", "asymmetric"])


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


# --- both: keys, ids, devices, dtypes --------------------------------------------------


@both_kinds
def test_same_key_same_labels_and_another_key_other_labels(kind):
    clean = balanced(10, 100)
    first = draw(kind, KEY, clean)
    np.testing.assert_array_equal(first, draw(kind, KEY, clean))
    assert bool((first != draw(kind, jax.random.key(8), clean)).any())


@both_kinds
def test_old_style_key_draws_what_its_typed_twin_draws(kind):
    clean = balanced(10, 100)
    np.testing.assert_array_equal(
        draw(kind, jax.random.PRNGKey(3), clean), draw(kind, jax.random.key(3), clean)
    )


@both_kinds
@pytest.mark.parametrize("implementation", ["threefry2x32", "rbg", "unsafe_rbg"])
def test_permuted_examples_get_permuted_labels(kind, implementation):
    key = jax.random.key(5, impl=implementation)
    clean = balanced(10, 100)
    ids = np.random.default_rng(2).choice(2**32, size=clean.size, replace=False)
    order = np.random.default_rng(3).permutation(clean.size)
    noisy = draw(kind, key, clean, example_ids=ids)
    assert noise_rate(clean, noisy) > 0
    np.testing.assert_array_equal(
        draw(kind, key, clean[order], example_ids=ids[order]), np.asarray(noisy)[order]
    )


@both_kinds
def test_ids_default_to_positions_and_matter(kind):
    clean = balanced(10, 100)
    noisy = draw(kind, KEY, clean)
    positions = np.arange(clean.size)
    np.testing.assert_array_equal(noisy, draw(kind, KEY, clean, example_ids=positions))
    assert bool((noisy != draw(kind, KEY, clean, example_ids=positions + 1)).any())


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


@both_kinds
def test_sharded_labels_get_the_labels_of_one_device(kind):
    assert jax.device_count() == 8
    clean = balanced(10, 100)
    sharding = NamedSharding(Mesh(np.array(jax.devices()), ("data",)), PartitionSpec("data"))
    sharded = jax.jit(lambda x: x, out_shardings=sharding)(clean)
    assert len(sharded.sharding.device_set) == 8
    noisy = draw(kind, KEY, sharded)
    assert len(noisy.sharding.device_set) == 8
    np.testing.assert_array_equal(noisy, draw(kind, KEY, clean))


@both_kinds
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "uint32"])
def test_shape_dtype_and_draw_for_every_integer_dtype(kind, dtype):
    clean = balanced(10, 100)
    noisy = draw(kind, KEY, jnp.asarray(clean, dtype))
    assert isinstance(noisy, jax.Array)
    assert noisy.shape == clean.shape
    assert noisy.dtype == dtype
    np.testing.assert_array_equal(noisy, draw(kind, KEY, clean))


@both_kinds
def test_host_labels_of_64_bits_follow_the_x64_mode(kind):
    clean = balanced(10, 100)
    narrow = draw(kind, KEY, clean.astype(np.int64))
    assert narrow.dtype == jnp.int32
    with jax.enable_x64(True):
        wide = draw(kind, KEY, clean.astype(np.int64))
        assert wide.dtype == jnp.int64
    np.testing.assert_array_equal(narrow, wide)


def test_narrow_labels_do_not_overflow_while_targets_are_drawn():
    clean = balanced(125, 8).astype(np.int8)
    noisy = np.asarray(symmetric_noise(KEY, clean, num_classes=125, rate=1.0))
    assert noisy.dtype == np.int8
    assert noisy.min() >= 0
    assert not (noisy == clean).any()


@both_kinds
def test_input_is_left_alone(kind):
    clean = balanced(10, 100)
    before = clean.copy()
    draw(kind, KEY, clean)
    np.testing.assert_array_equal(clean, before)


# --- asymmetric ------------------------------------------------------------------------

WRITTEN_MAPS = {
    "cifar10": (0, 1, 0, 5, 7, 3, 6, 7, 8, 1),
    "mnist": (0, 1, 7, 8, 4, 6, 5, 1, 8, 9),
}


@pytest.mark.parametrize("name", ["cifar10", "mnist"])
def test_named_map_is_the_written_one(name):
    assert named_class_map(name) == WRITTEN_MAPS[name]


def test_cifar100_map_goes_round_the_twenty_super_classes():
    targets = named_class_map("cifar100")
    assert sorted(targets) == list(range(100))
    cycles = set()
    for start in range(100):
        cycle = [start]
        while targets[cycle[-1]] != start:
            cycle.append(targets[cycle[-1]])
        cycles.add(frozenset(cycle))
    assert len(cycles) == 20
    assert {len(cycle) for cycle in cycles} == {5}
    # Fruit and vegetables: apple, mushroom, orange, pear, sweet pepper, and round again.
    assert [targets[y] for y in (0, 51, 53, 57, 83)] == [51, 53, 57, 83, 0]
    # Fish: aquarium fish, flatfish, ray, shark, trout.
    assert [targets[y] for y in (1, 32, 67, 73, 91)] == [32, 67, 73, 91, 1]
    # People: baby, boy, girl, man, woman.
    assert [targets[y] for y in (2, 11, 35, 46, 98)] == [11, 35, 46, 98, 2]


def test_every_listed_map_can_be_asked_for():
    assert set(CLASS_MAPS) == {"cifar10", "cifar100", "mnist"}
    for name, targets in CLASS_MAPS.items():
        assert named_class_map(name) == targets


def test_pairwise_map():
    assert pairwise_class_map(5) == (1, 2, 3, 4, 0)


@pytest.mark.parametrize("name", ["cifar10", "mnist"])
@pytest.mark.parametrize(("rate", "flips"), [(0.0, 0), (0.29, 29), (0.4, 40), (1.0, 100)])
def test_named_noise_moves_exactly_the_rate_of_each_source(name, rate, flips):
    clean = balanced(10, 100)
    noisy = asymmetric_noise(KEY, clean, class_map=name, rate=rate)
    expected = np.zeros((10, 10), dtype=np.int32)
    for source, target in enumerate(WRITTEN_MAPS[name]):
        expected[source, source] += 100 - flips
        expected[source, target] += flips
    counts = transition_matrix(clean, noisy, num_classes=10, normalize=False)
    np.testing.assert_array_equal(counts, expected)


def test_cifar100_noise_moves_exactly_the_rate_of_each_class():
    clean = balanced(100, 10)
    noisy = asymmetric_noise(KEY, clean, class_map="cifar100", rate=0.3)
    counts = np.asarray(transition_matrix(clean, noisy, num_classes=100, normalize=False))
    np.testing.assert_array_equal(np.diag(counts), 7)
    np.testing.assert_array_equal(counts[np.arange(100), named_class_map("cifar100")], 3)


def test_exchange_and_chain_are_simultaneous():
    clean = unbalanced()
    noisy = asymmetric_noise(KEY, clean, class_map={0: 1, 1: 0, 2: 1}, num_classes=4, rate=1.0)
    np.testing.assert_array_equal(noisy, np.array([1, 0, 1, 3])[clean])


@pytest.mark.parametrize(
    "form",
    [
        [1, 0, 2, 3],
        (1, 0, 2, 3),
        np.array([1, 0, 2, 3]),
        jnp.array([1, 0, 2, 3]),
        {0: 1, np.int64(1): np.int64(0), 3: 3},
    ],
    ids=["list", "tuple", "numpy", "jax", "mapping"],
)
def test_every_form_of_a_map_means_the_same(form):
    clean = unbalanced()
    noisy = asymmetric_noise(KEY, clean, class_map=form, num_classes=4, rate=0.29)
    expected = [[5, 2, 0, 0], [29, 71, 0, 0], [0, 0, 33, 0], [0, 0, 0, 1]]
    counts = transition_matrix(clean, noisy, num_classes=4, normalize=False)
    np.testing.assert_array_equal(counts, expected)


def test_number_of_classes_is_inferred_from_a_sequence():
    clean = balanced(3, 47)
    noisy = asymmetric_noise(KEY, clean, class_map=pairwise_class_map(3), rate=1.0)
    np.testing.assert_array_equal(noisy, (clean + 1) % 3)


# --- measurement -----------------------------------------------------------------------


def test_transition_matrix_against_a_loop():
    generator = np.random.default_rng(5)
    clean = generator.choice([0, 1, 3], size=200)
    noisy = generator.integers(0, 4, size=200)
    counts = np.zeros((4, 4), dtype=np.int32)
    for i, j in zip(clean, noisy, strict=True):
        counts[i, j] += 1
    measured = transition_matrix(clean, noisy, num_classes=4, normalize=False)
    assert measured.dtype == jnp.int32
    np.testing.assert_array_equal(measured, counts)

    shares = np.zeros((4, 4))
    for i in (0, 1, 3):
        shares[i] = counts[i] / counts[i].sum()
    normalized = transition_matrix(clean, noisy, num_classes=4)
    assert normalized.dtype == jnp.float32
    np.testing.assert_allclose(normalized, shares, rtol=1e-6)
    np.testing.assert_array_equal(normalized[2], 0)


def test_transition_matrix_of_narrow_labels_does_not_overflow():
    labels = np.arange(100, dtype=np.int8)
    counts = transition_matrix(labels, labels, num_classes=100, normalize=False)
    np.testing.assert_array_equal(counts, np.eye(100))


def test_noise_rate_is_the_share_that_differs():
    rate = noise_rate(jnp.array([0, 1, 2, 3, 4]), np.array([0, 1, 2, 4, 3]))
    assert type(rate) is float
    assert rate == 0.4


# --- errors ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (0, r"key must be one PRNG key, got int; make one with jax\.random\.key\(seed\)"),
        (None, r"key must be one PRNG key, got NoneType"),
        (jnp.zeros(2), r"uint32 of shape \(2,\)\), got an array of dtype float32"),
        (np.zeros(3, np.uint32), r"got an array of dtype uint32 and shape \(3,\); make one"),
        (
            jax.random.split(jax.random.key(0)),
            r"got an array of keys of shape \(2,\); pass one",
        ),
    ],
    ids=["int", "none", "float", "shape", "batch"],
)
@both_kinds
def test_key_errors(kind, key, message):
    with pytest.raises(TypeError, match=message):
        draw(kind, key, balanced(10, 2))


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (np.zeros(4), TypeError, "labels must have an integer dtype, got float64; convert"),
        (np.zeros(4, bool), TypeError, "labels must have an integer dtype, got bool"),
        (
            np.eye(4, dtype=int),
            ValueError,
            r"labels must have shape \(N,\), got shape \(4, 4\)",
        ),
        (np.array(3), ValueError, r"labels must have shape \(N,\), got shape \(\); pass one"),
        ([], ValueError, "labels must not be empty"),
        (3, TypeError, "labels must be an integer array, got int; pass a JAX or NumPy array"),
        ("cat", TypeError, "labels must be an integer array, got str"),
        (jax.random.split(KEY), TypeError, "labels must be an integer array, got PRNG keys"),
        (
            [0, 1, 10, 12],
            ValueError,
            r"labels must lie in \[0, 10\), got 10 at index 2 \(2 out",
        ),
        ([0, -1], ValueError, r"labels must lie in \[0, 10\), got -1 at index 1 .*; correct"),
    ],
    ids=range(10),
)
@both_kinds
def test_label_errors(kind, labels, error, message):
    with pytest.raises(error, match=message):
        draw(kind, KEY, labels)


@both_kinds
def test_traced_labels_are_refused(kind):
    with pytest.raises(TypeError, match=r"labels must be a concrete array.*outside jax\.jit"):
        jax.jit(lambda labels: draw(kind, KEY, labels))(balanced(10, 2))


def test_dtype_too_narrow_for_the_targets():
    with pytest.raises(ValueError, match="int8 cannot hold every class below num_classes=200"):
        symmetric_noise(KEY, np.zeros(4, np.int8), num_classes=200, rate=0.1)


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        (
            [0, 1, 2],
            ValueError,
            r"example_ids must have the shape of labels, \(4,\), got \(3,\)",
        ),
        ([[0, 1, 2, 3]], ValueError, r"example_ids must have shape \(N,\), got shape \(1, 4\)"),
        (
            [5, 6, 7, 6],
            ValueError,
            "must be unique, got 6 at index 1 and at index 3; give each",
        ),
        ([0, 1, 2, -3], ValueError, r"must lie in \[0, 2\*\*32\), got -3 at index 3; number"),
        ([0, 1, 2**32, 3], ValueError, r"got 4294967296 at index 2"),
        (
            [0.0, 1.0, 2.0, 3.0],
            TypeError,
            "example_ids must have an integer dtype, got float64",
        ),
    ],
    ids=["length", "rank", "repeated", "negative", "large", "float"],
)
@both_kinds
def test_example_id_errors(kind, ids, error, message):
    with pytest.raises(error, match=message):
        draw(kind, KEY, [0, 1, 2, 3], example_ids=ids)


@pytest.mark.parametrize(
    ("rate", "error", "message"),
    [
        (-0.1, ValueError, r"rate must lie in \[0, 1\], got -0\.1; pass the share"),
        (40, ValueError, r"rate must lie in \[0, 1\], got 40"),
        (float("nan"), ValueError, r"rate must lie in \[0, 1\], got nan"),
        (float("inf"), ValueError, r"rate must lie in \[0, 1\], got inf"),
        (True, TypeError, r"rate must be a number in \[0, 1\], got bool; pass a Python float"),
        ("0.4", TypeError, r"rate must be a number in \[0, 1\], got str"),
        (None, TypeError, r"rate must be a number in \[0, 1\], got NoneType"),
        (jnp.array(0.4), TypeError, r"rate must be a number .*float\(rate\)"),
    ],
    ids=range(8),
)
def test_rate_errors(rate, error, message):
    with pytest.raises(error, match=message):
        symmetric_noise(KEY, [0, 1], num_classes=2, rate=rate)
    with pytest.raises(error, match=message):
        asymmetric_noise(KEY, [0, 1], class_map=[1, 0], rate=rate)


@pytest.mark.parametrize(
    ("num_classes", "error", "message"),
    [
        (1, ValueError, "num_classes must be at least 2, got 1; with fewer classes"),
        (2.0, TypeError, r"num_classes must be an int, got 2\.0 \(float\); pass the number"),
        (True, TypeError, r"num_classes must be an int, got True \(bool\)"),
        ("10", TypeError, r"num_classes must be an int, got '10' \(str\)"),
    ],
    ids=range(4),
)
def test_num_classes_errors(num_classes, error, message):
    with pytest.raises(error, match=message):
        symmetric_noise(KEY, [0, 0], num_classes=num_classes, rate=0.5)
    with pytest.raises(error, match=message):
        asymmetric_noise(KEY, [0, 0], class_map={0: 1}, num_classes=num_classes, rate=0.5)
    with pytest.raises(error, match=message):
        pairwise_class_map(num_classes)
    with pytest.raises(error, match=message):
        transition_matrix([0, 0], [0, 0], num_classes=num_classes)


def test_per_class_errors():
    wrong: Any = "balanced"
    with pytest.raises(ValueError, match="must be 'equal' or 'proportional', got 'balanced'"):
        symmetric_noise(KEY, [0, 1], num_classes=2, rate=0.5, per_class=wrong)
    message = (
        r"per_class='equal' needs at least 14 examples of every class to flip, got 7 of class "
        r'0; use per_class="proportional"'
    )
    with pytest.raises(ValueError, match=message):
        symmetric_noise(KEY, unbalanced(), num_classes=4, rate=0.4)


@pytest.mark.parametrize(
    ("class_map", "num_classes", "error", "message"),
    [
        ("cifar", None, ValueError, "'cifar10', 'cifar100', 'mnist', got 'cifar'; pass one of"),
        ({0: 1}, None, TypeError, r"num_classes must be given with a class_map \{source"),
        ({0: 3}, 3, ValueError, r"class_map must name classes in \[0, 3\), got 3; correct"),
        ({-1: 0}, 3, ValueError, r"class_map must name classes in \[0, 3\), got -1"),
        (
            {"0": 1},
            3,
            TypeError,
            r"class_map must map ints to ints, got '0' \(str\); pass class",
        ),
        ({0: 1.0}, 3, TypeError, r"class_map must map ints to ints, got 1\.0 \(float\)"),
        ([1, 2, 3], None, ValueError, r"class_map must name classes in \[0, 3\), got 3"),
        ([1, -1], None, ValueError, r"class_map must name classes in \[0, 2\), got -1"),
        ([0], None, ValueError, "num_classes must be at least 2, got 1"),
        ([], None, ValueError, "class_map must not be empty"),
        ([[1, 0]], None, ValueError, r"class_map must have shape \(N,\), got shape \(1, 2\)"),
        ([1.0, 0.0], None, TypeError, "class_map must have an integer dtype, got float64"),
        (
            {0, 1},
            None,
            TypeError,
            "class_map must be a mapping .* or a name, got set; pass one",
        ),
        ([1, 0, 2], 4, ValueError, "num_classes must be 3, the length of the class_map, got 4"),
        ("cifar10", 100, ValueError, "num_classes must be 10, .*, got 100; leave num_classes"),
    ],
    ids=range(15),
)
def test_class_map_errors(class_map, num_classes, error, message):
    with pytest.raises(error, match=message):
        asymmetric_noise(KEY, [0, 1], class_map=class_map, num_classes=num_classes, rate=0.5)


def test_class_map_name_must_be_a_string():
    name: Any = 10
    with pytest.raises(TypeError, match="name of a class map must be a str, got int; pass one"):
        named_class_map(name)


def test_measurement_errors():
    with pytest.raises(ValueError, match=r"must have one shape, got \(2,\) and \(3,\); pass"):
        noise_rate([0, 1], [0, 1, 1])
    with pytest.raises(ValueError, match=r"must have one shape, got \(2,\) and \(3,\); pass"):
        transition_matrix([0, 1], [0, 1, 1], num_classes=2)
    with pytest.raises(ValueError, match="clean_labels must not be empty"):
        noise_rate([], [])
    floats: Any = [0.0, 1.0]
    with pytest.raises(TypeError, match="noisy_labels must have an integer dtype, got float64"):
        noise_rate([0, 1], floats)
    with pytest.raises(
        ValueError, match=r"clean_labels must lie in \[0, 2\), got 2 at index 1"
    ):
        transition_matrix([0, 2], [0, 1], num_classes=2)
    with pytest.raises(
        ValueError, match=r"noisy_labels must lie in \[0, 2\), got 2 at index 1"
    ):
        transition_matrix([0, 1], [0, 2], num_classes=2)
