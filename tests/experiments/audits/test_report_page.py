"""The page of an audit is photographed and timed in a browser."""

import pytest

from esoftmax_jax.app import UsageError
from experiments.audits import report_page
from tests.helpers.browser import browser


def test_a_page_is_photographed_and_its_time_to_load_told(tmp_path, monkeypatch):
    browser()
    monkeypatch.setattr(report_page, "SUSPECTS", 30)
    page = report_page.large_page(tmp_path / "large")
    report_page.photograph(page, tmp_path / "page.png", (500, 700))
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
    assert report_page.seconds_to_load(page) > 0


def test_without_a_browser_it_is_said_how_to_get_one(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(UsageError, match="expected a browser, got none; apt-get install"):
        report_page.photograph(tmp_path / "a.html", tmp_path / "a.png", (500, 700))
