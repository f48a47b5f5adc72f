"""The Python files beside a file, for it alone: others may have files of the same names."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

# One of each is enough, wherever the file lies.
_SHARED = ("esoftmax_jax", "experiments")


class SiblingModules:
    """A folder whose modules are found first while code of it runs, and by no other code."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._modules: dict[str, ModuleType] = {}
        self._read: dict[Path, int] = {}  # when each file was changed that was executed
        tops = {
            path.stem
            for path in self._folder.iterdir()
            if path.suffix == ".py" or (path / "__init__.py").is_file()
        }
        self._tops = tops - set(_SHARED)

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        """Let imports find the folder's modules before any others.

        Nothing compiled is kept beside them: it is found by size and whole seconds, so that a
        file that is changed at once would be imported as it was.
        """
        shadowed = {name: sys.modules.pop(name) for name in self._loaded()}
        sys.modules.update(self._modules)
        sys.path.insert(0, str(self._folder))
        kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        try:
            yield
        finally:
            sys.dont_write_bytecode = kept
            sys.path.remove(str(self._folder))
            self._modules = {name: sys.modules.pop(name) for name in self._loaded()}
            sys.modules.update(shadowed)
            for path in {Path(f) for one in self._modules.values() if (f := one.__file__)}:
                with contextlib.suppress(OSError):
                    self._read.setdefault(path, path.stat().st_mtime_ns)

    def changed(self) -> bool:
        """Tell whether a file was changed after it was imported."""
        return any(
            not path.is_file() or path.stat().st_mtime_ns != when
            for path, when in self._read.items()
        )

    def _loaded(self) -> list[str]:
        """Return the loaded modules of which there may be another in this folder."""
        return [name for name in sys.modules if name.partition(".")[0] in self._tops]
