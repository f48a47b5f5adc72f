"""The classes that a prepared set's ``features.json`` names, looked at before TFDS does.

TFDS imports whatever module the name of a class begins with, so that a folder of data could
run code of its own.
"""

import re
from pathlib import Path
from typing import Any

from esoftmax_jax.app.files.json_file import parse_json, read_json
from esoftmax_jax.app.terminal.messages import UsageError

_OWN = re.compile(r"tensorflow_datasets\.core\.features(\.\w+)+")
# What TFDS takes a class from: now, as protocol buffers may spell it, and before version 4.3.
_CLASS_KEYS = ("pythonClassName", "python_class_name", "type")
_JSON_KEYS = ("json", "content")  # of text that is JSON again
_REMEDY = "get the data from its authors again"


def check_features(name: str, directory: Path) -> None:
    """Check the two descriptions of a prepared set.

    Args:
        name: of the set, for the message.
        directory: with ``dataset_info.json`` and ``features.json``.

    Raises:
        UsageError: one of them is no JSON, or names a class that is not one of TFDS's features.
    """
    read_json(directory / "dataset_info.json", _REMEDY)
    path = directory / "features.json"
    if not path.exists():  # TFDS says what that means
        return
    layer: list[Any] = [read_json(path, _REMEDY)]
    while layer:
        objects = [value for value in layer if isinstance(value, dict)]
        # An object under such a key is a feature that is called so.
        kinds = [value.get(key, {}) for value in objects for key in _CLASS_KEYS]
        for kind in kinds:
            if not isinstance(kind, dict) and not _OWN.fullmatch(str(kind)):
                raise UsageError(
                    f"{name}: expected features of tensorflow_datasets' own, got the class "
                    f"{str(kind)[:80]!r} in {str(path)!r}; nothing of it was run; {_REMEDY}"
                )
        texts = [value.get(key) for value in objects for key in _JSON_KEYS]
        layer = [inner for value in layer if isinstance(value, list) for inner in value]
        layer += [inner for value in objects for inner in value.values()]
        layer += [
            parse_json(text.encode(errors="surrogatepass"), str(path), _REMEDY)
            for text in texts
            if isinstance(text, str)
        ]
