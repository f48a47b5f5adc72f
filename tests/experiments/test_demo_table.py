"""The README's table is made of runs: a row for each loss, noise beside noise."""

import dataclasses

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.runs.recipes import make_config
from experiments.demo_table import demo_table
from tests.helpers.runs import finished


def run_of(loss, noise, rate, seed, accuracy, memorized):
    dataset = load_dataset("wine")
    config = make_config(dataset, parse_noise(noise), loss, learning_rate=rate, seed=seed)
    return dataclasses.replace(finished(config, accuracy), memorized=memorized)


def test_each_loss_has_a_row_with_the_rates_that_were_chosen():
    runs = [
        run_of(loss, noise, rate, seed, 0.5 + 0.02 * seed, 0.25)
        for noise, rates in (
            ("symmetric:0.6", (0.003, 0.1, 0.03)),
            ("pairwise:0.4", (0.01, 0.1, 0.3)),
        )
        for loss, rate in zip(("CE", "CE", "MAE"), rates, strict=True)
        for seed in (0, 1)
    ]
    head, _, *lines = demo_table(runs).splitlines()
    assert head == (
        "| loss | symmetric:0.6, last epoch % | memorized % | pairwise:0.4, last epoch % | "
        "memorized % |"
    )
    cells = " | ".join(["51.0 ± 1.4", "25.0 ± 0.0"] * 2)
    assert lines == [
        f"| CE (rate 0.003, 0.01) | {cells} |",
        f"| CE at rate 0.1 | {cells} |",
        f"| MAE (rate 0.03, 0.3) | {cells} |",
    ]
