"""The one table of losses: each line is a loss, its hyperparameters and its slow formula.

The formulas are NumPy float64, one example at a time, written from the definitions: softmax,
one-hot, clip, log. Adding a loss is adding a line.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from esoftmax_jax import losses

LOG_FLOOR = np.log(1e-4)


def softmax(z):
    e = np.exp(z - np.max(z))
    return e / e.sum()


def epsilon_prob(z, y, m, min_prob):
    p = softmax(z)
    predicted = z[y] >= np.max(z)
    u = (p[y] + m * predicted) / (m + 1)
    return u if min_prob is None else max(u, min_prob)


def ce_eps(z, y, *, m, min_prob=1e-8):
    return -np.log(epsilon_prob(z, y, m, min_prob))


def fl_eps(z, y, *, m, gamma=0.1, min_prob=1e-8, **_):
    u = epsilon_prob(z, y, m, min_prob)
    return -((1 - u) ** gamma) * np.log(u)


def mae(z, y):
    one_hot = np.zeros_like(z)
    one_hot[y] = 1
    return np.abs(one_hot - softmax(z)).sum()


def ce_eps_mae(z, y, *, alpha, beta, **kw):
    return alpha * ce_eps(z, y, **kw) + beta * mae(z, y)


def fl_eps_mae(z, y, *, alpha, beta, **kw):
    return alpha * fl_eps(z, y, **kw) + beta * mae(z, y)


def ce(z, y):
    return -np.log(softmax(z)[y])


def focal(z, y, *, gamma=0.5, **_):
    p = softmax(z)[y]
    return -((1 - p) ** gamma) * np.log(p)


def gce(z, y, *, q=0.7, min_prob=None):
    p = softmax(z)[y]
    p = p if min_prob is None else max(p, min_prob)
    return (1 - p**q) / q


def rce(z, y, *, min_target=1e-4):
    p = softmax(z)
    target = np.full_like(z, min_target)
    target[y] = 1
    return -(p * np.log(target)).sum()


def sce(z, y, *, alpha, beta):
    return alpha * ce(z, y) + beta * rce(z, y)


def nce(z, y):
    log_p = np.log(softmax(z))
    return log_p[y] / log_p[np.isfinite(z)].sum()


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """One loss with one setting of its hyperparameters."""

    loss: Callable[..., Any]
    formula: Callable[..., Any]
    hyperparameters: dict[str, Any] = dataclasses.field(default_factory=dict)
    golden: str | None = None  # its name in the authors' code
    bounded: bool = False  # finite even where the label's class is masked by −inf
    large_temporaries: int = 0  # arrays of the logits' size that XLA keeps, on a CPU
    constant_sum: Callable[[int], float] | None = (
        None  # Σ_y ℓ(z, y) for K classes, if symmetric
    )

    @property
    def name(self):
        settings = ",".join(f"{k}={v}" for k, v in self.hyperparameters.items())
        return f"{self.loss.__name__}({settings})"

    def __call__(self, logits, labels, **kwargs):
        return self.loss(logits, labels, **self.hyperparameters, **kwargs)

    def reference(self, logits, labels):
        rows = np.asarray(logits, np.float64).reshape(-1, np.shape(logits)[-1])
        flat = np.asarray(labels).reshape(-1)
        with np.errstate(divide="ignore"):
            values = [
                self.formula(z, y, **self.hyperparameters)
                for z, y in zip(rows, flat, strict=True)
            ]
        return np.array(values).reshape(np.shape(labels))


E = losses
STOP = {"stop_modulator_gradient": True}
CASES = [
    Case(E.cross_entropy, ce, golden="ce"),
    Case(E.focal_loss, focal, {"gamma": 0.5}),
    Case(E.focal_loss, focal, {"gamma": 2.0}),
    Case(E.focal_loss, focal, {"gamma": 0.5, **STOP}, golden="focal"),
    Case(
        E.normalized_cross_entropy,
        nce,
        golden="nce",
        bounded=True,
        large_temporaries=2,
        constant_sum=lambda _: 1,
    ),
    Case(
        E.mean_absolute_error,
        mae,
        golden="mae",
        bounded=True,
        constant_sum=lambda num_classes: 2 * (num_classes - 1),
    ),
    Case(E.generalized_cross_entropy, gce, {"q": 0.7}, bounded=True),
    Case(
        E.generalized_cross_entropy,
        gce,
        {"q": 0.3, "min_prob": 1e-8},
        golden="gce",
        bounded=True,
    ),
    Case(
        E.reverse_cross_entropy,
        rce,
        golden="rce",
        bounded=True,
        constant_sum=lambda num_classes: -LOG_FLOOR * (num_classes - 1),
    ),
    Case(E.symmetric_cross_entropy, sce, {"alpha": 0.1, "beta": 1.0}, golden="sce"),
    Case(E.epsilon_softmax_cross_entropy, ce_eps, {"m": 1e5}, golden="ece", bounded=True),
    Case(E.epsilon_softmax_cross_entropy, ce_eps, {"m": 0.5, "min_prob": None}),
    Case(E.epsilon_softmax_focal_loss, fl_eps, {"m": 10.0}, bounded=True),
    Case(
        E.epsilon_softmax_focal_loss,
        fl_eps,
        {"m": 1e3, "gamma": 0.1, **STOP},
        golden="efl",
        bounded=True,
    ),
    Case(
        E.epsilon_softmax_cross_entropy_with_mae,
        ce_eps_mae,
        {"m": 1e5, "alpha": 0.01, "beta": 5.0},
        golden="ece+mae",
        bounded=True,
    ),
    Case(
        E.epsilon_softmax_focal_loss_with_mae,
        fl_eps_mae,
        {"m": 1e3, "alpha": 0.02, "beta": 5.0, "gamma": 0.1, **STOP},
        golden="efl+mae",
        bounded=True,
    ),
]
