"""Early-learning regularisation: cross-entropy with a memory of what was predicted before."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from esoftmax_jax import _checks, _numerics, _sharding
from esoftmax_jax._types import Array, ArrayInput, Scalar

MOMENTUM = _checks.Interval(low=0.0, high=1.0, high_open=True)


class EarlyLearningState(NamedTuple):
    """What early-learning regularisation remembers of every training example."""

    targets: Array
    """(num_examples, K), the running mean of each example's predictions."""


def init_early_learning(num_examples: int, num_classes: int) -> EarlyLearningState:
    """Return an empty memory, a (num_examples, K) float32 array of zeros.

    Args:
        num_examples: size of the training set.
        num_classes: K ≥ 2.

    Returns:
        The state for :func:`early_learning_regularized_cross_entropy`.

    Raises:
        TypeError: a size is no integer.
        ValueError: a size is too small.

    Example:
        >>> from esoftmax_jax.losses import init_early_learning
        >>> init_early_learning(1000, 10).targets.shape
        (1000, 10)

    Reference:
        Liu et al., "Early-Learning Regularization Prevents Memorization of Noisy Labels",
        NeurIPS 2020.
    """
    _checks.check_hyperparameter("num_examples", num_examples, _checks.POSITIVE_INTEGER)
    _checks.check_num_classes(num_classes)
    return EarlyLearningState(jnp.zeros((num_examples, num_classes), jnp.float32))


def early_learning_regularized_cross_entropy(
    logits: ArrayInput,
    labels: ArrayInput,
    ids: ArrayInput,
    state: EarlyLearningState,
    *,
    beta: Scalar = 0.7,
    lam: Scalar = 3.0,
    min_disagreement: Scalar = 1e-4,
    where: ArrayInput | None = None,
) -> tuple[Array, EarlyLearningState]:
    r"""Cross-entropy plus early-learning regularisation, ELR.

    .. math:: \ell = -\log p_y + \lambda \log (1 - \langle p, t \rangle), \qquad
              t \leftarrow \beta t + (1 - \beta) p

    t is the example's memory, updated first and constant for the gradient. The second term
    holds the prediction at what it was before wrong labels were memorized.

    Args:
        logits: floating (B, K); half precision is computed in float32.
        labels: integer classes (B,) in [0, K).
        ids: integers (B,), each example's row in the memory; an id outside it is not
            remembered. Of an id that occurs twice one update survives.
        state: the memory, from :func:`init_early_learning`.
        beta: in [0, 1), the momentum of the memory; the paper has 0.7 (CIFAR-10) and 0.9
            (CIFAR-100).
        lam: ≥ 0, the strength λ; the paper has 3 (CIFAR-10) and 7 (CIFAR-100).
        min_disagreement: in (0, 1), the least value of 1 − ⟨p, t⟩ in the logarithm; below it
            the gradient is 0.
        where: booleans (B,); a masked example has loss and gradient exactly 0 and leaves the
            memory as it is.

    Returns:
        The losses (B,) in the dtype of ``logits`` and the new state. Under data parallelism
        every device needs its own memory, or the same ids on every device.

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit or a hyperparameter outside its range.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax import losses
        >>> state = losses.init_early_learning(num_examples=100, num_classes=3)
        >>> logits, labels = jnp.array([[2.0, 0.0, -1.0]]), jnp.array([2])
        >>> values, state = losses.early_learning_regularized_cross_entropy(
        ...     logits, labels, jnp.array([42]), state
        ... )
        >>> print(jnp.array_str(values, precision=4))
        [2.432]

    Reference:
        Liu et al., NeurIPS 2020 (arXiv 2007.00151), section 4.
    """
    axis = _checks.check_logits(logits, -1)
    _checks.check_labels(labels, logits, axis)
    _checks.check_integers("ids", ids, labels.shape)
    _checks.check_where(where, labels.shape)
    _checks.check_state("state", state, EarlyLearningState, "init_early_learning(...)")
    _checks.check_memory("state.targets", state.targets, logits.shape)
    for name, value, interval in (
        ("beta", beta, MOMENTUM),
        ("lam", lam, _checks.NON_NEGATIVE),
        ("min_disagreement", min_disagreement, _checks.OPEN_UNIT),
    ):
        dtype = _numerics.compute_dtype(logits.dtype)
        _checks.check_hyperparameter(name, value, interval, dtype=dtype)

    labels = _numerics.narrow_labels(labels)
    logits = jnp.asarray(logits)
    clean, kept = _numerics.widened(logits), jnp.ones(labels.shape, bool)
    dtype = clean.dtype
    if where is not None:
        kept = jnp.asarray(where)
        clean, labels = jnp.where(kept[:, None], clean, 0), jnp.where(kept, labels, 0)
    log_prob = _numerics.label_log_prob(clean, labels, axis)
    probs = jnp.exp(_numerics.log_probs(clean, axis))

    num_examples = state.targets.shape[0]
    rows, _ = _numerics.safe_labels(ids, num_examples)
    rows = jnp.where(kept, rows, num_examples)
    split = _sharding.with_axis(_sharding.layout_of(rows), 1)
    places = state.targets.at[rows]
    before = places.get(mode="fill", fill_value=0, out_sharding=split).astype(dtype)
    momentum = jnp.asarray(beta).astype(dtype)
    after = momentum * before + (1 - momentum) * jax.lax.stop_gradient(probs)
    everywhere = [_sharding.laid_out(one, None) for one in (rows, after)]
    targets = state.targets.at[everywhere[0]].set(
        everywhere[1].astype(state.targets.dtype), mode="drop"
    )

    disagreement = 1 - jnp.sum(probs * after, axis=axis)
    floor = jnp.asarray(min_disagreement).astype(dtype)
    bounded = jnp.where(disagreement < floor, floor, disagreement)
    losses = jnp.asarray(lam).astype(dtype) * jnp.log(bounded) - log_prob
    return jnp.where(kept, losses, 0).astype(logits.dtype), EarlyLearningState(targets)
