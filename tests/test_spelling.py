"""Which name was meant."""

import jax
import pytest

from esoftmax_jax import losses, noise
from esoftmax_jax.spelling import closest, did_you_mean, to_rename


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("trian", ["train", "compare"], "train"),
        ("walk", ["train", "compare"], None),
        ("CE_ε", ["CE", "CE_eps"], "CE_eps"),
        ("Two Words", ["twowords", "two"], "twowords"),
        ("b", ["B", "b "], "B"),  # the first of two that are compared alike
        ("sym", ["asymmetric", "symmetric"], "symmetric"),  # the rest was left out
        ("sy", ["symmetric"], None),
        ("", ["a"], None),
        ("a", [], None),
    ],
)
def test_the_nearest_name(name, known, meant):
    assert closest(name, known) == meant
    assert did_you_mean(name, known) == ("" if meant is None else f"; did you mean {meant!r}?")


def test_other_names():
    others = {"mask": "where", "Weights": "labels"}
    assert closest("masks", ["where", "weights"], others) == "where"
    assert closest("weight", ["where", "weights"], others) == "weights"  # a name comes first


def test_what_is_to_be_renamed():
    assert to_rename("label", ["path", "Label"]) == ": rename 'Label'"
    assert to_rename("label", ["path", "labels"]) == ": rename 'labels'"
    for other in ("fruit", "clean_label", "table"):
        assert to_rename("label", ["path", other]) == ""


def test_losses_and_class_maps_that_are_nearly_right():
    with pytest.raises(ValueError, match=r"got 'ce'; did you mean 'CE'\?; a loss of your own"):
        losses.get("ce")
    with pytest.raises(TypeError, match=r"AGCE: .* got aa; did you mean 'a'\?$"):
        losses.get("AGCE", aa=6.0, q=1.5)
    with pytest.raises(ValueError, match=r"got 'cifar-10'; did you mean 'cifar10'\?; pass"):
        noise.asymmetric_noise(jax.random.key(0), [0, 1], rate=0.1, class_map="cifar-10")
