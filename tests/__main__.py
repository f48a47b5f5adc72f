"""Everything that must hold before a change goes in: ``python -m tests``.

Lint, format, types, then the tests on eight virtual devices. Arguments go to pytest.
``python -m tests --quick`` runs those that train nothing, in under a minute: for every save.
"""

import subprocess
import sys
import time

# Errors, layers, files and labels: little of it is compiled, and nothing is trained.
_QUICK = (
    "tests/test_layers.py",
    "tests/test_documents.py",
    "tests/app/data",
    "tests/app/files",
    "tests/app/terminal",
    "tests/noise",
    "tests/presets",
    "tests/app/methods/test_own_loss_errors.py",
    "tests/losses/test_hyperparameter_ranges.py",
    "tests/losses/test_linear_errors.py",
    "tests/losses/test_loss_errors.py",
    "tests/training/test_training_errors.py",
    "--deselect=tests/app/data/test_datasets_prepared.py",
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
    failed = []
    for name, command in checks.items():
        print(f"== {name}: {' '.join(command[2:])}", flush=True)
        began = time.monotonic()
        code = subprocess.run(command).returncode
        print(
            f"== {name}: {'failed' if code else 'ok'}, {time.monotonic() - began:.0f} s",
            flush=True,
        )
        failed += [name] if code else []
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
