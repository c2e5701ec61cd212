"""The unbiased squared maximum mean discrepancy under any kernel, from all pairs, and its standard error."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from ganjax.metrics._distances import row_blocks
from ganjax.metrics._metric import Estimate

Samples = Float64[np.ndarray, "..."]  # [N, F]
Sums = Float64[np.ndarray, "..."]  # [N]
Kernel = Callable[[Samples, Samples], Float64[np.ndarray, "..."]]  # ([N, F], [M, F]) -> k(x_i, y_j), [N, M]


def unbiased_mmd(real: Samples, fake: Samples, kernel: Kernel) -> Estimate:
    """The unbiased estimate of the squared MMD and its jackknife standard error. Per batch.

        Σ_{i≠j} k(x_i, x_j)/(N(N−1)) + Σ_{i≠j} k(y_i, y_j)/(M(M−1)) − 2 Σ_{ij} k(x_i, y_j)/(NM)

    The jackknife leaves each sample of either set out in turn. Between equal distributions, where the estimate is
    degenerate, it is too large by about √2, never too small on average; NaN with only two samples in a set.

    Reference:
      Gretton, Borgwardt, Rasch, Schölkopf & Smola (2012), JMLR 13, lemma 6.
    """
    real_within, fake_within = _sums_within(real, kernel), _sums_within(fake, kernel)
    real_across, fake_across = _sums_across(real, fake, kernel)
    n, m = len(real), len(fake)
    within = real_within.sum() / (n * (n - 1)) + fake_within.sum() / (m * (m - 1))
    value = within - 2 * real_across.sum() / (n * m)
    variance = _jackknife_variance(real_within, real_across, m) + _jackknife_variance(fake_within, fake_across, n)
    return Estimate(float(value), float(np.sqrt(variance)))


def _sums_within(x: Samples, kernel: Kernel) -> Sums:
    """Σ_{j≠i} k(x_i, x_j) for each i, a block of rows at a time."""
    sums = np.empty(len(x))
    for rows in row_blocks(len(x), len(x)):
        block = kernel(x[rows], x)
        block[np.arange(len(block)), np.arange(rows.start, rows.stop)] = 0.0
        sums[rows] = block.sum(axis=1)
    return sums


def _sums_across(x: Samples, y: Samples, kernel: Kernel) -> tuple[Sums, Sums]:
    """Σ_j k(x_i, y_j) for each i, and Σ_i k(x_i, y_j) for each j."""
    of_rows, of_columns = np.empty(len(x)), np.zeros(len(y))
    for rows in row_blocks(len(x), len(y)):
        block = kernel(x[rows], y)
        of_rows[rows] = block.sum(axis=1)
        of_columns += block.sum(axis=0)
    return of_rows, of_columns


def _jackknife_variance(own: Sums, across: Sums, num_other: int) -> float:
    """(N−1)/N Σ_i (θ_{−i} − mean)², θ_{−i} the estimate without sample i of this set; NaN below three samples.

    The other set's own pairs are in every θ_{−i} alike: they move the mean, not the spread, and are left out.
    """
    n = len(own)
    if n < 3:
        return float("nan")
    without = (own.sum() - 2 * own) / ((n - 1) * (n - 2)) - 2 * (across.sum() - across) / ((n - 1) * num_other)
    return float((n - 1) / n * np.sum(np.square(without - without.mean())))
