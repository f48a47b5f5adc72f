"""Presets: numbers in any dress find their cell, and nothing in a preset can be changed."""

import copy
import dataclasses
import json
import pickle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import losses, presets
from esoftmax_jax.presets._cells import CELLS


def preset():
    return presets.paper("cifar10", "symmetric", 0.8)["CE_eps+MAE"]


def test_a_rate_is_a_rate_whatever_it_came_as():
    for rate in (np.float32(0.8), jnp.float32(0.8), np.float64(0.8), np.array(0.8), 2 * 0.4):
        for dataset in ("cifar10", "cifar100"):
            rows = presets.paper(dataset, "symmetric", rate)  # type: ignore[arg-type]
            assert rows == presets.paper(dataset, "symmetric", 0.8)
    exact = presets.paper("cifar100", "symmetric", 0.6)
    assert presets.paper("cifar100", "symmetric", 3 * 0.2) == exact
    # Table 6 is chosen by the rate as well.
    drawn = presets.paper("cifar100", "asymmetric", np.float32(0.4))  # type: ignore[arg-type]
    assert "CE_tau+MAE (tau=0.3)" in drawn
    assert presets.paper("cifar10", "clean", 0) == presets.paper("cifar10", "clean")


def test_every_cell_is_there():
    for dataset, kinds in CELLS.items():
        for noise, rates in kinds.items():
            for rate in rates or (None,):
                assert "CE" in presets.paper(dataset, noise, rate)


WRONG = [
    (("CIFAR-10", "clean"), ValueError, "got 'CIFAR-10'; did you mean 'cifar10'\\?"),
    (("mnist", "clean"), ValueError, "dataset: expected one of cifar10, .*, got 'mnist'$"),
    (("cifar10", "asymetric", 0.2), ValueError, "noise: .*; did you mean 'asymmetric'\\?"),
    (("cifar10", "sym", 0.2), ValueError, "noise: .*; did you mean 'symmetric'\\?"),
    (("cifar10n", "worse"), ValueError, "noise: .* for cifar10n, .*; did you mean 'worst'"),
    ((["cifar10"], "clean"), TypeError, "dataset: .*, got \\['cifar10'\\]; pass a string"),
    (("cifar10", {"a": 1}), TypeError, "noise: .*, got {'a': 1}; pass a string"),
    ((None, "clean"), TypeError, "dataset: .*, got None; pass a string"),
    (("cifar10", "symmetric", "0.8"), TypeError, "rate: expected a number or None, got '0.8'"),
    (("cifar10", "symmetric", True), TypeError, "rate: expected a number or None, got True"),
    (("cifar10", "symmetric", [0.8]), TypeError, "rate: .*, got \\[0.8\\]; pass e.g. 0.4"),
    (("cifar10", "symmetric", np.array([0.8])), TypeError, "rate: expected a number or None"),
    (("cifar10", "symmetric", 0.8001), ValueError, "rate: expected 0.2, .*, got 0.8001"),
    (("cifar10", "symmetric", float("nan")), ValueError, "rate: expected 0.2, .*, got nan"),
    (("cifar10n", "worst", 0.4), ValueError, "rate: expected none .*, got 0.4; leave it out"),
    (("cifar10n", "worst", "0.4"), TypeError, "rate: expected a number or None, got '0.4'"),
]


@pytest.mark.parametrize(("cell", "error", "message"), WRONG)
def test_cells_that_are_not_in_the_paper(cell, error, message):
    with pytest.raises(error, match=message):
        presets.paper(*cell)


def test_a_traced_rate_is_refused():
    with pytest.raises(TypeError, match="rate: expected a number or None, got .*Tracer"):
        jax.jit(lambda rate: len(presets.paper("cifar10", "symmetric", rate)))(0.8)


def test_a_preset_can_be_stored_copied_and_hashed():
    values = {"alpha": 0.01, "beta": 5.0, "m": 1e5}
    assert pickle.loads(pickle.dumps(preset())) == preset()
    assert pickle.loads(pickle.dumps(preset().hyperparameters)) == values
    assert copy.copy(preset()) == copy.deepcopy(preset()) == preset()
    assert copy.copy(preset().hyperparameters) == values
    assert hash(preset()) == hash(copy.copy(preset()))
    other = presets.Preset("CE_eps+MAE", dict(reversed(values.items())), 2)
    assert other == preset()
    assert len({other, preset()}) == 1
    assert preset() != presets.paper("cifar10", "asymmetric", 0.4)["CE_eps+MAE"]
    plain = dataclasses.asdict(preset())
    assert type(plain["hyperparameters"]) is dict
    assert json.loads(json.dumps(plain)) == {
        "loss_name": "CE_eps+MAE",
        "hyperparameters": values,
        "table": 2,
    }
    plain["hyperparameters"]["alpha"] = 1.0
    assert preset().hyperparameters["alpha"] == 0.01
    assert dataclasses.replace(preset(), table=4).hyperparameters == values
    assert repr(preset().hyperparameters) == f"Hyperparameters({values})"


def test_a_preset_cannot_be_changed():
    given = {"alpha": 1.0}
    made = presets.Preset("CE", given, 2)
    given["alpha"] = 2.0
    assert made.hyperparameters["alpha"] == 1.0
    for one in (made, preset(), copy.deepcopy(preset()), pickle.loads(pickle.dumps(preset()))):
        values: Any = one.hyperparameters
        with pytest.raises(TypeError):
            values["alpha"] = 3.0
        with pytest.raises(AttributeError, match="hyperparameters: cannot set _values; change"):
            values._values = {}
        with pytest.raises(AttributeError, match="cannot delete _values"):
            del values._values
        with pytest.raises(dataclasses.FrozenInstanceError):
            one.table = 3  # type: ignore[misc]


def test_hyperparameters_are_a_mapping_like_any_other():
    values = preset().hyperparameters
    assert dict(values) == dict(**values) == values.copy()
    assert values | {"m": 1.0} == {"alpha": 0.01, "beta": 5.0, "m": 1.0}
    assert {"m": 1.0, "q": 2.0} | values == {**values, "q": 2.0}
    with pytest.raises(TypeError, match="unsupported operand"):
        values | 3
    loss = losses.get("CE_eps+MAE", **values)
    z, y = jnp.eye(3), jnp.arange(3)
    np.testing.assert_array_equal(loss(z, y), preset().loss()(z, y))
