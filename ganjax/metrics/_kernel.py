"""The kernel distance: an unbiased squared maximum mean discrepancy between two sets of features."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float64, Int

from ganjax.checks import InputError
from ganjax.metrics._metric import Estimate
from ganjax.metrics._pairs import Samples, unbiased_mmd
from ganjax.metrics._samples import Features, as_float64, check_same_features

Indices = Int[np.ndarray, "..."]  # of the samples in a subset


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
    return unbiased_mmd(real, fake, _cubic)


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
    subsets = (
        (draws.choice(len(real), subset_size, replace=False), draws.choice(len(fake), subset_size, replace=False))
        for _ in range(num_subsets)
    )
    values = kernel_distance_of_subsets(real, fake, subsets)
    return Estimate(float(values.mean()), float(values.std(ddof=1) / np.sqrt(num_subsets)))


def kernel_distance_of_subsets(
    real_features: Features, fake_features: Features, subsets: Iterable[tuple[Indices, Indices]]
) -> Float64[np.ndarray, "S"]:
    """The value of `kernel_distance` on each of some given subsets, drawn by whatever rule a comparison asks for.

    Args:
      real_features: [N, F].
      fake_features: [M, F].
      subsets: pairs of indices, of real samples and of generated ones, at least two of each.

    Returns:
      [S], in the order of the subsets.

    Raises:
      InputError: as `kernel_distance`, or a subset of fewer than two samples.
    """
    real, fake = _checked(real_features, fake_features)

    def one(chosen_real: Indices, chosen_fake: Indices) -> float:
        if min(len(chosen_real), len(chosen_fake)) < 2:
            raise InputError(
                f"Expected subsets of at least 2 samples, got {len(chosen_real)} real and {len(chosen_fake)} fake."
            )
        return unbiased_mmd(real[chosen_real], fake[chosen_fake], _cubic).value

    return np.array([one(*pair) for pair in subsets])


def _checked(
    real_features: Features, fake_features: Features
) -> tuple[Float64[np.ndarray, "N F"], Float64[np.ndarray, "M F"]]:
    real, fake = (
        as_float64("real_features", real_features, least=2),
        as_float64("fake_features", fake_features, least=2),
    )
    check_same_features(real_features=real.shape[1], fake_features=fake.shape[1])
    return real, fake


def _cubic(x: Samples, y: Samples) -> Float64[np.ndarray, "..."]:
    """(xᵀy/F + 1)³, [N, M]."""
    products = x @ y.T
    products /= x.shape[1]
    products += 1.0
    cubes = products * products  # NumPy's `** 3` is a call of pow for each entry
    cubes *= products
    return cubes
