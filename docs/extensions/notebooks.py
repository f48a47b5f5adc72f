"""Pages with cells: read side by side, and counted."""

import re
from pathlib import Path
from typing import Any

from myst_nb.core.execute.base import ExecutionResult
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.util import logging

_CELL = re.compile(r"^```\{code-cell\}", re.MULTILINE)
_PARTS = 4


def setup(app: Sphinx) -> dict[str, Any]:
    """Add this to the builder."""
    app.connect("env-before-read-docs", _spread)
    app.connect("build-finished", _count)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _spread(_app: Sphinx, _env: object, pages: list[str]) -> None:
    """Part neighbours: a process reads pages in a row, and those with cells lie together."""
    pages[:] = [page for start in range(_PARTS) for page in pages[start::_PARTS]]


def _count(app: Sphinx, error: Exception | None) -> None:
    """Say how many cells there are, and how long those of this build ran."""
    if error is not None:
        return
    ran: list[ExecutionResult] = [
        data
        for page in app.env.found_docs
        if (data := NbMetadataCollector.get_exec_data(app.env, page)) is not None
    ]
    cells = sum(
        len(_CELL.findall(Path(app.env.doc2path(page)).read_text(encoding="utf-8")))
        for page in app.env.found_docs
    )
    seconds = sum(data["runtime"] or 0 for data in ran)
    text = f"{cells} cells of {len(ran)} pages, which ran for {seconds:.0f} s together"
    logging.getLogger(__name__).info(text)
