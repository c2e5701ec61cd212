"""What every metric asks of its samples before it counts anything."""

from __future__ import annotations

import numpy as np
from jaxtyping import Array, Float, Float64

from ganjax.checks import InputError

# [N, F], one row a sample: points of a toy, or features of images. Ranks are checked at the door, with a mend.
Features = Float[Array | np.ndarray, "..."]


def as_float64(name: str, samples: Features, least: int = 1) -> Float64[np.ndarray, "N F"]:
    """`samples` on the host in float64, checked. Per batch.

    Args:
      name: what an error calls the samples.
      samples: [N, F].
      least: the fewest samples that the caller can use.

    Returns:
      [N, F], NumPy float64.

    Raises:
      InputError: not two axes, no features, fewer than `least` samples, or entries that are NaN or infinite.
    """
    matrix = np.asarray(samples, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] == 0:
        raise InputError(f"Expected {name}[samples, features], got {name}{list(matrix.shape)}: flatten each sample.")
    if len(matrix) < least:
        raise InputError(f"Expected at least {least} samples in {name}, got {len(matrix)}: draw more.")
    bad = len(matrix) - int(np.isfinite(matrix).all(axis=1).sum())
    if bad:
        raise InputError(f"Expected finite {name}, got NaN or infinity in {bad} of {len(matrix)} samples.")
    return matrix


def check_same_features(**widths: int) -> None:
    """Raises `InputError` unless all the named widths are one number: samples of different spaces have no distance."""
    if len(set(widths.values())) > 1:
        got = ", ".join(f"{name} with {width}" for name, width in widths.items())
        raise InputError(f"Expected the same number of features everywhere, got {got}: take both from one network.")
