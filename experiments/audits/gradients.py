"""Features of small pictures without training: directions of edges, and colours."""

import numpy as np

from esoftmax_jax.app.files.arrays import Array

_CELL, _DIRECTIONS = 8, 9


def gradient_features(images: Array) -> Array:
    """Return histograms of oriented gradients, means and deviations of colours, by cell.

    Cells of 8×8 pixels lie side by side, and once more shifted by half of one. Each feature is
    scaled to mean 0 and deviation 1.

    Args:
        images: uint8 (N, H, W, C), H = W.

    Returns:
        float32 (N, D); D is 375 for 32×32×3.
    """
    pixels = images.astype(np.float32) / 255
    grey = pixels.mean(axis=-1)
    down, right = np.zeros_like(grey), np.zeros_like(grey)
    down[:, 1:-1] = grey[:, 2:] - grey[:, :-2]
    right[:, :, 1:-1] = grey[:, :, 2:] - grey[:, :, :-2]
    strength = np.hypot(right, down)
    turn = np.mod(np.arctan2(down, right), np.pi) / np.pi
    direction = (turn * _DIRECTIONS).astype(int) % _DIRECTIONS
    found, size = [], images.shape[1]
    for first in (0, _CELL // 2):
        places = range(first, size - _CELL + 1, _CELL)
        for cell in (np.s_[:, i : i + _CELL, j : j + _CELL] for i in places for j in places):
            shares = [(strength[cell] * (direction[cell] == one)) for one in range(_DIRECTIONS)]
            counts = np.stack([share.sum(axis=(1, 2)) for share in shares], axis=1)
            length = np.linalg.norm(counts, axis=1, keepdims=True)
            colours = pixels[cell]
            found += [counts / (length + 1e-2), colours.mean((1, 2)), colours.std((1, 2))]
    features: Array = np.concatenate(found, axis=1)
    scaled: Array = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-6)
    return scaled.astype(np.float32)
