"""Losses made from losses, losses with a memory, and losses by name."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from esoftmax_jax import losses, presets, training
from tests import loss_formulas as formulas
from tests.loss_cases import CASES

Z = 2 * jax.random.normal(jax.random.key(0), (8, 5))
Y = jnp.array([0, 1, 2, 3, 4, 0, 1, 2])
WHERE = jnp.array([True, True, False, True, False, True, True, True])
DETERMINISTIC = [case for case in CASES if case.formula is not None]


def test_the_losses_of_every_label_at_once(subtests):
    weights = jax.random.normal(jax.random.key(1), Z.shape)

    def together(logits, where):
        return [losses.per_class_loss(case)(logits, where=where) for case in unbound]

    def one_by_one(logits, where):
        def one(label):
            labels = jnp.broadcast_to(label, Y.shape)
            return [case(logits, labels, where=where) for case in DETERMINISTIC]

        return [jnp.moveaxis(v, 0, -1) for v in jax.lax.map(one, jnp.arange(5))]

    # The case itself is not of the library; the loss with its options bound is.
    unbound = [
        functools.partial(case.loss, **case.options(5, "float32")) for case in DETERMINISTIC
    ]

    def values_and_slopes(function):
        values, pullback = jax.vjp(lambda z: function(z, WHERE), Z)
        zeros = [jnp.zeros_like(v) for v in values]

        def slope(i):  # of one loss at a time
            return pullback([jnp.where(i == j, weights, z) for j, z in enumerate(zeros)])[0]

        return values, jax.lax.map(slope, jnp.arange(len(values)))

    values, slopes = zip(
        *[jax.jit(values_and_slopes, static_argnums=0)(f) for f in (together, one_by_one)],
        strict=True,
    )
    for i, case in enumerate(DETERMINISTIC):
        with subtests.test(case.name):
            np.testing.assert_allclose(values[0][i], values[1][i], rtol=1e-5, atol=2e-6)
            scale = float(jnp.abs(slopes[1][i]).max())
            np.testing.assert_allclose(slopes[0][i], slopes[1][i], rtol=1e-4, atol=2e-6 * scale)


def test_every_label_at_once_costs_one_softmax_and_no_larger_array():
    logits = jnp.zeros((64, 500))

    def total(logits):
        return losses.per_class_loss(losses.generalized_cross_entropy)(logits).sum()

    memory = jax.jit(jax.grad(total)).lower(logits).compile().memory_analysis()
    assert memory is not None
    assert memory.temp_size_in_bytes < 4 * logits.nbytes


def test_every_label_at_once_takes_other_losses_axes_and_per_example_settings():
    def other(logits, labels, *, axis=-1, where=None):
        del where
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels, axis=axis)

    expected = losses.per_class_loss(losses.cross_entropy)(Z)
    np.testing.assert_allclose(losses.per_class_loss(other)(Z), expected, rtol=1e-5)
    by_axis = losses.per_class_loss(losses.cross_entropy)(Z.T, axis=0)
    np.testing.assert_allclose(by_axis.T, expected, rtol=1e-5)
    biased = losses.with_logit_bias(losses.cross_entropy, bias=1.0)
    assert losses.per_class_loss(biased)(Z).shape == Z.shape
    q = jnp.linspace(0.1, 0.9, 8)
    values = losses.per_class_loss(losses.generalized_cross_entropy)(Z, q=q)
    alone = losses.per_class_loss(losses.generalized_cross_entropy)(Z[3], q=q[3])
    np.testing.assert_allclose(values[3], alone, rtol=1e-5)
    checked = losses.per_class_loss(losses.checked(losses.cross_entropy))
    np.testing.assert_allclose(checked(Z), expected, rtol=1e-5)
    with pytest.raises(ValueError, match="logits: expected finite values"):
        checked(Z.at[0, 0].set(jnp.nan))


def test_expected_loss_is_the_cross_entropy_of_soft_labels():
    soft = jax.nn.softmax(jax.random.normal(jax.random.key(2), Z.shape))
    loss = losses.expected_loss(losses.cross_entropy)
    expected = optax.softmax_cross_entropy(Z, soft)
    np.testing.assert_allclose(loss(Z, soft), expected, rtol=1e-5)
    slopes = [
        jax.grad(lambda z, f=f: f(z, soft).sum())(Z)
        for f in (loss, optax.softmax_cross_entropy)
    ]
    np.testing.assert_allclose(slopes[0], slopes[1], atol=1e-5)
    hard = jax.nn.one_hot(Y, 5)
    for q in (0.3, 0.9):
        gce = losses.expected_loss(losses.generalized_cross_entropy)
        np.testing.assert_allclose(
            gce(Z, hard, q=q), losses.generalized_cross_entropy(Z, Y, q=q), rtol=1e-5
        )
    masked = Z.at[:, 4].set(-jnp.inf)
    no_fourth = soft.at[:, 4].set(0.0)
    slope = jax.grad(lambda z: loss(z, no_fourth).sum())(masked)
    assert jnp.isfinite(loss(masked, no_fourth)).all()
    assert jnp.isfinite(slope).all()
    np.testing.assert_array_equal(loss(Z, soft, where=WHERE)[~WHERE], 0)


def test_wrong_arguments_of_wrappers():
    with pytest.raises(TypeError, match="per_class_loss: expected a loss function, got 3"):
        losses.per_class_loss(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected_loss: expected a loss function, got 3"):
        losses.expected_loss(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="with_epsilon_softmax: expected a loss function"):
        losses.with_epsilon_softmax(3, m=1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"m: expected a finite value in \[0, inf\), got -1"):
        losses.with_epsilon_softmax(losses.cross_entropy, m=-1)
    with pytest.raises(ValueError, match="bias: expected a finite value .* got nan"):
        losses.with_logit_bias(losses.cross_entropy, bias=float("nan"))
    soft = losses.expected_loss(losses.cross_entropy)
    with pytest.raises(TypeError, match="label_distribution: .* got int32; for integer labels"):
        soft(Z, Y)
    with pytest.raises(ValueError, match=r"label_distribution: .* \(8, 5\), got \(8,\)"):
        soft(Z, Z[:, 0])
    with pytest.raises(ValueError, match=r"initial_prob: .*\(0, 1\), got 1"):
        losses.logit_bias_for_initial_prob(10, initial_prob=1)


@pytest.mark.parametrize("m", [0.0, 10.0, 1e5])
def test_with_epsilon_softmax_makes_the_epsilon_losses(m):
    ours = losses.with_epsilon_softmax(losses.cross_entropy, m=m)
    theirs = functools.partial(losses.epsilon_softmax_cross_entropy, m=m)
    np.testing.assert_allclose(ours(Z, Y, where=WHERE), theirs(Z, Y, where=WHERE), atol=1e-5)
    slopes = [jax.grad(lambda z, f=f: f(z, Y).sum())(Z) for f in (ours, theirs)]
    np.testing.assert_allclose(slopes[0], slopes[1], atol=1e-5)
    bad = Z.at[2].set(jnp.nan)
    slope = jax.grad(lambda z: ours(z, Y, where=WHERE).sum())(bad)
    np.testing.assert_array_equal(slope[2], 0)
    assert ours(Z.astype(jnp.bfloat16), Y).dtype == jnp.bfloat16


def test_logit_bias_moves_the_label_alone():
    loss = losses.with_logit_bias(losses.mean_absolute_error, bias=1.5)
    by_hand = [
        formulas.mae(np.array(z) + 1.5 * np.eye(5)[y], y) for z, y in zip(Z, Y, strict=True)
    ]
    np.testing.assert_allclose(loss(Z, Y), by_hand, rtol=1e-5)
    for num_classes in (2, 10, 1000):
        bias = losses.logit_bias_for_initial_prob(num_classes, initial_prob=0.2)
        start = losses.with_logit_bias(losses.mean_absolute_error, bias=bias)
        value = start(jnp.zeros((1, num_classes)), jnp.array([1]))
        np.testing.assert_allclose(value, 1.6, rtol=1e-5)


def test_limits_of_one_loss_are_other_losses():
    def same(first, second, rtol=1e-5):
        np.testing.assert_allclose(first(Z, Y), second(Z, Y), rtol=rtol, atol=1e-5)

    bind = functools.partial
    ce, mae = losses.cross_entropy, losses.mean_absolute_error
    same(bind(losses.bi_tempered_loss, t1=1.0, t2=1.0), ce)
    # At t2 = 1 the first term is GCE; the second depends on the prediction alone.
    probs = jax.nn.softmax(Z)
    rest = (jnp.sum(probs**1.3, axis=1) - 1) / 1.3
    gce = bind(losses.generalized_cross_entropy, q=0.3)
    same(bind(losses.bi_tempered_loss, t1=0.7, t2=1.0), lambda z, y: gce(z, y) + rest)
    same(bind(losses.taylor_cross_entropy, order=1), lambda z, y: mae(z, y) / 2)

    def taylor(z, y):  # the series converges slowly where p_y is small
        return losses.taylor_cross_entropy(z / 5, y, order=64)

    same(taylor, lambda z, y: ce(z / 5, y), rtol=1e-4)
    same(bind(losses.partially_huberised_cross_entropy, tau=1e7), ce)
    same(bind(losses.normalized_focal_loss, gamma=0.0), losses.normalized_cross_entropy)
    same(
        bind(losses.normalized_negative_focal_loss, gamma=0.0),
        losses.normalized_negative_cross_entropy,
    )
    same(bind(losses.asymmetric_mean_squared_error, a=1.0), losses.mean_squared_error)
    same(
        bind(losses.asymmetric_generalized_cross_entropy, a=1e-6, q=0.7), bind(gce, q=0.7), 1e-3
    )
    same(bind(losses.asymmetric_unhinged_loss, a=3.0, q=1.0), lambda z, y: mae(z, y) / 2)
    same(bind(losses.jensen_shannon_loss, pi=1e-4), ce, rtol=2e-3)
    same(bind(losses.jensen_shannon_loss, pi=1 - 1e-6), lambda z, y: mae(z, y) / 2, rtol=0.2)
    same(bind(losses.logit_clip_cross_entropy, delta=1e3, continuous=True), ce)
    same(bind(losses.temperature_softmax_cross_entropy, tau=1.0), ce)
    identity = jnp.eye(5)
    same(bind(losses.forward_corrected_cross_entropy, transition_matrix=identity), ce)
    same(bind(losses.backward_corrected_cross_entropy, transition_matrix=identity), ce)
    mae_slope = jax.grad(lambda z: mae(z, Y).sum() / 2)(Z)
    dft_slope = jax.grad(lambda z: losses.dynamic_fine_tuning_loss(z, Y).sum())(Z)
    np.testing.assert_allclose(dft_slope, mae_slope, atol=1e-6)


def test_backward_correction_is_unbiased_and_forward_correction_consistent():
    transition = jnp.array(0.6 * np.eye(5) + 0.08)
    backward = losses.per_class_loss(
        functools.partial(losses.backward_corrected_cross_entropy, transition_matrix=transition)
    )
    clean = losses.per_class_loss(losses.cross_entropy)(Z)
    np.testing.assert_allclose(backward(Z) @ transition.T, clean, rtol=1e-4, atol=1e-4)
    # Forward correction on the noisy posterior is least at the clean one.
    posterior = jax.nn.softmax(Z[0])
    noisy = posterior @ transition
    forward = losses.per_class_loss(
        functools.partial(losses.forward_corrected_cross_entropy, transition_matrix=transition)
    )
    slope = jax.grad(lambda z: jnp.vdot(noisy, forward(z)))(jnp.log(posterior))
    np.testing.assert_allclose(slope, 0, atol=1e-6)


def test_negative_learning_draws_other_classes_uniformly():
    logits = jnp.log(jnp.array([[0.1, 0.2, 0.3, 0.4]] * 30_000))
    labels = jnp.full(30_000, 2)
    values = losses.negative_learning_loss(logits, labels, key=jax.random.key(0))
    expected = -np.log1p(-np.array([0.1, 0.2, 0.4]))
    counts = [(np.abs(values - e) < 1e-4).sum() for e in expected]
    assert sum(counts) == 30_000
    np.testing.assert_allclose(counts, 10_000, atol=400)  # five standard deviations
    again = losses.negative_learning_loss(logits, labels, key=jax.random.key(0))
    np.testing.assert_array_equal(values, again)
    many = losses.negative_learning_loss(
        logits[:2], labels[:2], key=jax.random.key(1), num_complementary=20_000
    )
    np.testing.assert_allclose(many, expected.mean(), rtol=0.02)


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
    slope = jax.grad(lambda z: losses.entropy_regularizer(z, where=WHERE))(bad)
    np.testing.assert_array_equal(slope[2], 0)
    assert losses.entropy_regularizer(Z, where=jnp.zeros(8, bool)) == 0
    masked = Z.at[:, 0].set(-jnp.inf)
    assert jnp.isfinite(jax.grad(losses.entropy_regularizer)(masked)).all()


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
    with pytest.raises(ValueError, match=r"weight of term 0: expected .* got -1"):
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
