"""``python -m experiments.document_options``: the page of options, from their declaration."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from esoftmax_jax.app.cli.parser import make_parser as application_parser
from esoftmax_jax.whole_file import write_whole
from experiments.cli import make_parser

PAGE = Path(__file__).parents[1] / "docs" / "command-options.md"
_HEAD = """# Command options

`python -m experiments.document_options` writes this page.
Correct the declaration of an option, not the page.

The extra `app` of the package installs `esoftmax VERB`. `python -m experiments VERB` has the
same verbs in a checkout of the project, and `reproduce` and `bench` beside them. What stands in
brackets at the end is the default.
"""


def options_page() -> str:
    """Return the text of the page."""
    installed = dict(_verbs(application_parser("esoftmax")[0]))
    verbs = dict(_verbs(make_parser()))
    lines = [_HEAD, "## Verbs", "", "| command | what it does |", "| --- | --- |"]
    for verb, (_, description) in verbs.items():
        program = "esoftmax" if verb in installed else "python -m experiments"
        lines.append(f"| `{program} {verb}` | {description} |")
    # An option that several verbs have in the same words stands here once.
    users: dict[tuple[str, str], list[str]] = {}
    for verb, (parser, _) in verbs.items():
        for option in _options(parser):
            users.setdefault(option, []).append(verb)
    lines += ["", "## Options", "", "| option | verbs | meaning |", "| --- | --- | --- |"]
    for (name, meaning), of_verbs in users.items():
        lines.append(f"| `{name}` | {', '.join(of_verbs)} | {meaning} |")
    return "\n".join([*lines, ""])


def _verbs(
    parser: argparse.ArgumentParser, before: str = ""
) -> Iterator[tuple[str, tuple[argparse.ArgumentParser, str]]]:
    """Yield verbs in their order, each kind of ``bench`` one, with parser and description."""
    for action in parser._actions:
        if not isinstance(action, argparse._SubParsersAction):
            continue
        descriptions = {choice.dest: choice.help for choice in action._choices_actions}
        for name, below in action.choices.items():
            deeper = list(_verbs(below, f"{before}{name} "))
            yield from deeper or [(before + name, (below, descriptions[name] or ""))]


def _options(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    """Yield each option as it is written, with its value, and its meaning."""
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        choices = f"{{{','.join(action.choices)}}}" if action.choices else None
        value = str(action.metavar or choices or action.dest.upper())
        if not action.option_strings:
            name = value
        elif action.nargs == 0:
            name = ", ".join(action.option_strings)
        else:
            name = f"{', '.join(action.option_strings)} {value}"
        meaning = (action.help or "") % {**vars(action), "prog": parser.prog}
        yield _cell(name), _cell(meaning)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Write the page."""
    write_whole(PAGE, options_page())
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
