"""The layers: who may import whom, and what the library may not import at all."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import esoftmax_jax

ROOT = Path(__file__).parents[1]
LIBRARY = sorted((ROOT / "esoftmax_jax").rglob("*.py"))
EXPERIMENTS = sorted((ROOT / "experiments").rglob("*.py"))

# What each part of the library may import of the library. Parts are the first name below
# esoftmax_jax; a part may always import itself.
BASE = {"_types", "_checks", "_numerics", "_version"}
ALLOWED = {
    "_types": set(),
    "_version": set(),
    "_checks": {"_types"},
    "_numerics": {"_types"},
    "_class_sums": {"_types", "_numerics"},
    "_matrix_checks": {"_types", "_checks"},
    "_tempered_logarithm": {"_types"},
    "_tempered": {"_types", "_numerics", "_class_sums", "_tempered_logarithm"},
    "_linear_numerics": {"_types", "_numerics"},
    "losses": {
        "_types", "_checks", "_matrix_checks", "_numerics", "_class_sums", "_tempered",
        "_linear_numerics",
    },
    "noise": {"_types", "_checks", "_numerics"},
    "presets": {"_types", "_checks", "losses"},
    "training": {"_types", "_checks"},
    "__init__": {"losses", "noise", "presets", "training", "_version"},
}  # fmt: skip
OUTSIDE = {"jax", "numpy", "chex", "flax", "optax"}
ONLY_TRAINING = {"flax", "optax"}


def imported_names(path):
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def part_of(path):
    relative = path.relative_to(ROOT / "esoftmax_jax")
    return relative.parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", LIBRARY, ids=lambda p: str(p.relative_to(ROOT)))
def test_library_layers(path):
    part = part_of(path)
    for name in imported_names(path):
        package, *rest = name.split(".")
        if package == "esoftmax_jax":
            target = rest[0] if rest else ""
            assert target == part or target in ALLOWED[part], f"{path} imports {name}"
        elif package not in sys.stdlib_module_names:
            assert package in OUTSIDE, f"{path} imports {name}"
            assert package not in ONLY_TRAINING or part == "training", f"{path} imports {name}"


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_experiments_use_public_names_only(path):
    for name in imported_names(path):
        if name.split(".")[0] == "esoftmax_jax":
            private = [p for p in name.split(".") if p.startswith("_") and p != "__version__"]
            assert not private, f"{path} imports {name}"


def module_of(path):
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return dotted.removesuffix(".__init__")


def test_experiments_have_no_import_cycle():
    modules = {module_of(path): imported_names(path) for path in EXPERIMENTS}
    graph = {
        module: {
            other
            for name in names
            for other in [name if name in modules else name.rpartition(".")[0]]
            if other in modules and other != module
        }
        for module, names in modules.items()
    }
    assert graph["experiments._cli"] >= {"experiments._errors", "experiments.configs"}
    while graph:
        leaves = [name for name, needs in graph.items() if not needs & set(graph)]
        assert leaves, f"a cycle among {sorted(graph)}"
        for leaf in leaves:
            del graph[leaf]


def test_the_library_stays_light():
    code = (
        "import sys, esoftmax_jax;"
        "heavy = {'tensorflow_datasets', 'tensorflow', 'matplotlib', 'orbax', 'sklearn', 'rich'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    # flax itself imports orbax where it is installed; nothing else may come along.
    assert set(ast.literal_eval(result.stdout)) <= {"orbax", "rich"}


@pytest.mark.parametrize("module", ["", "losses", "noise", "presets", "training"])
def test_public_names_exist_and_are_documented(module):
    namespace = getattr(esoftmax_jax, module) if module else esoftmax_jax
    assert len(set(namespace.__all__)) == len(namespace.__all__)
    for name in namespace.__all__:
        member = getattr(namespace, name)
        assert name in esoftmax_jax.__all__ or name in ("get", "names") or module == "presets"
        if callable(member) and name not in ("Backend", "Batch"):
            assert member.__doc__, name


@pytest.mark.parametrize("name", esoftmax_jax.losses.__all__)
def test_docstrings_of_losses_are_complete(name):
    member = getattr(esoftmax_jax.losses, name)
    if isinstance(member, type):
        pytest.skip("a state; the function that makes it is documented")
    text = member.__doc__
    for section in ("Args:", "Returns:", "Raises:", "Example:", ">>>"):
        assert section in text, f"{name} lacks {section}"
    assert "Reference:" in text or name == "checked"


def test_files_can_be_read_at_a_sitting():
    for path in [*LIBRARY, *EXPERIMENTS]:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 350, path
