"""From bytes of any size to what the network was trained on: 299 × 299, between −1 and 1."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Shaped

from ganjax.checks import InputError

INPUT_SIZE = 299


def resize_matrix(size: int, new_size: int) -> Float32[np.ndarray, "{new_size} {size}"]:
    """TensorFlow 1's bilinear resize of one axis, as a matrix: `resized = matrix @ pixels`. Per axis.

    Output i looks at position i·size/new_size, in float32, and mixes the pixels on its two sides; past the last pixel
    the last one repeats. Corners are not aligned, pixels have no half-width, nothing is averaged when shrinking: other
    resizes change an FID by whole points (Parmar et al. 2022, arXiv:2104.11222), so this one is part of its name.

    Args:
      size: pixels given.
      new_size: pixels wanted.

    Returns:
      [new_size, size]; rows sum to 1.
    """
    positions = np.arange(new_size, dtype=np.float32) * np.float32(size / new_size)
    below = np.minimum(positions.astype(np.int64), size - 1)
    weight_above = positions - below.astype(np.float32)
    rows = np.arange(new_size)
    matrix = np.zeros((new_size, size), np.float32)
    np.add.at(matrix, (rows, below), 1 - weight_above)
    np.add.at(matrix, (rows, np.minimum(below + 1, size - 1)), weight_above)
    return matrix


def to_inputs(images: Shaped[Array | np.ndarray, "..."]) -> Float[Array, "B 299 299 3"]:
    """What the network takes, from images as a file holds them: resized in float32, then (x − 128)/128. Per sample.

    Args:
      images: [B, H, W, 3], or gray ones [B, H, W, 1], whose channel is repeated; of any size.

    Returns:
      [B, 299, 299, 3], from −1 to 127/128.

    Raises:
      InputError: not uint8, not four axes, or neither 1 nor 3 channels.
    """
    shape = jnp.shape(images)
    if images.dtype != jnp.uint8 or len(shape) != 4 or shape[3] not in (1, 3) or 0 in shape:
        raise InputError(
            f"Expected images as uint8 [B, H, W, 3] or [B, H, W, 1], got {list(shape)} of {images.dtype}: "
            "round generated images to bytes, (x + 1)·127.5."
        )
    down, across = resize_matrix(shape[1], INPUT_SIZE), resize_matrix(shape[2], INPUT_SIZE)
    pixels = jnp.asarray(images).astype(jnp.float32)
    exact = jax.lax.Precision.HIGHEST
    rows = jnp.einsum("yh,bhwc->bywc", down, pixels, precision=exact)
    resized = jnp.einsum("xw,bywc->byxc", across, rows, precision=exact)
    return jnp.broadcast_to((resized - 128.0) / 128.0, (shape[0], INPUT_SIZE, INPUT_SIZE, 3))
