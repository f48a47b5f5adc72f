"""The report: one HTML file that needs nothing else."""

import html
import re
import shlex
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from esoftmax_jax import __version__
from esoftmax_jax.app.audits.matrix_picture import confused_pairs, draw_matrix
from esoftmax_jax.app.audits.page_data import SAVED, suspects_as_json
from esoftmax_jax.app.audits.result import LIST, Audit
from esoftmax_jax.app.data.names import OWN_FILES
from esoftmax_jax.app.terminal.messages import readable
from esoftmax_jax.whole_file import write_whole

MOST_SHOWN = 5000


def write_report(
    path: Path, audit: Audit, choice: Sequence[str] = (), options: Sequence[str] = ()
) -> None:
    """Write the report; the file is there whole or not at all.

    Args:
        path: of the file.
        audit: what was found.
        choice: what was trained and why, a sentence each; nothing where nothing was.
        options: of the data, as words of a command line, without which it is not read alike.
    """
    write_whole(path, report_text(audit, choice, options))


def report_text(audit: Audit, choice: Sequence[str] = (), options: Sequence[str] = ()) -> str:
    """Return the page. Names and texts of the data are text in it, whatever they contain."""
    shown = audit.order[: min(audit.count, MOST_SHOWN)]
    chosen = [f"<p>{_text(one)}</p>" for one in choice]
    links = [("confusion", "Confused classes"), ("classes", "Classes")]
    links += [("choice", "What was trained")] if chosen else []
    links += [("next", "What to do next"), ("suspects", "Suspects")]
    fields = {
        "name": _text(audit.examples.name),
        "css": _resource("report.css"),
        "js": _resource("report.js"),
        "noise": _noise(audit),
        "links": "".join(f'<a href="#{place}">{name}</a>' for place, name in links),
        "suspects": _suspects(audit, len(shown)),
        "confusion": _confusion(audit),
        "classes": _table(audit.classes),
        "choice": f'<section id="choice"><h2>What was trained</h2>{"".join(chosen)}</section>'
        if chosen
        else "",
        "next": _next(audit, options),
        "foot": f"<p>esoftmax_jax {__version__}. This page loads and sends nothing.</p>",
        "data": suspects_as_json(audit, shown.tolist()),
    }
    template = _resource("report.html")
    # One pass: what is put in is not looked at again.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: fields[found[1]], template)


def _resource(name: str) -> str:
    return (resources.files("esoftmax_jax.app.audits") / name).read_text(encoding="utf-8")


def _text(text: object) -> str:
    return html.escape(readable(str(text)))


def _noise(audit: Audit) -> str:
    noise, count = audit.noise, len(audit.examples)
    if noise.refused:
        rate = f"at most {noise.bounds[1]:.0%}"
        more = "No estimate, see below."
        about = ("That is at most", f"{noise.bounds[1] * count:,.0f}", f"of {count:,} labels")
    else:
        rate, more = audit.rate_in_words.removeprefix("about "), audit.between
        about = ("That is about", f"{audit.expected_wrong:,.0f}", f"of {count:,} labels")
        if not audit.is_told:
            about = ("That is at most", f"{audit.most * count:,.0f}", f"of {count:,} labels")
    facts = [
        ("Labels estimated wrong", rate, more),
        about,
        ("Suspects", f"{audit.count:,}", "as many as another class was predicted for"),
        ("Classes", f"{len(audit.examples.class_names):,}", ""),
    ]
    shown = "".join(
        f"<div><dt>{name}</dt><dd>{value}<small>{small}</small></dd></div>"
        for name, value, small in facts
    )
    notes = [noise.refused] if noise.refused else []
    notes += audit.examples.notes
    told = "".join(f"<p>{_text(note[:1].upper() + note[1:])}.</p>" for note in notes)
    return f'<dl class="facts">{shown}</dl>{told}'


def _suspects(audit: Audit, shown: int) -> str:
    text = (
        "The most suspicious labels, as many as another class was predicted for, the worst "
        "first. "
    )
    if not audit.noise.refused:
        text += (
            "The share is the estimated probability that the label is wrong: right on average, "
            "not for a single one. "
        )
    text += "Keep, correct or drop each, then save the list."
    if shown < audit.count:
        text += f" The first {shown:,} of {audit.count:,} are here; all are in {LIST}."
    return text


def _confusion(audit: Audit) -> str:
    if audit.noise.refused:
        return "<p>No estimate, see above.</p>"
    names, noise = audit.examples.class_names, audit.noise
    pairs = confused_pairs(noise.joint)
    rows = {
        "true class": [names[true] for true, _, _ in pairs],
        "label": [names[label] for _, label, _ in pairs],
        "about": [round(share * len(audit.examples)) for _, _, share in pairs],
        "% of the class": [100 * noise.matrix[true, label] for true, label, _ in pairs],
    }
    text = (
        "Rows are true classes, columns are labels, numbers are percent of the row. Both are "
        "estimated by the confident joint of confident learning; the predictions' own errors "
        "may be among them."
    )
    picture = draw_matrix(noise.matrix, [readable(name) for name in names])
    return (
        f'<p>{text}</p><div class="pair"><div class="scroll">{picture}</div>'
        f"{_table(rows)}</div>"
    )


def _table(columns: dict[str, Any]) -> str:
    """Return a table; words stand at the left, numbers at the right."""
    first = next(zip(*columns.values(), strict=True), ())
    marks = ['class="text"' if isinstance(cell, str) else "" for cell in first]
    if not marks:
        return "<p>None.</p>"
    head = "".join(
        f"<th {mark}>{_text(name)}</th>" for mark, name in zip(marks, columns, strict=True)
    )
    body = []
    for row in zip(*columns.values(), strict=True):
        cells = "".join(
            f"<td {mark}>{_text(_shown(cell))}</td>"
            for mark, cell in zip(marks, row, strict=True)
        )
        body.append(f"<tr>{cells}</tr>")
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}'
        "</tbody></table></div>"
    )


def _shown(cell: Any) -> str:
    if isinstance(cell, float | np.floating):
        return f"{cell:,.1f}"
    return f"{cell:,}" if isinstance(cell, int | np.integer) else str(cell)


def _next(audit: Audit, options: Sequence[str]) -> str:
    commands, kind = [], audit.examples.name.partition(":")[0]
    if kind in OWN_FILES:
        data = shlex.join(["--dataset", audit.examples.name, *options, "--corrections", SAVED])
        commands += [f"esoftmax train {data} --suspects again.csv", f"esoftmax compare {data}"]
    if audit.model_folder is not None:
        model = shlex.quote(str(audit.model_folder))
        inputs = f"{kind if kind in OWN_FILES else 'folder'}:PATH"
        commands.append(f"esoftmax predict --model {model} --inputs {inputs}")
    lines = "\n".join(_text(one) for one in commands)
    train = f"<li>Train on the reviewed labels:<pre>{lines}</pre></li>" if commands else ""
    return (
        "<ol><li>Look through the suspects from the top and save the reviewed list. Stop where "
        "most labels are right: what you did not look at stays as it is.</li>"
        f"{train}"
        "<li>If one class is confused with another again and again, correct the rule by which "
        "it was labelled, not only the labels.</li>"
        f"<li>In a program: <code>app.correct(dataset, {SAVED!r})</code>.</li></ol>"
    )
