"""``bench sweep``: what is compared, and the line it leaves."""

import json
import re

from esoftmax_jax.app.data.load import load_dataset
from experiments.bench import sweep as _bench_sweep
from experiments.cli import main


def test_ratios_to_one_program(monkeypatch, tmp_path, capsys):
    measured = []

    def timed(dataset, configs, layout):
        measured.append((len(configs), layout.together, layout.at_once))
        together = layout.together > 1
        return (3.0, 1.0) if together else (6.0, 4.0)

    monkeypatch.setattr(_bench_sweep, "_timed", timed)
    monkeypatch.setattr(_bench_sweep, "_processes", lambda configs: 5.0)
    path = tmp_path / "bench.jsonl"
    assert main(["bench", "sweep", "--runs", "20", "--repeats", "2", "--json", str(path)]) == 0
    # 20 runs on 8 devices: three for each, the last ones repeated.
    assert sorted(measured) == sorted([(20, 24, 1), (20, 24, 3), (20, 1, 1)] * 2)
    printed = capsys.readouterr().out
    assert re.search(
        r"sequential +6\.0 \(6\.0–6\.0\) +2\.00 +4\.0 \(4\.0–4\.0\) +4\.00", printed
    )
    assert re.search(r"processes +25\.0 \(25\.0–25\.0\) +8\.3", printed)
    (line,) = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert (line["bench"], line["runs"]) == ("sweep", 20)
    assert line["seconds"]["processes"] == [25.0, 25.0]
    assert line["seconds_compiled"]["sequential"] == [4.0, 4.0]


def test_the_runs_of_a_sweep_differ_and_share_a_program():
    dataset = load_dataset("digits")
    configs = _bench_sweep._configs(dataset, 128)
    assert len({config.identity for config in configs}) == 128
    assert len({(config.epochs, config.batch_size, config.width) for config in configs}) == 1
