"""Wrong arguments to the noise that depends on features: one message for each."""

from typing import Any

import jax
import numpy as np
import pytest

from esoftmax_jax.noise import instance_dependent_noise, part_dependent_noise
from tests.helpers.noises import KEY

both_models = pytest.mark.parametrize("noise", [instance_dependent_noise, part_dependent_noise])

OPTIONS: dict[str, Any] = {"num_classes": 10, "rate": 0.3}
FOUR = np.zeros((4, 12), np.float32)
BAD_ROW = np.array([[0.0] * 12, [0.0] * 12, [0.0] * 11 + [np.nan], [np.inf] * 12], np.float32)
BAD_LATE = np.zeros((5000, 1), np.float64)
BAD_LATE[4999] = 1e300


@pytest.mark.parametrize(
    ("features", "error", "message"),
    [
        (
            FOUR.astype(np.uint8),
            TypeError,
            r"floating-point dtype, got uint8; normalise them fi",
        ),
        (FOUR.astype(np.int32), TypeError, r"got int32; normalise them first, .* / 255 - mean"),
        (FOUR.astype(bool), TypeError, "floating-point dtype, got bool"),
        (FOUR.astype(np.complex64), TypeError, "floating-point dtype, got complex64"),
        (jax.random.split(KEY, 4), TypeError, r"floating-point dtype, got key<fry>"),
        (FOUR.tolist(), TypeError, "features must be a floating-point array, got list; pass"),
        (None, TypeError, "features must be a floating-point array, got NoneType"),
        (FOUR[:3], ValueError, r"must have shape \(4, \.\.\.\), .* got shape \(3, 12\); pass"),
        (FOUR[:, 0], ValueError, r"got shape \(4,\); pass the features of the same examples"),
        (FOUR[:, :0], ValueError, r"at least one feature per label, got shape \(4, 0\)"),
        (BAD_ROW, ValueError, "features must be finite .* in row 2; correct the data"),
        (np.ma.masked_equal(BAD_ROW, BAD_ROW[0, 0]), ValueError, "features: .* masked; leave"),
    ],
    ids=range(12),
)
@both_models
def test_feature_errors(noise, features, error, message):
    with pytest.raises(error, match=message):
        noise(KEY, [0, 1, 2, 3], features, **OPTIONS)


def test_features_that_float32_cannot_hold():
    with pytest.raises(ValueError, match="finite in float32, got NaN or infinity in row 4999"):
        instance_dependent_noise(KEY, np.zeros(5000, np.int32), BAD_LATE, **OPTIONS)


@both_models
def test_traced_arguments_are_refused(noise):
    with pytest.raises(TypeError, match=r"features must be a concrete array.*outside jax\.jit"):
        jax.jit(lambda features: noise(KEY, [0, 1, 2, 3], features, **OPTIONS))(FOUR)
    with pytest.raises(TypeError, match=r"labels must be a concrete array.*outside jax\.jit"):
        jax.jit(lambda labels: noise(KEY, labels, FOUR, **OPTIONS))(np.arange(4))


@pytest.mark.parametrize(
    ("rate_std", "error", "message"),
    [
        (
            -0.1,
            ValueError,
            r"rate_std must be finite and at least 0, got -0\.1; pass the stand",
        ),
        (float("inf"), ValueError, "rate_std must be finite and at least 0, got inf"),
        (float("nan"), ValueError, "rate_std must be finite and at least 0, got nan"),
        (1e39, ValueError, r"rate_std must be finite and at least 0, got 1e\+39"),  # in float32
        (
            True,
            TypeError,
            r"rate_std must be a number of at least 0, got bool; .*float\(rate_s",
        ),
        ("0.1", TypeError, "rate_std must be a number of at least 0, got str"),
    ],
    ids=range(6),
)
def test_rate_std_errors(rate_std, error, message):
    with pytest.raises(error, match=message):
        part_dependent_noise(KEY, [0, 1, 2, 3], FOUR, rate_std=rate_std, **OPTIONS)
