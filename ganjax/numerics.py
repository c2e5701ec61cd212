"""Stable forms that several families share."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ganjax.checks import InputError


def at_least_float32(x: Array) -> Array:
    """`x` in float32 if its precision is lower, else as it is: norms lose their digits in half precision."""
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))


def safe_norm(x: Float[Array, "..."], ord: float = 2.0) -> Float[Array, ""]:
    """The L_ord norm of all entries of `x`, with gradient 0 where the norm is 0. Per sample: `vmap` outside.

    (Σ |x_i|^ord)^(1/ord); computed in float32 or better. The plain norm's gradient is NaN at x = 0, which
    the first step of a gradient penalty on a flat discriminator meets. NaN stays NaN.

    Raises:
      InputError: unless 1 ≤ ord < ∞.
    """
    if not 1 <= ord < float("inf"):
        raise InputError(f"Expected a norm of order 1 <= ord < inf, got ord = {ord}.")
    x = at_least_float32(x)
    total = jnp.sum(jnp.abs(x) ** ord) if ord != 2.0 else jnp.sum(jnp.square(x))
    zero = total == 0
    # the inner `where` keeps the root's infinite derivative away from the branch that is not taken
    return jnp.where(zero, 0.0, jnp.where(zero, 1.0, total) ** (1.0 / ord))


def standardize(x: Float[Array, "... Z"], epsilon: float = 1e-8) -> Float[Array, "... Z"]:
    """Zero mean, unit (biased) variance over the last axis: (x − mean) / √(variance + epsilon). Per sample.

    Computed, and given, in float32 or better.
    """
    x = at_least_float32(x)
    centered = x - jnp.mean(x, axis=-1, keepdims=True)
    return centered * jax.lax.rsqrt(jnp.mean(jnp.square(centered), axis=-1, keepdims=True) + epsilon)
