"""Features of images without training: principal components, gradients with colours."""

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.files.arrays import Array

Features = npt.NDArray[np.float32]

_SIDE, _STEP, _ANGLES = 8, 6, 9  # pixels of a cell's side, between cells, and directions


def principal_components(train: Array, test: Array, count: int) -> tuple[Features, Features]:
    """Return the first components of flattened images, found on training images alone.

    All are divided by the root of the largest variance, so that their sizes stay in proportion.
    """
    train, test = (one.reshape(len(one), -1).astype(np.float64) for one in (train, test))
    mean = train.mean(axis=0)
    variances, axes = np.linalg.eigh(np.cov(train - mean, rowvar=False))
    chosen = axes[:, ::-1][:, :count] / np.sqrt(variances[-1])
    first, second = ((one - mean) @ chosen for one in (train, test))
    return first.astype(np.float32), second.astype(np.float32)


def gradients_and_colours(images: Array) -> Features:
    """Return float32 (N, D) of uint8 (N, H, W, 3): of overlapping cells, see Dalal and Triggs.

    Of each cell a histogram of the directions of grey levels' gradients, weighted by their
    length and of norm 1, and mean and standard deviation of each colour.
    """
    colours = images.astype(np.float32) / 255
    grey = colours.mean(axis=-1)
    down, right = np.zeros_like(grey), np.zeros_like(grey)
    right[:, :, 1:-1] = grey[:, :, 2:] - grey[:, :, :-2]
    down[:, 1:-1] = grey[:, 2:] - grey[:, :-2]
    length = np.hypot(down, right)
    angle = (np.arctan2(down, right) % np.pi / np.pi * _ANGLES).astype(int) % _ANGLES
    found = []
    for top in range(0, images.shape[1] - _SIDE + 1, _STEP):
        for left in range(0, images.shape[2] - _SIDE + 1, _STEP):
            cell = np.s_[:, top : top + _SIDE, left : left + _SIDE]
            sums = [(length[cell] * (angle[cell] == one)).sum((1, 2)) for one in range(_ANGLES)]
            histogram = np.stack(sums, axis=1)
            histogram /= np.linalg.norm(histogram, axis=1, keepdims=True) + 0.01
            found += [histogram, colours[cell].mean((1, 2)), colours[cell].std((1, 2))]
    return np.concatenate(found, axis=1)
