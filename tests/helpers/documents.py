"""The Markdown pages of the project, and what stands in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs"
PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in [*ROOT.glob("*.md"), *sorted(FOLDER.rglob("*.md"))]
}
"""Path in the project → text."""
FOR_USERS = {
    name: text
    for name, text in PAGES.items()
    if name == "README.md" or Path(name).parent in (Path("docs"), Path("docs/how-to"))
}
"""The README and the pages of ``docs``, without the stories of decisions."""


def blocks(text: str, language: str) -> list[str]:
    """Return the blocks of a page in a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)
