"""Functions that f-divergences are built from, finite and with a true gradient for every finite argument."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ganjax.numerics import at_least_float32

Values = Float[Array, "..."]

LINEAR_BEYOND = 30.0  # e^30 = 1e13: its square, which adaptive optimizers keep, is far from float32's end at 3e38


def linear_exp(x: Values, beyond: float = LINEAR_BEYOND) -> Values:
    """e^x, continued by its tangent where x > `beyond`. Elementwise.

    e^m (1 + x − m) with m = min(x, beyond): exactly e^x below, and at any x a finite value, a finite slope of at most
    e^beyond, convex and increasing.
    """
    m = jnp.minimum(x, beyond)
    return jnp.exp(m) * (1 + (x - m))


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def linear_expm1(x: Values, beyond: float = LINEAR_BEYOND) -> Values:
    """e^x − 1, continued by its tangent where x > `beyond`. Elementwise.

    Keeps its digits near 0, and its slope's for x → −∞, where JAX's own derivative (e^x − 1) + 1 rounds to 0.
    """
    m = jnp.minimum(x, beyond)
    return jnp.expm1(m) + jnp.exp(m) * (x - m)


@linear_expm1.defjvp
def _linear_expm1_jvp(beyond: float, primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (x,), (dx,) = primals, tangents
    return linear_expm1(x, beyond), jnp.exp(jnp.minimum(x, beyond)) * dx


@jax.custom_jvp
def half_tanh(x: Values) -> Values:
    """½ tanh x. Elementwise. Its derivative is ½ sech² x to full relative precision, where 1 − tanh² rounds to 0."""
    return 0.5 * jnp.tanh(x)


@half_tanh.defjvp
def _half_tanh_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (x,), (dx,) = primals, tangents
    # ½ sech² x = 2 σ(2x) σ(−2x): each factor keeps its own tail
    return half_tanh(x), 2 * jax.nn.sigmoid(2 * x) * jax.nn.sigmoid(-2 * x) * dx


@jax.custom_jvp
def log_wright_omega(s: Values) -> Values:
    """The ℓ that solves e^ℓ + ℓ = s, the logarithm of Lambert's W(e^s). Elementwise.

    Newton on a convex increasing function, from the right of its root: monotone, and at rounding after five steps for
    every s, because the start is either the root's leading term (s for s → −∞, log s for s → ∞) or within 1 of it.
    Nothing here forms e^s, which overflows. dℓ/ds = 1/(1 + e^ℓ).
    """
    wide = at_least_float32(s)
    log_w = jnp.where(wide < 1, wide, jnp.log(jnp.maximum(wide, 1)))
    for _ in range(5):
        w = jnp.exp(log_w)
        log_w = log_w - (w + log_w - wide) / (1 + w)
    return log_w.astype(s.dtype)


@log_wright_omega.defjvp
def _log_wright_omega_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (s,), (ds,) = primals, tangents
    log_w = log_wright_omega(s)
    return log_w, jax.nn.sigmoid(-log_w) * ds
