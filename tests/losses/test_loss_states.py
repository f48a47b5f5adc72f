"""Losses with a memory, of a batch or of several views; losses by name; weight decay."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, PartitionSpec

from esoftmax_jax import losses, presets, training

Z = (2 * np.random.default_rng(0).normal(size=(8, 5))).astype(np.float32)
PROBS = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
Y = np.array([0, 1, 2, 3, 4, 0, 1, 2], np.int32)
WHERE = np.array([True, True, False, True, False, True, True, True])


def replaced(array, entry, value):
    """Return a copy of an array with another value in one place."""
    copy = np.array(array)
    copy[entry] = value
    return copy


def test_generalized_jensen_shannon():
    views = np.stack([Z, Z + np.float32(0.3)])  # the same prediction twice
    different = np.stack([Z, np.roll(Z, 1, axis=1)])
    of_views = losses.generalized_jensen_shannon_loss
    spoilt = replaced(views, np.s_[:, 2], np.nan)

    @jax.jit
    def values():
        alone = of_views(Z[None], Y, pi=0.3), losses.jensen_shannon_loss(Z, Y, pi=0.3)
        apart = [losses.jensen_shannon_loss(z, Y) for z in different]
        bad = of_views(spoilt, Y, where=WHERE), of_views(views, replaced(Y, 0, 9))
        return alone, of_views(views, Y, pi=0.3), of_views(different, Y), apart, bad

    (one, exact), twice, together, apart, (masked, of_no_class) = jax.device_get(values())
    np.testing.assert_allclose(one, exact, rtol=1e-4)
    np.testing.assert_allclose(twice, one, rtol=1e-4)
    assert (together != np.mean(apart, axis=0)).any()
    np.testing.assert_array_equal(masked[~WHERE], 0)
    assert np.isnan(of_no_class[0])
    with pytest.raises(ValueError, match="axis: expected the axis of classes to follow"):
        losses.generalized_jensen_shannon_loss(views, Y, axis=0)


def test_early_learning_regularisation_remembers_and_resists():
    state = losses.init_early_learning(10, 5)
    ids = np.array([3, 1, 4, 0, 5, 9, 2, 6], np.int32)
    step = jax.jit(losses.early_learning_regularized_cross_entropy)
    values, state = step(Z, Y, ids, state, where=WHERE)
    memory = np.float32(0.3) * PROBS
    expected = -np.log(PROBS[np.arange(8), Y]) + 3 * np.log(1 - (PROBS * memory).sum(axis=1))
    np.testing.assert_allclose(values, np.where(WHERE, expected, 0), rtol=1e-5)
    targets = np.asarray(state.targets)
    np.testing.assert_allclose(targets[3], memory[0], rtol=1e-5)
    np.testing.assert_array_equal(targets[4], 0)  # masked
    np.testing.assert_array_equal(targets[7], 0)  # never seen
    for _ in range(40):
        _, state = step(Z, Y, ids, state)
    np.testing.assert_allclose(np.asarray(state.targets)[ids], PROBS, atol=1e-4)
    # Having predicted another class confidently, the label's gradient is held back.
    sure = np.array([[6.0, 0.0, 0.0, 0.0, 0.0]], np.float32)
    remembered = losses.EarlyLearningState(np.exp(sure) / np.exp(sure).sum())
    other, first = np.array([1], np.int32), np.array([0], np.int32)

    @jax.jit
    def gradients(z):
        held_back = jax.grad(lambda z: step(z, other, first, remembered)[0].sum())(z)
        return held_back, jax.grad(lambda z: losses.cross_entropy(z, other).sum())(z)

    held_back, plain = gradients(sure)
    assert np.asarray(held_back)[0, 0] < np.asarray(plain)[0, 0] / 2
    outside, kept = step(Z[:1], Y[:1], np.array([99], np.int32), remembered)
    assert np.isfinite(outside).all()
    np.testing.assert_array_equal(kept.targets, remembered.targets)
    with pytest.raises(ValueError, match=r"state.targets: expected shape \(num_examples, 5\)"):
        step(Z, Y, ids, losses.init_early_learning(10, 4))
    with pytest.raises(TypeError, match="ids: expected an integer dtype, got float32"):
        step(Z, Y, ids.astype(float), state)


def test_gradient_clipping_finds_the_bound_it_was_given():
    rng = np.random.default_rng(0)
    clean = (0.3 + 0.1 * rng.normal(size=700)).astype(np.float32)
    wrong = (5.0 + 1.0 * rng.normal(size=324)).astype(np.float32)
    values = np.concatenate([clean, wrong])
    state = losses.init_gradient_clipping(1024)
    update = jax.jit(losses.update_gradient_clipping)
    half = update(state, values[:512], max_ratio=3.0)
    assert half.tau == state.tau  # the queue is not full yet
    taus = []
    for max_ratio in (1.0, 1.5, 3.0, 30.0):
        tau = float(update(state, values, max_ratio=max_ratio).tau)
        ratio = np.minimum(np.exp(wrong), tau).mean() / np.minimum(np.exp(clean), tau).mean()
        np.testing.assert_allclose(ratio, max_ratio, rtol=0.05)
        taus.append(tau)
    assert taus == sorted(taus)
    assert update(state, values, max_ratio=1e9).tau > 1e6
    loss = losses.partially_huberised_cross_entropy(Z, Y, tau=taus[-1])
    assert np.isfinite(loss).all()
    with pytest.raises(
        ValueError, match=r"cross_entropies: expected at most .* \(1024\), got 1025"
    ):
        losses.update_gradient_clipping(state, np.zeros(1025, np.float32), max_ratio=2.0)
    with pytest.raises(ValueError, match=r"max_ratio: .*\[1, inf\), got 0.5"):
        losses.update_gradient_clipping(state, values, max_ratio=0.5)


def test_gradient_clipping_leaves_out_what_is_no_loss():
    state = losses.init_gradient_clipping(256)
    values = np.random.default_rng(0).exponential(size=256).astype(np.float32)
    update = functools.partial(losses.update_gradient_clipping, max_ratio=2.0)
    first = jax.jit(update)
    full = first(state, values)
    poisoned = first(state, np.where(np.arange(256) == 3, np.float32(np.nan), values))
    assert poisoned.num_seen == 255
    again = jax.jit(update)(poisoned, values[2:4], where=np.array([False, True]))
    np.testing.assert_allclose(again.tau, full.tau, rtol=1e-5)
    np.testing.assert_array_equal(np.sort(again.queue), np.sort(full.queue))
    nothing: Any = None
    with pytest.raises(TypeError, match=r"state: expected a GradientClippingState, got None"):
        update(nothing, values)


def test_gradient_clipping_counts_no_further_than_an_int32_holds():
    values = np.random.default_rng(0).exponential(size=64).astype(np.float32)
    state = losses.init_gradient_clipping(64)
    for _ in range(4):
        state = losses.update_gradient_clipping(state, values, max_ratio=2.0)
        np.testing.assert_array_equal(state.queue, values)
        assert 64 <= state.num_seen < 128
    shifted = losses.update_gradient_clipping(state, values[:40], max_ratio=2.0)
    shifted = losses.update_gradient_clipping(shifted, values[40:], max_ratio=2.0)
    np.testing.assert_array_equal(shifted.queue, values)
    np.testing.assert_allclose(shifted.tau, state.tau, rtol=1e-6)


def test_gradient_clipping_on_every_device_by_itself():
    values = np.random.default_rng(0).exponential(size=(8, 64)).astype(np.float32)
    update = functools.partial(losses.update_gradient_clipping, max_ratio=2.0)
    state = losses.init_gradient_clipping(64)
    one = jax.jit(lambda x: update(state, x).tau)
    expected = [one(row) for row in values]
    mesh = Mesh(np.array(jax.devices()), ("devices",))
    mapped = jax.shard_map(
        lambda x: update(state, x).tau[None],
        mesh=mesh,
        in_specs=PartitionSpec("devices"),
        out_specs=PartitionSpec("devices"),
    )
    np.testing.assert_allclose(mapped(values), expected, rtol=1e-5)


def test_entropy_regularizer_is_of_the_whole_batch():
    mean = PROBS.mean(axis=0)
    expected = np.log(5) + (mean * np.log(mean)).sum()
    parts = jax.pmap(
        lambda z: losses.entropy_regularizer(z, axis_name="devices"), axis_name="devices"
    )(Z[:, None])
    np.testing.assert_allclose(parts, expected, rtol=1e-5)
    bad = replaced(replaced(Z, 2, np.nan), 4, np.inf)
    masked = replaced(Z, np.s_[:, 0], -np.inf)

    @jax.jit
    def results(where, none):
        entropy = losses.entropy_regularizer
        of_bad = jax.value_and_grad(entropy)(bad, where=where)
        whole = entropy(Z), entropy(Z[WHERE]), entropy(Z, where=none)
        return whole, of_bad, jax.grad(entropy)(masked)

    (value, kept, nothing), (of_kept, slope), finite = results(WHERE, np.zeros(8, bool))
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    np.testing.assert_allclose(of_kept, kept, rtol=1e-5)
    np.testing.assert_array_equal(np.asarray(slope)[2], 0)
    assert nothing == 0
    assert np.isfinite(finite).all()


def test_losses_by_name():
    assert len(losses.names()) > 40
    loss = losses.get("NCE+AGCE", alpha=1.0, beta=4.0, a=6.0, q=1.5)

    @jax.jit
    def results(q):
        first = losses.normalized_cross_entropy(Z, Y)
        second = losses.asymmetric_generalized_cross_entropy(Z, Y, a=6.0, q=1.5)
        learned = jax.grad(lambda q: losses.get("GCE", q=q)(Z, Y).sum())(q)
        per_example = losses.get("GCE", q=np.full(8, 0.5, np.float32))(Z, Y)
        of_one = per_example, losses.get("GCE", q=0.5)(Z, Y)
        return (loss(Z, Y), first + 4 * second), learned, of_one

    (found, expected), learned, (per_example, of_one) = results(0.5)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_array_equal(losses.get("CE")(Z, Y), losses.cross_entropy(Z, Y))
    assert np.isfinite(learned)
    np.testing.assert_allclose(per_example, of_one, rtol=1e-6)
    assert jax.eval_shape(losses.per_class_loss(loss), Z).shape == Z.shape
    with pytest.raises(ValueError, match=r"name: expected one of CE, FL, .*, got 'XE'"):
        losses.get("XE")
    with pytest.raises(
        TypeError, match=r"GCE: expected hyperparameters among q, min_prob, got p"
    ):
        losses.get("GCE", p=0.7)
    with pytest.raises(
        TypeError, match=r"CE_eps\+MAE: expected a value for alpha, beta; got none"
    ):
        losses.get("CE_eps+MAE", m=1e4)
    with pytest.raises(ValueError, match=r"q: expected a finite value in \(0, 1\], got 2.0"):
        losses.get("GCE", q=2.0)
    with pytest.raises(ValueError, match=r"alpha: expected .* got -1"):
        losses.get("JAL-CE", alpha=-1.0, beta=1.0, a=30.0)


def test_presets_are_complete_and_their_losses_run():
    cells = [
        ("cifar10", "clean", None),
        ("cifar100", "symmetric", 0.6),
        ("webvision", "web", None),
    ]
    cells += [("cifar10", "instance", 0.4), ("cifar100", "asymmetric", 0.3)]
    for cell in cells:
        for row, preset in presets.paper(*cell).items():
            later = {"key": jax.random.key(0)} if row == "NLNL" else {}
            assert np.isfinite(preset.loss()(Z, Y, **later)).all(), (cell, row)
    assert len(presets.paper("cifar10", "symmetric", 0.8)) == 15
    sixty = presets.paper("cifar100", "symmetric", 0.6)["CE_eps+MAE"].hyperparameters
    assert sixty["alpha"] == 0.0125  # the paper's; its code has 0.00125
    semi = presets.paper("cifar10n", "worst", semi_supervised=True)
    assert semi["CE_eps+MAE (Semi)"].hyperparameters["m"] == 10.0
    table6 = presets.paper("cifar100", "symmetric", 0.8)
    assert table6["CE_tau+MAE (tau=0.3)"].loss_name == "CE_tau+MAE"
    with pytest.raises(ValueError, match="dataset: expected one of cifar10, .* got 'mnist'"):
        presets.paper("mnist", "symmetric", 0.4)
    with pytest.raises(ValueError, match=r"noise: expected one of aggregate|clean, .*'flip'"):
        presets.paper("cifar10n", "flip")
    with pytest.raises(ValueError, match=r"rate: expected 0.2, 0.4, 0.6, 0.8 .* got 0.5"):
        presets.paper("cifar10", "symmetric", 0.5)
    with pytest.raises(ValueError, match=r"rate: expected 0.2, .* got None"):
        presets.paper("cifar10", "symmetric")
    with pytest.raises(ValueError, match="semi_supervised: expected dataset cifar10n or"):
        presets.paper("cifar10", "clean", semi_supervised=True)


def test_l1_weight_decay_is_the_gradient_of_an_l1_penalty():
    kernel = np.array([[1.0, -2.0], [0.0, 3.0]], np.float32)
    params = {"kernel": kernel, "bias": np.array([0.5, -0.5], np.float32)}
    zero = jax.tree.map(np.zeros_like, params)

    def penalty(params):
        return 0.1 * sum(jnp.abs(p).sum() for p in jax.tree.leaves(params))

    tx = training.add_l1_weight_decay(0.1)
    updates, _ = jax.jit(tx.update)(zero, tx.init(params), params)
    expected = jax.device_get(jax.jit(jax.grad(penalty))(params))
    expected["kernel"] = replaced(expected["kernel"], (1, 0), 0)  # no decay at exactly 0
    jax.tree.map(np.testing.assert_allclose, updates, expected)
    only = training.add_l1_weight_decay(0.1, mask={"kernel": True, "bias": False})
    updates, _ = jax.jit(only.update)(zero, only.init(params), params)
    np.testing.assert_array_equal(updates["bias"], 0)
    np.testing.assert_allclose(updates["kernel"], expected["kernel"])
    with pytest.raises(ValueError, match="expected parameters; call update"):
        tx.update(zero, tx.init(params))
    with pytest.raises(ValueError, match="weight_decay: .* got -1"):
        training.add_l1_weight_decay(-1)
