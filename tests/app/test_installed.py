"""What is installed with the application is what it imports, and what results say of it."""

import re
import subprocess
import sys
import tomllib

import pytest

from esoftmax_jax.app.engine import environment
from tests.house import ROOT, imported_names, modules_below
from tests.test_layers import APPLICATION, EXPERIMENTS, LIBRARY

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OWN = {"esoftmax_jax", "experiments", "tests"}

# What is imported by another name than it is installed by.
DISTRIBUTIONS = {"PIL": "pillow", "sklearn": "scikit-learn", "orbax": "orbax-checkpoint"}

# Compared with, if a user happens to have it: `bench train --peer`.
NEVER_NEEDED = {"torch"}


def plain(name):
    """Return the name of a distribution as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(*extras):
    """Return what is installed with the project and with these extras."""
    found, wanted = set(), [*PROJECT["dependencies"]]
    for extra in extras:
        wanted += PROJECT["optional-dependencies"][extra]
    for text in wanted:
        name = re.split(r"[^\w.-]", text)[0]
        if name == PROJECT["name"]:
            found |= declared(*text.partition("[")[2].rstrip("]").split(","))
        else:
            found.add(plain(name))
    return found


def undeclared(path, *extras):
    packages = {name.partition(".")[0] for name in imported_names(path)}
    outside = packages - sys.stdlib_module_names - OWN - NEVER_NEEDED
    return {plain(DISTRIBUTIONS.get(name, name)) for name in outside} - declared(*extras)


@pytest.mark.parametrize(
    ("modules", "extras"),
    [
        (LIBRARY, []),
        (APPLICATION, ["app"]),
        (EXPERIMENTS, ["experiments", "peers"]),
        (modules_below("tests"), ["dev"]),
    ],
    ids=["library", "app", "experiments", "tests"],
)
def test_every_package_that_is_imported_is_declared(modules, extras):
    found = {name: undeclared(path, *extras) for name, path in modules.items()}
    assert {name: packages for name, packages in found.items() if packages} == {}


def test_a_package_of_an_extra_is_not_declared_without_it():
    assert "rich" in declared("app")
    assert "rich" in declared("dev")
    assert undeclared(ROOT / "esoftmax_jax/app/terminal/console.py") == {"rich"}


def test_results_name_the_commit_of_the_checkout_only(monkeypatch, tmp_path):
    """An installed package lies in an environment inside somebody else's repository."""
    installed = tmp_path / "site-packages/esoftmax_jax/app/engine/environment.py"
    installed.parent.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    started = []
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: started.append(a))
    monkeypatch.setattr(environment, "__file__", str(installed))
    assert environment.commit() is None
    assert started == []
