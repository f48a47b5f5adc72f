"""A transition matrix as a picture within a page, and its largest entries as a table."""

import html
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]

_MOST_NAMED = 30
_MOST_NUMBERED = 12
_DARKEST = 0.1  # is never less frequent
_LEAST = 0.005  # smaller entries are not drawn
_LONGEST = 16


def draw_matrix(matrix: Matrix, class_names: Sequence[str]) -> str:
    """Return an SVG: a row for each true class, a column for each label.

    The diagonal, right labels, is grey; the darker another square, the more frequent.
    """
    count = len(matrix)
    named, numbered = count <= _MOST_NAMED, count <= _MOST_NUMBERED
    size = 36 if numbered else 18 if named else max(3, 420 // count)
    longest = max(len(_short(name)) for name in class_names)
    # A letter is less than 7 wide; names of columns stand at an angle.
    left, top = (12 + 7 * longest, 16 + 6 * longest) if named else (4, 4)
    width, height = left + size * count + 4 * longest, top + size * count + 4
    darkest = max(float((matrix - np.diag(np.diag(matrix))).max()), _DARKEST)
    parts = [
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        'aria-label="Share of each true class (rows) that has each label (columns)">'
    ]
    for row, column in np.argwhere(matrix >= _LEAST).tolist():
        share = float(matrix[row, column])
        kind, strength = (
            ("right", 1.0) if row == column else ("wrong", 0.15 + 0.85 * share / darkest)
        )
        opacity = "" if kind == "right" else f' fill-opacity="{strength:.2f}"'
        what = html.escape(f"{class_names[row]} → {class_names[column]}: {share:.1%}")
        parts.append(
            f'<rect class="{kind}"{opacity} x="{left + size * column}" y="{top + size * row}" '
            f'width="{size - 1}" height="{size - 1}"><title>{what}</title></rect>'
        )
        if numbered:
            light = ' style="fill:var(--on-mark)"' if kind == "wrong" and strength > 0.8 else ""
            parts.append(
                f'<text x="{left + size * column + size / 2 - 0.5}" '
                f'y="{top + size * row + size / 2 + 3.5}" text-anchor="middle"{light}>'
                f"{100 * share:.0f}</text>"
            )
    if named:
        for place, name in enumerate(class_names):
            text = html.escape(_short(name))
            middle = size * place + size / 2
            parts.append(
                f'<text x="{left - 6}" y="{top + middle + 4}" text-anchor="end">{text}</text>'
                f'<text x="0" y="0" transform="translate({left + middle + 3} {top - 6}) '
                f'rotate(-60)">{text}</text>'
            )
    parts.append(
        f'<rect class="empty" x="{left - 1}" y="{top - 1}" width="{size * count + 1}" '
        f'height="{size * count + 1}"/></svg>'
    )
    return "".join(parts)


def confused_pairs(joint: Matrix, most: int = 10) -> list[tuple[int, int, float]]:
    """Return the most frequent wrong labels: true class, label and share of all examples."""
    wrong = joint - np.diag(np.diag(joint))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    rows, columns = np.unravel_index(order, wrong.shape)
    found = zip(rows.tolist(), columns.tolist(), wrong[rows, columns].tolist(), strict=True)
    return [one for one in found if one[2] > 0]


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
