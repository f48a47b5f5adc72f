"""A picture of the images whose labels are most likely wrong."""

from pathlib import Path

import numpy as np

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.files.arrays import Array, ClassNumbers
from esoftmax_jax.app.files.picture_file import save_picture
from esoftmax_jax.app.suspects.suspect_list import Suspects
from esoftmax_jax.app.terminal.messages import readable

MOST = 48
_COLUMNS = 8


def can_be_drawn(dataset: Dataset) -> bool:
    """Tell whether the examples are images."""
    shape = dataset.train.images.shape
    return len(shape) == 4 and shape[-1] in (1, 3) and min(shape[1:3]) > 1


def draw_suspects(
    path: Path, suspects: Suspects, dataset: Dataset, foreign: ClassNumbers | None
) -> int:
    """Draw the first suspects, each below its label and the class that the network prefers.

    Args:
        path: of the picture.
        suspects: all labels, the worst first.
        dataset: whose images they are the labels of.
        foreign: int32 (N,), which foreign image took the place of each training example's, −1
            for none.

    Returns:
        How many are drawn; without any suspect nothing is written.
    """
    from matplotlib.figure import Figure

    count = min(MOST, suspects.count)
    if not count:
        path.unlink(missing_ok=True)  # of an older list
        return 0
    rows = -(-count // _COLUMNS)
    figure = Figure((1.5 * _COLUMNS, 1.85 * rows + 0.5), layout="tight")
    axes = figure.subplots(rows, _COLUMNS, squeeze=False)
    names = dataset.class_names
    for place, axis in enumerate(axes.flat):
        axis.axis("off")
        if place >= count:
            continue
        image = shown_image(suspects, place, dataset, foreign)
        most = 255 if image.dtype == np.uint8 else 1
        axis.imshow(image, cmap="gray", vmin=0, vmax=most, interpolation="nearest")
        label = names[suspects.labelled.labels.observed[place]]
        text = f"{place + 1}: {_short(label)}\n→ {_short(names[suspects.suggestions[place]])}"
        axis.set_title(text, fontsize=8, parse_math=False)
    figure.suptitle(
        f"{count} of {suspects.count} suspects: label → what the network prefers", fontsize=10
    )
    save_picture(figure, path, dpi=110)
    return count


def shown_image(
    suspects: Suspects, place: int, dataset: Dataset, foreign: ClassNumbers | None
) -> Array:
    """Return an image as bytes, or as 0..1 in its own range if it is floating-point."""
    one, row = suspects.labelled, suspects.labelled.rows[place]
    if one.parts[place] == "test":
        image = dataset.test.images[row]
    elif foreign is not None and foreign[row] >= 0:
        assert dataset.foreign_images is not None
        image = dataset.foreign_images[foreign[row]]
    else:
        image = dataset.train.images[row]
    if image.dtype != np.uint8:
        low, high = image.min(), image.max()
        image = (image - low) / (high - low if high > low else 1)
    shown: Array = image[..., 0] if image.shape[-1] == 1 else image
    return shown


def _short(name: str) -> str:
    name = readable(name)
    return name if len(name) <= 18 else f"{name[:17]}…"
