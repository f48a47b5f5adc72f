"""What the build of the site refuses in its own pages."""

import runpy

from tests.helpers.documents import FOLDER

# Sphinx imports it from its own folder, which is no package.
faults_of = runpy.run_path(str(FOLDER / "extensions" / "page_faults.py"))["faults_of"]

HEAD = '<link rel="stylesheet" href="style.css"><h1 id="top">A</h1>'


def test_links_to_pages_files_and_anchors_of_the_site_are_good(tmp_path):
    links = '<a href="b/c.html#d-%C3%A9">c</a> <a href="#top">A</a> <a href="https://arxiv.org">x</a>'
    (tmp_path / "a.html").write_text(HEAD + links)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.html").write_text('<h2 id="d-é"><a href="../a.html">A</a></h2>')
    (tmp_path / "style.css").write_text("b {background: url(data:image/png;base64,AA)}")
    assert faults_of(tmp_path) == []


def test_dead_links_and_what_comes_from_the_network_are_named(tmp_path):
    faulty = '<a href="b.html">b</a><a href="#down">B</a><img src="https://example.org/a.png">'
    (tmp_path / "a.html").write_text(HEAD + faulty)
    (tmp_path / "style.css").write_text('@import "//fonts.example.org/a.css";')
    assert faults_of(tmp_path) == [
        "a.html: fetches https://example.org/a.png",
        "a.html: no anchor #down",
        "a.html: no file b.html",
        "style.css: fetches //fonts.example.org/a.css",
    ]
