"""The application: losses compared, networks trained, wrong labels found.

What the command ``esoftmax`` does, for notebooks and programs: plain arguments in, arrays and
tables out. Nothing is printed without ``verbose=True`` and nothing is written where no folder
or file is named. A wrong argument raises ``UsageError``, a ``ValueError``.

- ``load_dataset``: data by name, or your own files; ``dataset_from_arrays``: from memory.
- ``audit``: how many labels are wrong, and which; ``find_wrong_labels``: of two arrays.
- ``compare``: the same wrong labels, several losses.
- ``auto``: one model without a clean label, and evidence about every label.
- ``train``: one network; ``predict``: what it says of new examples.
- ``noise``: labels made wrong to order, and what they are like.
- ``find_suspects``: labels that are probably wrong; ``correct``: reviewed ones put in.

    >>> from esoftmax_jax import app
    >>> trained = app.train("wine", epochs=2, noise="symmetric:0.3")
    >>> app.predict(trained, trained.dataset.test.images[:3]).labels.shape
    (3,)
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from esoftmax_jax.app.audits.result import Audit
    from esoftmax_jax.app.data.dataset import Dataset
    from esoftmax_jax.app.data.in_memory.dataset import dataset_from_arrays
    from esoftmax_jax.app.data.load import load_dataset
    from esoftmax_jax.app.engine.finished_run import Run
    from esoftmax_jax.app.engine.loop import Epoch
    from esoftmax_jax.app.jobs.audit.audit import audit
    from esoftmax_jax.app.jobs.audit.find_wrong_labels import find_wrong_labels
    from esoftmax_jax.app.jobs.auto import auto
    from esoftmax_jax.app.jobs.auto_trained import AutoTrained
    from esoftmax_jax.app.jobs.compare import compare
    from esoftmax_jax.app.jobs.comparison import Comparison
    from esoftmax_jax.app.jobs.drawn_labels import DrawnLabels, NoisyLabels
    from esoftmax_jax.app.jobs.noise import noise
    from esoftmax_jax.app.jobs.predict import Predictions, predict
    from esoftmax_jax.app.jobs.train import find_suspects, train
    from esoftmax_jax.app.jobs.trained import SuspectLabels, Trained
    from esoftmax_jax.app.suspects.corrections import correct
    from esoftmax_jax.app.terminal.messages import UsageError

__all__ = [
    "Audit",
    "AutoTrained",
    "Comparison",
    "Dataset",
    "DrawnLabels",
    "Epoch",
    "NoisyLabels",
    "Predictions",
    "Run",
    "SuspectLabels",
    "Trained",
    "UsageError",
    "audit",
    "auto",
    "compare",
    "correct",
    "dataset_from_arrays",
    "find_suspects",
    "find_wrong_labels",
    "load_dataset",
    "noise",
    "predict",
    "train",
]

_HOMES = {
    "Audit": "audits.result",
    "AutoTrained": "jobs.auto_trained",
    "Comparison": "jobs.comparison",
    "Dataset": "data.dataset",
    "DrawnLabels": "jobs.drawn_labels",
    "Epoch": "engine.loop",
    "NoisyLabels": "jobs.drawn_labels",
    "Predictions": "jobs.predict",
    "Run": "engine.finished_run",
    "SuspectLabels": "jobs.trained",
    "Trained": "jobs.trained",
    "UsageError": "terminal.messages",
    "audit": "jobs.audit.audit",
    "auto": "jobs.auto",
    "compare": "jobs.compare",
    "correct": "suspects.corrections",
    "dataset_from_arrays": "data.in_memory.dataset",
    "find_suspects": "jobs.train",
    "find_wrong_labels": "jobs.audit.find_wrong_labels",
    "load_dataset": "data.load",
    "noise": "jobs.noise",
    "predict": "jobs.predict",
    "train": "jobs.train",
}


def __getattr__(name: str) -> Any:
    """Import a function when it is first asked for; what it needs takes seconds."""
    if name not in __all__:
        # With its name and object Python tells the name that is meant.
        here = sys.modules[__name__]
        text = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(text, name=name, obj=here)
    from esoftmax_jax.app.cli.python_call import from_python
    from esoftmax_jax.app.terminal.messages import missing_package

    try:
        module = importlib.import_module(f"{__name__}.{_HOMES[name]}")
    except ModuleNotFoundError as error:
        raise ImportError(missing_package(error.name)) from error
    found = globals()[name] = from_python(getattr(module, name))
    return found


def __dir__() -> list[str]:
    """Return the public names, imported or not."""
    return sorted(__all__)
