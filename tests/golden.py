"""How far the losses are from the values and gradients of the authors' published code.

The files were made with the authors' PyTorch losses in float64 (ε-softmax; joint asymmetric loss;
optimised gradient clipping). They are not part of the project; ESOFTMAX_GOLDEN_DIR says where
they are. ``python -m tests.golden`` prints the worst relative error of every loss.
"""

import functools
import json
import os
import pathlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax import losses

FOLDER = pathlib.Path(os.environ.get("ESOFTMAX_GOLDEN_DIR", "golden"))
FILES = [FOLDER / "official_losses.npz", FOLDER / "newer_losses.npz"]
PRESENT = all(path.exists() for path in FILES)
TOLERANCE = {"float64": 1e-6, "float32": 1e-5}

STOP = {"stop_modulator_gradient": True}
HALF = {"beta": 0.5}  # their MAE in sums is 1 − p_y, ours 2(1 − p_y)
# their name: (ours, what is fixed, factors of their hyperparameters)
NAMES: dict[str, tuple[str, dict[str, Any], dict[str, float]]] = {
    "ce": ("CE", {}, {}),
    "focal": ("FL", STOP, {}),
    "ece": ("CE_eps", {}, {}),
    "efl": ("FL_eps", STOP, {}),
    "ece+mae": ("CE_eps+MAE", {}, {}),
    "efl+mae": ("FL_eps+MAE", STOP, {}),
    "mae": ("MAE", {}, {}),
    "mse": ("MSE", {}, {}),
    "gce": ("GCE", {"min_prob": 1e-8}, {}),
    "sce": ("SCE", {}, {}),
    "rce": ("RCE", {}, {}),
    "nce": ("NCE", {}, {}),
    "nfl": ("NFL", STOP, {}),
    "ael": ("AEL", {}, {}),
    "agce": ("AGCE", {}, {}),
    "aul": ("AUL", {}, {}),
    "nce+mae": ("NCE+MAE", {}, HALF),
    "nfl+mae": ("NFL+MAE", STOP, HALF),
    "nce+rce": ("NCE+RCE", {}, {}),
    "nfl+rce": ("NFL+RCE", STOP, {}),
    "nce+agce": ("NCE+AGCE", {}, {}),
    "nce+aul": ("NCE+AUL", {}, {}),
    "nce+ael": ("NCE+AEL", {}, {}),
    "ce+lc": ("CE+LC", {}, {}),
    "ldr_kl": ("LDR-KL", {}, {}),
    "nnce": ("NNCE", {}, {}),
    "nce+nnce": ("ANL-CE", {}, {}),
    "nfl+nnfl": ("ANL-FL", STOP, {}),
    "amse": ("AMSE", {}, {}),
    "nce+amse": ("JAL-CE", {}, {}),
    "nfl+amse": ("JAL-FL", STOP, {}),
    "phuber": ("PHuber-CE", {}, {}),
    "taylor": ("Taylor-CE", {}, {}),
}
# They floor every p_k at 1e-8, which moves the value by K · 1e-8 · 9.21; ours is closed.
LOOSER = {"rce": 1e-5, "sce": 1e-5, "nce+rce": 1e-5, "nfl+rce": 1e-5}


@functools.cache
def entries():
    """Return (file, case) for every case of both files."""
    found = []
    for path in FILES if PRESENT else []:
        with np.load(path) as data:
            found += [(path, entry) for entry in json.loads(str(data["index"]))]
    return found


@functools.cache
def program(name, static):
    # Hyperparameters are arguments, so that all settings of a loss share a compilation.
    def total(logits, labels, numbers):
        values = losses.get(name, **dict(static), **numbers)(logits, labels)
        return values.sum(), values

    def value_and_grad(*args):
        (_, values), gradient = jax.value_and_grad(total, has_aux=True)(*args)
        return values, gradient

    return jax.jit(value_and_grad)


def errors(path, entry, dtype):
    """Return the worst errors of value and gradient, relative as the tolerances are.

    Values to the larger of 1 and the value, gradients to the largest entry of the case.
    """
    with np.load(path) as data:
        logits, labels = data[f"logits_{entry['K']}"], data[f"labels_{entry['K']}"]
        value, gradient = data[f"{entry['key']}_value"], data[f"{entry['key']}_grad"]
    name, fixed, factors = NAMES[entry["loss"]]
    given = {k: v * factors.get(k, 1) for k, v in entry["params"].items()}
    static = {k: v for k, v in (fixed | given).items() if k == "order" or k in fixed}
    with jax.enable_x64(dtype == "float64"):
        numbers = {k: jnp.asarray(v, dtype) for k, v in given.items() if k not in static}
        ours, ours_gradient = program(name, tuple(static.items()))(
            jnp.asarray(logits, dtype), jnp.asarray(labels), numbers
        )
    value_error = np.abs(np.asarray(ours, np.float64) - value) / np.maximum(1, np.abs(value))
    gradient_error = np.abs(np.asarray(ours_gradient, np.float64) - gradient)
    return value_error.max(), gradient_error.max() / np.abs(gradient).max()


def main():
    worst: dict[str, Any] = {}
    for path, entry in entries():
        for dtype in TOLERANCE:
            place = worst.setdefault(entry["loss"], {}).setdefault(dtype, [0.0, 0.0])
            place[:] = np.maximum(place, errors(path, entry, dtype))
    print(
        f"{'loss':12}{'theirs':10}{'cases':>6}   float64: value, gradient   float32: value, gradient"
    )
    for theirs, by_dtype in worst.items():
        cases = sum(entry["loss"] == theirs for _, entry in entries())
        figures = "".join(f"{v:14.1e}{g:11.1e}  " for v, g in by_dtype.values())
        print(f"{NAMES[theirs][0]:12}{theirs:10}{cases:6}{figures}")


if __name__ == "__main__":
    main()
