"""How well samples cover the modes of a known mixture of Gaussians."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from ganjax.checks import check_positive
from ganjax.metrics._samples import Features, as_float64, check_same_features
from ganjax.metrics._shares import Counts, reverse_kl


class ModeStatistics(NamedTuple):
    """What the samples say of the modes.

    Attributes:
      modes_found: modes with at least one high-quality sample.
      high_quality_share: share of the samples that are of high quality, in [0, 1].
      reverse_kl: KL(samples over modes ‖ mixture's weights) in nats, every sample counted at its nearest mode.
      counts: [K] samples nearest to each mode, of whatever quality.
      high_quality_counts: [K] the same, of high quality only.
    """

    modes_found: int
    high_quality_share: float
    reverse_kl: float
    counts: Int64[np.ndarray, "K"]
    high_quality_counts: Int64[np.ndarray, "K"]


def mode_statistics(
    samples: Features, centers: Features, std: float, *, num_std: float = 3.0, weights: Counts | None = None
) -> ModeStatistics:
    """Modes found, high-quality share and reverse KL of samples against a mixture of round Gaussians. Per batch.

    A sample belongs to its nearest center and is of high quality within `num_std` standard deviations of it (Euclidean
    distance; the bound itself counts). In two dimensions 1 − exp(−9/2) = .9889 of the mixture's own samples are.
    A mode is found when one high-quality sample belongs to it. The reverse KL counts all samples, good or bad: quality
    has its own number. (The authors' programme logs the spread over the high-quality ones instead; for that take
    `reverse_kl(weights, statistics.high_quality_counts)`.)

    All three depend on the number of samples: the published figures, on the ring and on the grid, are for 2500.

    Args:
      samples: [N, D].
      centers: [K, D].
      std: of each mode, along each axis.
      num_std: how far a high-quality sample may lie, in standard deviations.
      weights: the mixture's weights [K]; equal without it.

    Raises:
      InputError: samples and centers of different dimension, none or non-finite ones, std or num_std not positive.

    Reference:
      Lin et al. (2018), arXiv:1712.04086, section 4.1, after Srivastava et al. (2017), arXiv:1705.07761.
    """
    check_positive(std=std, num_std=num_std)
    points, modes = as_float64("samples", samples), as_float64("centers", centers)
    check_same_features(samples=points.shape[1], centers=modes.shape[1])
    nearest, distance = _nearest(points, modes)
    counts = np.bincount(nearest, minlength=len(modes))
    good = np.bincount(nearest[distance <= num_std * std], minlength=len(modes))
    return ModeStatistics(
        modes_found=int(np.count_nonzero(good)),
        high_quality_share=float(good.sum() / len(points)),
        reverse_kl=reverse_kl(np.ones(len(modes)) if weights is None else weights, counts),
        counts=counts,
        high_quality_counts=good,
    )


def modes_found(samples: Features, centers: Features, std: float) -> float:
    """`mode_statistics(…).modes_found` alone. Per batch."""
    return float(mode_statistics(samples, centers, std).modes_found)


def high_quality_share(samples: Features, centers: Features, std: float) -> float:
    """`mode_statistics(…).high_quality_share` alone. Per batch."""
    return mode_statistics(samples, centers, std).high_quality_share


def mode_reverse_kl(samples: Features, centers: Features, std: float) -> float:
    """`mode_statistics(…).reverse_kl` alone. Per batch."""
    return mode_statistics(samples, centers, std).reverse_kl


def _nearest(
    points: Float64[np.ndarray, "N D"], modes: Float64[np.ndarray, "K D"]
) -> tuple[Int64[np.ndarray, "N"], Float64[np.ndarray, "N"]]:
    """The index of each point's nearest mode, and the distance to it."""
    # mode by mode: [N, K, D] would not fit, and ‖x‖² − 2x·c + ‖c‖² cancels for modes as narrow as .01
    distances = np.stack([np.linalg.norm(points - mode, axis=1) for mode in modes], axis=1)
    nearest = distances.argmin(axis=1)
    return nearest, distances[np.arange(len(points)), nearest]
