"""Dead links in a folder of built pages, and what they would fetch from the network."""

import html
import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

_TAG = re.compile(r"<(\w+)\b([^>]*)>")
_ATTRIBUTE = re.compile(r'\b(href|src|srcset|poster|data|id|name)="([^"]*)"')
_IN_STYLES = re.compile(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\")\s]+)")


def faults_of(folder: Path) -> list[str]:
    """Return a line for each dead link and each thing that a page would fetch."""
    pages = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}
    found = {path: list(_found(text)) for path, text in pages.items()}
    anchors = {
        path: {value for _, name, value in these if name in ("id", "name")}
        for path, these in found.items()
    }
    faults = []
    for path, these in found.items():
        here = path.relative_to(folder)
        for tag, name, value in these:
            if name in ("id", "name"):
                continue
            target = urlsplit(value)
            if target.scheme or target.netloc:
                # A link may lead elsewhere: it is asked for when somebody follows it.
                if tag != "a" and target.scheme != "data":
                    faults.append(f"{here}: fetches {value}")
                continue
            file = path if not target.path else _file(path, target.path)
            if not file.exists():
                faults.append(f"{here}: no file {value}")
            elif file in anchors and unquote(target.fragment) not in {"", *anchors[file]}:
                faults.append(f"{here}: no anchor {value}")
    for style in [*folder.rglob("*.css"), *pages]:
        text = pages.get(style) or style.read_text(encoding="utf-8")
        there = style.relative_to(folder)
        faults += [f"{there}: fetches {one}" for one in _IN_STYLES.findall(text)]
    return sorted(set(faults))


def _found(text: str) -> list[tuple[str, str, str]]:
    """Return tag, attribute and value of all that names a place."""
    return [
        (tag, name, html.unescape(value))
        for tag, attributes in _TAG.findall(text)
        for name, value in _ATTRIBUTE.findall(attributes)
    ]


def _file(page: Path, path: str) -> Path:
    return Path(os.path.normpath(page.parent / unquote(path)))
