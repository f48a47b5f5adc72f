"""Formulas as MathML, which browsers show without a script or a font from elsewhere."""

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

# Names that the converter does not know.
_NAMES = {r"\arg": r"\operatorname{arg}"}


def setup(app: Sphinx) -> dict[str, Any]:
    """Add this to the builder."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(translator: HTML5Translator, node: nodes.math) -> None:
    translator.body.append(_mathml(node, "inline"))
    raise nodes.SkipNode


def _block(translator: HTML5Translator, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="formula">{_mathml(node, "block")}</div>\n')
    raise nodes.SkipNode


def _mathml(node: nodes.Element, display: str) -> str:
    formula = node.astext().strip()
    for name, known in _NAMES.items():
        formula = formula.replace(name, known)
    converted = convert(formula, display=display)
    if "\\" in converted or "&#x0005C;" in converted:
        text = "a command that latex2mathml does not know: %s"
        logging.getLogger(__name__).warning(text, formula, location=node)
    return converted
