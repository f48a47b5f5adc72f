"""Several networks that are one model: written, read back, and asked."""

import json
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import app
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.engine.group import make_group
from esoftmax_jax.app.engine.program import make_program
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.methods.methods import selected
from esoftmax_jax.app.runs.model_file import read_model, trained_model, write_model
from esoftmax_jax.app.runs.networks import Networks, averaged
from esoftmax_jax.app.runs.recipes import make_config
from esoftmax_jax.app.terminal.messages import UsageError


@pytest.fixture(scope="module")
def three():
    """Return three networks that have only been started, and their logits on the test set."""
    dataset = load_dataset("wine")
    noise = parse_noise("none")
    runs = [make_config(dataset, noise, "CE", width=0.05, fold=(one, 3)) for one in range(3)]
    group = make_group(make_program(runs[0], dataset, selected(["CE"]), 1), runs, dataset)
    return Networks.of(group), group.logits(test=True)


def softmax(logits):
    return np.asarray(jax.nn.softmax(logits, axis=-1))


def test_the_model_says_the_mean_of_probabilities(three, tmp_path):
    networks, logits = three
    images = networks.dataset.test.images
    mean = softmax(logits).mean(axis=0)
    assert np.ptp(softmax(logits), axis=0).max() > 0.1  # they differ
    folder = write_model(tmp_path, networks, 0.5)
    for model in (trained_model(networks), read_model("--model", tmp_path)):
        assert model.card.members == 3
        np.testing.assert_allclose(softmax(model.logits(images)), mean, rtol=1e-5, atol=1e-7)
    found = app.predict(tmp_path, images)
    np.testing.assert_allclose(found.probabilities, mean, rtol=1e-5, atol=1e-7)
    voted = np.mean(logits.argmax(axis=2) != mean.argmax(axis=1), axis=0)
    assert found.disagreement is not None
    np.testing.assert_allclose(found.disagreement, voted, atol=1e-6)
    assert voted.max() > 0
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.logits(images), model.logits(images))
    np.testing.assert_array_equal(again.agreement(images), model.agreement(images))
    with np.load(folder / "parameters.npz") as arrays:
        assert arrays["params/dense0/kernel"].shape == (3, 13, 13)


def test_one_network_says_its_logits(three):
    networks, logits = three
    alone = Networks(networks.config, networks.dataset, networks.members[1:2])
    found = trained_model(alone).logits(networks.dataset.test.images)
    np.testing.assert_allclose(found, logits[1], rtol=1e-5, atol=1e-6)
    assert alone.arrays["params/dense0/kernel"].shape == (13, 13)


def test_a_model_is_asked_batch_by_batch(three, monkeypatch):
    networks, _ = three
    model, images = trained_model(networks), networks.dataset.test.images
    logits, votes = model.logits(images), model.agreement(images)
    monkeypatch.setattr("esoftmax_jax.app.runs.model_file.EVAL_BATCH", 16)
    told: list[int] = []
    np.testing.assert_allclose(model.logits(images, told.append), logits, rtol=1e-5, atol=1e-6)
    assert told == [16, 16, 4]
    np.testing.assert_allclose(model.agreement(images), votes)
    assert model.logits(images[:0]).shape == (0, 3)


def test_disagreement_is_a_column_of_the_list(three, tmp_path):
    networks, _ = three
    write_model(tmp_path, networks, 0.5)
    for probabilities in (False, True):  # an older list is replaced
        out = tmp_path / "said.csv"
        images = networks.dataset.test.images[:2]
        said = app.predict(tmp_path, images, out=out, probabilities=probabilities)
        header, first, _ = out.read_text().splitlines()
        assert header.startswith("example,prediction,probability,disagreement")
        assert said.disagreement is not None
        assert float(first.split(",")[3]) == pytest.approx(said.disagreement[0], abs=1e-5)


def test_votes_that_were_changed_are_not_run(three, tmp_path):
    networks, _ = three
    folder = write_model(tmp_path, networks, 0.5)
    (folder / "votes.jaxexport").write_bytes((folder / "logits.jaxexport").read_bytes())
    with pytest.raises(UsageError, match=r"votes\.jaxexport is not as it was written"):
        read_model("--model", tmp_path)


def test_a_number_of_members_is_a_whole_number(three, tmp_path):
    networks, _ = three
    card = write_model(tmp_path, networks, 0.5) / "model.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"members": "3"}))
    with pytest.raises(UsageError, match="members '3'"):
        read_model("--model", tmp_path)


def test_an_average_of_certain_networks_is_finite():
    logits = jnp.array([[[200.0, -200.0]], [[-200.0, 200.0]]])
    np.testing.assert_allclose(averaged(logits), np.log([[0.5, 0.5]]), rtol=1e-6)
    same = jnp.array([[[300.0, 0.0]], [[300.0, 0.0]]])
    np.testing.assert_allclose(averaged(same), [[0.0, -300.0]])
