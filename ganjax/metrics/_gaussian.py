"""How far the mean and covariance of samples are from those of a known Gaussian."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float, Float64

from ganjax.checks import InputError
from ganjax.metrics._frechet import moments
from ganjax.metrics._samples import Features, as_float64

Vector = Float[Array | np.ndarray, "..."]  # [D]
Matrix = Float[Array | np.ndarray, "..."]  # [D, D]


class GaussianErrors(NamedTuple):
    """Sample minus truth.

    Attributes:
      mean_error: the largest entry of |mean_difference|.
      covariance_error: the largest entry of |covariance_difference|.
      mean_difference: [D] sample mean − mean.
      covariance_difference: [D, D] sample covariance − covariance.
    """

    mean_error: float
    covariance_error: float
    mean_difference: Float64[np.ndarray, "D"]
    covariance_difference: Float64[np.ndarray, "D D"]


def gaussian_errors(samples: Features, mean: Vector, covariance: Matrix) -> GaussianErrors:
    """Errors of the samples' mean and unbiased covariance against the Gaussian they should follow. Per batch.

    N samples of the Gaussian itself have errors of standard deviation √(Σ_ii/N) in the mean and
    √((Σ_ij² + Σ_ii Σ_jj)/(N − 1)) in the covariance: nothing below that says anything of a generator.

    Args:
      samples: [N, D], N >= 2.
      mean: [D].
      covariance: [D, D].

    Raises:
      InputError: shapes that don't fit together, fewer than two samples, or entries that are not finite.
    """
    found = moments(as_float64("samples", samples, least=2))
    expected_mean, expected_covariance = np.asarray(mean, np.float64), np.asarray(covariance, np.float64)
    dimension = len(found.mean)
    if expected_mean.shape != (dimension,) or expected_covariance.shape != (dimension, dimension):
        raise InputError(
            f"Expected mean[{dimension}] and covariance[{dimension}, {dimension}] for samples of {dimension} features, "
            f"got mean{list(expected_mean.shape)}, covariance{list(expected_covariance.shape)}."
        )
    mean_difference, covariance_difference = found.mean - expected_mean, found.covariance - expected_covariance
    return GaussianErrors(
        mean_error=float(np.abs(mean_difference).max()),
        covariance_error=float(np.abs(covariance_difference).max()),
        mean_difference=mean_difference,
        covariance_difference=covariance_difference,
    )


def mean_error(samples: Features, mean: Vector, covariance: Matrix) -> float:
    """`gaussian_errors(…).mean_error` alone. Per batch."""
    return gaussian_errors(samples, mean, covariance).mean_error


def covariance_error(samples: Features, mean: Vector, covariance: Matrix) -> float:
    """`gaussian_errors(…).covariance_error` alone. Per batch."""
    return gaussian_errors(samples, mean, covariance).covariance_error
