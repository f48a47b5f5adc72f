"""The last layer and its loss in one: no array of tokens × classes, in either direction."""

import jax
import jax.numpy as jnp

from esoftmax_jax import _numerics
from esoftmax_jax._checks import NON_NEGATIVE, PROBABILITY_FLOOR
from esoftmax_jax._types import Array, ArrayInput, DType, Scalar
from esoftmax_jax.losses._linear.loss_function import linear_loss_function
from esoftmax_jax.losses._linear.numerics import (
    CHUNK_SIZE,
    AxisName,
    label_log_prob_and_predicted,
)
from esoftmax_jax.losses._mae_and_reverse_losses import UNIT_RANGE


@linear_loss_function()
def linear_cross_entropy(
    hidden: ArrayInput,
    kernel: ArrayInput,
    labels: ArrayInput,
    *,
    bias: ArrayInput | None = None,
    chunk_size: int = CHUNK_SIZE,
    where: ArrayInput | None = None,
    axis_name: AxisName | None = None,
    loss_dtype: DType | None = None,
) -> Array:
    r"""Cross-entropy of a last layer, without its logits.

    .. math:: \ell = -\log p_y, \qquad p = \mathrm{softmax}(h W + b)

    The classes are streamed in chunks. The largest array beside the arguments and their
    gradients is (tokens, ``chunk_size``), and it does not depend on K. The backward pass
    computes the logits again: four matrix products instead of three.

    Matrices are multiplied in their own dtype (the wider one if they differ) and summed in
    at least float32, like everything else. Each gradient has the dtype of its argument.

    ``jit``, ``grad``, ``jvp``, ``hessian``, ``vmap``, ``checkpoint`` and ``shard_map`` work.
    Under ``vmap`` the gradient of a shared kernel is computed for each element and then
    summed: give leading axes to ``hidden`` instead.

    **Classes over devices.** Inside ``shard_map``, with ``kernel`` and ``bias`` split along K,
    name that axis in ``axis_name``. The devices hold equal shares in order; labels remain
    classes of the whole. One maximum and two sums per token are exchanged, no logits::

        loss = functools.partial(linear_cross_entropy, axis_name="classes")
        specs = (P(), P(None, "classes"), P())
        losses = jax.shard_map(loss, mesh=mesh, in_specs=specs, out_specs=P())(h, w, y)

    Take gradients outside of a ``shard_map`` that has ``check_vma=False``: within it, JAX
    does not sum the devices' parts.

    Args:
        hidden: floating (..., D), the layer's input, one row per token.
        kernel: floating (D, K), K ≥ 2, as in Flax's Dense; an embedding table (K, D) is
            passed as ``table.T``.
        labels: integer classes in [0, K), shape of ``hidden`` without its last axis.
        bias: floating (K,), added to the logits, or None.
        chunk_size: classes per chunk; memory grows with it.
        where: booleans with the shape of ``labels``; a masked token has loss and gradient
            exactly 0, whatever its hidden state and label are.
        axis_name: inside ``shard_map``, the axis over which the classes are split.
        loss_dtype: floating, the dtype of the losses, for instance ``jnp.float32`` beside
            hidden states of half precision; None: that of ``hidden``.

    Returns:
        One loss per token (nats): shape of ``labels``, ``loss_dtype``. NaN where a
        label is outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import linear_cross_entropy
        >>> hidden = jnp.array([[1.0, 0.0], [1.0, 1.0]])
        >>> kernel = jnp.array([[2.0, 0.0, -1.0], [0.0, 0.0, 0.0]])
        >>> losses = linear_cross_entropy(hidden, kernel, jnp.array([0, 2]))
        >>> print(jnp.array_str(losses, precision=4))
        [0.1698 3.1698]

    Reference:
        Cross-entropy without the array of logits: Wijmans et al., "Cut Your Losses in
        Large-Vocabulary Language Models", ICLR 2025 (arXiv 2411.09009), section 4.
    """
    log_prob, _ = label_log_prob_and_predicted(
        hidden, kernel, labels, bias, where, chunk_size, axis_name
    )
    return -log_prob


@linear_loss_function(q=UNIT_RANGE, min_prob=PROBABILITY_FLOOR)
def linear_generalized_cross_entropy(
    hidden: ArrayInput,
    kernel: ArrayInput,
    labels: ArrayInput,
    *,
    q: Scalar = 0.7,
    min_prob: Scalar | None = None,
    bias: ArrayInput | None = None,
    chunk_size: int = CHUNK_SIZE,
    where: ArrayInput | None = None,
    axis_name: AxisName | None = None,
    loss_dtype: DType | None = None,
) -> Array:
    r"""Generalised cross-entropy (GCE) of a last layer, without its logits.

    .. math:: \ell = \frac{1 - p_y^q}{q}, \qquad p = \mathrm{softmax}(h W + b)

    Streamed over classes; memory, precision, derivatives and class-sharded use are those of
    :func:`linear_cross_entropy`.

    Args:
        hidden: floating (..., D), the layer's input, one row per token.
        kernel: floating (D, K), K ≥ 2, as in Flax's Dense; an embedding table (K, D) is
            passed as ``table.T``.
        labels: integer classes in [0, K), shape of ``hidden`` without its last axis.
        q: in (0, 1]; larger is more robust and slower to fit.
        min_prob: in (0, 1), a floor for p_y below which the gradient is 0, or None.
        bias: floating (K,), added to the logits, or None.
        chunk_size: classes per chunk; memory grows with it.
        where: booleans with the shape of ``labels``; a masked token has loss and gradient
            exactly 0.
        axis_name: inside ``shard_map``, the axis over which the classes are split.
        loss_dtype: floating, the dtype of the losses, for instance ``jnp.float32`` beside
            hidden states of half precision; None: that of ``hidden``.

    Returns:
        One loss per token: shape of ``labels``, ``loss_dtype``. NaN where a
        label is outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit or a hyperparameter outside its range.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import linear_generalized_cross_entropy
        >>> hidden = jnp.array([[1.0, 0.0], [1.0, 1.0]])
        >>> kernel = jnp.array([[2.0, 0.0, -1.0], [0.0, 0.0, 0.0]])
        >>> losses = linear_generalized_cross_entropy(hidden, kernel, jnp.array([0, 2]))
        >>> print(jnp.array_str(losses, precision=4))
        [0.1601 1.2732]

    Reference:
        Zhang and Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks
        with Noisy Labels", NeurIPS 2018, equation 6.
    """
    log_prob, _ = label_log_prob_and_predicted(
        hidden, kernel, labels, bias, where, chunk_size, axis_name
    )
    return _numerics.power_loss(_numerics.floor_log_prob(log_prob, min_prob), q)


@linear_loss_function()
def linear_dynamic_fine_tuning_loss(
    hidden: ArrayInput,
    kernel: ArrayInput,
    labels: ArrayInput,
    *,
    bias: ArrayInput | None = None,
    chunk_size: int = CHUNK_SIZE,
    where: ArrayInput | None = None,
    axis_name: AxisName | None = None,
    loss_dtype: DType | None = None,
) -> Array:
    r"""Dynamic fine-tuning (DFT) of a last layer, without its logits.

    .. math:: \ell = -\mathrm{stop\_gradient}(p_y) \log p_y, \qquad
              p = \mathrm{softmax}(h W + b)

    Its gradient is that of −p_y; only its value differs.

    Streamed over classes; memory, precision, derivatives and class-sharded use are those of
    :func:`linear_cross_entropy`.

    Args:
        hidden: floating (..., D), the layer's input, one row per token.
        kernel: floating (D, K), K ≥ 2, as in Flax's Dense; an embedding table (K, D) is
            passed as ``table.T``.
        labels: integer classes in [0, K), shape of ``hidden`` without its last axis.
        bias: floating (K,), added to the logits, or None.
        chunk_size: classes per chunk; memory grows with it.
        where: booleans with the shape of ``labels``; a masked token has loss and gradient
            exactly 0.
        axis_name: inside ``shard_map``, the axis over which the classes are split.
        loss_dtype: floating, the dtype of the losses, for instance ``jnp.float32`` beside
            hidden states of half precision; None: that of ``hidden``.

    Returns:
        One loss per token: shape of ``labels``, ``loss_dtype``. NaN where a
        label is outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import linear_dynamic_fine_tuning_loss
        >>> hidden = jnp.array([[1.0, 0.0], [1.0, 1.0]])
        >>> kernel = jnp.array([[2.0, 0.0, -1.0], [0.0, 0.0, 0.0]])
        >>> losses = linear_dynamic_fine_tuning_loss(hidden, kernel, jnp.array([0, 2]))
        >>> print(jnp.array_str(losses, precision=4))
        [0.1433 0.1332]

    Reference:
        Wu et al., "On the Generalization of SFT: A Reinforcement Learning Perspective with
        Reward Rectification", 2025 (arXiv 2508.05629).
    """
    log_prob, _ = label_log_prob_and_predicted(
        hidden, kernel, labels, bias, where, chunk_size, axis_name
    )
    weight = jax.lax.stop_gradient(jnp.exp(log_prob))
    return -weight * jnp.where(log_prob == -jnp.inf, 0, log_prob)


@linear_loss_function(
    m=NON_NEGATIVE, alpha=NON_NEGATIVE, beta=NON_NEGATIVE, min_prob=PROBABILITY_FLOOR
)
def linear_epsilon_softmax_cross_entropy_with_mae(
    hidden: ArrayInput,
    kernel: ArrayInput,
    labels: ArrayInput,
    *,
    m: Scalar,
    alpha: Scalar,
    beta: Scalar,
    min_prob: Scalar | None = 1e-8,
    bias: ArrayInput | None = None,
    chunk_size: int = CHUNK_SIZE,
    where: ArrayInput | None = None,
    axis_name: AxisName | None = None,
    loss_dtype: DType | None = None,
) -> Array:
    r"""CE_ε + MAE of a last layer, without its logits.

    .. math:: \ell = \alpha \, \mathrm{CE}_\epsilon + \beta \cdot 2 (1 - p_y), \qquad
              p = \mathrm{softmax}(h W + b)

    CE_ε is :func:`epsilon_softmax_cross_entropy`; a label that ties for the largest logit
    counts as predicted.

    **With a large vocabulary** choose m by :func:`m_for_gate`, at most
    ``m_for_gate(1 / (10 * K))``: a label that is not predicted gets a gradient of CE_ε only
    from p_y = (m + 1) · ``min_prob`` on (:func:`gate_probability`), and an untrained network
    gives it about 1/K. At m = 1e4 and K = 50 000 most labels get MAE's alone, which is about
    2β/K.

    Streamed over classes; memory, precision, derivatives and class-sharded use are those of
    :func:`linear_cross_entropy`.

    Args:
        hidden: floating (..., D), the layer's input, one row per token.
        kernel: floating (D, K), K ≥ 2, as in Flax's Dense; an embedding table (K, D) is
            passed as ``table.T``.
        labels: integer classes in [0, K), shape of ``hidden`` without its last axis.
        m: ≥ 0, how far towards one-hot.
        alpha: ≥ 0, weight of CE_ε.
        beta: ≥ 0, weight of MAE.
        min_prob: in (0, 1), the smallest probability whose logarithm is taken, or None.
        bias: floating (K,), added to the logits, or None.
        chunk_size: classes per chunk; memory grows with it.
        where: booleans with the shape of ``labels``; a masked token has loss and gradient
            exactly 0.
        axis_name: inside ``shard_map``, the axis over which the classes are split.
        loss_dtype: floating, the dtype of the losses, for instance ``jnp.float32`` beside
            hidden states of half precision; None: that of ``hidden``.

    Returns:
        One loss per token: shape of ``labels``, ``loss_dtype``. NaN where a
        label is outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit or a hyperparameter outside its range.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import linear_epsilon_softmax_cross_entropy_with_mae
        >>> hidden = jnp.array([[1.0, 0.0], [1.0, 1.0]])
        >>> kernel = jnp.array([[2.0, 0.0, -1.0], [0.0, 0.0, 0.0]])
        >>> losses = linear_epsilon_softmax_cross_entropy_with_mae(
        ...     hidden, kernel, jnp.array([0, 2]), m=1e4, alpha=0.1, beta=1.0
        ... )
        >>> print(jnp.array_str(losses, precision=4))
        [0.3124 3.154 ]

    Reference:
        Wang et al., "ε-Softmax: Approximating One-Hot Vectors for Mitigating Label Noise",
        NeurIPS 2024 (arXiv 2508.02387), section 3.3 and Lemma 3.
    """
    log_prob, predicted = label_log_prob_and_predicted(
        hidden, kernel, labels, bias, where, chunk_size, axis_name
    )
    cross_entropy = -_numerics.log_epsilon_prob(log_prob, predicted, m, min_prob)
    return alpha * cross_entropy - 2 * beta * _numerics.expm1(log_prob)
