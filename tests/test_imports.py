"""The layers: who may import whom, and what the library may not import at all."""

import ast
import inspect
import itertools
import pydoc
import subprocess
import sys
import typing
from pathlib import Path

import jax
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
    "_sharding": {"_types"},
    "_version": set(),
    "_checks": {"_types"},
    "_numerics": {"_types"},
    "_class_sums": {"_types", "_numerics"},
    "_matrix_checks": {"_types", "_checks"},
    "_tempered_logarithm": {"_types", "_sharding"},
    "_tempered": {"_types", "_numerics", "_class_sums", "_sharding", "_tempered_logarithm"},
    "_linear_numerics": {"_types", "_numerics", "_sharding"},
    "losses": {
        "_types", "_checks", "_matrix_checks", "_numerics", "_class_sums", "_tempered",
        "_linear_numerics", "_sharding",
    },
    "noise": {"_types", "_checks", "_numerics"},
    "presets": {"_types", "_checks", "losses"},
    "training": {"_types", "_checks"},
    "__init__": {"losses", "noise", "presets", "training", "_version"},
}  # fmt: skip
OUTSIDE = {"jax", "numpy", "chex", "flax", "optax", "typing_extensions"}
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
    assert graph["esoftmax_jax.app.cli.main"] >= {
        "esoftmax_jax.app.terminal.messages",
        "experiments.configs",
    }
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


PARTS = ["losses", "noise", "presets", "training"]
INSIDE_LOSSES = {"get", "names"}  # good names there only


@pytest.mark.parametrize("module", PARTS)
def test_public_names_exist_and_are_documented(module):
    namespace = getattr(esoftmax_jax, module)
    assert len(set(namespace.__all__)) == len(namespace.__all__)
    for name in namespace.__all__:
        member = getattr(namespace, name)
        if module != "presets" and name not in INSIDE_LOSSES:
            assert getattr(esoftmax_jax, name) is member
        if callable(member) and name not in ("Backend", "Batch"):
            assert member.__doc__, name


def test_a_star_imports_the_names_of_all_parts():
    imported: dict[str, object] = {}
    exec("from esoftmax_jax import *", imported)
    parts = (getattr(esoftmax_jax, part).__all__ for part in PARTS if part != "presets")
    expected = {*PARTS, *itertools.chain(*parts)} - INSIDE_LOSSES
    assert set(imported) - {"__builtins__"} == expected


def test_help_is_short_and_names_types():
    def number_of_lines(thing):
        return len(pydoc.render_doc(thing).splitlines())

    assert number_of_lines(esoftmax_jax) < 60
    assert number_of_lines(esoftmax_jax.cross_entropy) < 60
    for part in ("losses", "noise"):
        for name in getattr(esoftmax_jax, part).__all__:
            function = getattr(esoftmax_jax, name, None)
            if not inspect.isfunction(function):
                continue
            for parameter in inspect.signature(function).parameters.values():
                shown = inspect.formatannotation(parameter.annotation)
                assert len(shown) <= 72, f"{name}: {parameter}"
    signature = str(inspect.signature(esoftmax_jax.epsilon_softmax_cross_entropy))
    assert signature.startswith("(logits: ArrayInput, labels: ArrayInput, *, m: Scalar, ")
    assert signature.endswith(") -> Array")


def test_named_types_are_still_types_to_tools():
    hints = typing.get_type_hints(esoftmax_jax.cross_entropy)
    assert jax.Array in typing.get_args(hints["logits"].__value__)
    assert hints["return"].__value__ is jax.Array


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
