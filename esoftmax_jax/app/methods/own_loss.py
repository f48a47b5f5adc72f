"""A loss of one's own as a method: bound like the library's, tried before anything runs."""

import dataclasses
import hashlib
import re
import traceback
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax.app.methods.methods import Method
from esoftmax_jax.app.terminal.messages import UsageError

Function = Callable[..., Any]
Surroundings = Callable[[], AbstractContextManager[None]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class OwnLoss(Method):
    """A loss of the user's, from a file or, in Python, a function.

    Attributes:
        function: ``NAME(logits, labels, *, ...)``, one value per example.
        takes: which of ``axis``, ``where`` and ``key`` are arguments of it.
        option: that named the loss, for messages.
        given: what it was named by there, FILE.py:NAME or the function itself.
        surroundings: in which the function runs, so that it finds its file's neighbours.
    """

    function: Function = dataclasses.field(compare=False)
    takes: frozenset[str]
    option: str
    given: str | Function
    surroundings: Surroundings = dataclasses.field(compare=False, repr=False)
    _hashes: dict[tuple[int, int], str] = dataclasses.field(
        default_factory=dict, compare=False, repr=False
    )

    @property
    def path(self) -> Path:
        """The file that the function is in, as far as it is known."""
        if isinstance(self.given, str):
            return Path(self.given.rpartition(":")[0]).expanduser()
        return Path(getattr(getattr(self.given, "__code__", None), "co_filename", ""))

    @property
    def source(self) -> Any:
        """What makes two losses of one name the same: their file, or the function."""
        return self.path.resolve() if isinstance(self.given, str) else self.given

    @property
    def called(self) -> str:
        """What messages call it."""
        return self.given if isinstance(self.given, str) else self.name

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
            values: jax.Array = self._call(logits, labels, where, settings)
            values = values.astype(logits.dtype)
            return values if where is None else jnp.where(where, values, 0)

        return bound

    def content_hash(self, num_classes: int, batch_size: int) -> str:
        """Try the loss on a batch and return a hash of what it computes there.

        It is taken of value and gradient as JAX lowers them: comments and other losses in the
        file do not change it, but a constant in a module that the file imports does.

        Raises:
            UsageError: the loss cannot be traced, does not give one finite number per
                example, or no finite gradient.
        """
        key = num_classes, batch_size
        if key not in self._hashes:
            self._hashes[key] = self._tried(num_classes, batch_size)
        return self._hashes[key]

    def key(self, num_classes: int, batch_size: int) -> Hashable:
        """Return the function itself and what it computes, for it may look at what changes."""
        # Whoever keeps the key keeps the loss: the number stands for no other function.
        content = self.content_hash(num_classes, batch_size)
        return id(self.function), self.parameters, self.takes, content

    def _call(
        self, logits: jax.Array, labels: jax.Array, where: Any, settings: dict[str, Any]
    ) -> Any:
        passed = {"axis": -1, "where": where}
        passed = {name: value for name, value in passed.items() if name in self.takes}
        with self.surroundings():
            return self.function(logits, labels, **settings, **passed)

    def _tried(self, num_classes: int, batch_size: int) -> str:
        key = jax.random.key(0)
        logits = jax.random.normal(key, (batch_size, num_classes))
        labels = jnp.arange(batch_size) % num_classes
        settings: dict[str, Any] = {
            name: jnp.float32(value) for name, value in self.candidates[0].items()
        }
        if self.draws:
            settings["key"] = key

        def values(logits: jax.Array, labels: jax.Array, settings: dict[str, Any]) -> Any:
            return self._call(logits, labels, None, settings)

        @jax.jit
        def value_and_grad(*arguments: Any) -> Any:
            return jax.value_and_grad(lambda *given: values(*given).sum())(*arguments)

        arguments = logits, labels, settings
        try:
            self._check_result(jax.eval_shape(values, *arguments), batch_size)
            traced = value_and_grad.trace(*arguments)
            program = traced.jaxpr.pretty_print(use_color=False)
            if re.search(r"\b(pure|io)_callback\b", program):
                raise self._refused(
                    "a loss that JAX computes alone",
                    "a callback to Python, whose results nothing can vouch for",
                    "write it in jnp",
                )
            # For one platform, and with all constants in it.
            lowered = traced.lower(lowering_platforms=("cpu",)).as_text()
            result = value_and_grad(*arguments)
        except UsageError:
            raise
        except (Exception, SystemExit) as error:  # whatever the user's code raises
            raise self._refused(
                "a loss that JAX can trace and differentiate, with labels and constants traced",
                described(error, self.path),
                "correct it; jnp takes the place of numpy, and jnp.where that of if",
            ) from None
        if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(result)):
            raise self._refused(
                "finite values and gradients at ordinary logits",
                "NaN or infinity",
                "compute in log space, e.g. with jax.nn.log_softmax",
            )
        return hashlib.sha256(lowered.encode()).hexdigest()[:16]

    def _check_result(self, result: Any, count: int) -> None:
        """Check the shape and the dtype of what the function returns."""
        array = isinstance(result, jax.ShapeDtypeStruct)
        if array and result.shape == (count,) and jnp.issubdtype(result.dtype, jnp.floating):
            return
        got = f"{result.dtype} of shape {result.shape}" if array else type(result).__name__
        raise self._refused(
            f"one floating-point value per example, of shape ({count},) for {count} examples",
            got,
            "return it for each example: the mean is the training step's",
        )

    def _refused(self, expected: str, got: str, advice: str) -> UsageError:
        return UsageError(
            f"{self.option}: {self.called}: expected {expected}, got {got}; {advice}"
        )


def described(error: BaseException, path: Path) -> str:
    """Return an exception in one line, with the line of the file that it came from."""
    if isinstance(error, SyntaxError):
        name = Path(error.filename or path).name
        return f"{name}, which is no Python in line {error.lineno} ({error.msg})"
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).name == path.name
    ]
    where = f" in line {lines[-1]}" if lines else ""
    first = str(error).strip().partition("\n")[0][:200]
    return f"{type(error).__name__}{where}{': ' if first else ''}{first}"
