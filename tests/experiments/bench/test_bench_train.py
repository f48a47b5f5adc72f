"""``bench train``: the operations it counts, the peak it measures, what it writes."""

import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax.app.engine import matrix_peak as _matrix_peak
from esoftmax_jax.app.engine.operations import forward_operations, step_operations
from esoftmax_jax.app.networks.resnet import ResNet34
from esoftmax_jax.app.networks.small import MLP, EightLayerCNN, MnistCNN
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.bench import train as _bench_train
from experiments.bench.torch_peer import make_torch_network, torch_epoch


def test_operations_by_hand():
    mlp = 2 * 5 * (12 * 7 + 7 * 3)
    assert forward_operations(MLP(3, hidden=(7,)), (5, 2, 2, 3)) == mlp
    assert step_operations(MLP(3, hidden=(7,)), (5, 2, 2, 3)) == 3 * mlp
    mnist = 28 * 28 * 9 * 32 + 14 * 14 * 9 * 32 * 64 + 3136 * 128 + 1280
    assert forward_operations(MnistCNN(10), (1, 28, 28, 1)) == 2 * mnist
    # 1.16 thousand million multiplications is the usual figure for 32×32 images.
    resnet = ResNet34(100, convolution="lax")  # as many in any form, and traced in no time
    assert forward_operations(resnet, (1, 32, 32, 3)) == pytest.approx(2.32e9, rel=0.01)


def test_operations_against_the_compiler():
    shape = (6, 8, 8, 3)
    model = ResNet34(num_classes=3, widths=(32, 64), blocks=(1, 1), convolution="patches")
    key, images = jax.random.key(0), jax.ShapeDtypeStruct(shape, jnp.float32)
    variables = jax.eval_shape(lambda x: model.init(key, x, train=False), images)

    def gradient(variables, images):
        def total(params):
            changed = variables | {"params": params}
            return model.apply(changed, images, train=True, mutable=["batch_stats"])[0].sum()

        return jax.grad(total)(variables["params"])

    analysis: Any = jax.jit(gradient).lower(variables, images).cost_analysis()
    # Batch norm, ReLU and the sums of the gradients' copies are in the compiler's figure.
    assert 0.9 < analysis["flops"] / step_operations(model, shape) < 1.1


def test_writes_a_line_for_a_dtype(monkeypatch, tmp_path, capsys):
    case = _bench_train._Case("MLP", "mnist", (4, 4, 1), share=1.0, width=1 / 64)
    monkeypatch.setattr(_bench_train, "CASES", {"mlp": case})
    monkeypatch.setattr(_matrix_peak, "SMALLEST", 16)
    monkeypatch.setattr(_matrix_peak, "LARGEST", 16)
    monkeypatch.setattr(_matrix_peak, "BURST_SECONDS", 1e-4)
    path = tmp_path / "bench.jsonl"
    _bench_train.bench_train(
        steps=2, repeats=1, json_path=path, dtype="bfloat16", networks=["mlp"]
    )
    (line,) = map(json.loads, path.read_text().splitlines())
    assert (line["bench"], line["dtype"], line["repeats"]) == ("train", "bfloat16", 1)
    figure = line["figures"]["MLP"]
    assert figure["operations_per_step"] == 3 * 2 * 128 * (16 * 4 + 4 * 10)
    rate = figure["images_per_second"] / 128 * figure["operations_per_step"]
    assert figure["operations_per_second"] == pytest.approx(rate, rel=1e-3)
    share = figure["operations_per_second"] / line["matrix_peak"]
    assert figure["peak_share"] == pytest.approx(share, abs=1e-4)
    shown = capsys.readouterr().out
    assert "training in bfloat16" in shown
    assert "share of peak" in shown


def test_dtypes_by_device(monkeypatch):
    for backend, expected in (("cpu", ("float32",)), ("gpu", ("float32", "bfloat16"))):
        monkeypatch.setattr(jax, "default_backend", lambda name=backend: name)
        assert _bench_train._dtypes() == expected


def test_unknown_network():
    with pytest.raises(UsageError, match="among mnist_cnn, eight_layer_cnn, resnet34, got 'x'"):
        _bench_train.bench_train(steps=2, repeats=1, json_path=None, networks=["x"])


def test_a_peer_that_is_not_installed(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        UsageError, match=r"--peer: expected PyTorch to be installed, it is not"
    ):
        _bench_train.bench_train(steps=2, repeats=1, json_path=None, peer=True)


@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (MnistCNN(10), (28, 28, 1)),
        (EightLayerCNN(10), (32, 32, 3)),
        (ResNet34(10), (32, 32, 3)),
    ],
    ids=["mnist_cnn", "eight_layer_cnn", "resnet34"],
)
def test_the_peer_is_the_same_network(request, network, shape):
    pytest.importorskip("torch")
    name = request.node.callspec.id
    images = jax.ShapeDtypeStruct((1, *shape), jnp.float32)
    key = jax.random.key(0)
    variables = jax.eval_shape(lambda x: network.init(key, x, train=False), images)
    ours = sorted(tuple(sorted(x.shape)) for x in jax.tree.leaves(variables["params"]))
    model = make_torch_network(name, shape)
    theirs = sorted(tuple(sorted(x.shape)) for x in model.parameters())
    assert theirs == ours


def test_the_peer_learns():
    pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    labels = np.arange(64) % 10
    images = rng.integers(0, 60, (64, 28, 28, 1), np.uint8) + 19 * labels[
        :, None, None, None
    ].astype(np.uint8)
    for channels_last in (False, True):
        epoch = torch_epoch(
            "mnist_cnn",
            images,
            labels,
            batch_size=32,
            dtype="float32",
            channels_last=channels_last,
        )
        losses = [epoch() for _ in range(20)]
        assert losses[-1] < 0.5 * losses[0]
