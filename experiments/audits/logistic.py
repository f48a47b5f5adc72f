"""Logistic regression as one would use it: its C chosen by folds of the noisy labels.

It needs scikit-learn alone: the jobs of a user of cleanlab import it.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

CS = (0.001, 0.01, 0.1, 1.0, 10.0)
FOLDS = 5


def tuned(make: Callable[[LogisticRegression], Any], features: Any, labels: Any) -> Any:
    """Return the model of the C that gives most held-out labels, and its probabilities.

    Args:
        make: returns a model of scikit-learn around a logistic regression.
        features: what the model takes.
        labels: (N,), such as they are.

    Returns:
        The model, not fitted, and float (N, K), out of fold.
    """
    numbers = np.unique(labels, return_inverse=True)[1]
    found = []
    for c in CS:
        model = make(LogisticRegression(C=c, max_iter=1000))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            chances = cross_val_predict(
                model, features, numbers, cv=FOLDS, method="predict_proba"
            )
        found.append((np.mean(chances.argmax(axis=1) == numbers), -c, model, chances))
    *_, model, chances = max(found, key=lambda one: one[:2])
    return model, chances
