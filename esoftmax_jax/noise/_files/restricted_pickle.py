"""Pickled arrays of numbers and lists, read without running anything that a pickle asks for.

A pickle is a program: it names functions, and the ordinary reader calls them, or takes memory
for what it only announces. Published label files are pickles all the same (a dict of lists
inside a NumPy object array), so this reader knows the few instructions and names that such
files need, and gives each name an inert stand-in of its own. Not even NumPy's constructors are
called on what the file says: a forged dtype could make them take bytes for pointers.
"""

import pickletools
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

_NUMBER_CODES = {f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)} | {"f4", "f8"}
_ATOMS = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE"),
    *("BINUNICODE8", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8"),
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_PUTS, _GETS = ("PUT", "BINPUT", "LONG_BINPUT"), ("GET", "BINGET", "LONG_BINGET")
_COPIES = 4  # as many bytes may be made as the file has, so many times over


class RefusedPickleError(ValueError):
    """The pickle asks for something that plain labels do not need."""


def load_restricted(file: BinaryIO) -> Any:
    """Return the dicts, lists, strings, numbers and arrays of numbers in a pickle.

    Raises:
        RefusedPickleError: the pickle names any other function or class; nothing was run.
        ValueError: it is damaged, or an array in it is of another dtype.
    """
    content = file.read()
    try:
        return _plain(_Machine(len(content)).run(content))
    except (RefusedPickleError, MemoryError):
        raise
    # What a damaged pickle raises depends on the byte that is wrong.
    except Exception as error:
        raise ValueError(f"a damaged pickle ({type(error).__name__}: {error})") from error


class _Dtype:
    def __init__(self, code: object = "", *_: object) -> None:
        self.code, self.order = str(code), "<"

    def build(self, state: tuple[Any, ...]) -> None:
        self.order = "<" if state[1] == "|" else str(state[1])

    def numbers(self, what: str, data: bytes) -> Any:
        if self.code not in _NUMBER_CODES or self.order not in ("<", ">"):
            raise ValueError(f"{what} of dtype {self.code!r} where numbers belong")
        return np.frombuffer(data, np.dtype(self.order + self.code))


class _Array:
    values: Any = None


class _Machine:
    """The instructions of plain data."""

    def __init__(self, size: int) -> None:
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[object, Any] = {}
        self._room = _COPIES * size + 1000
        self._known: dict[tuple[str, str], Callable[..., Any]] = {
            ("numpy", "ndarray"): _Array,
            ("numpy", "dtype"): _Dtype,
            ("_codecs", "encode"): self._encode,
        }
        for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
            self._known[module, "_reconstruct"] = lambda *_: _Array()
            self._known[module, "scalar"] = _scalar

    def run(self, content: bytes) -> Any:
        stack, memo = self._stack, self._memo
        for instruction, argument, _ in pickletools.genops(content):
            name = instruction.name
            if name in _ATOMS:
                stack.append(argument)
            elif name in _CONSTANTS:
                stack.append(_CONSTANTS[name])
            elif name in _PUTS:
                memo[argument] = stack[-1]
            elif name == "MEMOIZE":
                memo[len(memo)] = stack[-1]
            elif name in _GETS:
                stack.append(memo[argument])
            elif name == "MARK":
                self._marks.append(len(stack))
            elif name == "STOP":
                return stack.pop()
            elif name not in ("PROTO", "FRAME"):
                self._compose(name, argument)
        raise ValueError("it does not end")

    def _compose(self, name: str, argument: Any) -> None:
        """Make something of what is on the stack."""
        stack = self._stack
        if name in _TUPLES:
            items = [stack.pop() for _ in range(_TUPLES[name])]
            stack.append(tuple(reversed(items)))
        elif name == "TUPLE":
            stack.append(tuple(self._marked()))
        elif name in ("EMPTY_LIST", "LIST"):
            stack.append(self._marked() if name == "LIST" else [])
        elif name in ("EMPTY_DICT", "DICT"):
            items = self._marked() if name == "DICT" else []
            stack.append({})
            self._set(items)
        elif name in ("APPEND", "APPENDS"):
            items = self._marked() if name == "APPENDS" else [stack.pop()]
            self._last(list).extend(items)
        elif name in ("SETITEM", "SETITEMS"):
            if name == "SETITEM":
                self._marks.append(len(stack) - 2)
            self._set(self._marked())
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            called = (
                argument.split(" ", 1) if name == "GLOBAL" else [stack.pop(-2), stack.pop()]
            )
            stack.append(self._find(*called))
        elif name == "REDUCE":
            arguments, function = stack.pop(), stack.pop()
            if function not in self._known.values() or not isinstance(arguments, tuple):
                raise ValueError("a call of what is no function")
            stack.append(function(*arguments))
        elif name == "BUILD":
            self._build(stack.pop(), stack[-1])
        else:
            raise RefusedPickleError(f"it asks for {name}; nothing in it was run")

    def _marked(self) -> list[Any]:
        start = self._marks.pop()
        items = self._stack[start:]
        del self._stack[start:]
        return items

    def _last(self, kind: type) -> Any:
        if type(self._stack[-1]) is not kind:
            raise ValueError(
                f"{type(self._stack[-1]).__name__} where a {kind.__name__} belongs"
            )
        return self._stack[-1]

    def _set(self, items: list[Any]) -> None:
        target = self._last(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            # A tuple as a key could be nested so deep that to hash it ends the process.
            if type(key) not in (str, bytes, int):
                raise ValueError(f"a key of type {type(key).__name__}")
            target[key] = value

    def _find(self, module: str, name: str) -> Callable[..., Any]:
        if (module, name) not in self._known:
            asked = f"{str(module)[:80]}.{str(name)[:80]}"
            raise RefusedPickleError(f"it asks for {asked}; nothing in it was run")
        return self._known[module, name]

    def _build(self, state: Any, target: Any) -> None:
        if isinstance(target, _Dtype):
            target.build(state)
            return
        if not isinstance(target, _Array):
            raise ValueError(f"a state of {type(target).__name__}")
        _, shape, dtype, fortran_order, data = state
        if isinstance(data, list):  # an object array: its entries
            target.values = data[0] if shape == () else data
            return
        self._take(len(data))
        array = dtype.numbers("an array", data)
        target.values = array.reshape(shape, order="F" if fortran_order else "C").copy()

    def _encode(self, text: str, *_: object) -> bytes:
        self._take(len(text))
        return str.encode(text, "latin1")  # how old pickles spell bytes

    def _take(self, count: int) -> None:
        """Count the bytes that are made: the same few could be asked for without end."""
        self._room -= count
        if self._room < 0:
            raise ValueError("it makes more than it holds")


def _scalar(dtype: _Dtype, data: bytes) -> int | float:
    number: int | float = dtype.numbers("a scalar", data)[0].item()
    return number


def _plain(value: Any) -> Any:
    """Replace the stand-ins for arrays by what they hold."""
    value = value.values if isinstance(value, _Array) else value
    if not isinstance(value, dict):
        return value
    return {k: one.values if isinstance(one, _Array) else one for k, one in value.items()}
