"""The networks of the experiments in PyTorch, in an eager loop: the peer of ``bench train``.

PyTorch is no dependency: it is imported where the peer is asked for. The loop does what one
would write: take a batch from the device, normalise, forward, cross-entropy, backward, clip,
SGD with momentum and weight decay. Nothing is read back before the end of an epoch.
"""

import importlib.util
import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from esoftmax_jax.app.engine.config import ComputeDtype, NetworkName
from esoftmax_jax.app.terminal.messages import UsageError

NUM_CLASSES = 10


def check_torch(option: str) -> None:
    """Refuse the peer where PyTorch is missing, or sees no GPU and JAX does."""
    if importlib.util.find_spec("torch") is None:
        raise UsageError(
            f"{option}: expected PyTorch to be installed, it is not; run pip install torch"
        )
    import torch

    if jax.default_backend() == "gpu" and not torch.cuda.is_available():
        raise UsageError(
            f"{option}: expected a PyTorch that sees the GPU that JAX sees, got "
            f"{torch.__version__}; install one for CUDA, or set JAX_PLATFORMS=cpu"
        )


def describe_torch() -> str:
    """Return the version, and the device or the number of threads."""
    import torch

    where = f"{torch.get_num_threads()} threads"
    if _device() == "cuda":
        where = torch.cuda.get_device_name()
    return f"PyTorch {torch.__version__}, eager, {where}"


def _device() -> str:
    return "cuda" if jax.default_backend() == "gpu" else "cpu"


def torch_epoch(
    network: NetworkName,
    images: Any,
    labels: Any,
    *,
    batch_size: int,
    dtype: ComputeDtype,
    channels_last: bool,
) -> Callable[[], float]:
    """Return a function that trains for an epoch and returns the mean loss.

    Args:
        network: which.
        images: uint8 (N, H, W, C), N a multiple of ``batch_size``.
        labels: integers (N,).
        batch_size: examples in a step.
        dtype: of the computation: by autocast if it is bfloat16.
        channels_last: whether images lie in memory as they do here, or as is PyTorch's default.
    """
    import torch

    device = _device()
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = make_torch_network(network, images.shape[1:]).to(device, memory_format=layout)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    data = torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).to(device)
    targets = torch.from_numpy(np.asarray(labels, np.int64)).to(device)
    half = torch.autocast(device, torch.bfloat16, enabled=dtype == "bfloat16")

    def epoch() -> float:
        model.train()
        total = torch.zeros((), device=device)
        for rows in torch.randperm(len(data), device=device).split(batch_size):
            inputs = (data[rows].float() / 255 - 0.5) / 0.25
            inputs = inputs.contiguous(memory_format=layout)
            optimizer.zero_grad(set_to_none=True)
            with half:
                logits = model(inputs)
            loss = torch.nn.functional.cross_entropy(logits.float(), targets[rows])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            total += loss.detach()
        return float(total) * batch_size / len(data)

    return epoch


def make_torch_network(network: NetworkName, shape: tuple[int, ...]) -> Any:
    """Build the counterpart of ``make_network`` for images (H, W, C)."""
    height, width, channels = shape
    if network == "resnet34":
        return _resnet34(channels)
    widths = ((32,), (64,)) if network == "mnist_cnn" else ((64,) * 2, (128,) * 2, (196,) * 2)
    normalised = network != "mnist_cnn"
    return _plain(channels, widths, (height, width), 256 if normalised else 128, normalised)


def _plain(
    channels: int,
    stages: tuple[tuple[int, ...], ...],
    size: tuple[int, int],
    dense: int,
    normalised: bool,
) -> Any:
    """Stages of convolutions, each ending in max-pooling, and two dense layers."""
    from torch import nn

    layers: list[Any] = []
    for stage in stages:
        for width in stage:
            layers.append(nn.Conv2d(channels, width, 3, padding=1))
            if normalised:
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.ReLU())
            channels = width
        layers.append(nn.MaxPool2d(2))
    features = channels * math.prod(side >> len(stages) for side in size)
    head = [nn.Flatten(), nn.Linear(features, dense), nn.BatchNorm1d(dense), nn.ReLU()]
    return nn.Sequential(*layers, *head, nn.Linear(dense, NUM_CLASSES))


def _resnet34(channels: int) -> Any:
    from torch import nn

    class Block(nn.Module):  # type: ignore[misc,unused-ignore]
        def __init__(self, before: int, width: int, stride: int) -> None:
            super().__init__()
            self.body = nn.Sequential(
                *_normalised(before, width, stride=stride),
                nn.ReLU(),
                *_normalised(width, width),
            )
            same = stride == 1 and before == width
            self.shortcut = (
                nn.Identity()
                if same
                else nn.Sequential(*_normalised(before, width, size=1, stride=stride))
            )

        def forward(self, images: Any) -> Any:
            return nn.functional.relu(self.body(images) + self.shortcut(images))

    layers: list[Any] = [*_normalised(channels, 64), nn.ReLU()]
    before = 64
    for stage, (width, blocks) in enumerate(
        zip((64, 128, 256, 512), (3, 4, 6, 3), strict=True)
    ):
        for place in range(blocks):
            layers.append(Block(before, width, 2 if stage > 0 and place == 0 else 1))
            before = width
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, NUM_CLASSES)]
    return nn.Sequential(*layers, *head)


def _normalised(before: int, width: int, *, size: int = 3, stride: int = 1) -> tuple[Any, Any]:
    """A convolution without bias, and batch norm."""
    from torch import nn

    convolution = nn.Conv2d(before, width, size, stride, padding=size // 2, bias=False)
    return convolution, nn.BatchNorm2d(width)
