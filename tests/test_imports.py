"""What a user imports: public names, and what comes along with them."""

import ast
import inspect
import pydoc
import subprocess
import sys
import typing
from pathlib import Path

import jax
import numpy as np
import pytest

import esoftmax_jax
from esoftmax_jax import app
from tests.helpers.audits import noisy_table

ROOT = Path(__file__).parents[1]


HEAVY = {
    "flax", "tensorflow_datasets", "tensorflow", "matplotlib", "orbax", "scipy", "sklearn", "rich",
    "pyarrow", "pandas", "PIL",
}  # fmt: skip


def imported_after(*statements):
    """Return the packages that one fresh process has imported after each statement."""
    tell = "print('imported', {name.partition('.')[0] for name in sys.modules})"
    code = "\n".join(f"{line}\n{tell}" for line in ("import sys", *statements))
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    told = [x for x in result.stdout.splitlines() if x.startswith("imported ")]
    return [ast.literal_eval(line.removeprefix("imported ")) for line in told[1:]]


LIGHT = (
    "import esoftmax_jax",
    "from esoftmax_jax import cleaning, estimate",
    "import numpy as np; y = np.arange(40) % 2; p = np.where(y[:, None] == [0, 1], 0.9, 0.1)",
    "estimate.confident_joint(p, y, share=0.5)",
    "from esoftmax_jax.cleaning import label_margins",
    "import esoftmax_jax.losses, esoftmax_jax.theory",
    "esoftmax_jax.cross_entropy",
    "from esoftmax_jax import make_train_step",
)


def test_names_are_imported_when_they_are_asked_for():
    *without_jax, margins, parts, one_loss, step = imported_after(*LIGHT)
    for imported in without_jax:  # evidence in the memory of NumPy too
        assert imported & {"jax", "chex", "optax"} == set()
    assert "jax" in margins
    assert "optax" not in margins
    for imported in (*without_jax, margins, parts, one_loss):
        assert imported & HEAVY == set()
    assert "flax" in step
    assert {"losses", "app", "cross_entropy", "make_train_step"} <= set(dir(esoftmax_jax))
    for name in ("get", "no_such_loss"):
        with pytest.raises(AttributeError, match=f"'esoftmax_jax' has no attribute '{name}'"):
            getattr(esoftmax_jax, name)


def test_help_needs_no_jax():
    for imported in imported_after(
        "from esoftmax_jax.app.cli.parser import make_parser; make_parser('x')",
        "from experiments.cli import make_parser; make_parser()",
    ):
        assert imported & {"jax", "numpy", *HEAVY} == set()


COMMANDS = {
    "--help": 0,
    "--version": 0,
    "reproduce --help": 0,
    "bench losses --help": 0,
    "bench": 0,
    "--no-such-option": 2,
    "regret --seeds 0": 2,
}


def test_the_experiments_answer_without_jax():
    code = (
        "import sys; from experiments.__main__ import main\n"
        f"for words in {[*COMMANDS]}:\n"
        "    try: ended = main(words.split())\n"
        "    except SystemExit as end: ended = end.code\n"
        "    print(f'\\nended {words}:', ended, 'jax' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    told = [line for line in result.stdout.splitlines() if line.startswith("ended ")]
    assert told == [f"ended {words}: {code} False" for words, code in COMMANDS.items()]


def test_an_audit_by_probabilities_of_ones_own_needs_numpy_alone(tmp_path):
    np.save(tmp_path / "own.npy", noisy_table(tmp_path / "own.csv"))
    arguments = ["audit", "own.csv", "--probabilities", "own.npy", "--out", "out"]
    paths = [
        str(tmp_path / one) if one.startswith(("own", "out")) else one for one in arguments
    ]
    in_memory, of_a_file = imported_after(
        "import numpy as np; from esoftmax_jax import find_wrong_labels; y = np.arange(40) % 2; "
        "find_wrong_labels(None, y, probabilities=np.where(y[:, None] == [0, 1], 0.9, 0.1))",
        f"from esoftmax_jax.app.cli.main import main; assert main({paths}) == 0",
    )
    assert (tmp_path / "out/report.html").is_file()
    assert in_memory & {"jax", "chex", "optax"} == set()
    assert of_a_file & ((HEAVY - {"rich"}) | {"jax", "chex", "optax"}) == set()


@pytest.mark.parametrize("module", [esoftmax_jax, app])
def test_only_public_names_are_listed(module):
    assert {"Any", "TYPE_CHECKING", "importlib", "sys"} & set(dir(module)) == set()
    for name in dir(module):
        assert getattr(module, name) is not None
        assert not name.startswith("_") or name == "__version__"


def test_python_is_told_which_name_is_missing_where():
    """So that it can say which one is meant."""
    for module, name in ((esoftmax_jax, "cros_entropy"), (app, "trian")):
        with pytest.raises(AttributeError) as caught:
            getattr(module, name)
        assert (caught.value.name, caught.value.obj) == (name, module)


PARTS = ["cleaning", "estimate", "losses", "noise", "presets", "theory", "training"]
NAMED_IN_FULL = {"presets", "theory"}  # whose names say too little alone
INSIDE_LOSSES = {"get", "names"}  # good names there only


@pytest.mark.parametrize("module", PARTS)
def test_public_names_exist_and_are_documented(module):
    namespace = getattr(esoftmax_jax, module)
    assert len(set(namespace.__all__)) == len(namespace.__all__)
    for name in namespace.__all__:
        member = getattr(namespace, name)
        if module not in NAMED_IN_FULL and name not in INSIDE_LOSSES:
            assert getattr(esoftmax_jax, name) is member
        if callable(member) and name not in ("Backend", "Batch"):
            assert member.__doc__, name


def test_a_star_imports_the_parts():
    imported: dict[str, object] = {}
    exec("from esoftmax_jax import *", imported)
    assert set(imported) - {"__builtins__"} == set(PARTS)


def test_help_is_short_and_names_types():
    def number_of_lines(thing):
        return len(pydoc.render_doc(thing).splitlines())

    assert number_of_lines(esoftmax_jax) < 60
    assert number_of_lines(esoftmax_jax.cross_entropy) < 60
    for part in ("cleaning", "estimate", "losses", "noise"):
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


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (part, name)
        for part in ("losses", "theory")
        for name in getattr(esoftmax_jax, part).__all__
    ],
)
def test_docstrings_are_complete(part, name):
    member = getattr(getattr(esoftmax_jax, part), name)
    if isinstance(member, type):
        pytest.skip("a value; the function that makes it is documented")
    text = member.__doc__
    for section in ("Args:", "Returns:", "Raises:", "Example:", ">>>"):
        assert section in text, f"{name} lacks {section}"
    assert "Reference:" in text or name == "checked"
