"""Pickled arrays of numbers and lists, read without running anything that a pickle asks for.

A pickle is a program: it names functions, and the ordinary reader calls them. Published label
files are pickles all the same (a dict of lists inside a NumPy object array), so this reader
knows the few names that such files need, and gives each of them an inert stand-in of its own.
Not even NumPy's constructors are called on what the file says: a forged dtype could make them
take bytes for pointers.
"""

import pickle
from typing import Any, BinaryIO

import numpy as np

_ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMBER_CODES = {f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)} | {"f4", "f8"}


class RefusedPickleError(ValueError):
    """The pickle names something that plain labels do not need."""


def load_restricted(file: BinaryIO) -> Any:
    """Return the dicts, lists, strings, numbers and arrays of numbers in a pickle.

    Raises:
        RefusedPickleError: the pickle names any other function or class; nothing was run.
        ValueError: it is damaged, or an array in it is of another dtype.
    """
    try:
        return _plain(_reader(file).load())
    except RefusedPickleError:
        raise
    # What a damaged pickle raises depends on the byte that is wrong.
    except Exception as error:
        raise ValueError(f"a damaged pickle ({type(error).__name__}: {error})") from error


def _reader(file: BinaryIO) -> pickle.Unpickler:
    # The stand-ins are made anew for each file: a pickle can set attributes on whatever it
    # can name, and must not leave anything behind for the next one.
    class Dtype:
        code = ""
        order = "<"

        def __init__(self, code: object = "", *_: object) -> None:
            self.code = str(code)

        def __setstate__(self, state: tuple[Any, ...]) -> None:
            self.order = "<" if state[1] == "|" else str(state[1])

    class Array:
        values: Any = None

        def __setstate__(self, state: tuple[Any, ...]) -> None:
            _, shape, dtype, fortran_order, data = state
            if isinstance(data, list):  # an object array: its entries
                self.values = data[0] if shape == () else data
                return
            if dtype.code not in _NUMBER_CODES or dtype.order not in ("<", ">"):
                raise ValueError(f"an array of dtype {dtype.code!r} where numbers belong")
            array = np.frombuffer(data, np.dtype(dtype.order + dtype.code))
            self.values = array.reshape(shape, order="F" if fortran_order else "C").copy()

    def reconstruct(*_: object) -> Array:
        return Array()

    def scalar(dtype: Dtype, data: bytes) -> int | float:
        if dtype.code not in _NUMBER_CODES:
            raise ValueError(f"a scalar of dtype {dtype.code!r} where numbers belong")
        array = np.frombuffer(data, np.dtype(dtype.order + dtype.code))
        number: int | float = array[0].item()
        return number

    def encode(text: str, *_: object) -> bytes:
        return str.encode(text, "latin1")  # how old pickles spell bytes

    stand_ins = {
        ("numpy", "ndarray"): Array,
        ("numpy", "dtype"): Dtype,
        ("_codecs", "encode"): encode,
    }
    for module in _ARRAY_MODULES:
        stand_ins |= {(module, "_reconstruct"): reconstruct, (module, "scalar"): scalar}

    class Reader(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            if (module, name) not in stand_ins:
                raise RefusedPickleError(f"it asks for {module}.{name}; nothing in it was run")
            return stand_ins[module, name]

    return Reader(file)


def _plain(value: Any) -> Any:
    """Replace the stand-ins for arrays by what they hold."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    # Lists of labels hold no arrays, and are long; only their types are looked at.
    if isinstance(value, list | str | bytes | int | float | np.ndarray) or value is None:
        return value
    return _plain(value.values) if hasattr(value, "values") else value
