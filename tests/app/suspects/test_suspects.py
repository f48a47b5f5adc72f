"""The list of labels that are probably wrong."""

import contextlib
import csv
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.parts import held_out_fifth
from esoftmax_jax.app.data.subset import first_examples
from esoftmax_jax.app.engine.group import Group
from esoftmax_jax.app.suspects.margin_history import MarginHistory
from esoftmax_jax.app.suspects.suspect_list import COLUMNS, check_suspects_file
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.cli import main
from tests.helpers.datasets import draw, tree
from tests.helpers.suspects import TRAIN, rows_of
from tests.helpers.words import instead

pytestmark = pytest.mark.usefixtures("folder")


def archive(count=120, **more):
    """Make an easy task of three classes in which every tenth label is wrong."""
    generator = np.random.default_rng(0)
    clean = np.arange(count) % 3
    labels = np.where(np.arange(count) % 10 == 0, (clean + 1) % 3, clean)
    images = np.eye(3)[clean] * 4 + generator.normal(size=(count, 3))
    return {"train_images": images, "train_labels": labels, **more}, clean


def test_labels_of_ones_own_are_ranked_with_those_held_out(capsys, folder):
    arrays, clean = archive(class_names=np.array(["ant", "bee", "cat"]))
    np.savez("own.npz", **arrays)
    assert main([*TRAIN, "--dataset", "npz:own.npz"]) == 0
    rows = rows_of("list.csv")
    assert sorted(int(row["example"]) for row in rows) == list(range(120))
    assert {row["part"] for row in rows} == {"train", "test"}
    names = ("ant", "bee", "cat")
    for row in rows:
        place = int(row["example"])
        assert row["label"] == names[arrays["train_labels"][place]]
        assert row["suggestion"] != row["label"]
    wrong = np.flatnonzero(arrays["train_labels"] != clean)
    first = rows[: len(wrong)]
    found = [row for row in first if int(row["example"]) in wrong]
    assert len(found) >= 0.8 * len(wrong)
    right = [row["suggestion"] == names[clean[int(row["example"])]] for row in found]
    assert np.mean(right) > 0.9
    said = capsys.readouterr().out
    assert "memorised labels" not in said
    suspect = sum(float(row["margin"]) < 0 for row in rows)
    assert f"{suspect} of 120 labels" in said
    assert "are wrong, and they" not in said  # nobody knows which
    # Again: the run is finished, the list is made anew, to the letter.
    before = (folder / "list.csv").read_text()
    (folder / "list.csv").unlink()
    assert main([*TRAIN, "--dataset", "npz:own.npz"]) == 0
    assert "this run is finished" in capsys.readouterr().out
    assert (folder / "list.csv").read_text() == before
    assert not list(folder.glob(".*tmp"))


def test_margins_are_averaged_over_checkpoints_and_a_run_that_goes_on(capsys, monkeypatch):
    arrays, _ = archive()
    np.savez("own.npz", **arrays)
    words = [*instead(TRAIN, "--checkpoint-every", "5"), "--dataset", "npz:own.npz"]
    assert main(words) == 0
    whole = Path("list.csv").read_text()
    kept = [np.load(path)["margins"] for path in sorted(Path("run/margins").iterdir())]
    assert len(kept) == 4
    margins = np.array([float(row["margin"]) for row in rows_of("list.csv")])
    np.testing.assert_allclose(margins, np.sort(np.mean(kept, axis=0)), rtol=1e-4, atol=1e-5)

    record = MarginHistory.record

    def interrupted(history, group):
        if group.epoch == 10:
            raise KeyboardInterrupt
        record(history, group)

    monkeypatch.setattr(MarginHistory, "record", interrupted)
    Path("list.csv").unlink()
    assert main(instead(words, "--workdir", "again")) == 130
    monkeypatch.setattr(MarginHistory, "record", record)
    assert main(instead(words, "--workdir", "again")) == 0
    assert "going on after epoch 10" in capsys.readouterr().out
    assert Path("list.csv").read_text() == whole


def test_a_run_that_kept_no_margins_has_those_of_its_end(capsys):
    arrays, _ = archive()
    np.savez("own.npz", **arrays)
    plain = [*TRAIN[:-2], "--dataset", "npz:own.npz"]
    assert main(plain) == 0
    assert not Path("run/margins").exists()
    shutil.copytree("run", "bare")
    assert main([*plain, "--suspects", "list.csv"]) == 0
    assert "of one epoch alone" in " ".join(capsys.readouterr().out.split())
    rows_of("list.csv")
    shutil.rmtree("bare/checkpoints")
    assert main([*instead(plain, "--workdir", "bare"), "--suspects", "other.csv"]) == 2
    assert re.search(
        r"--suspects: expected the last checkpoint .* found .* epoch 0; train again",
        " ".join(capsys.readouterr().err.split()),
    )
    assert not Path("other.csv").exists()


def test_known_errors_are_counted(capsys):
    arrays, clean = archive()
    test = {"test_images": arrays["train_images"][:9], "test_labels": clean[:9]}
    np.savez("own.npz", **arrays, **test, train_clean_labels=clean)
    assert main([*TRAIN, "--dataset", "npz:own.npz"]) == 0
    rows = rows_of("list.csv")
    assert {row["part"] for row in rows} == {"train"}
    counted(capsys.readouterr().out, rows, clean)


def test_errors_in_what_was_held_out_are_found_and_counted_too(capsys):
    arrays, clean = archive()
    np.savez("own.npz", **arrays, train_clean_labels=clean)
    assert main([*TRAIN, "--dataset", "npz:own.npz"]) == 0
    rows = rows_of("list.csv")
    assert sorted(int(row["example"]) for row in rows) == list(range(120))
    assert sum(row["part"] == "test" for row in rows) == 24
    for row in rows:
        assert row["label"] == str(arrays["train_labels"][int(row["example"])])
    counted(capsys.readouterr().out, rows, clean)


def test_only_what_noise_changed_is_counted_without_clean_labels(capsys):
    arrays, _ = archive()
    np.savez("own.npz", **arrays)
    assert main([*TRAIN, "--dataset", "npz:own.npz", "--noise", "symmetric:0.2"]) == 0
    rows = rows_of("list.csv")
    said = " ".join(capsys.readouterr().out.split())
    train = [row for row in rows if row["part"] == "train"]
    assert all(row["clean_label"] == "" for row in rows if row["part"] == "test")
    wrong = [row for row in train if row["clean_label"] != row["label"]]
    assert f"of those among the {len(train)} training labels" in said
    assert f"of the {len(wrong)} wrong ones" in said
    assert "counting only what --noise changed" in said


def counted(said, rows, clean):
    """Count anew what a command said of suspects whose clean labels are known."""
    said = " ".join(said.split())
    for row in rows:
        assert row["clean_label"] == str(clean[int(row["example"])])
    differs = np.array([row["label"] != row["clean_label"] for row in rows])
    suspect = np.array([float(row["margin"]) < 0 for row in rows])
    assert f"{100 * differs[suspect].mean():.1f} % are wrong" in said
    share = 100 * differs[suspect].sum() / differs.sum()
    assert f"they are {share:.1f} % of the {differs.sum()} wrong ones" in said
    area = re.search(r"curve (\d\.\d+)", said)
    assert area is not None
    assert float(area[1]) > 0.9


def test_an_example_is_called_what_its_source_calls_it(folder):
    for number in range(12):
        draw(folder / "photos" / "ab"[number % 2] / f"{number}.png", number)
    dataset = load_dataset("folder:photos")
    called = [*dataset.train.sources, *dataset.test.sources]
    assert sorted(called) == sorted(f"{'ab'[n % 2]}/{n}.png" for n in range(12))
    for name, label in zip(dataset.train.sources, dataset.train.labels.observed, strict=True):
        assert name[0] == "ab"[label]
    assert first_examples(dataset, 3).train.sources.tolist() == called[:3]
    lines = ["label,x,y", *(f"{n % 2},{n},{-n}" for n in range(12))]
    (folder / "table.csv").write_text("\n".join(lines))
    table = load_dataset("csv:table.csv")
    for row, features in zip(table.train.sources, table.train.images, strict=True):
        assert int(row) == features[0] + 2  # the header is row 1
    paths = ["path,label", *(f"photos/{'ab'[n % 2]}/{n}.png,{n % 2}" for n in range(12))]
    (folder / "paths.csv").write_text("\n".join(paths))
    assert load_dataset("csv:paths.csv").train.sources[0].startswith("photos/")
    arrays, _ = archive(train_ids=np.arange(120) * 7)
    np.savez("ids.npz", **arrays)
    ids = load_dataset("npz:ids.npz")
    assert ids.train.sources.tolist() == [str(one) for one in ids.train.ids]
    digits = load_dataset("digits")
    assert len({*digits.train.sources, *digits.test.sources}) == 1797


@pytest.mark.parametrize("target", ["nowhere/list.csv", "own.npz", "folder", "run/config.json"])
def test_a_list_is_written_over_nothing_else(capsys, folder, target):
    """And that is said before training, with nothing left behind."""
    arrays, _ = archive()
    np.savez("own.npz", **arrays)
    (folder / "folder").mkdir()
    if target.startswith("run/"):
        (folder / "run").mkdir()
        (folder / target).write_text("{}")
    before = tree(folder)
    assert main([*TRAIN[:-1], target, "--dataset", "npz:own.npz"]) == 2
    assert "--suspects: expected a new file, or an older list, " in capsys.readouterr().err
    assert tree(folder) == before


def test_an_older_list_is_replaced_through_a_link(folder):
    arrays, _ = archive()
    np.savez("own.npz", **arrays)
    (folder / "real.csv").write_bytes(",".join(COLUMNS).encode() + b"\r\n1,old\r\n")
    (folder / "real.csv").chmod(0o640)
    (folder / "list.csv").symlink_to("real.csv")
    assert main([*TRAIN, "--dataset", "npz:own.npz"]) == 0
    assert (folder / "list.csv").is_symlink()
    assert len(rows_of("real.csv")) == 120
    assert (folder / "real.csv").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,old", None),  # an editor leaves out empty cells at the end
        ("1,a,train,0,cat,dog,-1,cat,", None),
        (
            "1,a,train,0,dog,dog,-1,cat,",
            r"expected a new .*, got list.csv, in which 1 labels are not those given",
        ),
        (
            f"1,a,train,0,{'c' * 140_000},d,-1,c,",
            r"list.csv, row 2: expected comma-.*larger than",
        ),
    ],
)
def test_a_list_that_was_worked_on_or_cannot_be_read_is_not_replaced(row, message, folder):
    path = Path("list.csv")
    path.write_bytes(f"{','.join(COLUMNS)}\r\n{row}\r\n".encode())
    with (
        contextlib.nullcontext()
        if message is None
        else pytest.raises(UsageError, match=f"^--suspects: {message}")
    ):
        check_suspects_file("--suspects", path, Path("run"))


def test_any_name_of_a_file_can_be_listed(capsys, folder):
    names = [b"gr\xfcn.png", b"a,b.png", b'"q".png', b"[bold]x.png"]
    for number in range(20):
        path = folder / "photos" / "ab"[number % 2] / f"{number}.png"
        draw(path, number)
        if number < len(names):
            path.rename(path.parent / os.fsdecode(names[number]))
    words = instead(instead(TRAIN, "--epochs", "1"), "--suspects", "my[bold]list.csv")
    assert main([*words, "--dataset", "folder:photos"]) == 0
    listed = (folder / "my[bold]list.csv").read_bytes()
    assert b"a/gr\xfcn.png" in listed
    with (folder / "my[bold]list.csv").open(newline="", errors="surrogateescape") as file:
        examples = {row["example"] for row in csv.DictReader(file)}
    assert {f"{'ab'[n % 2]}/{os.fsdecode(name)}" for n, name in enumerate(names)} <= examples
    assert "wrote my[bold]list.csv" in capsys.readouterr().out


def test_a_network_that_learnt_by_heart_is_said_to_have(capsys):
    arrays, _ = archive()
    arrays["train_labels"] = np.random.default_rng(1).integers(0, 3, 120)
    np.savez("random.npz", **arrays)
    words = [*instead(TRAIN, "--epochs", "200"), "--dataset", "npz:random.npz"]
    assert main([*words, "--loss", "CE"]) == 0
    assert "it may have memorised labels" in " ".join(capsys.readouterr().out.split())


def test_a_list_may_lie_in_the_new_folder_of_the_run(folder):
    arrays, _ = archive()
    np.savez("own.npz", **arrays)
    assert main([*TRAIN[:-1], "run/list.csv", "--dataset", "npz:own.npz"]) == 0
    assert len(rows_of("run/list.csv")) == 120


def test_what_is_wrong_with_held_out_labels_and_kept_margins_is_said(capsys):
    arrays, clean = archive()
    arrays["train_labels"][held_out_fifth(clean).argmax()] = 3
    np.savez("bad.npz", **arrays, train_clean_labels=clean, class_names=np.array(list("abc")))
    assert main([*TRAIN, "--dataset", "npz:bad.npz"]) == 2
    assert "train_labels: expected" in capsys.readouterr().err
    arrays, _ = archive()
    np.savez("own.npz", **arrays)
    assert main([*TRAIN, "--dataset", "npz:own.npz"]) == 0
    kept = Path("run/margins/000020.npz")
    kept.write_bytes(kept.read_bytes()[:50])
    capsys.readouterr()
    assert main([*TRAIN, "--dataset", "npz:own.npz"]) == 2
    assert "000020.npz: expected margins" in capsys.readouterr().err


def test_a_network_that_became_nan_at_the_very_end_has_no_list(monkeypatch, capsys):
    arrays, _ = archive()
    np.savez("own.npz", **arrays)
    monkeypatch.setattr(
        Group, "logits", lambda *_, **__: np.full((1, 96, 3), np.nan, np.float32)
    )
    assert main([*TRAIN, "--dataset", "npz:own.npz"]) == 0
    assert "list.csv is not written" in " ".join(capsys.readouterr().out.split())
    assert not Path("list.csv").exists()


def test_a_diverged_run_knows_no_suspects(capsys, folder):
    arrays, _ = archive()
    np.savez("own.npz", **arrays)
    arguments = ["--dataset", "npz:own.npz", "--learning-rate", "1e30", "--loss", "CE"]
    assert main([*TRAIN, *arguments]) == 0
    assert "diverged: list.csv is not written" in " ".join(capsys.readouterr().out.split())
    assert not (folder / "list.csv").exists()
