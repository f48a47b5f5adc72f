"""After the build: a dead link, or anything from the network, in its pages ends it."""

from pathlib import Path
from typing import Any

from page_faults import faults_of
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError


def setup(app: Sphinx) -> dict[str, Any]:
    """Add this to the builder."""
    app.connect("build-finished", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _check(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    if faults := faults_of(Path(app.outdir)):
        raise ExtensionError("the built pages:\n" + "\n".join(faults))
