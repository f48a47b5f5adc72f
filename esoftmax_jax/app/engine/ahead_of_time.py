"""Compiling in the background what is called a moment later."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import jax


class CompiledAheadOfTime:
    """A jitted function that a thread can compile for arguments that do not exist yet.

    Compilation does not hold Python's lock, so labels are drawn and runs started meanwhile.
    """

    def __init__(self, function: Any) -> None:
        self.function = function
        self._compiled: dict[Any, Future[Callable[..., Any]]] = {}

    def prepare(self, *shapes: Any) -> None:
        """Begin to compile for arguments of these shapes, types and shardings.

        What was compiled for others stays; what failed is forgotten, and tried again.
        """
        for failed in [key for key, one in self._compiled.items() if _failed(one)]:
            del self._compiled[failed]
        key = _signature(shapes)
        if key not in self._compiled:
            pool = ThreadPoolExecutor(1)
            self._compiled[key] = pool.submit(self._compile, shapes)
            pool.shutdown(wait=False)

    def wait(self) -> None:
        """Return when all that was prepared is compiled."""
        for prepared in self._compiled.values():
            prepared.result()

    def __call__(self, *arguments: Any) -> Any:
        """Call what was prepared for such arguments, else compile now."""
        prepared = self._compiled.get(_signature(arguments))
        return (self.function if prepared is None else prepared.result())(*arguments)

    def _compile(self, shapes: tuple[Any, ...]) -> Callable[..., Any]:
        compiled: Callable[..., Any] = self.function.lower(*shapes).compile()
        return compiled


def _failed(prepared: "Future[Callable[..., Any]]") -> bool:
    return prepared.done() and prepared.exception() is not None


def _signature(arguments: tuple[Any, ...]) -> Any:
    leaves, structure = jax.tree.flatten(arguments)
    return structure, tuple((leaf.shape, leaf.dtype) for leaf in leaves)
