"""Everything that must hold before a change goes in: ``python -m tests``.

Lint, format, types, then the tests on eight virtual devices. Arguments go to pytest.
"""

import subprocess
import sys
import time


def main() -> int:
    python = [sys.executable, "-m"]
    checks = {
        "lint": [*python, "ruff", "check", "."],
        "format": [*python, "ruff", "format", "--check", "."],
        "types": [*python, "mypy"],
        "tests": [*python, "pytest", "-n", "auto", "--dist", "worksteal", *sys.argv[1:]],
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
