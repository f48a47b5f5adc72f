"""Writing matplotlib's figures."""

import warnings
from pathlib import Path
from typing import Any

from esoftmax_jax.whole_file import replacing


def save_picture(figure: Any, path: Path, *, dpi: int = 130) -> None:
    """Write a figure that is made without pyplot, whose windows are the user's own."""
    with warnings.catch_warnings():
        # Names of classes may be in a script that matplotlib's font lacks.
        warnings.filterwarnings("ignore", message="Glyph")
        with replacing(path) as temporary:
            figure.savefig(temporary, dpi=dpi)
