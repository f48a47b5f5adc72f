"""The folders of the project, how large they are and what they import of each other.

``python -m tests.house [CHECKOUT]`` prints them as a table, those that import others first: an
import goes down the table, or is marked with ↑. What the face of a package gathers from its own
folders is left out. Files are read, not imported, so that any checkout will do.
"""

import ast
import itertools
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("esoftmax_jax", "experiments")


def modules_below(*folders: str, root: Path = ROOT) -> dict[str, Path]:
    """Return the modules in folders of a checkout, by their dotted names."""
    paths = itertools.chain(*(sorted((root / folder).rglob("*.py")) for folder in folders))
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in paths
    }


def imported_names(path: Path) -> set[str]:
    """Return ``module.name`` of everything that a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imported_modules(path: Path, modules: Mapping[str, Path]) -> set[str]:
    """Return those among modules that one of them imports."""
    names = imported_names(path)
    return {name if name in modules else name.rpartition(".")[0] for name in names} & set(
        modules
    )


def number_of_lines(path: Path) -> int:
    """Return how many lines a module has."""
    return len(path.read_text(encoding="utf-8").splitlines())


def lines_of_table(root: Path = ROOT) -> Iterator[str]:
    """Yield the table of a checkout's folders, and how many imports go up in it."""
    modules = modules_below(*PACKAGES, root=root)
    folder_of = {name: path.parent.relative_to(root) for name, path in modules.items()}
    counts = Counter(folder_of[n] for n, path in modules.items() if path.name != "__init__.py")
    lines: Counter[Path] = Counter()
    imports: dict[Path, Counter[Path]] = {folder: Counter() for folder in folder_of.values()}
    for name, path in modules.items():
        lines[folder_of[name]] += number_of_lines(path)
        own = folder_of[name]
        for other in imported_modules(path, modules):
            gathered = path.name == "__init__.py" and own in folder_of[other].parents
            if folder_of[other] != own and not gathered:
                imports[own][folder_of[other]] += 1
    order = _highest_first(imports)
    width = max(len(str(folder)) for folder in order)
    yield f"{'folder':{width}}  modules  lines  imports"
    upward = 0
    for place, folder in enumerate(order):
        above = order[:place]
        shown = [
            f"{'↑' if other in above else ''}{other} {imports[folder][other]}"
            for other in order
            if imports[folder][other]
        ]
        upward += sum(imports[folder][other] for other in above)
        size = f"{counts[folder]:7}  {lines[folder]:5}"
        yield f"{folder!s:{width}}  {size}  {', '.join(shown)}".rstrip()
    yield f"{counts.total()} modules, {lines.total()} lines, {upward} imports upwards"


def _highest_first(imports: Mapping[Path, Mapping[Path, int]]) -> list[Path]:
    """Order folders so that imports go down, but for those in a circle, where few go up."""
    needs = {folder: _below(folder, imports) for folder in imports}
    left, order = set(imports), list[Path]()
    while left:
        # Nothing imports the highest, unless it is imported by them in turn.
        highest = [f for f in left if all(o in needs[f] for o in left if f in needs[o])]
        users = {folder: sum(imports[o].get(folder, 0) for o in left) for folder in highest}
        order.append(min(highest, key=lambda folder: (users[folder], str(folder))))
        left.remove(order[-1])
    return order


def _below(folder: Path, imports: Mapping[Path, Mapping[Path, int]]) -> set[Path]:
    """Return what a folder imports, and what that imports in turn."""
    found, new = set[Path](), {folder}
    while new:
        new = {other for one in new for other in imports[one]} - found
        found |= new
    return found


if __name__ == "__main__":
    print("\n".join(lines_of_table(*map(Path, sys.argv[1:2]))))
