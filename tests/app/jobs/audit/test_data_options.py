"""The options of an audit's data, for the command lines that come after it."""

from esoftmax_jax.app.data.columns.choice import EVERY_COLUMN, ColumnChoice
from esoftmax_jax.app.jobs.audit.data_options import data_options


def test_nothing_is_repeated_where_nothing_was_said():
    assert data_options(EVERY_COLUMN, None, None, literal_labels=False) == []


def test_what_was_said_of_the_data_is_repeated_and_read_as_the_same():
    choice = ColumnChoice.of(["size", "a, b"], ['the "id"'], {"a, b": "text"})
    words = data_options(choice, 64, "shift:2", literal_labels=True)
    assert words[:5] == ["--image-size", "64", "--augment", "shift:2", "--literal-labels"]
    said = dict(zip(words[5::2], words[6::2], strict=True))
    assert said == {
        "--columns": 'size,"a, b"', "--kinds": '"a, b:text"', "--ignore": '"the ""id"""',
    }  # fmt: skip
    assert ColumnChoice.of(said["--columns"], said["--ignore"], said["--kinds"]) == choice
