"""The order of the pages. It is here, not in the front page, whose list GitHub shows too."""

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

_DOCS = Path(__file__).resolve().parents[1]
_PARTS = {
    "Begin": ("get-started", "which-loss", "faq", "words"),
    "Your labels": (
        "own-data",
        "auditing",
        "finding-wrong-labels",
        "reviewing-labels",
        "estimate",
        "cleanlab",
    ),
    "Your network": (
        "losses",
        "own-loss",
        "training",
        "noise",
    ),
    "How to": ("how-to/training-loops", "how-to/pytorch", "how-to/*"),
    "The command": (
        "comparing-losses",
        "auto",
        "predicting",
        "from-python",
        "command-options",
        "file-formats",
    ),
    "Why it works": ("theory", "reproducing", "benchmarks"),
    "API": ("api/*",),
    "The project": ("project/contributing", "project/changes", "project/decisions"),
}
_BELOW = {"project/decisions": ("/decisions/*",)}


def setup(app: Sphinx) -> dict[str, Any]:
    """Add this to the builder."""
    app.connect("source-read", _add_contents)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _add_contents(_app: Sphinx, page: str, source: list[str]) -> None:
    if page == "index":
        source[0] += "".join(_contents(caption, _PARTS[caption]) for caption in _PARTS)
    elif page in _BELOW:
        source[0] += _contents("", _BELOW[page])


def _contents(caption: str, pages: tuple[str, ...]) -> str:
    there = [page for page in pages if "*" not in page or any(_DOCS.glob(page.lstrip("/")))]
    if not there:
        return ""
    lines = ["", "```{toctree}", ":hidden:", ":glob:"]
    lines += [f":caption: {caption}"] if caption else []
    return "\n".join([*lines, "", *there, "```", ""])
