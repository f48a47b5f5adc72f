"""After the build: faults of the built pages end it, and how many cells ran is told."""

import re
from pathlib import Path
from typing import Any

from myst_nb.core.execute.base import ExecutionResult
from myst_nb.sphinx_ import NbMetadataCollector
from page_faults import faults_of
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

_CELL = re.compile(r"^```\{code-cell\}", re.MULTILINE)


def setup(app: Sphinx) -> dict[str, Any]:
    """Add this to the builder."""
    app.connect("build-finished", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _check(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    if faults := faults_of(Path(app.outdir)):
        raise ExtensionError("the built pages:\n" + "\n".join(faults))
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
