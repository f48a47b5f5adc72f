"""Models of somebody else: nothing of a function runs that does more than arithmetic."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from esoftmax_jax.app.runs.exported_function import RefusedFunctionError, _written_out
from esoftmax_jax.app.runs.model_file import read_model
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.cli import main

ROOT = Path(__file__).parents[3]
CARD = {
    "class_names": ["a", "b", "c"],
    "input_shape": [4],
    "input_dtype": "float32",
    "feature_names": [],
}
WEIGHTS = jnp.arange(12, dtype=jnp.float32).reshape(4, 3)


def exported(function, *, dtype="float32", size=4, **options):
    (count,) = export.symbolic_shape("n")
    given = jax.ShapeDtypeStruct((count, size), dtype)
    written = export.export(jax.jit(function), platforms=("cpu",), **options)(given)
    return bytes(written.serialize())


def linear(x):
    return x @ WEIGHTS


def write(folder, content, **changes):
    folder.mkdir(exist_ok=True)
    (folder / "logits.jaxexport").write_bytes(content)
    card = {**CARD, "sha256": hashlib.sha256(content).hexdigest(), **changes}
    card = {key: value for key, value in card.items() if value is not None}
    (folder / "model.json").write_text(json.dumps(card))
    return folder


def test_a_function_of_arithmetic_is_run(tmp_path):
    model = read_model("--model", write(tmp_path / "m", exported(linear)))
    inputs = np.ones((2, 4), np.float32)
    np.testing.assert_array_equal(model.logits(inputs), inputs @ np.asarray(WEIGHTS))


def factorised(x):
    return linear(x) + jnp.linalg.qr(x.T @ x)[0].sum()


def overwriting(x):
    """Let LAPACK write a matrix of 500 columns, and 500 numbers, where there is room for one."""
    one = (jax.ShapeDtypeStruct((1, 1), x.dtype), jax.ShapeDtypeStruct((1,), x.dtype))
    call = jax.ffi.ffi_call("lapack_sgeqrf_ffi", one)
    return linear(x) + call(jnp.ones((500, 500)), num_batch_dims="0")[1]


def endless(x):
    return jax.lax.while_loop(lambda _: True, lambda y: y + 1, linear(x))


def enormous(x):
    huge = jnp.broadcast_to(x[0, 0], (2**21, 2**21))
    return linear(x) + jnp.tanh(huge @ huge).sum()


FUNCTIONS: dict[str, Any] = {
    "LAPACK": (factorised, {}, r"a function that calls 'lapack_\w+'"),
    "a buffer too short": (overwriting, {}, "a function that calls 'lapack_sgeqrf_ffi' outside"),
    "a loop": (endless, {}, "a function with the operation 'stablehlo.while'"),
    "sorting": (lambda x: linear(jnp.sort(x)), {}, "the operation 'stablehlo.sort'"),
    "no safety checks": (
        linear,
        {"disabled_checks": [export.DisabledSafetyCheck.platform()]},
        "a function whose safety checks are switched off",
    ),
    "other classes": (
        lambda x: linear(x)[:, :2],
        {},
        r"a function to float32\['n', '2'\], where there are 3 classes",
    ),
    "other inputs": (
        lambda x: x @ WEIGHTS[:3],
        {"size": 3},
        r"a function of float32\['n', '3'\], where its names are of float32\['n', '4'\]",
    ),
    "whole numbers": (
        lambda x: linear(x.astype(jnp.float32)),
        {"dtype": "int32"},
        r"a function of int32\['n', '4'\], where its names are of float32",
    ),
    "two results": (lambda x: (linear(x), x), {}, "than one array, or with other results"),
}  # fmt: skip


@pytest.mark.parametrize("case", FUNCTIONS)
def test_other_functions_are_refused(tmp_path, case):
    function, options, message = FUNCTIONS[case]
    folder = write(tmp_path / "m", exported(function, **options))
    with pytest.raises(UsageError, match=message) as caught:
        read_model("--model", folder)
    assert str(caught.value).startswith("--model: expected a function as train writes it, got")
    assert "a model is a program, and nothing of this one was run" in str(caught.value)


def test_calls_of_calls_are_counted_as_written_out():
    sizes = {"main": 2, **{f"f{i}": 3 for i in range(60)}}
    calls = {"main": Counter(f0=1), **{f"f{i}": Counter({f"f{i + 1}": 2}) for i in range(59)}}
    assert _written_out("main", sizes, calls) == 2 + 3 * (2**60 - 1)
    calls["f59"] = Counter(f7=1)
    with pytest.raises(RefusedFunctionError, match="a function that calls itself"):
        _written_out("main", sizes, calls)


def test_more_memory_than_there_is(tmp_path):
    folder = write(tmp_path / "m", exported(enormous))
    with pytest.raises(
        UsageError, match=r"into memory, of which .* GB are free, got 7.04e\+04 GB by what"
    ):
        read_model("--model", folder)


CARDS: dict[str, Any] = {
    "too few classes": ({"class_names": ["a"]}, "where there are 1 classes"),
    "classes that are numbers": ({"class_names": [1, 2, 3]}, "expected class_names as"),
    "classes in a text": ({"class_names": "abc"}, "expected class_names as tuple"),
    "another shape": ({"input_shape": [2, 2, 1]}, r"its names are of float32\['n', '2', '2'"),
    "no shape": ({"input_shape": []}, r"input_shape \[\]"),
    "a shape below 0": ({"input_shape": [-4]}, r"input_shape \[-4\]"),
    "another dtype": ({"input_dtype": "uint8"}, r"its names are of uint8\['n', '4'\]"),
    "a dtype of objects": ({"input_dtype": "object"}, "expected input_dtype as .*'object'"),
    "too few features": ({"feature_names": ["x"]}, r"1 feature_names for the input_shape \[4\]"),
    "features twice": ({"feature_names": [*"xyyz"]}, "the name 'y' of 2 features"),
    "no hash": ({"sha256": None}, "expected a field 'sha256', got none"),
    "another hash": ({"sha256": "0"}, "logits.jaxexport is not as it was written"),
}  # fmt: skip


@pytest.mark.parametrize("case", CARDS)
def test_names_fit_the_function(tmp_path, case):
    changes, message = CARDS[case]
    with pytest.raises(UsageError, match=message) as caught:
        read_model("--model", write(tmp_path / "m", exported(linear), **changes))
    assert str(caught.value).startswith("--model: expected a ")


@pytest.mark.parametrize("content", [b"", b"\0" * 999, b"x" * 999])
def test_bytes_that_are_no_function(tmp_path, content):
    with pytest.raises(UsageError, match=r"expected a model that can be read, got .*\(.*\)"):
        read_model("--model", write(tmp_path / "m", content))


EXPORT = """
import jax, numpy as np, sys
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.methods.loss_spec import LossSpec
from esoftmax_jax.app.data.load import load_dataset
np.savez("own.npz", train_images=np.eye(20), train_labels=np.arange(20) % 2)
from esoftmax_jax.app.runs.networks import Networks
from esoftmax_jax.app.engine.network_choice import make_network
from flax.traverse_util import flatten_dict
config = RunConfig("npz:own.npz", NoiseSpec("none"), LossSpec("CE"), 0.1, 0, 1, network="mlp", width=0.1)
dataset = load_dataset("npz:own.npz")
network = make_network(config, 2, "lax")
given = jax.ShapeDtypeStruct((1, 20), "float32")
shapes = jax.eval_shape(lambda x: network.init(jax.random.key(0), x, train=False), given)
member = {"/".join(key): np.ones(one.shape, one.dtype) for key, one in flatten_dict(shapes).items()}
sys.stdout.buffer.write(bytes(Networks(config, dataset, (member,)).exported().serialize()))
"""


def test_two_checkouts_write_the_same_bytes(tmp_path):
    written = []
    for place in ("one", "another/place"):
        for package in ("experiments", "esoftmax_jax"):
            ignored = shutil.ignore_patterns("results", "__pycache__")
            shutil.copytree(ROOT / package, tmp_path / place / package, ignore=ignored)
        run = [sys.executable, "-c", EXPORT]
        result = subprocess.run(run, cwd=tmp_path / place, capture_output=True, check=True)
        written.append(result.stdout)
    assert len(written[0]) > 3000
    assert written[0] == written[1]
    assert b"python" not in written[0]
    assert not re.search(rb"/[\w./-]*\.py", written[0])


def test_parameters_by_name_give_the_same_logits(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train = ["train", "--dataset", "wine", "--epochs", "1", "--workdir", "run"]
    assert main(train) == 0
    inputs = np.random.default_rng(0).normal(size=(5, 13)).astype(np.float32)
    with np.load("run/model/parameters.npz") as archive:
        kept = dict(archive)
    assert sorted(kept) == [
        "mean",
        *(f"params/{layer}/{part}" for layer in ("dense0", "logits") for part in ("bias", "kernel")),
        "std",
    ]  # fmt: skip
    hidden = (inputs - kept["mean"]) / kept["std"] @ kept["params/dense0/kernel"]
    hidden = np.maximum(hidden + kept["params/dense0/bias"], 0)
    logits = hidden @ kept["params/logits/kernel"] + kept["params/logits/bias"]
    found = read_model("--model", Path("run")).logits(inputs)
    np.testing.assert_allclose(found, logits, rtol=1e-4, atol=1e-4)
