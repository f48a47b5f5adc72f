"""Everything that must hold before a change goes in: ``python -m tests``.

Lint, format, types, then the tests on eight virtual devices. Arguments go to pytest.
``python -m tests --quick`` runs those that train nothing, in under a minute: for every save.
"""

import subprocess
import sys
import time

# Errors, layers, files, tables and labels: little of it is compiled, and nothing is trained.
_QUICK = (
    "tests/test_documents.py",
    "tests/test_layers.py",
    "tests/test_spelling.py",
    "tests/app/audits",
    "tests/app/cli",
    "tests/app/data",
    "tests/app/files",
    "tests/app/methods/test_own_loss_errors.py",
    "tests/app/terminal",
    "tests/estimate",
    "tests/losses/test_linear_errors.py",
    "tests/losses/test_loss_errors.py",
    "tests/noise",
    "tests/presets",
    "tests/spreadsheets",
    "tests/training/test_training_errors.py",
    # What compiles or trains among them.
    "--ignore=tests/app/data/test_datasets_prepared.py",
    "--ignore=tests/app/data/test_label_rows.py",
    "--ignore=tests/app/data/test_table_features.py",
    "--ignore=tests/noise/test_noise.py",
    "--ignore=tests/noise/test_noise_annotators.py",
    "--ignore=tests/noise/test_noise_instance.py",
)


def main() -> int:
    python = [sys.executable, "-m"]
    given = sys.argv[1:]
    if "--quick" in given:
        given = [*_QUICK, *(word for word in given if word != "--quick")]
    checks = {
        "lint": [*python, "ruff", "check", "."],
        "format": [*python, "ruff", "format", "--check", "."],
        "types": [*python, "mypy"],
        "tests": [*python, "pytest", "-n", "auto", "--dist", "worksteal", *given],
    }
    began = time.monotonic()
    # Types take one core and a minute when nothing is cached: beside the tests, told after them.
    types = subprocess.Popen(checks["types"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    failed = []
    for name in ("lint", "format", "tests"):
        print(f"== {name}: {' '.join(checks[name][2:])}", flush=True)
        code = subprocess.run(checks[name]).returncode
        failed += _told(name, code, began)
    output, _ = types.communicate()
    print(f"== types: {' '.join(checks['types'][2:])}", flush=True)
    sys.stdout.write(output.decode(errors="replace"))
    failed += _told("types", types.returncode, began)
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def _told(name: str, code: int, began: float) -> list[str]:
    """Say how a check ended; return its name if it failed."""
    ended = "failed" if code else "ok"
    print(f"== {name}: {ended}, after {time.monotonic() - began:.0f} s", flush=True)
    return [name] if code else []


if __name__ == "__main__":
    sys.exit(main())
