"""The tests with other versions than those of the day: ``pipx run nox``.

``nox --session oldest`` runs one of them. What is installed is declared in ``pyproject.toml``.
"""

import shutil
from pathlib import Path

import nox

# On the oldest JAX exponentials are less exact, so that figures of trained networks differ.
_LIBRARY = (
    "tests/cleaning",
    "tests/estimate",
    "tests/losses",
    "tests/noise",
    "tests/presets",
    "tests/spreadsheets",
    "tests/theory",
    "tests/training",
)


@nox.session(python="3.11")
def oldest(session: nox.Session) -> None:
    """Test the library with the oldest JAX that is supported."""
    session.install("-e", ".[dev]", "jax==0.8.*", "jaxlib==0.8.*")
    session.run("python", "-m", "pytest", "-n", "auto", *(session.posargs or _LIBRARY))


@nox.session(python=["3.12", "3.13"])
def newest(session: nox.Session) -> None:
    """Test everything with the newest JAX, which needs a newer Python."""
    session.install("-e", ".[dev]", "jax>=0.11", "jaxlib>=0.11")
    session.run("python", "-m", "tests", *session.posargs)


@nox.session(python="3.11")
def wheel(session: nox.Session) -> None:
    """Run the command of the built wheel in an empty environment and an empty folder."""
    shutil.rmtree("build", ignore_errors=True)  # whose removed modules would be packed too
    folder = Path(session.create_tmp()).resolve()
    session.run("python", "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(folder), ".")
    built = max(folder.glob("*.whl"), key=lambda path: path.stat().st_mtime)
    session.install(f"esoftmax_jax[app] @ {built.as_uri()}")
    session.chdir(folder)
    session.run("esoftmax", "--version")
    session.run("esoftmax", "compare", "--epochs", "1", "--seeds", "1", "--no-tune")


@nox.session(python="3.11")
def estimator(session: nox.Session) -> None:
    """Run all checks of scikit-learn on the classifier; the tests run the quick ones."""
    session.install("-e", ".[dev]")
    check = (
        "from sklearn.utils.estimator_checks import check_estimator; "
        "from esoftmax_jax.sklearn import NoisyLabelClassifier; "
        "check_estimator(NoisyLabelClassifier(folds=2, learning_rates=(0.1,), epochs=20))"
    )
    session.run("python", "-c", check)
