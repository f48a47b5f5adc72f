"""Models of audits predict rows that they have not seen, beside logistic regression."""

from experiments.audits import new_rows


def row_of(model, seed=0, right=0.8, seconds=10.0):
    return {
        "dataset": "wine",
        "seed": seed,
        "model": model,
        "rows": 143,
        "new_rows": 35,
        "right": right,
        "seconds": seconds,
    }


def test_both_models_predict_the_new_rows(tmp_path):
    rows = new_rows.measure("wine", 0, tmp_path, epochs=20)
    assert [(row["model"], row["rows"], row["new_rows"]) for row in rows] == [
        ("audit", 143, 35),
        ("logistic regression", 143, 35),
    ]
    assert all(0.6 < row["right"] <= 1 for row in rows)


def test_the_table_has_the_models_side_by_side():
    rows = [row_of(model) for model in new_rows.MODELS]
    rows += [row_of("audit", 1, 0.9, 20), row_of("logistic regression", 1, 0.6, 4)]
    *_, line = new_rows.new_rows_table(rows).splitlines()
    assert line == "| wine | 143 | 35 | 85.0 % | 15 | 70.0 % | 7 |"


def test_what_a_file_has_is_not_measured_again(tmp_path, monkeypatch, capsys):
    asked = []

    def measured(name, seed, folder):
        asked.append((name, seed, folder.is_dir()))
        return [row_of(model, seed) for model in new_rows.MODELS]

    monkeypatch.setattr(new_rows, "measure", measured)
    monkeypatch.setattr(new_rows, "DATASETS", ("wine",))
    new_rows.report_new_rows(seeds=1, out=tmp_path / "lines")
    new_rows.report_new_rows(seeds=2, out=tmp_path / "lines")
    assert asked == [("wine", 0, True), ("wine", 1, True)]
    assert "| wine | 143 | 35 | 80.0 % | 10 | 80.0 % | 10 |" in capsys.readouterr().out
