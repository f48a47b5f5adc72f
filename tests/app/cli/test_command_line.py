"""Wrong options, files and values: one line on standard error, exit code 2, nothing written."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from esoftmax_jax import __version__
from experiments.cli import main

ROOT = Path(__file__).parents[3]

WRONG = [
    (["walk"], r"error: VERB: expected one of compare, train, .*, got 'walk'; see `python -m"),
    (["trian"], r"VERB: expected one of .*, got 'trian'; did you mean 'train'\?; see `python"),
    (["compare", "--workdir", "a"], r"--workdir a; did you mean '--out'\?; see `python -m"),
    (
        ["train", "--out", "a"],
        r"unrecognized .* --out a; did you mean '--workdir'\?; see `pyth",
    ),
    (["compare", "--quick", "3"], r"unrecognized arguments: --quick 3; see `python -m .* comp"),
    (
        ["train", "--epoch=3"],
        r"arguments: --epoch=3; did you mean '--epochs'\?; see .* train -",
    ),
    (["train", "--dtype", "bfloat"], r"--dtype: .*, got 'bfloat'; did you mean 'bfloat16'\?"),
    (
        ["train", "--ignore", "a", "--ignore", "b,c"],
        r"--ignore: expected once, with commas between names, got 'a' and 'b,c'; see `python",
    ),
    (
        ["compare", "--losses", "CE", "--losses", "MAE"],
        r"--losses: expected once, with commas between names, got 'CE' and 'MAE'; see `",
    ),
    (["noise", "--noise", "none", "--noise", "fog"], r"commas .*, got 'none' and 'fog'; see `"),
    (["train", "--noise", "none", "--noise", "fog"], r"expected once, got 'none' and 'fog'; s"),
    (["train", "--seed", "0", "--seed=1"], r"--seed: expected once, got 0 and 1; see `python"),
    (["train", "--dtype", "float32", "--dtype", "float32"], r"--dtype: expected once, got 'fl"),
    (["compare", "--tune", "--no-tune"], r"expected once, got '--tune' and '--no-tune'; see"),
    (
        ["predict", "--model", "a", "--model", "b", "--inputs", "folder:c"],
        r"--model: expected once, got 'a' and 'b'; see `python -m experiments predict --help",
    ),
    (["audit", "a.csv", "--out", "b", "--out", "c"], r"--out: expected once, got 'b' and 'c'"),
    (
        ["reproduce", "table2", "--cells", "a", "--cells", "b"],
        r"--cells: expected once, with commas between names, got 'a' and 'b'; see `python -m",
    ),
    (["bench", "train", "--steps", "2", "--steps", "3"], r"--steps: expected once, got 2 and"),
    (
        ["train", "--set", "m=1", "--set", "m=2"],
        r"--set: expected each name once, got 'm=1' and 'm=2'; leave one out",
    ),
    (["train", "--augment", "flipp"], r"--augment: .* got 'flipp'; did you mean 'flip'\?"),
    (["audit", "a.csv", "--dataset", "csv:a.csv"], r"; audit takes the data without an option"),
    (
        ["audit", "a.csv", "--corrections", "b.csv"],
        r"; --corrections is of .*train.*; see `pyt",
    ),
    (["train", "--dataset", __file__], r"unknown dataset '.*\.py': expected digits, mnist"),
    (["train", "--dataset", str(Path(__file__).parent)], r"; did you mean 'folder:/.*cli'\?"),
    (["train", "--noise", "symmetric"], r"got 'symmetric'; e\.g\. symmetric:0\.4"),
    (["train", "--set", "m"], r"--set: .* got 'm'; write m=NUMBER"),
    (["train", "--set", "alhpa=1"], r"--set: .* got 'alhpa=1'; did you mean 'alpha'\?"),
    (["compare", "--dataset", "dogs"], r"unknown dataset 'dogs': expected digits, mnist"),
    (["compare", "--dataset", "npz:none.npz"], r"none\.npz"),
    (["compare", "--dataset", "mnist", "--data-dir", "nowhere"], r"nowhere"),
    (
        ["compare", "--noise", "symmetric"],
        r"--noise: expected symmetric:R with R .*'symmetric'",
    ),
    (
        ["compare", "--noise", "symmetric:1.5"],
        r"--noise: expected .*R in \[0, 1\], got .*:1.5'",
    ),
    (["compare", "--noise", "symmetric:lots"], r"--noise: expected .*got 'symmetric:lots'"),
    (["compare", "--noise", "none:0.1"], r"--noise: expected none alone, got 'none:0.1'"),
    (["compare", "--noise", "fog:0.1"], r"--noise: expected none, .*got 'fog:0.1'"),
    (["compare", "--losses", "CE,XE"], r"--losses: expected names among CE, .*got 'XE'"),
    (["compare", "--losses", "CE,,MAE"], r"--losses: expected distinct names .*got 'CE,,MAE'"),
    (["compare", "--losses", "CE,CE"], r"--losses: expected distinct names .*got 'CE,CE'"),
    (["compare", "--seeds", "0"], r"--seeds: expected a whole number ≥ 1 and ≤ 10000, got 0"),
    (["compare", "--seeds", "10001"], r"--seeds: expected .* ≥ 1 and ≤ 10000, got 10001"),
    (
        ["compare", "--epochs", "9" * 99],
        r"--epochs: expected .* ≤ 2147483647, got an integer of",
    ),
    (["compare", "--epochs", "9" * 9999], r"--epochs: expected a whole number ≥ 1, got '99999"),
    (["compare", "--epochs", "1.5"], r"--epochs: expected a whole number ≥ 1, got '1.5'"),
    (["compare", "--width", "-1"], r"--width: expected a number in \(0, 1000\), got '-1'"),
    (
        ["compare", "--learning-rate", "nan"],
        r"--learning-rate: expected a number > 0 that float32 holds, got 'nan'",
    ),
    (
        ["compare", "--train-examples", "99999"],
        r"expected at most the 14\d\d of digits, got 99999",
    ),
    (
        ["compare", "--tune", "--learning-rate", "1"],
        r"--tune: expected no --learning-rate beside",
    ),
    (["train", "--loss", "XE"], r"--loss: expected one of CE, .*got 'XE'"),
    (["train", "--noise", "none,symmetric:0.1"], r"--noise: expected one noise for one run"),
    (["train", "--set", "q=1"], r"--set: expected .*alpha, beta, m for CE_eps\+MAE, got 'q=1'"),
    (["train", "--set", "alpha=x"], r"--set: expected a number as the value of alpha, got 'x'"),
    (["train", "--set", "alpha"], r"--set: expected NAME=VALUE .*got 'alpha'"),
    (
        ["train", "--loss", "ce_eps+mae"],
        r"--loss: expected one of .*; did you mean 'CE_eps\+MAE'\?",
    ),
    (
        ["compare", "--losses", "CE,SEC"],
        r"--losses: expected .*got 'SEC'; did you mean 'SCE'\?",
    ),
    (["compare", "--losses", "CE_ε,ce_ε"], r"got 'ce_ε'; did you mean 'CE_eps'\?"),
    (
        ["compare", "--noise", "Symetric:0.4"],
        r"--noise: .*'Symetric:0.4'; did you mean 'symmetric'",
    ),
    (
        ["noise", "--dataset", "cifar_10"],
        r"unknown dataset 'cifar_10': .*did you mean 'cifar10'\?",
    ),
    (["noise", "--dataset", "npz:"], r"--dataset: expected a path behind 'npz:', got 'npz:'"),
    (["reproduce", "table2", "--cells", "sym0.4/ce"], r"--cells: .*did you mean 'sym0.4/CE'\?"),
    (
        ["reproduce", "table4", "--cells", "worst/T-Revision"],
        r"expected a cell that can be run, got worst/T-Revision, whose .* can only be shown: it",
    ),
    (["bench", "losses", "--losses", "gce"], r"got 'gce'; did you mean 'GCE'\?"),
    (["bench", "train", "--networks", "resnet"], r"got 'resnet'; did you mean 'resnet34'\?"),
    (["train", "--set", "alpha=-1"], r"--set: alpha: expected a finite value .*got -1"),
    (["train", "--loss", "CE", "--set", "a=1"], r"--set: expected .*none at all for CE"),
    (
        ["train", "--seed", "x"],
        r"--seed: expected a whole number ≥ 0 and ≤ 2147483647, got 'x'",
    ),
    (["train", "--ema-decay", "1"], r"--ema-decay: expected a number in \(0, 1\), got '1'"),
    (
        ["train", "--dtype", "float16"],
        r"--dtype: expected one of float32, bfloat16, got 'float16'",
    ),
    (["bench", "walk"], r"error: WHAT: expected one of losses, .*, got 'walk'"),
    (["bench", "losses", "--repeats", "1"], r"--repeats: expected a whole number ≥ 3, got 1"),
    (["bench", "sweep", "--runs", "3"], r"--runs: expected a whole number ≥ 4, got 3"),
    (
        ["bench", "sweep", "--json", "no/a.jsonl"],
        r"--json: expected a file that can be written",
    ),
    (["bench", "linear", "--peer"], r"unrecognized arguments: --peer"),
    (
        ["reproduce", "table2", "--seeds", "0"],
        r"--seeds: expected a whole number ≥ 1 and ≤ .*, got 0",
    ),
    (
        ["reproduce", "table2", "--scale", "tiny"],
        r"--scale: expected one of paper, .*, got 'tiny'",
    ),
    (["reproduce", "table2", "--labels", "gone.npy"], r"--labels: no file 'gone.npy'"),
    (["regret", "--effort", "most"], r"--effort: expected one of less, more, got 'most'"),
    (["regret", "--datasets", "wine,wyne"], r"unknown dataset 'wyne'"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=lambda x: " ".join(x))
def test_one_line_and_exit_code_2(arguments, message, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert re.search(message, captured.err), captured.err
    assert list(tmp_path.iterdir()) == []


def test_a_corrupt_result_file_names_the_line(capsys, tmp_path):
    (tmp_path / "results.jsonl").write_text("{}\n", encoding="utf-8")
    code = main(["compare", "--out", str(tmp_path), "--no-tune", "--epochs", "1"])
    assert code == 2
    assert (
        "results.jsonl, line 1: expected a result, got something else"
        in capsys.readouterr().err
    )


def test_out_that_is_a_file(capsys, tmp_path):
    path = tmp_path / "file"
    path.write_text("mine", encoding="utf-8")
    assert main(["compare", "--out", str(path)]) == 2
    assert "--out: expected a folder" in capsys.readouterr().err
    assert main(["train", "--workdir", str(path)]) == 2
    assert "--workdir: expected a folder" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("package", ["rich", "flax"])
def test_a_missing_package_is_named(package, tmp_path):
    code = (
        f"import sys; sys.modules[{package!r}] = None;"
        "from esoftmax_jax.app.cli.main import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", code, "compare", "--out", str(tmp_path / "out")]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert re.fullmatch(
        rf"error: expected the package '{package}.*' to be installed, it is not; run pip install "
        r"'esoftmax_jax\[app\]', or for a wheel or a checkout pip install 'PATH\[app\]'\n",
        ended.stderr,
    )
    assert not (tmp_path / "out").exists()


def test_labels_that_are_no_classes_in_a_file(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images = np.zeros((20, 8, 8, 1), np.uint8)
    labels = np.arange(20) % 2
    np.savez(
        "bad.npz",
        train_images=images,
        train_labels=labels - 1,
        test_images=images,
        test_labels=labels,
    )
    assert main(["compare", "--dataset", "npz:bad.npz"]) == 2
    assert re.search(r"row|label", capsys.readouterr().err)
    assert not Path("runs").exists()


def test_the_module_runs_and_explains_itself():
    run = [sys.executable, "-m", "experiments"]
    result = subprocess.run([*run, "--help"], capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0
    assert "compare" in result.stdout
    result = subprocess.run(
        [*run, "compare", "--seeds", "x"], capture_output=True, text=True, cwd=ROOT
    )
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


def test_the_version(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"esoftmax_jax {__version__}\n"
