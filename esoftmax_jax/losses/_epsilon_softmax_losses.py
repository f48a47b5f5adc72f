"""The losses of the paper: cross-entropy and focal loss on ε-softmax, alone and with MAE."""

from esoftmax_jax import _numerics
from esoftmax_jax._checks import NON_NEGATIVE, PROBABILITY_FLOOR
from esoftmax_jax._types import Array, ArrayInput, Scalar
from esoftmax_jax.losses._loss_function import loss_function


@loss_function(m=NON_NEGATIVE, min_prob=PROBABILITY_FLOOR)
def epsilon_softmax_cross_entropy(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    m: Scalar,
    min_prob: Scalar | None = 1e-8,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Cross-entropy on ε-softmax, CE_ε.

    .. math:: \ell = -\log \max(p_{\epsilon,y}, p_{\min}), \qquad
              p_{\epsilon,y} = \frac{p_y + m \, 1[z_y \ge \max_k z_k]}{m + 1}

    The floor ``min_prob`` acts after the division by m + 1 and belongs to the method: with
    m = 1e5 a label that is not predicted and has p_y < 1e-3 gives a constant loss and no
    gradient. ``min_prob=None`` is the exact, unclipped form. A label that ties for the
    maximum counts as predicted. m = 0 with ``min_prob=None`` is cross-entropy.

    **With many classes** choose m by :func:`m_for_gate`, at most
    ``m_for_gate(1 / (10 * K))``: a label that is not predicted gets a gradient of CE_ε only
    from p_y = (m + 1) · ``min_prob`` on (:func:`gate_probability`), and an untrained network
    gives it about 1/K. At m = 1e5 and K = 1000 most labels get none at first.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        m: ≥ 0, how far towards one-hot; see :func:`epsilon_bound`.
        min_prob: in (0, 1), the smallest probability whose logarithm is taken, or None.
        axis: the axis of classes.
        where: booleans with the shape of ``labels``; a masked example has loss and gradient
            exactly 0, whatever its logits and label are.

    Returns:
        One loss per example (nats): shape of ``labels``, dtype of ``logits``. NaN where a
        label is outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit or a hyperparameter outside its range.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import epsilon_softmax_cross_entropy
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = epsilon_softmax_cross_entropy(logits, jnp.array([0, 2]), m=10.0)
        >>> print(jnp.array_str(losses, precision=4))
        [0.0143 5.5677]

    Reference:
        Wang et al., "ε-Softmax: Approximating One-Hot Vectors for Mitigating Label Noise",
        NeurIPS 2024 (arXiv 2508.02387), sections 3.1 and 3.2; gradient: equation 3.4.
    """
    log_prob, predicted = _numerics.label_log_prob_and_predicted(logits, labels, axis)
    return -_numerics.log_epsilon_prob(log_prob, predicted, m, min_prob)


@loss_function(
    static=("stop_modulator_gradient",),
    m=NON_NEGATIVE,
    gamma=NON_NEGATIVE,
    min_prob=PROBABILITY_FLOOR,
)
def epsilon_softmax_focal_loss(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    m: Scalar,
    gamma: Scalar = 0.1,
    min_prob: Scalar | None = 1e-8,
    stop_modulator_gradient: bool = False,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Focal loss on ε-softmax, FL_ε.

    .. math:: \ell = -(1 - u)^\gamma \log u, \qquad u = \max(p_{\epsilon,y}, p_{\min})

    **With many classes** choose m by :func:`m_for_gate`, at most
    ``m_for_gate(1 / (10 * K))``: a label that is not predicted gets a gradient of FL_ε only
    from p_y = (m + 1) · ``min_prob`` on (:func:`gate_probability`), and an untrained network
    gives it about 1/K. At m = 1e5 and K = 1000 most labels get none at first.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        m: ≥ 0, how far towards one-hot.
        gamma: ≥ 0, the focusing parameter; 0 gives CE_ε.
        min_prob: in (0, 1), the smallest u, or None for the unclipped form.
        stop_modulator_gradient: treat (1 − u)^γ as a constant in the derivative, as the
            authors' code does; False is the derivative of the formula.
        axis: the axis of classes.
        where: booleans with the shape of ``labels``; a masked example has loss and gradient
            exactly 0.

    Returns:
        One loss per example (nats): shape of ``labels``, dtype of ``logits``. NaN where a
        label is outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit or a hyperparameter outside its range.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import epsilon_softmax_focal_loss
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = epsilon_softmax_focal_loss(logits, jnp.array([0, 2]), m=10.0)
        >>> print(jnp.array_str(losses, precision=4))
        [0.0093 5.5656]

    Reference:
        Wang et al., NeurIPS 2024 (arXiv 2508.02387), section 3.2 (FL_ε); focal loss: Lin et
        al., "Focal Loss for Dense Object Detection", ICCV 2017, equation 4.
    """
    log_prob, predicted = _numerics.label_log_prob_and_predicted(logits, labels, axis)
    return _numerics.focal_term(
        _numerics.log_epsilon_prob(log_prob, predicted, m, min_prob),
        gamma,
        stop_modulator_gradient=stop_modulator_gradient,
    )


@loss_function(
    m=NON_NEGATIVE, alpha=NON_NEGATIVE, beta=NON_NEGATIVE, min_prob=PROBABILITY_FLOOR
)
def epsilon_softmax_cross_entropy_with_mae(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    m: Scalar,
    alpha: Scalar,
    beta: Scalar,
    min_prob: Scalar | None = 1e-8,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""CE_ε + MAE, the loss the paper proposes, in one pass over the logits.

    .. math:: \ell = \alpha \, \mathrm{CE}_\epsilon + \beta \cdot 2 (1 - p_y)

    MAE is on the ordinary softmax; it is symmetric, so it leaves the excess-risk bound of
    α·CE_ε as it is (Lemma 3) while it fits the clean examples.

    **With many classes** choose m by :func:`m_for_gate`, at most
    ``m_for_gate(1 / (10 * K))``: a label that is not predicted gets a gradient of CE_ε only
    from p_y = (m + 1) · ``min_prob`` on (:func:`gate_probability`), and an untrained network
    gives it about 1/K. At m = 1e5 and K = 1000 most
    labels get MAE's alone at first, which is about 2β/K.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        m: ≥ 0, how far towards one-hot. The paper: 1e5 (CIFAR-10 symmetric), 1e3
            (asymmetric), 1e4 (CIFAR-100, human labels).
        alpha: ≥ 0, weight of CE_ε.
        beta: ≥ 0, weight of MAE.
        min_prob: in (0, 1), the smallest probability whose logarithm is taken, or None.
        axis: the axis of classes.
        where: booleans with the shape of ``labels``; a masked example has loss and gradient
            exactly 0.

    Returns:
        One loss per example: shape of ``labels``, dtype of ``logits``. NaN where a label is
        outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit or a hyperparameter outside its range.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import epsilon_softmax_cross_entropy_with_mae
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> labels = jnp.array([0, 2])
        >>> losses = epsilon_softmax_cross_entropy_with_mae(
        ...     logits, labels, m=1e4, alpha=0.1, beta=1.0
        ... )
        >>> print(jnp.array_str(losses, precision=4))
        [0.3124 3.154 ]

    Reference:
        Wang et al., NeurIPS 2024 (arXiv 2508.02387), section 3.3 and Lemma 3.
    """
    log_prob, predicted = _numerics.label_log_prob_and_predicted(logits, labels, axis)
    cross_entropy = -_numerics.log_epsilon_prob(log_prob, predicted, m, min_prob)
    return alpha * cross_entropy - 2 * beta * _numerics.expm1(log_prob)


@loss_function(
    static=("stop_modulator_gradient",),
    m=NON_NEGATIVE,
    alpha=NON_NEGATIVE,
    beta=NON_NEGATIVE,
    gamma=NON_NEGATIVE,
    min_prob=PROBABILITY_FLOOR,
)
def epsilon_softmax_focal_loss_with_mae(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    m: Scalar,
    alpha: Scalar,
    beta: Scalar,
    gamma: Scalar = 0.1,
    min_prob: Scalar | None = 1e-8,
    stop_modulator_gradient: bool = False,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""FL_ε + MAE, the focal form of the paper's loss, in one pass over the logits.

    .. math:: \ell = \alpha \, \mathrm{FL}_\epsilon + \beta \cdot 2 (1 - p_y)

    **With many classes** choose m by :func:`m_for_gate`, at most
    ``m_for_gate(1 / (10 * K))``: a label that is not predicted gets a gradient of FL_ε only
    from p_y = (m + 1) · ``min_prob`` on (:func:`gate_probability`), and an untrained network
    gives it about 1/K. At m = 1e5 and K = 1000 most
    labels get MAE's alone at first, which is about 2β/K.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        m: ≥ 0, how far towards one-hot.
        alpha: ≥ 0, weight of FL_ε.
        beta: ≥ 0, weight of MAE.
        gamma: ≥ 0, the focusing parameter.
        min_prob: in (0, 1), the smallest probability whose logarithm is taken, or None.
        stop_modulator_gradient: treat (1 − u)^γ as a constant in the derivative, as the
            authors' code does.
        axis: the axis of classes.
        where: booleans with the shape of ``labels``; a masked example has loss and gradient
            exactly 0.

    Returns:
        One loss per example: shape of ``labels``, dtype of ``logits``. NaN where a label is
        outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit or a hyperparameter outside its range.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import epsilon_softmax_focal_loss_with_mae
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> labels = jnp.array([0, 2])
        >>> losses = epsilon_softmax_focal_loss_with_mae(
        ...     logits, labels, m=1e4, alpha=0.1, beta=1.0
        ... )
        >>> print(jnp.array_str(losses, precision=4))
        [0.3124 3.154 ]

    Reference:
        Wang et al., NeurIPS 2024 (arXiv 2508.02387), section 3.3.
    """
    log_prob, predicted = _numerics.label_log_prob_and_predicted(logits, labels, axis)
    focal = _numerics.focal_term(
        _numerics.log_epsilon_prob(log_prob, predicted, m, min_prob),
        gamma,
        stop_modulator_gradient=stop_modulator_gradient,
    )
    return alpha * focal - 2 * beta * _numerics.expm1(log_prob)
