"""The two forms of an image: bytes as they are stored, floats in [−1, 1] as every network sees them."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float, UInt8


def to_float(images: UInt8[Array, "..."]) -> Float[Array, "..."]:
    """Bytes 0 … 255 as float32 in [−1, 1]: x / 127.5 − 1. Elementwise.

    Args:
      images: uint8, of any shape.

    Returns:
      float32, of the same shape; both ends are exact.
    """
    return images.astype(jnp.float32) / 127.5 - 1.0


def to_uint8(images: Float[Array, "..."]) -> UInt8[Array, "..."]:
    """Floats in [−1, 1] as bytes: (x + 1) · 127.5 rounded to the nearest, clipped to 0 … 255. Elementwise.

    The inverse of `to_float` on all 256 values. Computed in float32: bfloat16 cannot tell 254 from 255.

    Args:
      images: floats of any shape; what lies outside [−1, 1] is clipped.

    Returns:
      uint8, of the same shape.
    """
    return jnp.clip(jnp.round((images.astype(jnp.float32) + 1.0) * 127.5), 0, 255).astype(jnp.uint8)
