"""How far apart two distributions over a few bins are: classes, or modes of a mixture."""

from __future__ import annotations

import numpy as np
from jaxtyping import Array, Float64, Num

from ganjax.checks import InputError

Counts = Num[Array | np.ndarray, "..."]  # [K]: how many samples, or which share of them, fell into each bin


def reverse_kl(real: Counts, fake: Counts) -> float:
    """KL(fake ‖ real) between two histograms, in nats. Per batch; zero iff their shares agree.

        Σ_k q_k log(q_k / p_k),   p = real/Σ real,   q = fake/Σ fake,   0 log 0 = 0

    Reverse, because the generated distribution comes first: a bin that the generator misses costs nothing of its own
    (only through what the other bins have too much), which keeps the value finite under mode collapse: collapse onto
    one of K equal bins gives log K. Infinite where the generator hits a bin that is empty in the data. M samples of the
    right distribution give about (K − 1)/(2M), not 0.

    Args:
      real: counts or shares of the data, [K].
      fake: counts or shares of the generated samples, [K].

    Raises:
      InputError: different lengths, negative or non-finite entries, or a histogram without any samples.

    Reference:
      Lin, Khetan, Fanti & Oh (2018), arXiv:1712.04086, section 4.1; the stacked-MNIST protocol uses it on 1000 classes.
    """
    p, q = _shares(real, fake)
    hit = q > 0
    if np.any(p[hit] == 0):
        return float("inf")
    # the sum is never negative; its rounding is
    return max(float(np.sum(q[hit] * np.log(q[hit] / p[hit]))), 0.0)


def total_variation(real: Counts, fake: Counts) -> float:
    """½ Σ_k |p_k − q_k| between the shares of two histograms, in [0, 1]. Per batch; the share that has to be moved.

    Args:
      real: counts or shares of the data, [K].
      fake: counts or shares of the generated samples, [K].

    Raises:
      InputError: as `reverse_kl`.
    """
    p, q = _shares(real, fake)
    return float(0.5 * np.sum(np.abs(p - q)))


def _shares(real: Counts, fake: Counts) -> tuple[Float64[np.ndarray, "K"], Float64[np.ndarray, "K"]]:
    p, q = np.asarray(real, dtype=np.float64), np.asarray(fake, dtype=np.float64)
    if p.shape != q.shape or p.ndim != 1:
        raise InputError(f"Expected two histograms of the same bins, got real{list(p.shape)}, fake{list(q.shape)}.")
    for name, counts in (("real", p), ("fake", q)):
        if not np.all(counts >= 0) or not 0 < counts.sum() < np.inf:
            raise InputError(f"Expected finite counts >= 0 and at least one sample, got {name} = {counts.tolist()}.")
    return p / p.sum(), q / q.sum()
