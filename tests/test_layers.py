"""The layers: who may import whom, how large a folder and a module may be."""

import sys

import pytest

from tests.house import (
    PACKAGES,
    ROOT,
    imported_modules,
    imported_names,
    lines_of_table,
    modules_below,
    number_of_lines,
)

MOST_MODULES, MOST_LINES = 20, 350

# What each part of the library may import of the library. Parts are the first name below
# esoftmax_jax; a part may always import itself.
ALLOWED = {
    "_host_types": set(),
    "_types": set(),
    "_version": set(),
    "_array_kinds": set(),
    "_checks": {"_array_kinds"},
    "_sharding": {"_types"},
    "_neighbours": {"_host_types"},
    "_numerics": {"_array_kinds", "_types"},
    "losses": {"_host_types", "_types", "_checks", "spelling", "_numerics", "_sharding"},
    "whole_file": set(),
    "spelling": set(),
    "spreadsheets": {"whole_file"},
    "cleaning": {"_neighbours", "_host_types", "_types", "_checks", "spelling", "_numerics", "_sharding", "spreadsheets"},
    "noise": {"_host_types", "_types", "_checks", "spelling", "_numerics", "cleaning", "spreadsheets"},
    "estimate": {"_neighbours", "_host_types", "_checks", "cleaning"},
    "presets": {"_host_types", "_types", "_checks", "spelling", "losses"},
    "theory": {"_host_types", "_types", "_checks", "losses"},
    "training": {"_host_types", "_types", "_checks", "spelling"},
    "__init__": {"cleaning", "estimate", "losses", "noise", "presets", "theory", "training", "_version"},
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
    ["audits"],
    ["jobs"],
    ["cli"],
]
ROOMS = {room: rank for rank, rooms in enumerate(LAYERS) for room in rooms}


CODE = modules_below(*PACKAGES)
APPLICATION = {name: CODE[name] for name in CODE if name.startswith("esoftmax_jax.app")}
FACE = "esoftmax_jax.sklearn"  # of a part of the application, where its users look for it
EXPERIMENTS = {name: CODE[name] for name in CODE if name.startswith("experiments")}
LIBRARY = {name: CODE[name] for name in CODE if name not in {*APPLICATION, *EXPERIMENTS, FACE}}


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
    for name in imported_modules(APPLICATION[module], CODE):
        assert not name.startswith("experiments"), f"{module} imports {name}"
        other = room_of(name) if name in APPLICATION else ""
        if room in ROOMS and other in ROOMS and other != room:
            assert ROOMS[other] < ROOMS[room], f"{module} imports {name}"


def test_the_estimators_are_a_face_alone():
    assert imported_modules(CODE[FACE], CODE) == {
        "esoftmax_jax.app.jobs.estimators.noisy_label_classifier"
    }


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
    graph = {module: imported_modules(path, CODE) - {module} for module, path in CODE.items()}
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
    lines = {path: number_of_lines(path) for path in CODE.values()}
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


def test_the_table_of_folders_counts_modules_lines_and_imports(tmp_path):
    for path, text in {
        "experiments/run.py": "from esoftmax_jax.app import job\n\nimport esoftmax_jax.losses\n",
        "esoftmax_jax/app/__init__.py": "",
        "esoftmax_jax/app/job.py": "def work():\n    from esoftmax_jax.losses import ce\n",
        "esoftmax_jax/losses/__init__.py": "from esoftmax_jax.losses._sums import ce\n",
        "esoftmax_jax/losses/_sums/__init__.py": "",
        "esoftmax_jax/losses/ce.py": "import esoftmax_jax.app.job\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    rows = [line.split(maxsplit=3) for line in lines_of_table(tmp_path)]
    assert rows == [
        ["folder", "modules", "lines", "imports"],
        ["esoftmax_jax/losses/_sums", "0", "0"],
        ["experiments", "1", "3", "esoftmax_jax/app 1, esoftmax_jax/losses 1"],
        ["esoftmax_jax/app", "1", "2", "esoftmax_jax/losses 1"],
        ["esoftmax_jax/losses", "1", "2", "↑esoftmax_jax/app 1"],
        ["3", "modules,", "7", "lines, 1 imports upwards"],
    ]
