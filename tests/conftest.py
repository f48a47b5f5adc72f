"""Eight virtual devices and strict promotion for every test, set before JAX starts."""

import functools
import gc
import os
from importlib.metadata import version
from pathlib import Path

# What tests compile runs for milliseconds, and compiling it well takes most of their time. With
# ESOFTMAX_OPTIMIZED_TESTS=1 programs are compiled as users have them.
_QUICK_COMPILATION = [
    "--xla_backend_optimization_level=0",
    "--xla_llvm_disable_expensive_passes=true",
    "--xla_cpu_parallel_codegen_split_count=1",
]
# XLA ends a process that gives it a flag which it does not know, as later versions do not.
if tuple(map(int, version("jaxlib").split(".")[:2])) < (0, 11):
    _QUICK_COMPILATION.append("--xla_cpu_use_fusion_emitters=false")
_flags = ["--xla_force_host_platform_device_count=8"]
if os.environ.get("ESOFTMAX_OPTIMIZED_TESTS") != "1":
    _flags += _QUICK_COMPILATION
_given = os.environ.get("XLA_FLAGS", "")
_missing = [flag for flag in _flags if flag.partition("=")[0] not in _given]
os.environ["XLA_FLAGS"] = " ".join([_given, *_missing]).strip()

import jax
import pytest
from jax._src.interpreters import mlir

jax.config.update("jax_numpy_dtype_promotion", "strict")

# Tracing makes very many objects that live on, and looking through them takes a tenth of the time.
gc.set_threshold(50_000, 20, 100)

# Making the context that a program is lowered in takes a third of the time of a small program.
# From 0.12 on JAX itself uses it for several.
if jax.__version_info__ < (0, 12):
    mlir.make_ir_context = functools.cache(mlir.make_ir_context)

# Absolute, because some tests change the working directory.
_CACHE = Path(__file__).resolve().parents[1] / ".pytest_cache" / "jax"

# Eager operations and small programs recur in many tests and in every worker.
jax.config.update("jax_compilation_cache_dir", str(_CACHE))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in an empty directory, with a cache of decoded images of its own."""
    monkeypatch.setenv("ESOFTMAX_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture(scope="module")
def five_together():
    """Run five at a time on one device, however many there are: one program for them all."""
    from esoftmax_jax.app.runs import run_all

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_all, "lay_out", lambda *_: run_all.Layout(1, 5, 1))
        yield


@pytest.fixture
def written(tmp_path):
    """Return a function that writes a file of losses and returns how a loss in it is named."""

    def write(text, name="loss", file="mine.py"):
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return f"{path}:{name}"

    return write
