"""Losses that change the logits first: temperature, LogitClip and LDR-KL."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from esoftmax_jax import _numerics
from esoftmax_jax._checks import POSITIVE, REAL
from esoftmax_jax._types import Array, ArrayInput, Scalar
from esoftmax_jax.losses import _class_sums
from esoftmax_jax.losses._loss_function import loss_function


@loss_function(tau=POSITIVE)
def temperature_softmax_cross_entropy(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    tau: Scalar,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Cross-entropy of softmax at a temperature, CE_τ.

    .. math:: \ell = -\log \mathrm{softmax}(z / \tau)_y

    The rival of ε-softmax in the paper's ablation: it approaches one-hot too, but keeps its
    gradient on confident disagreements.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        tau: > 0, the temperature; below 1 it sharpens the prediction.
        axis: the axis of classes.
        where: booleans with the shape of ``labels``; a masked example has loss and gradient
            exactly 0.

    Returns:
        One loss per example (nats): shape of ``labels``, dtype of ``logits``. NaN where a label
        is outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit or a hyperparameter outside its range.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import temperature_softmax_cross_entropy
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = temperature_softmax_cross_entropy(logits, jnp.array([0, 2]), tau=0.5)
        >>> print(jnp.array_str(losses, precision=4))
        [0.0206 6.0206]

    Reference:
        Wang et al., NeurIPS 2024 (arXiv 2508.02387), table 6.
    """
    temperature = _numerics.for_each_class(tau, labels, axis)
    return -_numerics.label_log_prob(_divided(logits, temperature), labels, axis)


@jax.custom_jvp
def _divided(logits: Array, temperature: Array) -> Array:
    """Return z/τ, whose derivative by τ is 0 and not 0 · ∞ for a class of logit −inf."""
    return logits / temperature


def _divided_jvp(
    primals: tuple[Array, Array], tangents: tuple[Any, Any]
) -> tuple[Array, Array]:
    (logits, temperature), (logits_dot, temperature_dot) = primals, tangents
    scaled = _divided(logits, temperature)
    tangent = jnp.zeros_like(scaled)
    if not isinstance(logits_dot, SymbolicZero):
        tangent += logits_dot / temperature
    if not isinstance(temperature_dot, SymbolicZero):
        finite = jnp.where(scaled == -jnp.inf, 0, scaled)
        tangent -= finite * (temperature_dot / temperature)
    return scaled, tangent


_divided.defjvp(_divided_jvp, symbolic_zeros=True)


@loss_function(static=("continuous",), delta=POSITIVE)
def logit_clip_cross_entropy(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    delta: Scalar,
    continuous: bool = False,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""LogitClip, CE+LC: cross-entropy of logits whose norm is clipped.

    .. math:: \ell = -\log \mathrm{softmax}(c(z))_y, \qquad
              c(z) = \begin{cases} \delta z / \lVert z \rVert_2
              & \lVert z \rVert_2 > 1 / \delta \\
              z & \text{otherwise} \end{cases}

    This is what the authors' code does: for δ ≠ 1 it jumps at the threshold.
    ``continuous=True`` is z · min(1, δ/‖z‖₂). The loss depends on a constant added to the
    logits. Masked classes (logit −inf) do not enter the norm.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        delta: > 0, the norm that clipped logits receive.
        continuous: clip where the norm exceeds ``delta`` itself, which makes the loss
            continuous, instead of 1/``delta``.
        axis: the axis of classes.
        where: booleans with the shape of ``labels``; a masked example has loss and gradient
            exactly 0.

    Returns:
        One loss per example (nats): shape of ``labels``, dtype of ``logits``. NaN where a label
        is outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit or a hyperparameter outside its range.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import logit_clip_cross_entropy
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = logit_clip_cross_entropy(logits, jnp.array([0, 2]), delta=1.0)
        >>> print(jnp.array_str(losses, precision=4))
        [0.513  1.8546]

    Reference:
        Wei et al., "Mitigating Memorization of Noisy Labels by Clipping the Model Prediction",
        ICML 2023.
    """
    limit = _numerics.for_each_class(delta, labels, axis)
    present = logits != -jnp.inf
    safe = jnp.where(present, logits, 0)
    square = jnp.sum(safe * safe, axis=axis, keepdims=True)
    clipped = square > (limit * limit if continuous else 1 / (limit * limit))
    scale = jnp.where(clipped, limit * jax.lax.rsqrt(jnp.where(clipped, square, 1)), 1)
    logits = jnp.where(present, safe * scale, -jnp.inf)
    return -_numerics.label_log_prob(logits, labels, axis)


@loss_function(threshold=REAL, lam=POSITIVE)
def ldr_kl_loss(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    threshold: Scalar = 0.1,
    lam: Scalar = 1.0,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Label-distributionally robust loss with KL regularisation, LDR-KL.

    .. math:: \ell = \lambda \log \frac{1}{K} \sum_k \exp
              \frac{c \, 1[k \ne y] + h_k - h_y}{\lambda},
              h = \frac{\mathrm{softplus}(z)}{\mathrm{mean}_k \, \mathrm{softplus}(z_k)}

    c is ``threshold``. With u = softmax(h/λ)_y it is λ (log(e^{c/λ}(1 − u) + u) − log u − log
    K), which is how it is computed. The loss depends on a constant added to the logits. Masked
    classes (logit −inf) do not exist for it.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        threshold: the margin; the paper has 0.1.
        lam: > 0, the strength λ of the regularisation towards uniform class weights; the paper
            has 10 on CIFAR-10 and 1 elsewhere.
        axis: the axis of classes.
        where: booleans with the shape of ``labels``; a masked example has loss and gradient
            exactly 0.

    Returns:
        One loss per example: shape of ``labels``, dtype of ``logits``. NaN where a label
        is outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit or a hyperparameter outside its range.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import ldr_kl_loss
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = ldr_kl_loss(logits, jnp.array([0, 2]))
        >>> print(jnp.array_str(losses, precision=4))
        [-0.7101  1.0834]

    Reference:
        Zhu et al., "Label Distributionally Robust Losses for Multi-class Classification:
        Consistency, Robustness and Adaptivity", ICML 2023.
    """
    strength = _numerics.for_each_class(lam, labels, axis)
    count = _class_sums.count_of_present(logits, axis)
    # Where all logits are very negative softplus(z) is e^z, which underflows; h does not
    # depend on a factor e^shift.
    maximum = jax.lax.stop_gradient(jnp.max(logits, axis=axis, keepdims=True))
    shifted = logits - jnp.where(maximum < -40, maximum + 40, 0)
    softplus = jnp.log1p(jnp.exp(-jnp.abs(shifted))) + jnp.maximum(shifted, 0)
    mean = jnp.sum(softplus, axis=axis) / count
    factor = jnp.expand_dims(_class_sums.unfused(1 / mean), axis) / strength
    scores = jnp.where(logits == -jnp.inf, -jnp.inf, softplus * factor)
    margin = _numerics.for_each_class(threshold / lam, labels, axis)
    log_count = _numerics.for_each_label(jnp.log(count), labels, axis)
    return -lam * (_log_prob_with_margin(scores, labels, margin, axis) + log_count)


def _log_prob_with_margin(
    scores: Array, labels: ArrayInput | None, margin: Array, axis: int
) -> Array:
    """Return log softmax(scores − margin e_y)_y, for all labels where none is given."""
    if labels is not None:
        safe, _ = _numerics.safe_labels(labels, scores.shape[axis])
        hot = _numerics.class_is(scores.shape, safe, axis)
        return _numerics.label_log_prob(jnp.where(hot, scores - margin, scores), labels, axis)
    # 1 − p of the largest class is summed from the others: 1 − p itself would round.
    top = _numerics.class_is(scores.shape, jnp.argmax(scores, axis=axis), axis)
    log_probs = _numerics.log_probs(scores, axis)
    others = jnp.sum(jnp.where(top, 0, jnp.exp(log_probs)), axis=axis, keepdims=True)
    rest = jnp.where(top, others, -_numerics.expm1(jnp.where(top, -1, log_probs)))
    log_rest = jnp.log(jnp.maximum(rest, 1e-37))
    return log_probs - margin - jnp.logaddexp(log_rest, log_probs - margin)
