"""Euclidean distances between all pairs of two sets of samples, a block of rows at a time, with ties that stay ties."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Num
from scipy.special import gammaln

from ganjax.checks import InputError
from ganjax.metrics._samples import Features, as_float64, check_same_features

Vector = Float64[np.ndarray, "..."]  # [N]
Block = Float64[np.ndarray, "..."]  # [rows, M]

ENTRIES = 1 << 22  # pairs held at a time, 32 MB: ten thousand samples against as many never need their 800 MB

# A squared distance comes as ‖x‖² − 2x·y + ‖y‖², which rounds at 1e-16 of the squares, and differently in blocks of
# different sizes. Distances within this share of the squares count as equal, so that ties are ties whatever the order
# and the blocks. A distance below a millionth of the samples' distance from the data's mean is zero to it.
TIE = 1e-12


class Points(NamedTuple):
    """Samples, moved so that the data's mean is the origin: there their squares cancel least.

    Attributes:
      rows: [N, F].
      squares: [N], ‖row‖².
    """

    rows: Float64[np.ndarray, "N F"]
    squares: Float64[np.ndarray, "N"]

    @property
    def num(self) -> int:
        """N."""
        return len(self.rows)


def as_points(least: int = 1, **sets: Features) -> list[Points]:
    """The named sets, checked, in float64, moved by the mean of the first one.

    Raises:
      InputError: as `as_float64`, or sets of different widths.
    """
    arrays = {name: as_float64(name, samples, least) for name, samples in sets.items()}
    check_same_features(**{name: array.shape[1] for name, array in arrays.items()})
    origin = next(iter(arrays.values())).mean(axis=0)
    return [points_of(array - origin) for array in arrays.values()]


def points_of(rows: Float64[np.ndarray, "N F"]) -> Points:
    """The rows with their squares."""
    return Points(rows, np.einsum("ij,ij->i", rows, rows))


def row_blocks(num_rows: int, num_columns: int) -> Iterator[slice]:
    """Slices of the rows, each of so many that a block of them holds no more than `ENTRIES` numbers (or one row)."""
    size = max(1, ENTRIES // num_columns)
    for start in range(0, num_rows, size):
        yield slice(start, min(start + size, num_rows))


def squared_distances(x: Points, y: Points) -> Block:
    """‖x_i − y_j‖², [N, M], all at once; zeros may round to either side."""
    block = x.rows @ y.rows.T
    block *= -2
    block += x.squares[:, None]
    block += y.squares
    return block


def across(x: Points, y: Points) -> Iterator[tuple[slice, Block]]:
    """Blocks of ‖x_i − y_j‖², [rows, M] each, with the rows' slice; the caller may overwrite them."""
    for rows in row_blocks(x.num, y.num):
        yield rows, squared_distances(Points(x.rows[rows], x.squares[rows]), y)


def within(x: Points) -> Iterator[tuple[slice, Block]]:
    """The same between all pairs of one set, a sample being infinitely far from itself."""
    for rows, block in across(x, x):
        block[np.arange(len(block)), np.arange(rows.start, rows.stop)] = np.inf
        yield rows, block


def below(squared: Vector, squares: Vector) -> Vector:
    """Thresholds: what is below them is nearer than `squared` by more than rounding. `squares` are those of the points
    from which the distances are taken."""
    return squared - TIE * (squares + squared)


def above(squared: Vector, squares: Vector) -> Vector:
    """Thresholds: what is below them is not farther than `squared` by more than rounding."""
    return squared + TIE * (squares + squared)


def kth_nearest(x: Points, k: int) -> Vector:
    """The squared distance of each sample from the k-th nearest of the others, [N].

    Raises:
      InputError: not more than k samples.
    """
    if not 1 <= k < x.num:
        raise InputError(f"Expected 1 to {x.num - 1} neighbors among {x.num} samples, got {k}: draw at least {k + 1}.")
    squared = np.empty(x.num)
    for rows, block in within(x):
        block.partition(k - 1, axis=1)
        squared[rows] = block[:, k - 1]
    return squared


def nearest_distances(x: Points, y: Points) -> Vector:
    """How far each sample of x is from the nearest one of y, [N]; what is zero up to rounding is zero."""
    squared = np.empty(x.num)
    for rows, block in across(x, y):
        squared[rows] = block.min(axis=1)
    return np.sqrt(np.where(squared <= TIE * x.squares, 0.0, squared))


def chance_of_none(counts: Num[np.ndarray, "..."], num: int, chosen: int) -> Vector:
    """The chance that `chosen` of `num` samples, drawn without replacement, contain none of `counts` marked ones.

    C(num − count, chosen) / C(num, chosen). With chosen = num: 1 where the count is 0, and 0 elsewhere.
    """
    left = np.asarray(num - counts, np.float64)
    possible = left >= chosen
    left = np.where(possible, left, float(num))
    log_chance = gammaln(left + 1) - gammaln(left - chosen + 1) - gammaln(num + 1.0) + gammaln(num - chosen + 1.0)
    return np.where(possible, np.exp(log_chance), 0.0)


def in_canonical_order(samples: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N F"]:
    """The rows sorted by their first feature, then their second, …: the same whatever order they came in."""
    return samples[np.lexsort(samples.T[::-1])]


def in_random_order(samples: Float64[np.ndarray, "N F"], seed: int, *streams: int) -> Float64[np.ndarray, "N F"]:
    """The rows in an order drawn from the seed and the samples themselves, whatever order they came in.

    A permutation of sorted samples by the seed alone would put the same ranks together in every set of samples: an
    error that is no longer random. `streams` tell the draws of one caller apart.
    """
    ordered = in_canonical_order(samples) + 0.0  # -0.0 and 0.0 are equal and have different bytes
    return np.random.default_rng([seed, *streams, zlib.crc32(ordered.tobytes())]).permutation(ordered)
