"""What a long command says while it runs."""

import re
import time

from esoftmax_jax.app.terminal.progress import ProgressBar


def test_time_left_does_not_count_what_an_earlier_call_did(monkeypatch, capsys):
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with ProgressBar("training", 100) as bar:
        bar.skip(50, "loss 2.0")
        for _ in range(2):
            clock[0] += 10.0
            bar.advance(5, "loss 1.0")
    printed = capsys.readouterr().err
    # Ten in twenty seconds, forty to go; nothing is said before 15 seconds have passed.
    assert re.fullmatch(r"training: 60/100 epochs, loss 1\.0, 80 s left\n", printed), printed


def test_time_left_does_not_count_compilation(monkeypatch, capsys):
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with ProgressBar("training", 7300) as bar:
        for _ in range(2):  # two programs
            with bar.compiling():
                clock[0] += 600.0
            clock[0] += 10.0
            bar.advance(10, "loss 1.0")
    printed = capsys.readouterr().err.splitlines()
    # A second for each epoch; hours are said as such.
    assert printed == [
        "training: 10/7300 epochs, loss 1.0, 2.0 hours left",
        "training: 20/7300 epochs, loss 1.0, 2.0 hours left",
    ]


def test_a_log_hears_no_word_of_what_there_is_none(monkeypatch, capsys):
    monkeypatch.setattr("esoftmax_jax.app.terminal.progress.PLAIN_INTERVAL", -1.0)
    with ProgressBar("measuring", 2, unit="rounds") as bar:
        bar.advance(2, "")
    assert capsys.readouterr().err == "measuring: 2/2 rounds, 0 s left\n"


def test_a_log_hears_of_a_long_compilation(monkeypatch, capsys):
    monkeypatch.setattr("esoftmax_jax.app.terminal.progress.PLAIN_INTERVAL", 0.01)
    with ProgressBar("training", 10) as bar, bar.compiling():
        time.sleep(0.2)
    assert capsys.readouterr().err == "training: compiling …\n"
