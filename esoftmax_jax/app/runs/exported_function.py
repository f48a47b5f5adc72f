"""Functions as ``jax.export`` writes them, looked through before any of it runs.

An exported function is a program. It may call whatever is registered in JAX's libraries, with
buffers of any size, and back into Python. Those that ``train`` writes are arithmetic alone:
nothing else is run here.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import jax
from jax import export

from esoftmax_jax.app.files.memory import check_memory

_ARITHMETIC = (
    "abs add and broadcast_in_dim case clamp compare concatenate constant convert convolution "
    "divide dot_general dynamic_broadcast_in_dim dynamic_gather dynamic_iota dynamic_pad "
    "dynamic_reshape dynamic_slice exponential gather get_dimension_size iota log maximum "
    "minimum multiply negate not or pad power reduce reduce_window remainder reshape return "
    "rsqrt select shape_of slice sqrt subtract tanh transpose"
)
_OPERATIONS = {f"stablehlo.{name}" for name in _ARITHMETIC.split()}
_OPERATIONS |= {"builtin.module", "func.func", "func.call", "func.return"}
_ASSERTION = "shape_assertion"  # the one call: that there is at least one example
_MOST_OPERATIONS = 200_000  # when every call is written out; ResNet-34 has a few thousand
_LARGEST_ENTRY = 16  # bytes
_WHERE = "--model: its function"


class RefusedFunctionError(ValueError):
    """The function does something that a trained network does not."""


def read_function(content: bytes) -> export.Exported:
    """Read a function from bytes.

    Raises:
        RefusedFunctionError: it does something else than arithmetic.
        Exception: it is damaged; flatbuffers and XLA have no common one.
    """
    function = export.deserialize(bytearray(content))
    if function.disabled_safety_checks:
        raise RefusedFunctionError("a function whose safety checks are switched off")
    if function.ordered_effects or function.unordered_effects:
        raise RefusedFunctionError("a function that does more than compute")
    if function.nr_devices != 1:
        raise RefusedFunctionError(f"a function for {function.nr_devices} devices")
    return function


def check_signature(
    function: export.Exported, shape: tuple[int, ...], dtype: str, classes: int
) -> None:
    """Check that a function maps (n, *shape) to float32 logits (n, classes), for any n.

    Raises:
        RefusedFunctionError: it does not.
    """
    one = jax.tree.structure(((0,), {})), jax.tree.structure(0)
    if (function.in_tree, function.out_tree) != one:
        raise RefusedFunctionError(
            "a function of other arguments than one array, or with other results"
        )
    (given,), (found,) = function.in_avals, function.out_avals
    if given.shape[1:] != shape or str(given.dtype) != dtype or not given.shape:
        raise RefusedFunctionError(
            f"a function of {given.dtype}{list(map(str, given.shape))}, where its names are of "
            f"{dtype}{['n', *map(str, shape)]}"
        )
    n = str(given.shape[0])
    if (*map(str, found.shape),) != (n, str(classes)) or str(found.dtype) != "float32":
        raise RefusedFunctionError(
            f"a function to {found.dtype}{list(map(str, found.shape))}, where there are "
            f"{classes} classes"
        )
    if not n.isidentifier():
        raise RefusedFunctionError(f"a function of {n} examples, not of any number")


def lowered(function: export.Exported, shape: tuple[int, ...], dtype: str) -> Any:
    """Lower a function for inputs of a shape, and look through all that it would do.

    Raises:
        RefusedFunctionError: it is something else than arithmetic.
        UsageError: it takes more memory than there is.
    """
    found = jax.jit(function.call).lower(jax.ShapeDtypeStruct(shape, dtype))
    _check_operations(found.compiler_ir("stablehlo"))
    return found


def compiled(function: export.Exported, shape: tuple[int, ...], dtype: str) -> Any:
    """Compile a function for inputs of a shape, see ``lowered``."""
    program = lowered(function, shape, dtype).compile()
    figures = program.memory_analysis()
    if figures is not None:  # not every device tells
        check_memory(_WHERE, figures.temp_size_in_bytes + figures.output_size_in_bytes)
    return program


def _check_operations(module: Any) -> None:
    sizes: dict[str, int] = {}  # operations of each function
    calls: dict[str, Counter[str]] = {}  # and the functions that it calls
    constants = 0
    for name, operation in _all_operations(module):
        kind = operation.name
        if kind == "stablehlo.custom_call":
            target = _text(operation, "call_target_name")
            if target != _ASSERTION:
                raise RefusedFunctionError(
                    f"a function that calls {target[:60]!r} outside of it"
                )
        elif kind not in _OPERATIONS:
            raise RefusedFunctionError(f"a function with the operation {kind[:60]!r}")
        if kind != "builtin.module" and any("." in str(key) for key in _keys(operation)):
            raise RefusedFunctionError(f"a function with directions to the compiler, at {kind}")
        sizes[name] = sizes.get(name, 0) + 1
        if kind == "func.call":
            calls.setdefault(name, Counter())[_text(operation, "callee")] += 1
        largest = max(map(_bytes, operation.results), default=0)
        check_memory(_WHERE, largest)
        constants += largest * (kind == "stablehlo.constant")
    check_memory(_WHERE, constants)
    if _written_out("main", sizes, calls) > _MOST_OPERATIONS:
        raise RefusedFunctionError(f"a function of more than {_MOST_OPERATIONS} operations")


def _all_operations(module: Any) -> Iterator[tuple[str, Any]]:
    """Yield every operation, and the name of the function that it is in."""
    stack = [("", module.operation)]
    while stack:
        name, operation = stack.pop()
        if operation.name == "func.func":
            name = _text(operation, "sym_name")
        yield name, operation
        for region in operation.regions:
            for block in region:
                stack += [(name, inner.operation) for inner in block]


def _written_out(name: str, sizes: dict[str, int], calls: dict[str, Counter[str]]) -> int:
    """Return how many operations a function has with those that it calls in their place."""
    totals: dict[str, int] = {}
    under_way = {name}
    stack = [name]
    while stack:
        name = stack[-1]
        called = calls.get(name, Counter())
        missing = [other for other in called if other not in totals]
        if not missing:
            further = sum(count * totals[other] for other, count in called.items())
            totals[name] = sizes.get(name, 0) + further
            under_way.discard(stack.pop())
        elif under_way & set(missing):
            raise RefusedFunctionError("a function that calls itself")
        else:
            under_way.add(missing[0])
            stack.append(missing[0])
    return totals[name]


def _keys(operation: Any) -> list[str]:
    # Iterating gives names, or, before JAX 0.9, pairs.
    return [key if isinstance(key, str) else key.name for key in operation.attributes]


def _text(operation: Any, key: str) -> str:
    return str(operation.attributes[key]).lstrip("@").strip('"')


def _bytes(result: Any) -> int:
    """Return the most that a result takes; a dimension that is not known counts once."""
    sizes = re.findall(r"(\d+)x", str(result.type))
    return _LARGEST_ENTRY * math.prod(map(int, sizes))
