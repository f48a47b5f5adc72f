"""The documents as files: what is in them, what they point at, and that nothing is in two."""

import ast
import re
import tomllib
from collections import defaultdict
from pkgutil import resolve_name

import pytest

import esoftmax_jax
from experiments.document_options import options_page
from experiments.document_tables import pages_with_tables, with_tables
from tests.helpers.documents import FOLDER, PAGES, ROOT

MOST_LINES_OF_README = 150
NOTEBOOK = "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---\n"


def test_the_readme_is_short_and_has_two_commands():
    lines = PAGES["README.md"].splitlines()
    assert len(lines) <= MOST_LINES_OF_README
    assert len([line for line in lines if line.startswith("python3 -m venv")]) == 2


def test_the_page_of_options_is_what_their_declaration_says():
    page = PAGES["docs/command-options.md"]
    assert page == options_page(), "run `python -m experiments.document_options`"


def test_the_tables_of_a_page_are_what_the_lines_of_results_say():
    for path in pages_with_tables():
        page = PAGES[str(path.relative_to(ROOT))]
        assert page == with_tables(page), "run `python -m experiments.document_tables`"


def test_the_index_lists_every_page():
    listed = set(re.findall(r"^- \[.*?\]\((\w[\w/-]+\.md)\): .+", PAGES["docs/index.md"], re.M))
    pages = [*FOLDER.glob("*.md"), *FOLDER.glob("how-to/*.md")]
    assert listed == {path.relative_to(FOLDER).as_posix() for path in pages} - {"index.md"}


def test_pages_with_cells_are_notebooks():
    """Else the site would show their cells and not run them."""
    pages = [page for page in PAGES if "\n```{code-cell}" in PAGES[page]]
    for page in pages:
        assert PAGES[page].startswith(NOTEBOOK), page
        assert "\n```python\n" not in PAGES[page], f"{page}: the site runs cells alone"


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        if not target.startswith("http"):
            assert ((ROOT / page).parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("page", PAGES)
def test_code_that_is_named_exists(page):
    quoted = re.findall(r"`([^`\n]+)`", PAGES[page])
    for path in quoted:
        if re.fullmatch(r"(esoftmax_jax|experiments|tests|docs)/[\w./*-]*", path):
            assert list(ROOT.glob(path.rstrip("/"))), path
        elif re.fullmatch(r"esoftmax_jax(\.\w+)+", path):
            resolve_name(path)
        else:
            assert not re.fullmatch(r"_\w+\.py", path), f"{path}: say in which folder"


def test_nothing_stands_in_two_places():
    places = defaultdict(set)
    for page, text in PAGES.items():
        # Loops look alike, and each page's code is whole.
        prose = re.sub(r"```(python|\{code-cell\}).*?```", "", text, flags=re.DOTALL)
        for line in prose.splitlines():
            if len(line) > 60 and not line.startswith("| ---"):
                places[line].add(page)
    assert {line: pages for line, pages in places.items() if len(pages) > 1} == {}


def test_the_version_is_the_same_everywhere():
    version = esoftmax_jax.__version__
    assert re.findall(r"^## (\S+)$", PAGES["CHANGELOG.md"], re.M)[0] == version
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_nox_installs_nothing_that_is_not_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    tree = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "session.install"
    ]
    assert len(calls) == 4
    installed = [
        ast.literal_eval(argument)
        for call in calls
        for argument in call.args
        if isinstance(argument, ast.Constant)
    ]
    declared = {re.split(r"[<>=;\[ ]", one)[0] for one in project["dependencies"]}
    for requirement in set(installed) - {"-e"}:
        name, extra = re.findall(r"^([\w.-]+)(?:\[(\w+)\])?", requirement)[0]
        assert name in declared | {"."}, requirement
        assert extra in {*extras, ""}
