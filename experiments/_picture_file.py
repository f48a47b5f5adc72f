"""Writing matplotlib's figures."""

import os
import warnings
from pathlib import Path
from typing import Any


def save_picture(figure: Any, path: Path, *, dpi: int = 130) -> None:
    """Write a figure and close it."""
    from matplotlib import pyplot as plt

    with warnings.catch_warnings():
        # Names of classes may be in a script that matplotlib's font lacks.
        warnings.filterwarnings("ignore", message="Glyph")
        temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
        figure.savefig(temporary, dpi=dpi)
        temporary.replace(path)
    plt.close(figure)
