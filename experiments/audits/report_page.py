"""``python -m experiments.audits.report_page FOLDER``: the page of an audit in Chromium.

Digits with wrong labels are audited, with probabilities of logistic regression, and the page is
photographed on a desktop and a phone. A page with 5 000 suspects is opened several times, and
the time until it is loaded and laid out is told.
"""

import argparse
import shutil
import statistics
import subprocess
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from esoftmax_jax import app
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.audits.logistic import tuned
from experiments.messy_tables import with_wrong_labels

SIZES = {"desktop": (1280, 900), "phone": (500, 1000)}  # Chromium's windows are no narrower
SUSPECTS, _TIMES, _CLASSES = 5000, 5, 3
_TOLD = (  # the height asks for the layout
    "<script>addEventListener('load', () => {"
    "document.title = document.body.offsetHeight && performance.now(); });</script></body>"
)


def audited_digits(folder: Path) -> Path:
    """Audit digits of which a fifth is wrong, mostly 3 for 8 and 1 for 7; return the page."""
    data, rng = load_digits(), np.random.default_rng(0)
    labels = with_wrong_labels(data.target, 0.12, rng)
    for true, said in ((8, 3), (7, 1)):
        labels[(data.target == true) & (rng.random(len(labels)) < 0.3)] = said
    _, chances = tuned(partial(make_pipeline, StandardScaler()), data.data, labels)
    images = (data.images * 15.9).astype(np.uint8)
    app.audit(images, labels=labels, probabilities=chances, out=folder)
    return folder / "report.html"


def large_page(folder: Path) -> Path:
    """Return a page with ``SUSPECTS`` suspects, each with a picture of 32 × 32 × 3 bytes."""
    rng, count = np.random.default_rng(0), 2 * SUSPECTS
    truth = np.arange(count) % _CLASSES
    chances = np.full((count, _CLASSES), 0.05)
    chances[np.arange(count), truth] = 0.9
    labels = np.where(np.arange(count) < SUSPECTS, (truth + 1) % _CLASSES, truth)
    pictures = rng.integers(0, 255, (count, 32, 32, 3), dtype=np.uint8)
    app.audit(pictures, labels=labels, probabilities=chances, out=folder)
    return folder / "report.html"


def photograph(page: Path, to: Path, size: tuple[int, int]) -> None:
    """Save what a window of this size shows first."""
    _chromium(page, f"--screenshot={to.resolve()}", f"--window-size={size[0]},{size[1]}")


def seconds_to_load(page: Path) -> float:
    """Return the seconds from opening a page until it is loaded and laid out."""
    copy = page.with_name("timed.html")
    text = page.read_text(encoding="utf-8").replace("</body>", _TOLD)
    copy.write_text(text, encoding="utf-8", newline="")
    said = _chromium(copy, "--dump-dom")
    return float(said.split("<title>")[1].split("</title>")[0]) / 1000


def _chromium(page: Path, *options: str) -> str:
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        raise UsageError("chromium: expected a browser, got none; apt-get install chromium")
    with tempfile.TemporaryDirectory() as profile:
        command = [found, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [f"--user-data-dir={profile}", *options, page.resolve().as_uri()]
        return subprocess.run(
            command, capture_output=True, encoding="utf-8", check=True, timeout=120
        ).stdout


def main() -> None:
    """Write pictures and tell times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    small = audited_digits(folder / "digits")
    for name, size in SIZES.items():
        photograph(small, folder / f"report-{name}.png", size)
        print(f"wrote {folder / f'report-{name}.png'}")
    large = large_page(folder / "large")
    times = [seconds_to_load(large) for _ in range(_TIMES)]
    print(
        f"{SUSPECTS} suspects, {large.stat().st_size / 1e6:.1f} MB: loaded in "
        f"{statistics.median(times):.2f} s ({min(times):.2f} to {max(times):.2f})"
    )


if __name__ == "__main__":
    main()
