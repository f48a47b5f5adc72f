"""Lemma 1 of the ε-softmax paper, by the confidence of a prediction."""

import numpy as np

from esoftmax_jax import _checks
from esoftmax_jax._host_types import HostFloats, Numbers
from esoftmax_jax.theory._numbers import probability_numbers


def epsilon_bound_of_prediction(m: float, top_probability: Numbers) -> HostFloats:
    r"""Distance of ε-softmax from the one-hot vector of its prediction, by its confidence.

    .. math:: \lVert p_\epsilon - e_t \rVert_2 \le \frac{\sqrt{1 - p_t}}{m + 1}
              \le \frac{\sqrt{1 - 1/K}}{m + 1}

    The second is Lemma 1, :func:`~esoftmax_jax.losses.epsilon_bound`, which is this at
    p_t = 1/K. It is reached wherever n classes share all of the probability: p_t = 1/n.

    Args:
        m: ≥ 0.
        top_probability: p_t of the ordinary softmax, in (0, 1], a number or an array.

    Returns:
        The bound, with the shape of ``top_probability``.

    Raises:
        TypeError: ``m`` is no number.
        ValueError: ``m`` is negative, or a probability outside (0, 1].

    Example:
        >>> from esoftmax_jax import theory
        >>> print(theory.epsilon_bound_of_prediction(99.0, [0.1, 0.5, 0.99]).round(5))
        [0.00949 0.00707 0.001  ]

    Reference:
        Wang et al., NeurIPS 2024 (arXiv 2508.02387), proof of Lemma 1.
    """
    _checks.check_hyperparameter("m", m, _checks.NON_NEGATIVE)
    top = probability_numbers("top_probability", top_probability)
    if not np.all((top > 0) & (top <= 1)):
        raise ValueError(
            f"top_probability: expected probabilities in (0, 1], got {top_probability!r}"
        )
    bounds: HostFloats = np.sqrt(1 - top) / (1 + float(m))
    return bounds
