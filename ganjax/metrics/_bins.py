"""The number of statistically different bins: does each cluster of the data get its share of generated samples?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from scipy.stats import norm

from ganjax.checks import InputError
from ganjax.divergences import js_discrete
from ganjax.metrics._cells import k_means
from ganjax.metrics._distances import as_points
from ganjax.metrics._samples import Features


class BinStatistics(NamedTuple):
    """How two sets of samples fill the same bins.

    Attributes:
      num_different: bins whose shares differ by more than chance.
      share_different: num_different / K.
      jensen_shannon: the Jensen–Shannon divergence between the two histograms, in nats, from 0 to log 2.
      z: [K], (real share − generated share) / its standard error; negative where there are too many generated samples.
      real_counts: [K], larger bins first.
      fake_counts: [K].
    """

    num_different: int
    share_different: float
    jensen_shannon: float
    z: Float64[np.ndarray, "K"]
    real_counts: Int64[np.ndarray, "K"]
    fake_counts: Int64[np.ndarray, "K"]


def ndb(
    real_features: Features,
    fake_features: Features,
    num_bins: int = 100,
    *,
    significance: float = 0.05,
    seed: int = 0,
) -> BinStatistics:
    """Number of statistically different bins: cells of the real samples, a two-proportion test in each. Per batch.

    With p, q the shares of the N real and of the M generated samples in a bin, and P = (Np + Mq)/(N + M) their pooled
    share,

        z = (p − q)/√(P (1 − P)(1/N + 1/M)),   different where |z| > Φ⁻¹(1 − significance/2), 1.96 for .05.

    Fresh samples of the data's own distribution differ in `significance` of the bins, not in none; in fewer (.02 to .04
    were measured instead of .05) where there are few samples a bin or many dimensions. The more samples, the smaller
    the differences that are found: state N and M. The Jensen–Shannon divergence has no test in it, and a bias of about
    (K − 1)(1/N + 1/M)/8 nats.

    The features are taken as they are: divide by their deviations first where they have different units. The bins do
    not depend on the order in which samples come, only on the seed.

    Args:
      real_features: [N, F], at least K different ones; 10 a bin or more make the normal law of z a fair one.
      fake_features: [M, F].
      num_bins: K.
      significance: the level of each bin's test.
      seed: of the clusters' first centers.

    Raises:
      InputError: different numbers of features, fewer different real samples than bins, fewer than 2 bins, entries that
        are not finite, or a significance that is not between 0 and 1.

    Reference:
      Richardson & Weiss (2018), arXiv:1805.12462.
    """
    real, fake = as_points(real_features=real_features, fake_features=fake_features)
    if not 0 < significance < 1:
        raise InputError(f"Expected a significance between 0 and 1, got {significance}: .05 is usual.")
    if num_bins < 2:
        raise InputError(f"Expected num_bins of at least 2, got {num_bins}: one bin holds every sample.")
    bin_of = k_means(real.rows, num_bins, seed)
    counts = np.stack([np.bincount(bin_of(each.rows), minlength=num_bins) for each in (real, fake)])
    real_counts, fake_counts = counts[:, np.argsort(-counts[0], kind="stable")]
    shares = real_counts / real.num, fake_counts / fake.num
    z = two_proportions_z(real_counts, fake_counts)
    num_different = int(np.count_nonzero(np.abs(z) > norm.isf(significance / 2)))
    return BinStatistics(
        num_different, num_different / num_bins, float(js_discrete(*shares)), z, real_counts, fake_counts
    )


def two_proportions_z(
    real_counts: Int64[np.ndarray, "K"], fake_counts: Int64[np.ndarray, "K"]
) -> Float64[np.ndarray, "K"]:
    """z of each bin's shares of the two sets, with their pooled variance; see `ndb`. Bins must not be empty in both."""
    n, m = real_counts.sum(), fake_counts.sum()
    pooled = (real_counts + fake_counts) / (n + m)
    return (real_counts / n - fake_counts / m) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
