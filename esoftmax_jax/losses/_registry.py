"""The losses by the names that papers give them."""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax._types import Array, ArrayInput, ClassAxis, LossFunction
from esoftmax_jax.losses import _asymmetric_losses as asymmetric
from esoftmax_jax.losses import _correction_losses as correction
from esoftmax_jax.losses import _cross_entropy_losses as cross_entropies
from esoftmax_jax.losses import _divergence_losses as divergence
from esoftmax_jax.losses import _epsilon_softmax_losses as epsilon
from esoftmax_jax.losses import _mae_and_reverse_losses as bounded
from esoftmax_jax.losses import _negative_losses as negative
from esoftmax_jax.losses import _normalized_losses as normalized
from esoftmax_jax.losses import _reshaped_logit_losses as logit
from esoftmax_jax.losses import _squared_losses as squared
from esoftmax_jax.losses import _truncated_losses as truncated
from esoftmax_jax.losses import _variation_losses as variation
from esoftmax_jax.losses._class_axes import on_one_axis
from esoftmax_jax.losses._loss_function import mark_every_class
from esoftmax_jax.losses._wrappers.weighted_sum import sum_of_terms
from esoftmax_jax.spelling import did_you_mean

_ARRAYS = ("logits", "labels", "axis", "where")
_WEIGHTS = ("alpha", "beta")
_LATER = ("key", "transition_matrix")  # given with the batch, not with the settings


def _sum_of(first: LossFunction, second: LossFunction, name: str) -> LossFunction:
    """Return α · first + β · second with the hyperparameters of both as keywords."""
    parts = [(loss, _hyperparameters(loss)) for loss in (first, second)]
    merged = {**_hyperparameters(second), **_hyperparameters(first)}

    def combination(
        logits: ArrayInput,
        labels: ArrayInput,
        *,
        alpha: Any,
        beta: Any,
        axis: ClassAxis = -1,
        where: ArrayInput | None = None,
        **options: Any,
    ) -> Array:
        _refuse_unknown(name, options, merged)
        if isinstance(axis, tuple):
            settings = {"alpha": alpha, "beta": beta, "axis": axis, "where": where}
            return on_one_axis(combination, (logits, labels), settings | options)
        terms = []
        for weight, (loss, names) in zip((alpha, beta), parts, strict=True):
            chosen = {key: options[key] for key in names if key in options}
            terms.append((weight, functools.partial(loss, **chosen)))
        given = {"axis": axis, "where": where}
        return sum_of_terms(name, terms, logits, labels, given, _WEIGHTS)

    own = list(inspect.signature(combination).parameters.values())[:-1]
    combination.__signature__ = inspect.Signature([*own, *merged.values()])  # type: ignore[attr-defined]
    combination.__name__ = combination.__qualname__ = name
    combination.__doc__ = f"Return alpha · {first.__name__} + beta · {second.__name__}."
    mark_every_class(combination)
    return combination


def _refuse_unknown(
    name: str, given: Iterable[str], known: Mapping[str, inspect.Parameter]
) -> None:
    unknown = [key for key in given if key not in known]
    if unknown:
        raise TypeError(
            f"{name}: expected hyperparameters among {', '.join(known) or 'none'}, got "
            f"{', '.join(unknown)}{did_you_mean(unknown[0], known)}"
        )


def _hyperparameters(loss: LossFunction) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(loss).parameters
    return {name: p for name, p in parameters.items() if name not in _ARRAYS}


_SINGLE: dict[str, LossFunction] = {
    "CE": cross_entropies.cross_entropy,
    "FL": cross_entropies.focal_loss,
    "CE_tau": logit.temperature_softmax_cross_entropy,
    "MAE": bounded.mean_absolute_error,
    "MSE": squared.mean_squared_error,
    "GCE": bounded.generalized_cross_entropy,
    "RCE": bounded.reverse_cross_entropy,
    "SCE": bounded.symmetric_cross_entropy,
    "NCE": normalized.normalized_cross_entropy,
    "NFL": normalized.normalized_focal_loss,
    "AGCE": asymmetric.asymmetric_generalized_cross_entropy,
    "AUL": asymmetric.asymmetric_unhinged_loss,
    "AEL": asymmetric.asymmetric_exponential_loss,
    "CE+LC": logit.logit_clip_cross_entropy,
    "LDR-KL": logit.ldr_kl_loss,
    "NLNL": negative.negative_learning_loss,
    "NNCE": negative.normalized_negative_cross_entropy,
    "NNFL": negative.normalized_negative_focal_loss,
    "CE_eps": epsilon.epsilon_softmax_cross_entropy,
    "FL_eps": epsilon.epsilon_softmax_focal_loss,
    "CE_eps+MAE": epsilon.epsilon_softmax_cross_entropy_with_mae,
    "FL_eps+MAE": epsilon.epsilon_softmax_focal_loss_with_mae,
    "AMSE": squared.asymmetric_mean_squared_error,
    "VCE": variation.variation_cross_entropy,
    "VEL": asymmetric.asymmetric_exponential_loss,
    "VMSE": variation.variation_squared_error,
    "PHuber-CE": truncated.partially_huberised_cross_entropy,
    "Taylor-CE": truncated.taylor_cross_entropy,
    "JS": divergence.jensen_shannon_loss,
    "Bi-Tempered": divergence.bi_tempered_loss,
    "DFT": cross_entropies.dynamic_fine_tuning_loss,
    "Forward": correction.forward_corrected_cross_entropy,
    "Backward": correction.backward_corrected_cross_entropy,
}
_PAIRS: dict[str, tuple[LossFunction, LossFunction]] = {
    "CE_tau+MAE": (logit.temperature_softmax_cross_entropy, bounded.mean_absolute_error),
    "NCE+MAE": (normalized.normalized_cross_entropy, bounded.mean_absolute_error),
    "NCE+RCE": (normalized.normalized_cross_entropy, bounded.reverse_cross_entropy),
    "NFL+MAE": (normalized.normalized_focal_loss, bounded.mean_absolute_error),
    "NFL+RCE": (normalized.normalized_focal_loss, bounded.reverse_cross_entropy),
    "NCE+AGCE": (
        normalized.normalized_cross_entropy,
        asymmetric.asymmetric_generalized_cross_entropy,
    ),
    "NCE+AUL": (normalized.normalized_cross_entropy, asymmetric.asymmetric_unhinged_loss),
    "NCE+AEL": (normalized.normalized_cross_entropy, asymmetric.asymmetric_exponential_loss),
    "ANL-CE": (
        normalized.normalized_cross_entropy,
        negative.normalized_negative_cross_entropy,
    ),
    "ANL-FL": (normalized.normalized_focal_loss, negative.normalized_negative_focal_loss),
    "JAL-CE": (normalized.normalized_cross_entropy, squared.asymmetric_mean_squared_error),
    "JAL-FL": (normalized.normalized_focal_loss, squared.asymmetric_mean_squared_error),
}
_SUMS = {name: _sum_of(*pair, name) for name, pair in _PAIRS.items()}
_LOSSES = _SINGLE | _SUMS
_BY_FUNCTION = {loss.__name__: name for name, loss in reversed(_SINGLE.items())}
globals().update(_SUMS)  # pickle looks for a function in its module, by its name


def names() -> tuple[str, ...]:
    """Return the names that :func:`get` knows, as papers write them (ε as ``eps``).

    Args:
        Nothing.

    Returns:
        The names; those of sums last.

    Raises:
        Nothing.

    Example:
        >>> from esoftmax_jax import losses
        >>> "CE_eps+MAE" in losses.names()
        True

    Reference:
        The sources of the losses are in their docstrings.
    """
    return tuple(_LOSSES)


def get(name: str, **hyperparameters: Any) -> Callable[..., Array]:
    """Return a loss by its name in the papers, with its hyperparameters bound.

    A name with two parts is α · first + β · second with the hyperparameters of both (ANL-CE is
    NCE+NNCE, JAL-CE is NCE+AMSE; VEL is AEL). MAE has its factor 2 in sums too.

    Args:
        name: one of :func:`names`.
        **hyperparameters: of the loss; may be traced arrays. What has no default must be
            given. ``key`` and ``transition_matrix`` may be given at the call instead.

    Returns:
        ``loss(logits, labels, *, axis=-1, where=None)``.

    Raises:
        ValueError: the name is unknown or a hyperparameter is outside its range.
        TypeError: a hyperparameter is missing, unknown or of the wrong type.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax import losses
        >>> loss = losses.get("NCE+AGCE", alpha=1.0, beta=4.0, a=6.0, q=1.5)
        >>> values = loss(jnp.array([[2.0, 0.0, -1.0]] * 2), jnp.array([0, 2]))
        >>> print(jnp.array_str(values, precision=4))
        [ 1.6747 10.3585]

    Reference:
        The sources of the losses are in their docstrings.
    """
    if not isinstance(name, str):
        raise TypeError(f"name: expected a string such as 'CE_eps+MAE', got {name!r}")
    if name not in _LOSSES:
        meant = did_you_mean(name, _LOSSES, _BY_FUNCTION)
        raise ValueError(
            f"name: expected one of {', '.join(_LOSSES)}, got {name!r}{meant}; a loss of your "
            f"own needs no name, pass the function itself"
        )
    loss = _LOSSES[name]
    known = _hyperparameters(loss)
    _refuse_unknown(name, hyperparameters, known)
    missing = [
        key
        for key, parameter in known.items()
        if parameter.default is parameter.empty
        and key not in hyperparameters
        and key not in _LATER
    ]
    if missing:
        raise TypeError(f"{name}: expected a value for {', '.join(missing)}; got none")
    bound = functools.partial(loss, **hyperparameters)
    if not any(key in known for key in _LATER):
        # Let the loss itself refuse values outside their range, now and not in a training
        # run. Tracing is enough; of several values there is one per example.
        examples = np.broadcast_shapes((1,), *map(np.shape, hyperparameters.values()))
        widest = jnp.result_type(float)
        jax.eval_shape(bound, np.zeros((*examples, 2), widest), np.zeros(examples, np.int32))
    return bound
