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
    """Return every case of both files: what is in its index, and the file."""
    found = []
    for path in FILES if PRESENT else []:
        with np.load(path) as data:
            found += [{**case, "path": path} for case in json.loads(str(data["index"]))]
    return found


def settings(entry):
    """Return our loss, the options that are part of the program, and the numbers."""
    name, fixed, factors = NAMES[entry["loss"]]
    given = {k: v * factors.get(k, 1) for k, v in entry["params"].items()}
    static = {k: v for k, v in (fixed | given).items() if k == "order" or k in fixed}
    numbers = {k: float(v) for k, v in given.items() if k not in static}
    return (name, tuple(static.items()), entry["path"]), numbers


@functools.partial(jax.jit, static_argnames="programs")
def values_and_gradients(programs, numbers, batches):
    """Return those of a setting of each loss; tracing and compiling each once is the time."""

    def one(program, given):
        name, static, path = program
        logits, labels = batches[str(path)]
        loss = losses.get(name, **dict(static), **given)
        values, pullback = jax.vjp(lambda z: loss(z, labels), logits)
        return values, pullback(jnp.ones_like(values))[0]

    return [one(*each) for each in zip(programs, numbers, strict=True)]


def of_all_settings(chosen, dtype):
    """Yield (entry, values, gradient) of entries with the same number of classes."""
    by_program: dict[Any, Any] = {}
    for entry in chosen:
        program, numbers = settings(entry)
        by_program.setdefault(program, []).append((entry, numbers))
    name = str(chosen[0]["K"])
    batches = {}
    for path in FILES:
        with np.load(path) as data:
            logits = jnp.asarray(data[f"logits_{name}"], dtype)
            batches[str(path)] = logits, jnp.asarray(data[f"labels_{name}"])
    for i in range(max(map(len, by_program.values()))):
        # Losses with fewer settings begin again.
        used = [pairs[i % len(pairs)] for pairs in by_program.values()]
        numbers = [given for _, given in used]
        results = values_and_gradients(tuple(by_program), numbers, batches)
        for pairs, (entry, _), result in zip(by_program.values(), used, results, strict=True):
            if i < len(pairs):
                yield entry, *(np.asarray(array, np.float64) for array in result)


def errors(dtype):
    """Yield every entry with the worst errors of value and gradient, relative.

    Values to the larger of 1 and the value, gradients to the largest entry of the case.
    """
    for num_classes in sorted({entry["K"] for entry in entries()}):
        chosen = [entry for entry in entries() if entry["K"] == num_classes]
        with jax.enable_x64(dtype == "float64"):
            found = list(of_all_settings(chosen, dtype))
        for entry, ours, ours_gradient in found:
            with np.load(entry["path"]) as data:
                value, gradient = data[f"{entry['key']}_value"], data[f"{entry['key']}_grad"]
            value_error = np.abs(ours - value) / np.maximum(1, np.abs(value))
            gradient_error = np.abs(ours_gradient - gradient)
            yield entry, value_error.max(), gradient_error.max() / np.abs(gradient).max()


def main():
    worst: dict[str, Any] = {}
    for dtype in TOLERANCE:
        for entry, *found in errors(dtype):
            place = worst.setdefault(entry["loss"], {}).setdefault(dtype, [0.0, 0.0])
            place[:] = np.maximum(place, found)
    print(
        f"{'loss':12}{'theirs':10}{'cases':>6}   float64: value, gradient   float32: value, gradient"
    )
    for theirs, by_dtype in worst.items():
        cases = sum(entry["loss"] == theirs for entry in entries())
        figures = "".join(f"{v:14.1e}{g:11.1e}  " for v, g in by_dtype.values())
        print(f"{NAMES[theirs][0]:12}{theirs:10}{cases:6}{figures}")


if __name__ == "__main__":
    main()
