"""Memorization: are generated samples nearer to the training set than samples that nobody trained on would be?"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from ganjax.checks import InputError
from ganjax.metrics._cells import k_means
from ganjax.metrics._distances import (
    Points,
    Vector,
    above,
    across,
    as_points,
    below,
    chance_of_none,
    nearest_distances,
)
from ganjax.metrics._samples import Features, as_float64

LEAST_FAKE_IN_CELL = 20  # fewer ranks don't follow the normal law


def nearer_to_train(train_features: Features, test_features: Features, fake_features: Features) -> float:
    """Share of generated samples nearer to the training set than to a held-out set of the same size. Per batch.

    ½ is expected of any generator, good or bad, that learned the distribution and not the samples: to it, training and
    held-out samples are the same. 1 when it copies. ½ is best.

    The larger of the two sets would win by numbers; so the value is the EXPECTED share over all ways to draw from it,
    without replacement, as many samples as the smaller has. Equally near counts half, up to a relative rounding of
    1e-12 in squared distances. No standard error: generated samples share their neighbors, and a collapsed generator
    has one only, so the deviation from ½ is anything between √(1/4M) and ½. Unbiased at any number of samples.

    Args:
      train_features: [T, F], what the generator was trained on (or a part of it).
      test_features: [N, F], held out.
      fake_features: [M, F].

    Raises:
      InputError: different numbers of features, no samples, or entries that are not finite.
    """
    train, test, fake = as_points(
        train_features=train_features, test_features=test_features, fake_features=fake_features
    )
    if train.num >= test.num:
        return 1 - _share_nearer_to_smaller(test, train, fake)
    return _share_nearer_to_smaller(train, test, fake)


def _share_nearer_to_smaller(smaller: Points, larger: Points, fake: Points) -> float:
    nearest = np.square(nearest_distances(fake, smaller))
    lower, upper = below(nearest, fake.squares), above(nearest, fake.squares)
    chance = np.empty(fake.num)
    for rows, squared in across(fake, larger):
        counts = (np.count_nonzero(squared < limit[rows, None], axis=1) for limit in (lower, upper))
        strict, with_ties = (chance_of_none(count, larger.num, smaller.num) for count in counts)
        chance[rows] = (strict + with_ties) / 2
    return float(chance.mean())


def data_copying(
    train_features: Features,
    test_features: Features,
    fake_features: Features,
    *,
    num_cells: int = 1,
    seed: int = 0,
) -> float:
    """The three-sample statistic C_T of data copying: 0 expected, far below it copies, far above it misses. Per batch.

    In each cell of a partition of the space, with the N held-out and M generated samples there,

        U = #{generated samples farther from the nearest training sample than a held-out one, over pairs; ties count ½},
        z = (U − NM/2)/√(NM(N + M + 1)/12),

    a standard normal where both are equally far from the training samples of the cell. C_T is the mean of the cells' z,
    weighted by their held-out samples; cells with fewer than 20 generated samples, or none of one of the others, do not
    count. One cell is the global test: there a generator that prefers dense regions has small distances for that reason
    alone, and seems to copy; cells compare like with like. The mean of k cells' z deviates by about 1/√k, not by 1.

    z grows as the root of the number of samples: a test, not a distance. Its authors' program moves U by ½ towards the
    alternative, which changes z by less than 1/√(NM).

    Args:
      train_features: [T, F], what the generator was trained on; all of it.
      test_features: [N, F], held out.
      fake_features: [M, F], M >= 20.
      num_cells: cells of k-means on the training samples.
      seed: of the cells; the order of the samples does not matter.

    Raises:
      InputError: different numbers of features, no samples, fewer than 20 generated ones, entries that are not finite,
        more cells than training samples, or no cell with enough samples.

    Reference:
      Meehan, Chaudhuri & Dasgupta (2020), arXiv:2004.05675.
    """
    fake = as_float64("fake_features", fake_features, least=LEAST_FAKE_IN_CELL)
    train, test = as_float64("train_features", train_features), as_float64("test_features", test_features)
    points = as_points(train_features=train, test_features=test, fake_features=fake)
    cell_of = k_means(points[0].rows, num_cells, seed)
    cells = [cell_of(each.rows) for each in points]
    weights, values = [], []
    for cell in range(num_cells):
        inside = [
            Points(each.rows[labels == cell], each.squares[labels == cell])
            for each, labels in zip(points, cells, strict=True)
        ]
        if min(each.num for each in inside[:2]) and inside[2].num >= LEAST_FAKE_IN_CELL:
            weights.append(inside[1].num)
            values.append(_mann_whitney_z(*(nearest_distances(each, inside[0]) for each in inside[1:])))
    if not values:
        raise InputError(
            f"Expected a cell with training, held-out and {LEAST_FAKE_IN_CELL} generated samples, got none of "
            f"{num_cells}: take fewer cells."
        )
    return float(np.average(values, weights=weights))


def _mann_whitney_z(test_distances: Vector, fake_distances: Vector) -> float:
    """z of the number of pairs in which the generated sample is the farther one; large when they are far."""
    n, m = len(test_distances), len(fake_distances)
    ranks = rankdata(np.concatenate([fake_distances, test_distances]))
    pairs_farther = ranks[:m].sum() - m * (m + 1) / 2
    return float((pairs_farther - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12))
