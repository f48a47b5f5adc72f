"""Text in files of Markdown."""

import re
from collections.abc import Iterable, Sequence

from esoftmax_jax.app.terminal.messages import readable

# What begins code, a cell, a tag, a link, an emphasis, an entity, a formula.
_SPECIAL = re.compile(r"[\\`|<>\[\]*&~$]")


def markdown(text: str) -> str:
    """Return Markdown of one line that shows a text as it is."""
    return _SPECIAL.sub(r"\\\g<0>", readable(text))


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return [f"| {' | '.join(map(markdown, cells))} |" for cells in lines]
