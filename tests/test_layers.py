"""The layers: who may import whom, how large a folder and a module may be."""

import ast
import itertools
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST_MODULES, MOST_LINES = 20, 350

# What each part of the library may import of the library. Parts are the first name below
# esoftmax_jax; a part may always import itself.
ALLOWED = {
    "_types": set(),
    "_version": set(),
    "_checks": {"_types"},
    "_sharding": {"_types"},
    "_numerics": {"_types"},
    "losses": {"_types", "_checks", "_numerics", "_sharding"},
    "noise": {"_types", "_checks", "_numerics"},
    "presets": {"_types", "_checks", "losses"},
    "training": {"_types", "_checks"},
    "__init__": {"losses", "noise", "presets", "training", "_version"},
}  # fmt: skip
OUTSIDE = {"jax", "numpy", "chex", "flax", "optax", "typing_extensions"}
ONLY_TRAINING = {"flax", "optax"}

# Of the application, the lowest first: an import goes down, or stays in its folder.
LAYERS = [
    ["networks", "terminal"],
    ["files"],
    ["methods", "augment"],
    ["data"],
    ["labels"],
    ["engine"],
    ["runs", "suspects"],
    ["jobs"],
    ["cli"],
]
ROOMS = {room: rank for rank, rooms in enumerate(LAYERS) for room in rooms}


def modules_below(*folders):
    paths = itertools.chain(*(sorted((ROOT / folder).rglob("*.py")) for folder in folders))
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in paths
    }


CODE = modules_below("esoftmax_jax", "experiments")
APPLICATION = {name: CODE[name] for name in CODE if name.startswith("esoftmax_jax.app")}
EXPERIMENTS = {name: CODE[name] for name in CODE if name.startswith("experiments")}
LIBRARY = {name: CODE[name] for name in CODE.keys() - APPLICATION.keys() - EXPERIMENTS.keys()}


def imported_names(path):
    """Return ``module.name`` of everything that a module imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imported_modules(path):
    names = imported_names(path)
    return {name if name in CODE else name.rpartition(".")[0] for name in names} & CODE.keys()


def room_of(module):
    """Return the folder of a module of the application."""
    return [*module.removeprefix("esoftmax_jax.app").split("."), ""][1]


@pytest.mark.parametrize("module", LIBRARY)
def test_the_library_imports_downwards_and_little_else(module):
    part = [*module.split("."), "__init__"][1]
    for name in imported_names(LIBRARY[module]):
        package, *rest = name.split(".")
        if package == "esoftmax_jax":
            target = rest[0] if rest else ""
            assert target == part or target in ALLOWED[part], f"{module} imports {name}"
        elif package not in sys.stdlib_module_names:
            assert package in OUTSIDE, f"{module} imports {name}"
            assert package not in ONLY_TRAINING or part == "training", f"{module}: {name}"


@pytest.mark.parametrize("module", APPLICATION)
def test_the_application_imports_downwards(module):
    room = room_of(module)
    for name in imported_modules(APPLICATION[module]):
        assert not name.startswith("experiments"), f"{module} imports {name}"
        other = room_of(name) if name in APPLICATION else ""
        if room in ROOMS and other in ROOMS and other != room:
            assert ROOMS[other] < ROOMS[room], f"{module} imports {name}"


def test_every_folder_of_the_application_has_its_layer():
    assert {room_of(module) for module in APPLICATION} == {*ROOMS, "", "__main__"}


@pytest.mark.parametrize("module", [*APPLICATION, *EXPERIMENTS])
def test_nothing_private_is_imported_from_another_package(module):
    own = module.split(".")[0] if module in EXPERIMENTS else "esoftmax_jax.app"
    for name in imported_names(CODE[module]):
        if name.startswith("esoftmax_jax") and not name.startswith(own):
            private = [part for part in name.split(".") if part.startswith("_")]
            assert private in ([], ["__version__"]), f"{module} imports {name}"


def test_no_module_imports_itself_by_way_of_others():
    graph = {module: imported_modules(path) - {module} for module, path in CODE.items()}
    assert graph["esoftmax_jax.app.__main__"] >= {"esoftmax_jax.app.cli.main"}
    while graph:
        leaves = [name for name, needs in graph.items() if not needs & set(graph)]
        assert leaves, f"a cycle among {sorted(graph)}"
        for leaf in leaves:
            del graph[leaf]


def test_folders_and_modules_can_be_read_at_a_sitting():
    paths = [*CODE.values(), *modules_below("tests").values()]
    folders = {path.parent for path in paths} - {ROOT / "tests"}
    full = {
        folder: len([path for path in folder.glob("*.py") if path.name != "__init__.py"])
        for folder in folders
    }
    assert {folder: count for folder, count in full.items() if count > MOST_MODULES} == {}
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in CODE.values()}
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}
