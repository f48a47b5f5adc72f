"""A table as it comes through train, predict and noise: one model that takes the same table."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from esoftmax_jax import app
from experiments.cli import main
from tests.app.data.columns.table_helpers import CELLS
from tests.app.data.columns.test_mixed_tables import LABELS, LINE, SPLIT, write

pytestmark = pytest.mark.usefixtures("folder")


def test_a_model_takes_the_table_that_it_was_trained_on(capsys):
    spec = write()
    common = ["--dataset", spec, "--ignore", "site"]
    assert main(["noise", *common, "--out", "drawn"]) == 0
    told = LINE.replace("9 columns", "8 columns").replace(", site (always 'north')", "")
    assert told in " ".join(capsys.readouterr().out.split())
    train = ["train", *common, "--epochs", "1", "--loss", "CE", "--workdir", "run"]
    assert main(train) == 0
    assert sorted(path.name for path in Path("run/model").iterdir()) == [
        "columns.json", "columns.npz", "logits.jaxexport", "model.json", "parameters.npz"
    ]  # fmt: skip
    shape = json.loads(Path("run/model/model.json").read_text())["input_shape"]
    data = app.load_dataset(spec)
    assert data.columns is not None
    assert shape == [data.columns.width]
    new = {name: column[:5] for name, column in reversed(CELLS.items()) if name != "site"}
    new_spec = write("new.csv", **new)
    capsys.readouterr()
    assert main(["predict", "--model", "run", "--inputs", new_spec]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "Columns: age, income, member, joined, city, note." in printed
    assert "Inputs: Columns that are passed over: 'id', 'patient'." in printed
    found = app.predict("run", new_spec)
    features = np.concatenate([data.train.images, data.test.images])
    places = np.concatenate(
        [data.train.ids, [i for i, one in enumerate(SPLIT) if one == "test"]]
    )
    first = np.argsort(places)[:5]
    again = app.predict("run", features[first])  # features are taken too
    np.testing.assert_allclose(found.probabilities, again.probabilities, atol=1e-6)
    model = pickle.loads(
        pickle.dumps(app.train(data, epochs=1, loss="CE", suspects=False).model)
    )
    np.testing.assert_allclose(
        app.predict(model, new_spec).probabilities, found.probabilities, atol=1e-6
    )
    of_table = app.predict("run", {name: list(column) for name, column in new.items()})
    np.testing.assert_array_equal(of_table.probabilities, found.probabilities)
    Path("run/model/columns.json").write_text("{}")
    assert main(["predict", "--model", "run", "--inputs", new_spec]) == 2
    assert "columns.json is not as it was written" in capsys.readouterr().err


def test_another_choice_of_columns_is_another_run(capsys):
    spec = write(**{name: CELLS[name] for name in ("age", "city")}, label=LABELS)
    train = ["train", "--dataset", spec, "--epochs", "1", "--loss", "CE", "--workdir", "run"]
    assert main(train) == 0
    capsys.readouterr()
    assert main([*train, "--columns", "city"]) == 2
    assert "--workdir" in capsys.readouterr().err
    with pytest.raises(
        app.UsageError, match="columns: expected nothing beside a dataset that is"
    ):
        app.train(app.load_dataset(spec), columns="age")
