"""Parts of pages that commands write.

A part stands between ``<!-- NAME: begin -->`` and ``<!-- NAME: end -->``.
"""

import re
from collections.abc import Sequence


def has_part(page: str, part: str) -> bool:
    """Tell whether a page has the marks of a part."""
    return _marks(part).search(page) is not None


def generated(page: str, part: str) -> list[str]:
    """Return the lines of a part.

    Raises:
        ValueError: the page has no such part.
    """
    found = _marks(part).search(page)
    if found is None:
        raise ValueError(f"page: expected the marks of {part!r}, got none")
    return found[2].strip().splitlines()


def with_generated(page: str, part: str, lines: Sequence[str]) -> str:
    """Return the page with other lines in a part, which it must have."""
    generated(page, part)
    text = "\n".join(lines)
    return _marks(part).sub(lambda found: f"{found[1]}\n{text}\n{found[3]}", page)


def _marks(part: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {part}: begin -->)(.*?)(<!-- {part}: end -->)", re.DOTALL)
