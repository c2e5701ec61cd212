"""Cells of the data by k-means: the same ones whatever the order of the samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from ganjax.checks import InputError
from ganjax.metrics._distances import in_canonical_order

Assign = Callable[[Float64[np.ndarray, "..."]], Int64[np.ndarray, "..."]]  # samples [N, F] -> cells [N]


def k_means(samples: Float64[np.ndarray, "N F"], num_cells: int, seed: int) -> Assign:
    """The function that gives each sample the nearest of `num_cells` centers, fitted to `samples`; none stays empty.

    Raises:
      InputError: fewer than 1 cell, or more than there are different samples.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits  # scikit-learn's own dependency

    num_different = len(np.unique(samples, axis=0))
    if not 1 <= num_cells <= num_different:
        raise InputError(
            f"Expected at least 1 cell and at most one for each of {num_different} different samples, got {num_cells}: "
            "leave 10 samples or more to a cell."
        )

    if num_cells == 1:
        return lambda others: np.zeros(len(others), np.int64)

    def one_thread() -> threadpool_limits:
        return threadpool_limits(limits=1)  # sums in one order on every machine, and small problems are quicker so

    clusters: Any = KMeans(num_cells, n_init="auto", random_state=seed)  # k-means++ once
    with one_thread():
        clusters.fit(in_canonical_order(samples))

    def assign(others: Float64[np.ndarray, "..."]) -> Int64[np.ndarray, "..."]:
        with one_thread():
            return clusters.predict(others).astype(np.int64)

    return assign
