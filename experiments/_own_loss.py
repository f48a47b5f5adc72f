"""A loss of one's own as a method: bound like the library's, tried before anything runs."""

import dataclasses
import functools
import hashlib
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments._errors import UsageError
from experiments._methods import Method

_TRIED = 4  # examples

Function = Callable[..., Any]
Refusal = Callable[[str, str, str], UsageError]


@dataclasses.dataclass(frozen=True)
class OwnLoss(Method):
    """A loss from a file of the user's.

    Attributes:
        function: ``NAME(logits, labels, *, ...)``, one value per example.
        option: that named the loss.
        given: what it was named by there.
        masks: whether the function takes ``where`` itself.
    """

    function: Function = dataclasses.field(default=lambda: None, compare=False)
    option: str = ""
    given: str = ""
    masks: bool = False

    def loss(self, **settings: Any) -> Any:
        """Return the loss with its constants bound, in the signature of the library's."""

        def bound(
            logits: jax.Array,
            labels: jax.Array,
            *,
            axis: int = -1,
            where: jax.Array | None = None,
        ) -> jax.Array:
            logits = jnp.moveaxis(logits, axis, -1)
            mask = {"where": where} if self.masks else {}
            values = self.function(logits, labels, **settings, **mask).astype(logits.dtype)
            return values if where is None else jnp.where(where, values, 0)

        return bound

    def content_hash(self, num_classes: int) -> str:
        """Return a hash of what is computed, after a trial with so many classes.

        It is taken of value and gradient as JAX traces them: comments and other losses in the
        file do not change it, but a constant in another module that the file imports does.

        Raises:
            UsageError: the loss cannot be traced, does not give one finite number per
                example, or no finite gradient.
        """
        constants = tuple(sorted(self.candidates[0].items()))
        return _tried(
            self.function, constants, self.draws, num_classes, self.option, self.given
        )


@functools.cache
def _tried(
    function: Function,
    constants: tuple[tuple[str, float], ...],
    draws: bool,
    num_classes: int,
    option: str,
    given: str,
) -> str:
    def refused(expected: str, got: str, advice: str) -> UsageError:
        return UsageError(f"{option}: {given}: expected {expected}, got {got}; {advice}")

    labels = jnp.arange(_TRIED) % num_classes
    key = jax.random.key(0)
    logits = jax.random.normal(key, (_TRIED, num_classes))
    drawn = {"key": key} if draws else {}

    def values(logits: jax.Array, settings: dict[str, jax.Array]) -> Any:
        return function(logits, labels, **settings, **drawn)

    def value_and_grad(logits: jax.Array, settings: dict[str, jax.Array]) -> Any:
        return jax.value_and_grad(lambda z: values(z, settings).sum())(logits)

    arguments = logits, {name: jnp.float32(value) for name, value in constants}
    try:
        _check_result(jax.eval_shape(values, *arguments), refused)
        traced = jax.make_jaxpr(value_and_grad)(*arguments)
        result = jax.jit(value_and_grad)(*arguments)
    except UsageError:
        raise
    except Exception as error:  # whatever the user's code raises
        raise refused(
            "a loss that JAX can trace and differentiate, with its constants traced too",
            described(error, Path(given.rpartition(":")[0])),
            "correct it; jnp takes the place of numpy, and jnp.where that of if",
        ) from None
    if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(result)):
        raise refused(
            "finite values and gradients at ordinary logits",
            "NaN or infinity",
            "compute in log space, e.g. with jax.nn.log_softmax",
        )
    digest = hashlib.sha256(str(traced).encode())
    for constant in traced.consts:
        digest.update(np.asarray(constant).tobytes())
    return digest.hexdigest()[:16]


def _check_result(result: Any, refused: Refusal) -> None:
    """Check the shape and the dtype of what the function returns."""
    array = isinstance(result, jax.ShapeDtypeStruct)
    if array and result.shape == (_TRIED,) and jnp.issubdtype(result.dtype, jnp.floating):
        return
    got = f"{result.dtype} of shape {result.shape}" if array else type(result).__name__
    raise refused(
        f"one floating-point value per example, of shape ({_TRIED},) for {_TRIED} examples",
        got,
        "return it for each example: the mean is the training step's",
    )


def described(error: Exception, path: Path) -> str:
    """Return an exception in one line, with the line of the file that it came from."""
    if isinstance(error, SyntaxError):
        return f"which is no Python in line {error.lineno} ({error.msg})"
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).name == path.name
    ]
    where = f" in line {lines[-1]}" if lines else ""
    first = str(error).strip().partition("\n")[0][:200]
    return f"{type(error).__name__}{where}{': ' if first else ''}{first}"
