"""The command of the experiments: the application's verbs, published tables, measurements.

What a verb needs takes seconds to import: it is imported when the verb runs.
"""

import argparse
import importlib
from collections.abc import Sequence
from typing import Any

from esoftmax_jax.app.cli.main import run_verb
from esoftmax_jax.app.cli.parser import Parser, add_verb
from esoftmax_jax.app.cli.parser import make_parser as application_parser
from experiments.options import BENCHES, own_options_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb and return the exit code."""
    return run_verb(make_parser, arguments)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the application's verbs and of the experiments' own."""
    parser, verbs = application_parser("python -m experiments")
    text = "a published table beside ours"
    add_verb(verbs, "reproduce", text, own_options_of("reproduce"), _reproduce)
    text = "what auto loses against the best single network"
    add_verb(verbs, "regret", text, own_options_of("regret"), _regret)
    text = "auto as a row of the table on digits"
    add_verb(verbs, "auto-row", text, own_options_of("auto-row"), _auto_row)
    text = "whether epsilon-softmax itself matters beside CE + MAE"
    add_verb(verbs, "ablation", text, own_options_of("ablation"), _ablation)
    text = "what auto loses with less effort, and saves"
    add_verb(verbs, "savings", text, own_options_of("savings"), _savings)
    text = "how well each kind of evidence finds wrong labels"
    add_verb(verbs, "evidence", text, own_options_of("evidence"), _evidence)
    text = "what is proved of each loss, and the bound of Theorem 1"
    add_verb(verbs, "theory", text, own_options_of("theory"), _theory)
    text = "the interactive page of the theory, from the library's numbers"
    add_verb(verbs, "page", text, own_options_of("page"), _page)
    text = "the pictures of the pages"
    add_verb(verbs, "pictures", text, own_options_of("pictures"), _pictures)
    text = "which network learns from a few images"
    add_verb(verbs, "few-images", text, own_options_of("few-images"), _few_images)
    text = "audits beside cleanlab, where it is known what is wrong"
    add_verb(verbs, "audits", text, own_options_of("audits"), _audits)
    text = "how far estimated noise rates are off"
    add_verb(verbs, "estimates", text, own_options_of("estimates"), _estimates)
    text = "how good the list of one run is, and what following it is worth"
    add_verb(verbs, "reviews", text, own_options_of("reviews"), _reviews)
    text = "how well the model of an audit predicts new rows"
    add_verb(verbs, "new-rows", text, own_options_of("new-rows"), _new_rows)
    text = "from files to the first list of doubted labels, beside cleanlab"
    add_verb(verbs, "first-list", text, own_options_of("first-list"), _first_list)
    bench = verbs.add_parser("bench", help="measure speed")
    bench.set_defaults(run=lambda _: bench.print_help())
    kinds = bench.add_subparsers(dest="kind", metavar="WHAT", parser_class=Parser)
    for kind, description in BENCHES.items():
        add_verb(kinds, kind, description, own_options_of(f"bench {kind}"), _bench)
    return parser


def _arguments(options: argparse.Namespace, verb: str) -> dict[str, Any]:
    """Return the options of a verb as arguments of its function."""
    return {one.in_python: getattr(options, one.in_python) for one in own_options_of(verb)}


def _reproduce(options: argparse.Namespace) -> None:
    from esoftmax_jax.app.data.label_file import read_labels
    from esoftmax_jax.app.terminal.names import names
    from experiments.reproduce.own_rows import own_losses
    from experiments.reproduce.reproduce import RESULTS, ReproduceOptions, reproduce

    given = _arguments(options, "reproduce")
    labels, cells = given.pop("labels"), given["cells"]
    given |= {
        "cells": () if cells is None else tuple(names("--cells", cells)),
        "extra_losses": own_losses(given["extra_losses"]),
        "label_file": None if labels is None else read_labels(labels),
        "out": given["out"] or RESULTS,
    }
    reproduce(ReproduceOptions(**given))


def _regret(options: argparse.Namespace) -> None:
    from experiments.regret.measure import report_regret

    report_regret(**_arguments(options, "regret"))


def _auto_row(options: argparse.Namespace) -> None:
    from experiments.regret.auto_row import report_auto_row

    report_auto_row(**_arguments(options, "auto-row"))


def _ablation(options: argparse.Namespace) -> None:
    from experiments.regret.ablation import report_ablation

    report_ablation(**_arguments(options, "ablation"))


def _savings(options: argparse.Namespace) -> None:
    from experiments.regret.savings import report_savings

    report_savings(**_arguments(options, "savings"))


def _evidence(options: argparse.Namespace) -> None:
    from experiments.evidence import report_evidence

    report_evidence(**_arguments(options, "evidence"))


def _theory(options: argparse.Namespace) -> None:
    from experiments.theory.page import report_theory

    report_theory(**_arguments(options, "theory"))


def _page(options: argparse.Namespace) -> None:
    from experiments.playground.page import report_page

    report_page(**_arguments(options, "page"))


def _pictures(options: argparse.Namespace) -> None:
    from experiments.pictures.draw import draw_pictures

    draw_pictures(**_arguments(options, "pictures"))


def _few_images(options: argparse.Namespace) -> None:
    from experiments.few_images import report_few_images

    report_few_images(**_arguments(options, "few-images"))


def _audits(options: argparse.Namespace) -> None:
    from experiments.audits.report import report_audits

    report_audits(**_arguments(options, "audits"))


def _estimates(options: argparse.Namespace) -> None:
    from experiments.audits.estimates import report_estimates

    report_estimates(**_arguments(options, "estimates"))


def _reviews(options: argparse.Namespace) -> None:
    from experiments.audits.reviews import report_reviews

    report_reviews(**_arguments(options, "reviews"))


def _new_rows(options: argparse.Namespace) -> None:
    from experiments.audits.new_rows import report_new_rows

    report_new_rows(**_arguments(options, "new-rows"))


def _first_list(options: argparse.Namespace) -> None:
    from experiments.audits.first_list import report_first_list

    report_first_list(**_arguments(options, "first-list"))


def _bench(options: argparse.Namespace) -> None:
    from esoftmax_jax.app.files.outputs import check_file

    # Refused before minutes are spent on its content.
    check_file("--json", options.json_path)
    module = importlib.import_module(f"experiments.bench.{options.kind}")
    measure = getattr(module, f"bench_{options.kind}")
    measure(**_arguments(options, f"bench {options.kind}"))
