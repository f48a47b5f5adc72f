"""What the tests of data sets share."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.terminal.messages import UsageError


def refused(spec: str, *words: str, **options: Any) -> None:
    """Assert that the one-line message holds every word."""
    with pytest.raises(UsageError) as caught:
        load_dataset(spec, **options)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message, message


def four_arrays() -> dict[str, np.ndarray]:
    """Make the arrays of a small set: 12 and 6 colour images of three classes."""
    generator = np.random.default_rng(0)
    return {
        "train_images": generator.integers(0, 256, (12, 4, 5, 3), np.uint8),
        "train_labels": np.arange(12) % 3,
        "test_images": generator.integers(0, 256, (6, 4, 5, 3), np.uint8),
        "test_labels": np.arange(6) % 3,
    }


def pixels(seed: int, size: tuple[int, ...] = (5, 4, 3)) -> np.ndarray:
    """Make random pixels, (height, width) or (height, width, 3)."""
    return np.random.default_rng(seed).integers(0, 256, size, np.uint8)


def draw(path: Path, image: np.ndarray | int = 0, **options: Any) -> np.ndarray:
    """Write an image file of pixels, or of random ones, and return the pixels."""
    image = pixels(image) if isinstance(image, int) else image
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path, **options)
    return image


def tree(root: Path) -> dict[str, tuple[int, int]]:
    """Return every file below a directory with its size and time."""
    return {
        str(path.relative_to(root)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in root.rglob("*")
    }
