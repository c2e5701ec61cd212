"""The two forms of an image: bytes as they are stored, floats in [−1, 1] as every network sees them."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float, UInt8

from ganjax.checks import InputError


def to_float(images: UInt8[Array, "..."]) -> Float[Array, "..."]:
    """Bytes 0 … 255 as float32 in [−1, 1]: x / 127.5 − 1. Elementwise.

    Args:
      images: uint8, of any shape.

    Returns:
      float32, of the same shape; both ends are exact.

    Raises:
      InputError: unless they are uint8.
    """
    if getattr(images, "dtype", None) != jnp.uint8:
        raise InputError(f"Expected images as bytes (uint8), got {_kind(images)}: floats need no conversion.")
    images = jnp.asarray(images)
    return images.astype(jnp.float32) / 127.5 - 1.0


def to_uint8(images: Float[Array, "..."]) -> UInt8[Array, "..."]:
    """Floats in [−1, 1] as bytes: (x + 1) · 127.5 rounded to the nearest, clipped to 0 … 255. Elementwise.

    The inverse of `to_float` on all 256 values. Computed in float32: bfloat16 cannot tell 254 from 255.

    Args:
      images: floats of any shape; what lies outside [−1, 1] is clipped.

    Returns:
      uint8, of the same shape.

    Raises:
      InputError: unless they are floats.
    """
    if not jnp.issubdtype(getattr(images, "dtype", jnp.int8), jnp.floating):
        raise InputError(f"Expected images as floats in [-1, 1], got {_kind(images)}: bytes need no conversion.")
    images = jnp.asarray(images)
    return jnp.clip(jnp.round((images.astype(jnp.float32) + 1.0) * 127.5), 0, 255).astype(jnp.uint8)


def _kind(images: object) -> str:
    return str(getattr(images, "dtype", f"a {type(images).__name__}"))
