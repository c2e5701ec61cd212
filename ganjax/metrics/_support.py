"""The birthday test: of how many different samples does a generator's support consist?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from ganjax.checks import InputError, check_non_negative
from ganjax.metrics._distances import Points, above, as_points, in_random_order, kth_nearest, points_of, within
from ganjax.metrics._metric import Estimate
from ganjax.metrics._samples import Features, as_float64


class SupportStatistics(NamedTuple):
    """What near duplicates among generated samples say of their number.

    Attributes:
      support_size: from all pairs, with its standard error for a uniform support; infinite without a single duplicate.
      collision_chance: that a batch of s samples holds a near duplicate, with its binomial standard error.
      batch_support_size: the size for which that chance would be expected; infinite where it is 0, and 0 where it is 1:
        smaller batches say more there.
      num_pairs: near duplicates among all M(M − 1)/2 pairs.
    """

    support_size: Estimate
    collision_chance: Estimate
    batch_support_size: float
    num_pairs: int


def support_statistics(
    samples: Features, threshold: float, batch_size: int = 100, *, seed: int = 0
) -> SupportStatistics:
    """The birthday test: how often samples repeat themselves, and the support size that this points to. Per batch.

    Two samples are near duplicates when at most `threshold` apart. Among s draws from K equally likely points none
    repeats with probability Π_{i<s} (1 − i/K) ≈ exp(−s(s − 1)/(2K)), so that

        batch_support_size = s(s − 1)/(−2 log(1 − γ)),   γ the share of the M/s disjoint batches with a duplicate,
        support_size       = M(M − 1)/2 / (number of near duplicates among all pairs).

    A batch of √K with a duplicate at every second draw is the paper's rule of thumb, K ≈ s² (here s²/1.39). The second
    form uses every pair instead of a bit a batch and is far sharper: its standard error is support_size/√num_pairs. It
    is 1/Σ p_i², the number of equally likely points that repeat as often: less than the support's size where some
    points are likelier than others. Both are what the paper says they are, estimates of how many samples carry MOST of
    the mass: a few rare points more can't be seen by any test of this size.

    They mean something only beside the same test of real samples: any continuous distribution has near duplicates, the
    more the wider the threshold and the fewer the dimensions, and a support larger than M² has none. The paper judges
    duplicates by eye; a distance between features or pixels is a stand-in. Unbiased for the rate of duplicates, so
    support_size, its reciprocal, is biased upwards by a share of 1/num_pairs.

    Args:
      samples: [M, F], generated (or real, to compare with).
      threshold: the largest distance between near duplicates; `near_duplicate_distance(real)` is one. 0 for exact ones
        (to a millionth of the samples' own distance from their mean).
      batch_size: s, at least 2; take one that gives a collision chance well inside (0, 1).
      seed: of which samples share a batch; the order in which they come does not matter.

    Raises:
      InputError: fewer than s samples, entries that are not finite, a negative threshold, or s below 2.

    Reference:
      Arora & Zhang (2017), arXiv:1706.08224.
    """
    check_non_negative(threshold=threshold)
    if batch_size < 2:
        raise InputError(f"Expected a batch_size of at least 2, got {batch_size}: one sample has no duplicate.")
    matrix = as_float64("samples", samples, least=batch_size)
    (points,) = as_points(samples=matrix)
    num_pairs = _near_pairs(points, threshold)
    size = points.num * (points.num - 1) / 2 / num_pairs if num_pairs else float("inf")
    error = size / np.sqrt(num_pairs) if num_pairs else float("nan")
    chance = _collision_chance(in_random_order(matrix, seed), threshold, batch_size)
    return SupportStatistics(
        Estimate(size, float(error)), chance, _size_of_uniform_support(chance.value, batch_size), num_pairs
    )


def near_duplicate_distance(real_features: Features, quantile: float = 0.01) -> float:
    """A distance below which samples may be called near duplicates: rare among the data themselves. Per batch.

    The given quantile of the distances from each real sample to the nearest other one. It shrinks as samples are added:
    state their number, or keep the value.

    Args:
      real_features: [N, F], N >= 2.
      quantile: from 0, the least such distance, to 1.

    Raises:
      InputError: fewer than two samples, entries that are not finite, or a quantile outside of [0, 1].
    """
    if not 0 <= quantile <= 1:
        raise InputError(f"Expected a quantile from 0 to 1, got {quantile}.")
    (points,) = as_points(real_features=real_features, least=2)
    return float(np.quantile(np.sqrt(np.maximum(kth_nearest(points, 1), 0)), quantile))


def _near_pairs(points: Points, threshold: float) -> int:
    limits = above(np.full(points.num, threshold**2), points.squares)
    # the limit of a pair is that of its first sample: each pair is seen from both sides, and either may round
    twice = sum(int(np.count_nonzero(squared <= limits[rows, None])) for rows, squared in within(points))
    return (twice + 1) // 2


def _collision_chance(samples: Float64[np.ndarray, "M F"], threshold: float, batch_size: int) -> Estimate:
    num_batches = len(samples) // batch_size
    (points,) = as_points(samples=samples[: num_batches * batch_size])
    batches = (points_of(batch) for batch in np.split(points.rows, num_batches))
    chance = sum(_near_pairs(batch, threshold) > 0 for batch in batches) / num_batches
    return Estimate(chance, float(np.sqrt(chance * (1 - chance) / num_batches)))


def _size_of_uniform_support(collision_chance: float, batch_size: int) -> float:
    if collision_chance in (0.0, 1.0):
        return float("inf") if collision_chance == 0 else 0.0
    return float(batch_size * (batch_size - 1) / (-2 * np.log1p(-collision_chance)))
