"""The functions that ``bench losses`` times, and how its option names them."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

from esoftmax_jax import losses
from esoftmax_jax.app.methods.find import find_method, find_methods
from esoftmax_jax.app.methods.methods import OWN_FORM, Method, Methods
from esoftmax_jax.app.methods.own_loss_file import names_own_loss
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spelling import did_you_mean, spelled

PEER = "optax CE"
LARGEST_MATRIX = 1000  # classes up to which the losses with a transition matrix are timed

SHAPES = ((128, 10), (4096, 10), (4096, 100), (4096, 1000), (2048, 32000))
_TRIED = 64  # examples

Function = Any  # of logits and labels

SETTINGS: dict[str, dict[str, Any]] = {
    "FL": {"gamma": 0.5},
    "CE_tau": {"tau": 0.5},
    "GCE": {"q": 0.7},
    "SCE": {"alpha": 0.1, "beta": 1.0},
    "AGCE": {"a": 0.6, "q": 0.6},
    "AUL": {"a": 6.3, "q": 1.5},
    "AEL": {"a": 2.5},
    "CE+LC": {"delta": 1.0},
    "CE_eps": {"m": 1e5},
    "FL_eps": {"m": 1e5},
    "CE_eps+MAE": {"m": 1e5, "alpha": 0.01, "beta": 5.0},
    "FL_eps+MAE": {"m": 1e5, "alpha": 0.01, "beta": 5.0},
    "AMSE": {"a": 30.0},
    "VCE": {"a": 1.0},
    "VEL": {"a": 2.5},
    "VMSE": {"a": 5.0},
    "CE_tau+MAE": {"alpha": 1.0, "beta": 1.0, "tau": 0.5},
    "NCE+MAE": {"alpha": 1.0, "beta": 0.5},
    "NCE+RCE": {"alpha": 1.0, "beta": 1.0},
    "NFL+MAE": {"alpha": 1.0, "beta": 0.5},
    "NFL+RCE": {"alpha": 1.0, "beta": 1.0},
    "NCE+AGCE": {"alpha": 1.0, "beta": 4.0, "a": 6.0, "q": 1.5},
    "NCE+AUL": {"alpha": 1.0, "beta": 4.0, "a": 6.3, "q": 1.5},
    "NCE+AEL": {"alpha": 1.0, "beta": 4.0, "a": 5.0},
    "ANL-CE": {"alpha": 5.0, "beta": 5.0},
    "ANL-FL": {"alpha": 5.0, "beta": 5.0},
    "JAL-CE": {"alpha": 1.0, "beta": 1.0, "a": 30.0},
    "JAL-FL": {"alpha": 1.0, "beta": 1.0, "a": 30.0},
}
"""Hyperparameters that are timed, where a loss needs any."""


def translated_ce_eps_mae(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """CE_ε+MAE as one would write it down: one-hot, softmax, clip, logarithm."""
    num_classes = logits.shape[-1]
    probs = jax.nn.softmax(logits)
    top = jax.nn.one_hot(jnp.argmax(logits, axis=-1), num_classes)
    target = jax.nn.one_hot(labels, num_classes)
    shifted = jnp.clip((probs + 1e5 * top) / (1 + 1e5), 1e-8)
    cross_entropy = -jnp.sum(target * jnp.log(shifted), axis=-1)
    return 0.01 * cross_entropy + 5.0 * jnp.sum(jnp.abs(target - probs), axis=-1)


def _matrix(num_classes: int) -> jax.Array:
    return 0.7 * jnp.eye(num_classes) + 0.3 / num_classes


def candidates(num_classes: int, own: Methods | None = None) -> dict[str, Function]:
    """Return the functions timed at K classes, the peer first.

    Args:
        num_classes: K.
        own: losses of the user's, timed at their first settings where they take K classes: a
            matrix in a loss fits one K.
    """
    settings = SETTINGS | {"NLNL": {"key": jax.random.key(0)}}
    if num_classes <= LARGEST_MATRIX:
        for name in ("Forward", "Backward"):
            settings[name] = {"transition_matrix": _matrix(num_classes)}
    named = {
        name: losses.get(name, **settings.get(name, {}))
        for name in losses.names()
        if name in settings or name not in ("Forward", "Backward")
    }
    return {
        PEER: optax.softmax_cross_entropy_with_integer_labels,
        **named,
        "CE_eps+MAE, translated": translated_ce_eps_mae,
        **{
            name: _own_loss(method)
            for name, method in (own or {}).items()
            if _refusal(method, num_classes) is None
        },
    }


def _refusal(method: Method, num_classes: int) -> UsageError | None:
    """Return why a loss of the user's cannot be timed at K classes."""
    try:
        method.content_hash(num_classes, _TRIED)
    except UsageError as error:
        return error
    return None


def _own_loss(method: Method) -> Function:
    key = {"key": jax.random.key(0)} if method.draws else {}
    return method.loss(**method.candidates[0], **key)


def checked_names(texts: Sequence[str]) -> tuple[tuple[str, ...], dict[str, Method]]:
    """Return the names of what is to be timed, and the user's own losses among them.

    Raises:
        UsageError: a name is not in the table, or a loss of the user's own is none.
    """
    known = candidates(2)
    own = find_methods("--losses", [text for text in texts if names_own_loss(text)])
    only = []
    for text in texts:
        if names_own_loss(text):
            name, method = find_method("--losses", text)
            only.append(name)
            refusals = [_refusal(method, num_classes) for _, num_classes in SHAPES]
            refused = [one for one in refusals if one is not None]
            if len(refused) == len(SHAPES):
                raise refused[0]
        elif spelled(text) in known:
            only.append(spelled(text))
        else:
            raise UsageError(
                f"--losses: expected names among {', '.join(known)} or {OWN_FORM}, got "
                f"{text!r}{did_you_mean(text, known)}; separate several by commas"
            )
    return tuple(only), own
