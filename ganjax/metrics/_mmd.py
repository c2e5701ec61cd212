"""The maximum mean discrepancy under a Gaussian kernel, whose width the data choose."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from scipy.spatial.distance import pdist

from ganjax.checks import InputError, check_positive
from ganjax.metrics._distances import as_points, in_canonical_order, points_of, squared_distances
from ganjax.metrics._metric import Estimate
from ganjax.metrics._pairs import Kernel, Samples, unbiased_mmd
from ganjax.metrics._samples import Features, as_float64

ENOUGH_FOR_A_MEDIAN = 2000  # samples, of two million pairs


def median_distance(features: Features) -> float:
    """The median Euclidean distance between two different samples: a width for kernels. Per batch.

    Of more than 2000 samples, 2000 are taken, evenly spaced in the order of their first feature (then their second, …):
    the value does not depend on the order in which they come.

    Args:
      features: [N, F], N >= 2.

    Raises:
      InputError: as the metrics, or samples of which more than half of the pairs are equal.
    """
    ordered = in_canonical_order(as_float64("features", features, least=2))
    chosen = np.linspace(0, len(ordered) - 1, min(len(ordered), ENOUGH_FOR_A_MEDIAN)).round().astype(int)
    median = float(np.median(pdist(ordered[chosen])))
    if median == 0:
        raise InputError("Expected different samples, got features of which half of the pairs are equal: give a width.")
    return median


def mmd(real_features: Features, fake_features: Features, *, bandwidth: float | None = None) -> Estimate:
    """Unbiased estimate of the SQUARED maximum mean discrepancy under a Gaussian kernel. Per batch; lower is better.

        E k(x, x′) + E k(y, y′) − 2 E k(x, y),   k(x, y) = exp(−‖x − y‖²/(2σ²)),

    each mean over all pairs of different samples. σ is the median distance between two REAL samples
    (`median_distance`): the heuristic's usual form pools both sets, which lets a bad generator widen the kernel that
    judges it. So values are comparable between generators of the same data, and not between data sets: state σ where it
    is chosen otherwise.

    Between 0 and 2 for the distributions themselves; the estimate is unbiased at any number of samples, so it may come
    out negative. Between N(0, v I) and N(δ, v I) in F dimensions it is, with s = σ² + 2v,
    2 (σ²/s)^{F/2} (1 − exp(−‖δ‖²/(2s))).

    Args:
      real_features: [N, F], N >= 2.
      fake_features: [M, F], M >= 2.
      bandwidth: σ, in units of the features.

    Returns:
      The estimate and its jackknife standard error over both sets (NaN with only two samples in a set), which is too
      large by about √2 where the distributions are equal.

    Raises:
      InputError: different numbers of features, fewer than two samples, entries that are not finite, σ not positive.

    Reference:
      Gretton, Borgwardt, Rasch, Schölkopf & Smola (2012), JMLR 13, lemma 6 and, for the heuristic, section 8.
    """
    if bandwidth is not None:
        check_positive(bandwidth=bandwidth)
    real, fake = as_points(real_features=real_features, fake_features=fake_features, least=2)
    sigma = median_distance(real.rows) if bandwidth is None else bandwidth
    return unbiased_mmd(real.rows, fake.rows, gaussian_kernel(sigma))


def gaussian_kernel(bandwidth: float) -> Kernel:
    """(x [N, F], y [M, F]) -> exp(−‖x_i − y_j‖²/(2σ²)), [N, M]."""

    def kernel(x: Samples, y: Samples) -> Float64[np.ndarray, "..."]:
        exponents = squared_distances(points_of(x), points_of(y))
        exponents /= -2 * bandwidth**2
        return np.exp(exponents, out=exponents)

    return kernel
