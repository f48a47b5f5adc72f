"""Losses with a memory, of a batch or of several views; losses by name; weight decay."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import losses, presets, training

Z = 2 * jax.random.normal(jax.random.key(0), (8, 5))
Y = jnp.array([0, 1, 2, 3, 4, 0, 1, 2])
WHERE = jnp.array([True, True, False, True, False, True, True, True])


def test_generalized_jensen_shannon():
    views = jnp.stack([Z, Z + 0.3])  # the same prediction twice
    one = losses.generalized_jensen_shannon_loss(Z[None], Y, pi=0.3)
    np.testing.assert_allclose(one, losses.jensen_shannon_loss(Z, Y, pi=0.3), rtol=1e-4)
    twice = losses.generalized_jensen_shannon_loss(views, Y, pi=0.3)
    np.testing.assert_allclose(twice, one, rtol=1e-4)
    different = jnp.stack([Z, jnp.roll(Z, 1, axis=1)])
    average = jnp.mean(jnp.stack([losses.jensen_shannon_loss(z, Y) for z in different]), axis=0)
    assert (losses.generalized_jensen_shannon_loss(different, Y) != average).any()
    masked = losses.generalized_jensen_shannon_loss(views.at[:, 2].set(jnp.nan), Y, where=WHERE)
    np.testing.assert_array_equal(masked[~WHERE], 0)
    assert jnp.isnan(losses.generalized_jensen_shannon_loss(views, Y.at[0].set(9))[0])
    with pytest.raises(ValueError, match="axis: expected the axis of classes to follow"):
        losses.generalized_jensen_shannon_loss(views, Y, axis=0)


def test_early_learning_regularisation_remembers_and_resists():
    state = losses.init_early_learning(10, 5)
    ids = jnp.array([3, 1, 4, 0, 5, 9, 2, 6])
    step = jax.jit(losses.early_learning_regularized_cross_entropy)
    probs = jax.nn.softmax(Z)
    values, state = step(Z, Y, ids, state, where=WHERE)
    memory = 0.3 * probs
    expected = losses.cross_entropy(Z, Y) + 3 * jnp.log(1 - (probs * memory).sum(axis=1))
    np.testing.assert_allclose(values, jnp.where(WHERE, expected, 0), rtol=1e-5)
    np.testing.assert_allclose(state.targets[3], memory[0], rtol=1e-5)
    np.testing.assert_array_equal(state.targets[4], 0)  # masked
    np.testing.assert_array_equal(state.targets[7], 0)  # never seen
    for _ in range(40):
        _, state = step(Z, Y, ids, state)
    np.testing.assert_allclose(state.targets[ids], probs, atol=1e-4)
    # Having predicted another class confidently, the label's gradient is held back.
    sure = jnp.array([[6.0, 0.0, 0.0, 0.0, 0.0]])
    remembered = losses.EarlyLearningState(jax.nn.softmax(sure))

    def loss(z):
        return step(z, jnp.array([1]), jnp.array([0]), remembered)[0].sum()

    plain = jax.grad(lambda z: losses.cross_entropy(z, jnp.array([1])).sum())(sure)
    assert jax.grad(loss)(sure)[0, 0] < plain[0, 0] / 2
    outside, kept = step(Z[:1], Y[:1], jnp.array([99]), remembered)
    assert jnp.isfinite(outside).all()
    np.testing.assert_array_equal(kept.targets, remembered.targets)
    with pytest.raises(ValueError, match=r"state.targets: expected shape \(num_examples, 5\)"):
        step(Z, Y, ids, losses.init_early_learning(10, 4))
    with pytest.raises(TypeError, match="ids: expected an integer dtype, got float32"):
        step(Z, Y, ids.astype(float), state)


def test_gradient_clipping_finds_the_bound_it_was_given():
    keys = jax.random.split(jax.random.key(0))
    clean = 0.3 + 0.1 * jax.random.normal(keys[0], (700,))
    wrong = 5.0 + 1.0 * jax.random.normal(keys[1], (324,))
    values = jnp.concatenate([clean, wrong])
    state = losses.init_gradient_clipping(1024)
    half = losses.update_gradient_clipping(state, values[:512], max_ratio=3.0)
    assert half.tau == state.tau  # the queue is not full yet
    taus = []
    for max_ratio in (1.0, 1.5, 3.0, 30.0):
        full = losses.update_gradient_clipping(state, values, max_ratio=max_ratio)
        ratio = jnp.minimum(jnp.exp(wrong), full.tau).mean() / (
            jnp.minimum(jnp.exp(clean), full.tau).mean()
        )
        np.testing.assert_allclose(ratio, max_ratio, rtol=0.05)
        taus.append(float(full.tau))
    assert taus == sorted(taus)
    assert losses.update_gradient_clipping(state, values, max_ratio=1e9).tau > 1e6
    loss = losses.partially_huberised_cross_entropy(Z, Y, tau=full.tau)
    assert jnp.isfinite(loss).all()
    with pytest.raises(
        ValueError, match=r"cross_entropies: expected at most .* \(1024\), got 1025"
    ):
        losses.update_gradient_clipping(state, jnp.zeros(1025), max_ratio=2.0)
    with pytest.raises(ValueError, match=r"max_ratio: .*\[1, inf\), got 0.5"):
        losses.update_gradient_clipping(state, values, max_ratio=0.5)


def test_entropy_regularizer_is_of_the_whole_batch():
    mean = jax.nn.softmax(Z).mean(axis=0)
    expected = np.log(5) + (mean * jnp.log(mean)).sum()
    np.testing.assert_allclose(losses.entropy_regularizer(Z), expected, rtol=1e-5)
    parts = jax.pmap(
        lambda z: losses.entropy_regularizer(z, axis_name="devices"), axis_name="devices"
    )(Z[:, None])
    np.testing.assert_allclose(parts, expected, rtol=1e-5)
    bad = Z.at[2].set(jnp.nan).at[4].set(jnp.inf)
    kept = losses.entropy_regularizer(Z[WHERE])
    np.testing.assert_allclose(losses.entropy_regularizer(bad, where=WHERE), kept, rtol=1e-5)
    gradient = jax.jit(jax.grad(losses.entropy_regularizer))
    slope = gradient(bad, where=WHERE)
    np.testing.assert_array_equal(slope[2], 0)
    assert losses.entropy_regularizer(Z, where=jnp.zeros(8, bool)) == 0
    masked = Z.at[:, 0].set(-jnp.inf)
    assert jnp.isfinite(gradient(masked)).all()


def test_losses_by_name():
    assert len(losses.names()) > 40
    loss = losses.get("NCE+AGCE", alpha=1.0, beta=4.0, a=6.0, q=1.5)
    expected = losses.normalized_cross_entropy(Z, Y)
    expected += 4 * losses.asymmetric_generalized_cross_entropy(Z, Y, a=6.0, q=1.5)
    np.testing.assert_allclose(loss(Z, Y), expected, rtol=1e-6)
    np.testing.assert_array_equal(losses.get("CE")(Z, Y), losses.cross_entropy(Z, Y))
    learned = jax.grad(lambda q: losses.get("GCE", q=q)(Z, Y).sum())(0.5)
    assert jnp.isfinite(learned)
    per_example = losses.get("GCE", q=jnp.full(8, 0.5))(Z, Y)
    np.testing.assert_allclose(per_example, losses.get("GCE", q=0.5)(Z, Y), rtol=1e-6)
    assert losses.per_class_loss(loss)(Z).shape == Z.shape
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
            assert jnp.isfinite(preset.loss()(Z, Y, **later)).all(), (cell, row)
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
    params = {"kernel": jnp.array([[1.0, -2.0], [0.0, 3.0]]), "bias": jnp.array([0.5, -0.5])}
    zero = jax.tree.map(jnp.zeros_like, params)

    def penalty(params):
        return 0.1 * sum(jnp.abs(p).sum() for p in jax.tree.leaves(params))

    tx = training.add_l1_weight_decay(0.1)
    updates, _ = jax.jit(tx.update)(zero, tx.init(params), params)
    expected = jax.grad(penalty)(params)
    expected["kernel"] = expected["kernel"].at[1, 0].set(0.0)  # no decay at exactly 0
    jax.tree.map(np.testing.assert_allclose, updates, expected)
    only = training.add_l1_weight_decay(0.1, mask={"kernel": True, "bias": False})
    updates, _ = only.update(zero, only.init(params), params)
    np.testing.assert_array_equal(updates["bias"], 0)
    np.testing.assert_allclose(updates["kernel"], expected["kernel"])
    with pytest.raises(ValueError, match="expected parameters; call update"):
        tx.update(zero, tx.init(params))
    with pytest.raises(ValueError, match="weight_decay: .* got -1"):
        training.add_l1_weight_decay(-1)
