"""How an audit reads and augments its data, as words of a command line that does it again."""

from esoftmax_jax.app.data.columns.choice import ColumnChoice, with_commas


def data_options(
    choice: ColumnChoice, image_size: int | None, augment: str | None, *, literal_labels: bool
) -> list[str]:
    """Return the options of the data that ``train`` and ``compare`` have too."""
    words = [] if image_size is None else ["--image-size", str(image_size)]
    words += [] if augment is None else ["--augment", augment]
    words += ["--literal-labels"] if literal_labels else []
    words += [] if choice.columns is None else ["--columns", with_commas(choice.columns)]
    kinds = with_commas([":".join(pair) for pair in choice.kinds])
    words += ["--kinds", kinds] if kinds else []
    return words + (["--ignore", with_commas(choice.ignore)] if choice.ignore else [])
