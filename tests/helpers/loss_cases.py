"""The one table of losses: each line is a loss, its hyperparameters and its slow formula.

Adding a loss is adding a line.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from esoftmax_jax import losses
from esoftmax_jax.losses import _registry as registry
from tests.helpers import loss_formulas as formulas


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """One loss with one setting of its hyperparameters, and what does not hold for it."""

    loss: Callable[..., Any]
    formula: Callable[..., Any] | None  # None: it draws at random
    hyperparameters: dict[str, Any] = dataclasses.field(default_factory=dict)
    arrays: Mapping[str, Callable[[int, Any], Any]] = dataclasses.field(default_factory=dict)
    bounded: bool = False  # finite even where the label's class is masked by −inf
    depends_on_masked: bool = False  # removing a class of logit −inf changes the loss
    depends_on_constant: bool = False  # adding a constant to the logits changes the loss
    large_temporaries: int = 0  # arrays of the logits' size that XLA keeps, on a CPU
    constant_sum: Callable[[int], float] | None = (
        None  # Σ_y ℓ(z, y) for K classes, if symmetric
    )

    @property
    def name(self):
        settings = ",".join(f"{k}={v}" for k, v in self.hyperparameters.items())
        return f"{self.loss.__name__}({settings})"

    @property
    def numbers(self):
        """The hyperparameters that may be traced."""
        return {k: v for k, v in self.hyperparameters.items() if isinstance(v, float)}

    def options(self, num_classes, dtype):
        made = {name: make(num_classes, dtype) for name, make in self.arrays.items()}
        return self.hyperparameters | made

    def __call__(self, logits, labels, axis=-1, **kwargs):
        options = self.options(logits.shape[axis], logits.dtype)
        return self.loss(logits, labels, axis=axis, **options, **kwargs)

    def reference(self, logits, labels):
        rows = np.asarray(logits, np.float64).reshape(-1, np.shape(logits)[-1])
        flat = np.asarray(labels).reshape(-1)
        assert self.formula is not None
        options = self.options(rows.shape[1], np.float64)
        with np.errstate(divide="ignore"):
            values = [self.formula(z, y, **options) for z, y in zip(rows, flat, strict=True)]
        return np.array(values).reshape(np.shape(labels))


def uneven_matrix(num_classes, dtype):
    """Row k keeps 0.7, gives 0.2 to its neighbour and spreads 0.1."""
    eye = np.eye(num_classes)
    matrix = 0.7 * eye + 0.2 * np.roll(eye, 1, axis=1) + 0.1 / num_classes
    return matrix.astype(dtype if np.dtype(dtype).itemsize >= 4 else np.float32)


def one(_):
    return 1


def mae_sum(num_classes):
    return 2 * (num_classes - 1)


def rce_sum(num_classes):
    return -formulas.LOG_FLOOR * (num_classes - 1)


def nnce_sum(num_classes):
    return num_classes - 1


L, F = losses, formulas
STOP = {"stop_modulator_gradient": True}
MATRIX = {"transition_matrix": uneven_matrix}
KEY = {"key": lambda *_: jax.random.key(0)}
# One setting of a loss as a rule: the golden files have more, and every line costs compile time.
# fmt: off
CASES = [
    Case(L.cross_entropy, F.ce),
    Case(L.focal_loss, F.focal, {"gamma": 0.5}),
    Case(L.focal_loss, F.focal, {"gamma": 0.5, **STOP}),
    Case(L.temperature_softmax_cross_entropy, F.ce_tau, {"tau": 0.5}),
    Case(L.normalized_cross_entropy, F.nce, bounded=True, large_temporaries=2, constant_sum=one),
    Case(L.normalized_focal_loss, F.nfl, {"gamma": 0.5}, bounded=True, large_temporaries=7, constant_sum=one),
    Case(L.mean_absolute_error, F.mae, bounded=True, constant_sum=mae_sum),
    Case(L.generalized_cross_entropy, F.gce, {"q": 0.7}, bounded=True),
    Case(L.generalized_cross_entropy, F.gce, {"q": 0.3, "min_prob": 1e-8}, bounded=True),
    Case(L.reverse_cross_entropy, F.rce, bounded=True, constant_sum=rce_sum),
    Case(L.symmetric_cross_entropy, F.sce, {"alpha": 0.1, "beta": 1.0}),
    Case(L.asymmetric_generalized_cross_entropy, F.agce, {"a": 0.6, "q": 0.6}, bounded=True),
    Case(L.asymmetric_unhinged_loss, F.aul, {"a": 6.3, "q": 1.5}, bounded=True),
    Case(L.asymmetric_exponential_loss, F.ael, {"a": 2.5}, bounded=True),
    Case(L.mean_squared_error, F.mse, bounded=True, large_temporaries=1, depends_on_masked=True),
    Case(L.asymmetric_mean_squared_error, F.amse, {"a": 30.0}, bounded=True, large_temporaries=1, depends_on_masked=True),
    Case(L.variation_cross_entropy, F.vce, {"a": 1.0}, bounded=True),
    Case(L.variation_squared_error, F.vmse, {"a": 5.0}, bounded=True),
    Case(L.taylor_cross_entropy, F.taylor, {"order": 6}, bounded=True),
    Case(L.partially_huberised_cross_entropy, F.phuber, {"tau": 10.0}, bounded=True),
    Case(L.dynamic_fine_tuning_loss, F.dft, bounded=True),
    Case(L.jensen_shannon_loss, F.js, {"pi": 0.3}, bounded=True),
    Case(L.bi_tempered_loss, F.bi_tempered, {"t1": 0.8, "t2": 1.4}, bounded=True, large_temporaries=3),
    Case(L.logit_clip_cross_entropy, F.logit_clip, {"delta": 0.5}, depends_on_constant=True, large_temporaries=3),
    Case(L.ldr_kl_loss, F.ldr_kl, {"threshold": 0.1, "lam": 10.0}, depends_on_constant=True, large_temporaries=5),
    Case(L.normalized_negative_cross_entropy, F.nnce, bounded=True, large_temporaries=3, constant_sum=nnce_sum),
    Case(L.normalized_negative_focal_loss, F.nnfl, {"gamma": 0.5}, bounded=True, large_temporaries=7, constant_sum=nnce_sum),
    Case(L.negative_learning_loss, None, {"num_complementary": 2}, KEY, depends_on_masked=True, large_temporaries=8),
    Case(L.forward_corrected_cross_entropy, F.forward, {}, MATRIX, bounded=True, depends_on_masked=True, large_temporaries=5),
    Case(L.backward_corrected_cross_entropy, F.backward, {}, MATRIX, depends_on_masked=True, large_temporaries=5),
    Case(L.epsilon_softmax_cross_entropy, F.ce_eps, {"m": 1e5}, bounded=True),
    Case(L.epsilon_softmax_cross_entropy, F.ce_eps, {"m": 0.5, "min_prob": None}),
    Case(L.epsilon_softmax_focal_loss, F.fl_eps, {"m": 10.0}, bounded=True),
    Case(L.epsilon_softmax_focal_loss, F.fl_eps, {"m": 1e3, "gamma": 0.1, **STOP}, bounded=True),
    Case(L.epsilon_softmax_cross_entropy_with_mae, F.ce_eps_mae, {"m": 1e5, "alpha": 0.01, "beta": 5.0}, bounded=True),
    Case(L.epsilon_softmax_focal_loss_with_mae, F.fl_eps_mae, {"m": 1e3, "alpha": 0.02, "beta": 5.0, "gamma": 0.1, **STOP}, bounded=True),
]
# fmt: on


def named_losses(num_classes):
    """Return every loss of the registry, with the settings of its first line above."""
    first = {case.loss: case for case in reversed(CASES)}
    missing = {loss.__name__ for loss in registry._SINGLE.values() if loss not in first}
    assert not missing, f"expected a line of CASES for {missing}"

    def named(name):
        parts = registry._PAIRS.get(name) or (registry._SINGLE[name],)
        weights = {"alpha": 0.5, "beta": 2.0} if len(parts) == 2 else {}
        for part in reversed(parts):
            weights |= first[part].options(num_classes, "float32")
        return losses.get(name, **weights)

    return {name: named(name) for name in losses.names()}
