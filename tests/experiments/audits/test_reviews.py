"""Lists of one run beside what is wrong, and what it is worth to follow them unseen."""

from experiments.audits import reviews


def row_of(noise, loss, **more):
    return {
        "noise": noise,
        "seed": 0,
        "loss": loss,
        "rate": 0.01,
        "accuracy": 0.9,
        "auroc": 0.95,
        "suspects_wrong": 0.8,
        "wrong_found": 0.7,
        "wrong": 0.4,
    } | more


def test_each_loss_leaves_a_list_and_one_of_them_is_followed(monkeypatch):
    monkeypatch.setattr(reviews, "LOSSES", ("CE", "CE_eps+MAE"))
    plain, robust = reviews.measure("symmetric:0.4", 0, epochs=20)
    assert (plain["loss"], plain["rate"]) == ("CE", 0.003)
    assert (robust["loss"], robust["rate"]) == ("CE_eps+MAE", 0.01)
    assert {*robust} - {*plain} == {"accepted", "left_out", "wrong_after"}
    assert plain["wrong"] == robust["wrong"]
    assert 0.38 < robust["wrong"] < 0.4
    assert robust["auroc"] > 0.9
    assert robust["suspects_wrong"] > 0.7
    assert robust["wrong_found"] > 0.7
    assert robust["wrong_after"] < robust["wrong"] / 2


def test_tables_are_of_means_over_seeds():
    followed = {"accepted": 0.91, "left_out": 0.92, "wrong_after": 0.05}
    first = row_of("pairwise:0.4", "CE_eps+MAE", **followed)
    rows = [row_of("pairwise:0.4", "CE"), first, first | {"seed": 1, "auroc": 0.97}]
    *_, last = reviews.lists_table(rows).splitlines()
    assert last == "| pairwise:0.4 | CE_eps+MAE, rate 0.01 | 80.0 | 70.0 | 0.960 |"
    *_, last = reviews.worth_table([*rows, first | {"seed": 2, "accuracy": 0.96}]).splitlines()
    assert last == ("| pairwise:0.4 | 40.0 to 5.0 | 92.0 ± 3.5 | 91.0 ± 0.0 | 92.0 ± 0.0 |")


def test_what_a_file_has_is_not_measured_again(tmp_path, monkeypatch, capsys):
    asked = []

    def measured(noise, seed):
        asked.append((noise, seed))
        followed = {"accepted": 0.91, "left_out": 0.92, "wrong_after": 0.05}
        return [row_of(noise, "CE_eps+MAE", **followed) | {"seed": seed}]

    monkeypatch.setattr(reviews, "measure", measured)
    monkeypatch.setattr(reviews, "NOISES", ("pairwise:0.4",))
    reviews.report_reviews(seeds=1, out=tmp_path / "lines")
    reviews.report_reviews(seeds=2, out=tmp_path / "lines")
    assert asked == [("pairwise:0.4", 0), ("pairwise:0.4", 1)]
    assert "| pairwise:0.4 | 40.0 to 5.0 |" in capsys.readouterr().out
