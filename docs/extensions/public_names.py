"""Public names: a table of them on each page of the API, and links to them on all pages."""

import importlib
from collections import Counter
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

_PACKAGE = "esoftmax_jax"


def setup(app: Sphinx) -> dict[str, Any]:
    """Add this to the builder."""
    app.connect("autodoc-process-docstring", _add_table)
    app.connect("autodoc-process-docstring", _join_property, priority=600)  # after napoleon
    app.connect("autodoc-skip-member", _skip)
    app.connect("doctree-resolved", _link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _add_table(
    _app: Sphinx, what: str, name: str, _object: object, _options: object, lines: list[str]
) -> None:
    """List the names of a module, each with the first sentence of its docstring."""
    if what == "module":
        names = importlib.import_module(name).__all__
        lines += ["", ".. autosummary::", "   :nosignatures:", "", *(f"   {n}" for n in names)]
        lines.append("")


def _join_property(
    _app: Sphinx, what: str, _name: str, _object: object, _options: object, lines: list[str]
) -> None:
    """Put back what stood before a colon: napoleon takes it for the type of a property."""
    before = [line for line in lines if line.startswith(":type: ")]
    if what == "property" and before:
        lines.remove(before[0])
        lines[0] = f"{before[0].removeprefix(':type: ')}: {lines[0]}"


def _skip(
    _app: Sphinx, _what: str, _name: str, member: object, _skipped: bool, _options: object
) -> bool | None:
    """Leave out fields of named tuples: their text only counts them."""
    text = getattr(member, "__doc__", None) or ""
    return True if text.startswith("Alias for field number") else None


def _link(app: Sphinx, tree: nodes.document, page: str) -> None:
    """Make ``losses.get`` and ``cross_entropy`` in a text lead to the page of the API."""
    places, module = _places(app), page.rpartition("/")[2]
    for literal in list(tree.findall(nodes.literal)):
        name = literal.astext().removesuffix("()").removeprefix(f"{_PACKAGE}.")
        # On a module's own page its names are meant.
        found = places.get(f"{module}.{name}", places.get(name))
        parents = (nodes.reference, nodes.title)
        if found is None or any(isinstance(literal.parent, one) for one in parents):
            continue
        link = make_refnode(app.builder, page, found[0], found[1], literal.deepcopy())
        literal.replace_self(link)


def _places(app: Sphinx) -> dict[str, tuple[str, str]]:
    """Return name → page and anchor, also by the last word if one object alone has it."""
    objects = app.env.domains["py"].objects  # type: ignore[attr-defined]
    inside = {
        name.removeprefix(f"{_PACKAGE}."): (entry.docname, entry.node_id)
        for name, entry in objects.items()
        if entry.objtype not in ("method", "attribute", "property")
    }
    last = Counter(name.rpartition(".")[2] for name in inside)
    # Words such as `gate` and `noise` are options and variables as well.
    short = {
        word: place
        for name, place in inside.items()
        if last[word := name.rpartition(".")[2]] == 1 and "_" in word
    }
    return short | inside
