"""Precision and recall, density and coverage: do generated samples lie where data are, and the other way round?

The region where a set of samples lies is estimated by balls, one around each of them, that reach to its k-th nearest
neighbor in the set.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ganjax.metrics._distances import Vector, across, as_points, below, kth_nearest
from ganjax.metrics._samples import Features


class ManifoldStatistics(NamedTuple):
    """Four shares from one pass over the distances.

    Attributes:
      precision: share of the generated samples that lie in at least one ball of the data.
      recall: share of the data that lie in at least one ball of the generated samples.
      density: how many balls of the data a generated sample lies in, on average, over k. Not a share: it may pass 1.
      coverage: share of the data in whose ball a generated sample lies.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold_statistics(
    real_features: Features, fake_features: Features, *, num_neighbors: int = 5
) -> ManifoldStatistics:
    """Precision, recall, density and coverage on k-nearest-neighbor balls. Per batch.

    With B(x_i) the open ball around x_i that reaches to its k-th nearest neighbor among the other real samples:

        precision = 1/M  Σ_j 1{y_j ∈ ∪_i B(x_i)}         recall = the same with the sets exchanged
        density   = 1/kM Σ_j Σ_i 1{y_j ∈ B(x_i)}         coverage = 1/N Σ_i 1{some y_j ∈ B(x_i)}

    A sample at exactly the ball's radius is outside, as in the density paper's program; the precision paper counts it
    in. So k exact copies of a real sample leave it a ball without a point. Distances are equal, and samples copies,
    up to a relative rounding of 1e-12 in their squares.

    For two sets from ONE distribution, whatever it is, the expected density is 1 and the expected coverage

        1 − Π_{i=1..k} (N − i)/(N + M − i),

    which is 1 − 2^−k for N = M and many samples: about .97 for k = 5. Precision and recall have no such value: they
    depend on the dimension, grow with k and with the number of samples, and stay below 1 for perfect samples. Balls
    around outliers are large and let bad samples pass: precision and recall feel it most, coverage hardly.

    Args:
      real_features: [N, F], N > k.
      fake_features: [M, F], M > k.
      num_neighbors: k; the density paper takes 5, the precision paper 3.

    Raises:
      InputError: different numbers of features, not more than k samples, or entries that are not finite.

    Reference:
      Kynkäänniemi, Karras, Laine, Lehtinen & Aila (2019), arXiv:1904.06991, eqs. 1 and 2; Naeem, Oh, Uh, Choi & Yoo
      (2020), arXiv:2002.09797, also for the expected values.
    """
    real, fake = as_points(real_features=real_features, fake_features=fake_features, least=2)
    real_radii, fake_radii = (below(kth_nearest(points, num_neighbors), points.squares) for points in (real, fake))
    balls_entered, covered, recalled = np.zeros(fake.num), np.zeros(real.num), np.zeros(real.num)
    for rows, squared in across(real, fake):
        in_ball = squared < real_radii[rows, None]
        balls_entered += np.count_nonzero(in_ball, axis=0)
        covered[rows] = in_ball.any(axis=1)
        recalled[rows] = (squared < fake_radii).any(axis=1)
    return ManifoldStatistics(
        precision=_mean(balls_entered > 0),
        recall=_mean(recalled),
        density=_mean(balls_entered) / num_neighbors,
        coverage=_mean(covered),
    )


def precision(real_features: Features, fake_features: Features, *, num_neighbors: int = 5) -> float:
    """`manifold_statistics(…).precision` alone. Per batch; higher is better."""
    return manifold_statistics(real_features, fake_features, num_neighbors=num_neighbors).precision


def recall(real_features: Features, fake_features: Features, *, num_neighbors: int = 5) -> float:
    """`manifold_statistics(…).recall` alone. Per batch; higher is better."""
    return manifold_statistics(real_features, fake_features, num_neighbors=num_neighbors).recall


def density(real_features: Features, fake_features: Features, *, num_neighbors: int = 5) -> float:
    """`manifold_statistics(…).density` alone. Per batch; higher is better, up to 1 and no further for new samples."""
    return manifold_statistics(real_features, fake_features, num_neighbors=num_neighbors).density


def coverage(real_features: Features, fake_features: Features, *, num_neighbors: int = 5) -> float:
    """`manifold_statistics(…).coverage` alone. Per batch; higher is better."""
    return manifold_statistics(real_features, fake_features, num_neighbors=num_neighbors).coverage


def _mean(values: Vector | np.ndarray) -> float:
    return float(np.mean(values))
