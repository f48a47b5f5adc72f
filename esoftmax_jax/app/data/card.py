"""What a reader of a trained network needs to know."""

import dataclasses

from esoftmax_jax.app.data.columns.fitted import FittedColumns


@dataclasses.dataclass(frozen=True)
class Card:
    """What a reader of a model needs to know.

    Attributes:
        class_names: in the order of the logits.
        input_shape: of one example: (H, W, C) or (D,).
        input_dtype: ``uint8`` of images 0..255, or ``float32``.
        feature_names: of the columns of a table of numbers; empty elsewhere.
        feature_offsets: what to subtract from each column of numbers first; empty for nothing.
        value_range: of images of more than 8 bits a value, the end of the range from 0 that
            becomes 0..255; None if there were none.
        columns: how features come from the cells of a table; None of all else.
        members: how many networks are averaged.
    """

    class_names: tuple[str, ...]
    input_shape: tuple[int, ...]
    input_dtype: str
    feature_names: tuple[str, ...]
    value_range: int | None = None
    feature_offsets: tuple[float, ...] = ()
    members: int = 1
    columns: FittedColumns | None = None
