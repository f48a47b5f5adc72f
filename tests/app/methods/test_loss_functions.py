"""From Python a loss of one's own is the function itself; results have its qualified name."""

import functools
import pickle

import jax
import pytest

from esoftmax_jax import app, losses
from esoftmax_jax.app.methods.find import as_given, find_method, find_methods
from esoftmax_jax.app.methods.methods import METHODS
from esoftmax_jax.app.terminal.messages import UsageError

HERE = __name__


def times_mae(logits, labels, *, scale=1.0):
    return scale * losses.mean_absolute_error(logits, labels)


class Scaled:
    def __call__(self, logits, labels, *, scale=2.0):
        return scale * losses.mean_absolute_error(logits, labels)


def function_in_a_function():
    def inner(logits, labels):
        return losses.cross_entropy(logits, labels)

    return inner


SCALED = Scaled()
BOUND = functools.partial(losses.generalized_cross_entropy, q=0.7)


@pytest.mark.parametrize(
    ("function", "name", "defaults"),
    [
        (times_mae, f"{HERE}.times_mae", (("scale", 1.0),)),
        (SCALED, f"{HERE}.Scaled", (("scale", 2.0),)),
        (function_in_a_function(), f"{HERE}.function_in_a_function.<locals>.inner", ()),
        (losses.cross_entropy, f"{losses.cross_entropy.__module__}.cross_entropy", ()),
    ],
)
def test_a_function_is_a_loss_under_its_qualified_name(function, name, defaults):
    found, method = find_method("--loss", function)
    assert (found, method.defaults) == (name, defaults)
    assert as_given({found: method})[found] is function
    assert len(str(method.content_hash(3, 4))) == 16


def test_what_is_bound_is_a_default():
    name, method = find_method("--loss", BOUND)
    assert name == f"{losses.generalized_cross_entropy.__module__}.generalized_cross_entropy"
    assert dict(method.defaults)["q"] == 0.7


def test_losses_by_name_and_by_function_are_one_table():
    found = find_methods("--losses", ["CE_ε", times_mae, "CE_eps", times_mae])
    assert list(found) == ["CE_eps", f"{HERE}.times_mae"]
    assert found["CE_eps"] is METHODS["CE_eps"]


def test_two_functions_of_one_name_are_refused():
    first, second = function_in_a_function(), function_in_a_function()
    with pytest.raises(UsageError, match=r"expected functions of different names, got .*inner"):
        find_methods("--losses", [first, second])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda logits: logits, r"^loss: expected a function of \(logits, labels, .*two argum"),
        (lambda logits, labels, *, a: logits, r"^loss: expected a default for every .*'a' of "),
        (lambda logits, labels: labels, r"^loss: .*<lambda>: expected one floating-point"),
        (
            lambda logits, labels: logits[:, 0] if labels[0] else logits[:, 1],
            r"^loss: .*got TracerBoolConversionError in line \d+: ",
        ),
    ],
)
def test_a_function_that_is_no_loss(function, message):
    with pytest.raises(UsageError, match=message):
        app.train("wine", loss=function, epochs=1)


def test_a_function_trains_as_the_loss_it_computes(tmp_path):
    found = app.compare(
        "wine",
        losses=["MAE", times_mae],
        noise="symmetric:0.3",
        seeds=1,
        epochs=2,
        tune=False,
        out=tmp_path,
    )
    named, own = found.runs
    assert own.config.loss.name == f"{HERE}.times_mae"
    assert [row["loss"] for row in found.table] == ["MAE", f"{HERE}.times_mae"]
    assert own.curves["train_loss"].tolist() == named.curves["train_loss"].tolist()
    # What names it for ``train`` is the function, so that a run can be repeated.
    assert own.choice["loss"] is times_mae
    again = app.train("wine", **own.choice, epochs=2, seed=0)
    assert again.run.config == own.config
    assert pickle.loads(pickle.dumps(again)).run.choice == own.choice
    assert f'"{HERE}.times_mae"' in (tmp_path / "results.jsonl").read_text(encoding="utf-8")


def test_a_function_may_draw():
    def drawing(logits, labels, *, key):
        return jax.random.uniform(key, labels.shape) * logits[:, 0]

    _, method = find_method("--loss", drawing)
    assert method.draws


def test_every_loss_without_a_matrix_can_be_named():
    named = {method.name for method in METHODS.values()}
    assert {*losses.names()} - named == {"Forward", "Backward"}, "add its _CANDIDATES"
