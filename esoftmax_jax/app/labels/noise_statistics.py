"""How far wrong labels depend on the class, and how far on the image.

Class-dependent noise is described by its transition matrix. Two labelings may share that
matrix and still differ in kind, if in one of them the image decides which wrong label it gets.
The statistics here tell the two apart, for drawn and for published labels alike.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax.noise import noise_rate, transition_matrix

# The strengths of the ridge that the leave-one-out error chooses from, as multiples of the
# mean squared length of a training row.
_RIDGE_STRENGTHS = (0.001, 0.01, 0.1, 1.0)


def transition_distance(
    matrix_a: npt.NDArray[np.floating[Any]], matrix_b: npt.NDArray[np.floating[Any]]
) -> float:
    """Returns the mean total-variation distance of two transition matrices' rows.

    That is (1/K) Σ_i ½ Σ_j |A_ij − B_ij|: 0 for equal matrices, 1 where no row shares a label
    with its counterpart. Rows of zeros, of absent classes, are left out.
    """
    a, b = np.asarray(matrix_a, np.float64), np.asarray(matrix_b, np.float64)
    if a.ndim != 2 or a.shape != b.shape:
        raise ValueError(
            f"expected two matrices of one shape, got {a.shape} and {b.shape}; pass the "
            "transition matrices of the same classes"
        )
    rows = (a.sum(axis=1) > 0) & (b.sum(axis=1) > 0)
    distances = np.abs(a - b)[rows].sum(axis=1) / 2
    return float(distances.mean()) if rows.any() else 0.0


def instance_statistics(
    features: npt.NDArray[Any],
    clean: npt.NDArray[np.integer[Any]],
    noisy: npt.NDArray[np.integer[Any]],
    num_classes: int,
    seed: int = 0,
) -> dict[str, float]:
    """Measures how far wrong labels are spread over the classes and explained by the image.

    The wrong labels are split in halves at random. Within each clean class a ridge
    classifier learns on one half to tell from the features which wrong label an example has;
    on the other half, over all classes, it is right in a share ``a`` of cases, and naming
    the class's most frequent wrong label of the first half in a share ``b``. The share
    that the image explains is (a − b) / (1 − b): about 0 where the label depends on nothing
    but the class, 1 where it is a linear function of the features that the examples suffice
    to learn. It is a lower bound: a dependence that is not linear in the features, as in
    labels that people gave, stays unseen.

    Args:
        features: floating-point (N, ...), normalised; flattened.
        clean: the clean classes (N,).
        noisy: the noisy classes (N,).
        num_classes: number of classes K.
        seed: decides the halves; equal for labelings that are to be compared.

    Returns:
        ``rate``: the share of wrong labels; ``lowest_class_rate`` and
        ``highest_class_rate``: the same within the classes; ``spread``: the
        ``transition_distance`` of the wrong labels of each class from the uniform ones over
        the other classes; ``most_frequent_accuracy`` and ``image_accuracy``: b and a;
        ``image_share`` and ``image_share_error``: the share explained and its standard error.
    """
    from sklearn.linear_model import RidgeClassifierCV

    rows = np.asarray(features, np.float32).reshape(len(clean), -1)
    matrix = np.asarray(transition_matrix(clean, noisy, num_classes=num_classes), np.float64)
    present = matrix.sum(axis=1) > 0
    rates = (1 - np.diag(matrix))[present]
    wrong = matrix * (1 - np.eye(num_classes))
    shares = wrong / np.maximum(wrong.sum(axis=1, keepdims=True), 1e-30)
    uniform = (1 - np.eye(num_classes)) / (num_classes - 1)

    in_first_half = np.random.default_rng(seed).random(len(clean)) < 0.5
    by_image: list[npt.NDArray[np.bool_]] = []
    by_class: list[npt.NDArray[np.bool_]] = []
    for label in range(num_classes):
        flipped = (clean == label) & (noisy != label)
        first = np.flatnonzero(flipped & in_first_half)
        second = np.flatnonzero(flipped & ~in_first_half)
        if not first.size or not second.size:
            continue
        targets, counts = np.unique(noisy[first], return_counts=True)
        most_frequent = targets[counts.argmax()]
        predicted = np.full(second.size, most_frequent)
        if targets.size > 1:
            length = float(np.square(rows[first] - rows[first].mean(axis=0)).sum(axis=1).mean())
            strengths = np.array(_RIDGE_STRENGTHS) * max(length, 1e-12)
            model = RidgeClassifierCV(alphas=strengths).fit(rows[first], noisy[first])
            predicted = model.predict(rows[second])
        by_image.append(predicted == noisy[second])
        by_class.append(most_frequent == noisy[second])
    a, b = _joined(by_image), _joined(by_class)
    above = max(1 - float(b.mean()), 1e-12) if b.size else 1.0
    gains = (a - b) / above
    return {
        "rate": noise_rate(clean, noisy),
        "lowest_class_rate": float(rates.min()),
        "highest_class_rate": float(rates.max()),
        "spread": transition_distance(shares, uniform),
        "most_frequent_accuracy": float(b.mean()) if b.size else 0.0,
        "image_accuracy": float(a.mean()) if a.size else 0.0,
        "image_share": float(gains.mean()) if gains.size else 0.0,
        "image_share_error": float(gains.std() / np.sqrt(gains.size)) if gains.size else 0.0,
    }


def _joined(parts: list[npt.NDArray[np.bool_]]) -> npt.NDArray[np.float64]:
    return np.concatenate(parts).astype(np.float64) if parts else np.zeros(0)
