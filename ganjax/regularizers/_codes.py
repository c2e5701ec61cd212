"""What a batch of codes says: how alike its members are, and how well they follow the latents."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ganjax import batches
from ganjax.checks import InputError, check_same_shape
from ganjax.numerics import at_least_float32, safe_norm
from ganjax.types import Losses


def repelling(codes: Float[Array, "_B ..."]) -> Float[Array, ""]:
    """mean over i ≠ j of cos²(S_i, S_j): the repelling, or pulling-away, term of EBGAN. SQUARED cosines.

    Per batch. 0 on orthogonal codes, 1 on parallel ones, whatever their lengths. A code of zeros counts as orthogonal
    to every other.

    Args:
      codes: [B, F], the encoder's codes of a fake batch, B ≥ 2.

    Returns:
      A scalar, float32 or better.

    Raises:
      InputError: when the codes are not [B, F] with B ≥ 2.

    Reference: Zhao et al. 2016, arXiv:1609.03126, section 2.4.
    """
    if codes.ndim != 2 or codes.shape[0] * batches.num_parts() < 2:
        raise InputError(
            f"Expected codes [B, F] with B >= 2, got codes{list(codes.shape)}: "
            "flatten each sample's code, and compare at least two samples."
        )
    codes = at_least_float32(codes)
    lengths = jax.vmap(safe_norm)(codes)[:, None]
    directions = codes / jnp.where(lengths > 0, lengths, 1.0)
    everyone = batches.whole(directions)
    # a TPU's or GPU's default precision would leave three digits
    cosines = jnp.matmul(directions, everyone.T, precision="highest")
    others = batches.own(1.0 - jnp.eye(len(everyone), dtype=codes.dtype))
    return batches.mean(jnp.sum(jnp.square(cosines) * others, axis=1)) / (len(everyone) - 1)


def correlation(latents: Float[Array, "_B ..."], codes: Float[Array, "_B ..."]) -> Losses:
    """ρ(z, ẑ) = Σ (z − z̄)(ẑ − avg ẑ) / (‖z − z̄‖ ‖ẑ − avg ẑ‖): Pearson's correlation over the latent axis.

    Per sample. ρ is unchanged by ẑ → aẑ + b, a > 0, so it leaves avg ẑ, O-GAN's score, free. A latent or code that is
    constant to working precision has no correlation: 0, with derivative 0.

    Args:
      latents: z, [B, Z].
      codes: ẑ, the encoder's output for G(z), [B, Z].

    Returns:
      [B], in [−1, 1], float32 or better. To be maximized: both players' losses subtract it.

    Raises:
      InputError: when the shapes differ or Z < 2.

    Reference: Su 2019, arXiv:1903.01931.
    """
    check_same_shape(latents=latents, codes=codes)
    if latents.shape[-1:] in {(), (1,)}:
        raise InputError(
            f"Expected at least 2 latent dimensions, got latents{list(latents.shape)}: "
            "one number has no correlation with another."
        )
    return jnp.sum(_centered_direction(latents) * _centered_direction(codes), axis=-1)


def _centered_direction(x: Array) -> Array:
    x = at_least_float32(x)
    centered = x - jnp.mean(x, axis=-1, keepdims=True)
    spread = jnp.sum(jnp.square(centered), axis=-1, keepdims=True)
    # what subtracting a rounded mean leaves of a constant: without the bar, its direction would be noise
    rounding = jnp.square(8 * jnp.finfo(x.dtype).eps) * jnp.sum(jnp.square(x), axis=-1, keepdims=True)
    constant = spread <= rounding
    return jnp.where(constant, 0.0, centered * jax.lax.rsqrt(jnp.where(constant, 1.0, spread)))
