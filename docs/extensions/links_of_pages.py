"""Links that lead somewhere both on GitHub and in the site.

Pages in the root of the project, such as CONTRIBUTING.md, have a place in the site too: a page
of one line, whose text is replaced by theirs when it is built.
"""

import os
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

_DOCS = Path(__file__).resolve().parents[1]
_ROOT = _DOCS.parent
_WHOLE = {
    "project/contributing": _ROOT / "CONTRIBUTING.md",
    "project/changes": _ROOT / "CHANGELOG.md",
    "project/decisions": _ROOT / "BUILD_NOTES.md",
}
"""Page of the site → the file with its text."""
_PLACES = {path: page for page, path in _WHOLE.items()} | {_ROOT / "README.md": "index"}
_LINK = re.compile(r"(?<=\]\()([^)\s#:]+)(?=[)#])")


def setup(app: Sphinx) -> dict[str, Any]:
    """Add this to the builder."""
    app.connect("env-before-read-docs", _read_again)
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _read_again(_app: Sphinx, _env: object, pages: list[str]) -> None:
    """Read again what Sphinx believes unchanged: it knows the page, not the file."""
    pages += [page for page in _WHOLE if page not in pages]


def _read(_app: Sphinx, page: str, source: list[str]) -> None:
    if page in _WHOLE:
        source[0] = _WHOLE[page].read_text(encoding="utf-8")
    folder = _WHOLE.get(page, _DOCS / page).parent
    here = (_DOCS / page).parent
    source[0] = _LINK.sub(lambda found: _in_the_site(folder / found[1], here), source[0])


def _in_the_site(target: Path, here: Path) -> str:
    """Return the target of a link as MyST takes it."""
    target = Path(os.path.normpath(target))
    place = _PLACES.get(target)
    if place is not None:
        return f"/{place}.md"
    if target.suffix == ".html":
        return f"site:{os.path.relpath(target, here)}"
    if target.is_relative_to(_DOCS):
        return f"/{target.relative_to(_DOCS).as_posix()}"
    return os.path.relpath(target, here)
