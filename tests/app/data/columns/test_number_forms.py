"""How numbers are written: columns of a table have one writer."""

import pytest

from esoftmax_jax.app.data.columns.kinds import find_kinds
from esoftmax_jax.app.data.columns.numbers import is_infinite, number_form, numbers_of


def test_points_between_thousands_are_those_of_the_table_that_has_decimal_commas():
    count = 20
    weights = [f"{i},5" for i in range(count)]
    prices = ["987", "1.790", "12.345", "1.234.567"] * 5

    def kinds_of(**cells):
        return find_kinds(cells, range(count), lambda row: f"row {row}").columns

    assert [one.form for one in kinds_of(w=weights, p=prices)] == ["decimal comma"] * 2
    assert kinds_of(p=prices, w=weights)[0].number_form.read("1.790") == 1790
    assert kinds_of(w=weights, p=["1.5", "2.25"] * 10)[1].form == "plain"
    assert kinds_of(w=weights, p=["0.125", "1.790"] * 10)[1].form == "plain"  # no thousands
    assert kinds_of(w=["1", "2"] * 10, p=["1.790", "2.125"] * 10)[1].form == "plain"
    euros = [f"{price} €" for price in ["1.790", "12.345"] * 10]
    assert kinds_of(w=weights, p=euros)[1].number_form.read("1.790 €") == 1790


@pytest.mark.parametrize("code", ["1_2", "12_3", "1_000.5", "1e1_0"])
def test_a_code_with_an_underscore_is_no_number(code):
    assert number_form(["12", "3.5", code])[1] == [code]
    assert not is_infinite("9_9e99")
    assert numbers_of(["12", "3.5"]).tolist() == [12, 3.5]
    with pytest.raises(ValueError, match="not a number"):
        numbers_of(["12", code])
