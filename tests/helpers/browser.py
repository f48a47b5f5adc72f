"""Debian's Chromium, driven by its own command line; tests skip where there is none."""

import functools
import re
import shutil
import subprocess
from html import escape, unescape

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")


@functools.cache
def browser():
    """Return the browser's command; skip the test where there is none."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("needs a browser: apt-get install chromium")
    return found


def page_after(path, script, profile):
    """Open a page and run a script in it; return what the script returns as text.

    A copy of the page with the script at its end is opened, without a network.
    """
    page = path.read_text(encoding="utf-8")
    extra = (
        f"<pre id='said'></pre><script>document.getElementById('said').textContent = "
        f"(() => {{ {script} }})();</script></body>"
    )
    return _said(path, page.replace("</body>", extra), profile)


def overflow_at(path, width, profile):
    """Return by how many pixels a page is wider than a window of this width, such as a phone's.

    Chromium's own window has 500 pixels at least: the page is in a frame.
    """
    told = (
        "<script>addEventListener('load', () => {"
        "parent.document.getElementById('said').textContent = "
        "`${innerWidth} ${document.documentElement.scrollWidth}`; });</script></body>"
    )
    inner = escape(path.read_text(encoding="utf-8").replace("</body>", told))
    frame = f'<iframe style="border: 0" width="{width}" height="740" srcdoc="{inner}"></iframe>'
    page = f"<!doctype html><body><pre id='said'></pre>{frame}</body>"
    window, whole = map(int, _said(path, page, profile).split())
    assert window == width
    return whole - window


def _said(path, page, profile):
    copy = path.with_name("opened.html")
    copy.write_text(page, encoding="utf-8", newline="")
    command = [
        browser(),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={profile}",
        "--window-size=1280,900",
        "--virtual-time-budget=3000",
        "--dump-dom",
        copy.resolve().as_uri(),
    ]
    result = subprocess.run(
        command, capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    said = re.search(r'<pre id="said">(.*?)</pre>', result.stdout, re.S)
    assert said, f"the page did not open: {result.stderr[-2000:]}"
    return unescape(said[1])
