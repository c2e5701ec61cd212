"""The kernel distance: an unbiased squared maximum mean discrepancy between two sets of features."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from ganjax.checks import InputError
from ganjax.metrics._metric import Estimate
from ganjax.metrics._samples import Features, as_float64, check_same_features

BLOCK = 1024  # rows of the kernel matrix held at a time: ten thousand samples never need their 800 MB


class _PairSums(NamedTuple):
    """Sums of the kernel over pairs: within each set without the pairs (i, i), and across."""

    real: Float64[np.ndarray, "N"]  # Σ_{j≠i} k(x_i, x_j)
    fake: Float64[np.ndarray, "M"]  # Σ_{j≠i} k(y_i, y_j)
    real_across: Float64[np.ndarray, "N"]  # Σ_j k(x_i, y_j)
    fake_across: Float64[np.ndarray, "M"]  # Σ_i k(x_i, y_j)


def kernel_distance(real_features: Features, fake_features: Features) -> Estimate:
    """Unbiased estimate of the squared MMD under the cubic kernel, from all pairs. Per batch; lower is better.

        Σ_{i≠j} k(x_i, x_j)/(N(N−1)) + Σ_{i≠j} k(y_i, y_j)/(M(M−1)) − 2 Σ_{ij} k(x_i, y_j)/(NM),
        k(x, y) = (xᵀy/F + 1)³

    Zero on average when both sets come from one distribution, at any number of samples, so it may come out negative.
    The standard error is the jackknife's over both sets: each sample left out in turn. Between equal distributions,
    where the estimate is degenerate, it is too large by about √2, never too small on average.

    Args:
      real_features: [N, F], N >= 2; float64 inside.
      fake_features: [M, F], M >= 2.

    Returns:
      The estimate and its standard error (NaN with only two samples in a set).

    Raises:
      InputError: different numbers of features, fewer than two samples, or entries that are not finite.

    Reference:
      Bińkowski, Sutherland, Arbel & Gretton (2018), arXiv:1801.01401, section 4 and its kernel distance (KID), which is
      this quantity on Inception features; Gretton et al. (2012), lemma 6, for the unbiased estimate.
    """
    real, fake = _checked(real_features, fake_features)
    sums = _pair_sums(real, fake)
    variance = _jackknife_variance(sums.real, sums.real_across, len(fake)) + _jackknife_variance(
        sums.fake, sums.fake_across, len(real)
    )
    return Estimate(_from_sums(sums), float(np.sqrt(variance)))


def kernel_distance_subsets(
    real_features: Features, fake_features: Features, *, num_subsets: int = 100, subset_size: int = 1000, seed: int = 0
) -> Estimate:
    """The mean of `kernel_distance` over random subsets, as published values of the KID are computed. Per batch.

    Each subset draws `subset_size` samples of either set without replacement. The subsets of one draw overlap, so the
    standard error, deviation/√num_subsets, says how well the subsets' mean is known for THESE samples; the spread
    between fresh sets of samples is what `kernel_distance` reports.

    Args:
      real_features: [N, F], N >= subset_size.
      fake_features: [M, F], M >= subset_size.
      num_subsets: at least 2.
      subset_size: at least 2.
      seed: of the draws; the same seed gives the same subsets.

    Returns:
      The mean over subsets and its standard error.

    Raises:
      InputError: as `kernel_distance`, or fewer samples than a subset holds.

    Reference:
      Bińkowski et al. (2018), arXiv:1801.01401, section 4; 100 subsets of 1000 are its programme's defaults.
    """
    if min(num_subsets, subset_size) < 2:
        raise InputError(
            f"Expected num_subsets and subset_size of at least 2, got num_subsets = {num_subsets}, "
            f"subset_size = {subset_size}."
        )
    real, fake = _checked(real_features, fake_features)
    if min(len(real), len(fake)) < subset_size:
        raise InputError(
            f"Expected at least subset_size = {subset_size} samples, got {len(real)} real and {len(fake)} fake: "
            "draw more, or use kernel_distance, which takes them all."
        )
    draws = np.random.default_rng(seed)

    def one_subset() -> float:
        chosen_real = draws.choice(len(real), subset_size, replace=False)
        chosen_fake = draws.choice(len(fake), subset_size, replace=False)
        return _from_sums(_pair_sums(real[chosen_real], fake[chosen_fake]))

    values = np.array([one_subset() for _ in range(num_subsets)])
    return Estimate(float(values.mean()), float(values.std(ddof=1) / np.sqrt(num_subsets)))


def _checked(
    real_features: Features, fake_features: Features
) -> tuple[Float64[np.ndarray, "N F"], Float64[np.ndarray, "M F"]]:
    real, fake = (
        as_float64("real_features", real_features, least=2),
        as_float64("fake_features", fake_features, least=2),
    )
    check_same_features(real_features=real.shape[1], fake_features=fake.shape[1])
    return real, fake


def _kernel(products: Float64[np.ndarray, "..."], num_features: int) -> Float64[np.ndarray, "..."]:
    """(xᵀy/F + 1)³ from the products xᵀy, which it overwrites: ten thousand samples have 10⁸ of them."""
    products /= num_features
    products += 1.0
    cubes = products * products  # NumPy's `** 3` is a call of pow for each entry
    cubes *= products
    return cubes


def _row_sums(x: Float64[np.ndarray, "N F"], y: Float64[np.ndarray, "M F"]) -> tuple[np.ndarray, np.ndarray]:
    """Σ_j k(x_i, y_j) for each i, and Σ_i k(x_i, y_j) for each j, a block of rows at a time."""
    rows, columns = np.empty(len(x)), np.zeros(len(y))
    for start in range(0, len(x), BLOCK):
        block = _kernel(x[start : start + BLOCK] @ y.T, x.shape[1])
        rows[start : start + BLOCK] = block.sum(axis=1)
        columns += block.sum(axis=0)
    return rows, columns


def _pair_sums(real: Float64[np.ndarray, "N F"], fake: Float64[np.ndarray, "M F"]) -> _PairSums:
    def within(x: np.ndarray) -> np.ndarray:
        return _row_sums(x, x)[0] - _kernel(np.sum(x * x, axis=1), x.shape[1])

    return _PairSums(within(real), within(fake), *_row_sums(real, fake))


def _from_sums(sums: _PairSums) -> float:
    n, m = len(sums.real), len(sums.fake)
    within = sums.real.sum() / (n * (n - 1)) + sums.fake.sum() / (m * (m - 1))
    return float(within - 2 * sums.real_across.sum() / (n * m))


def _jackknife_variance(own: Float64[np.ndarray, "N"], across: Float64[np.ndarray, "N"], num_other: int) -> float:
    """(N−1)/N Σ_i (θ_{−i} − mean)², θ_{−i} the estimate without sample i of this set; NaN below three samples.

    The other set's own pairs are in every θ_{−i} alike: they move the mean, not the spread, and are left out.
    """
    n = len(own)
    if n < 3:
        return float("nan")
    without = (own.sum() - 2 * own) / ((n - 1) * (n - 2)) - 2 * (across.sum() - across) / ((n - 1) * num_other)
    return float((n - 1) / n * np.sum(np.square(without - without.mean())))
