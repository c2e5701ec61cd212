"""Latent distributions: what a generator starts from, and the ways between two latents."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from ganjax.checks import InputError, Table, check_non_negative, check_positive, check_rank, check_same_shape
from ganjax.numerics import safe_norm
from ganjax.types import Key, Prior

Latent = Float[Array, "..."]  # ONE latent


def normal(latent_dim: int = 100) -> Prior:
    """Independent standard normal latents, z ~ N(0, I).

    Per sample. float32.

    Args:
      latent_dim: numbers in one latent.

    Raises:
      InputError: unless latent_dim ≥ 1.
    """
    _check_latent_dim(latent_dim)

    def sample(key: Key, num: int) -> Float[Array, "{num} Z"]:
        return jax.random.normal(key, (num, latent_dim), jnp.float32)

    return Prior(sample, (latent_dim,), _half_square)


def truncated_normal(latent_dim: int = 100, bound: float = 2.0) -> Prior:
    """Standard normal numbers, each drawn anew while it lies beyond ±bound: the truncation trick.

    Per sample. float32. A generator trained on normal latents makes from these more typical samples, and fewer kinds
    of them. Brock et al. 2018, arXiv:1809.11096.

    Args:
      latent_dim: numbers in one latent.
      bound: the greatest absolute value.

    Raises:
      InputError: unless latent_dim ≥ 1 and bound > 0.
    """
    _check_latent_dim(latent_dim)
    check_positive(bound=bound)

    def sample(key: Key, num: int) -> Float[Array, "{num} Z"]:
        return jax.random.truncated_normal(key, -bound, bound, (num, latent_dim), jnp.float32)

    return Prior(sample, (latent_dim,), lambda z: jnp.where(jnp.all(jnp.abs(z) <= bound), _half_square(z), jnp.inf))


def uniform(latent_dim: int = 100, low: float = -1.0, high: float = 1.0) -> Prior:
    """Independent uniform latents, z ~ U[low, high): DCGAN's and LAPGAN's prior.

    Per sample. float32.

    Args:
      latent_dim: numbers in one latent.
      low: the least value.
      high: the bound above.

    Raises:
      InputError: unless latent_dim ≥ 1 and low < high, both finite.
    """
    _check_latent_dim(latent_dim)
    if not float("-inf") < low < high < float("inf"):
        raise InputError(f"Expected low < high, both finite, got low = {low} and high = {high}.")

    def sample(key: Key, num: int) -> Float[Array, "{num} Z"]:
        return jax.random.uniform(key, (num, latent_dim), jnp.float32, low, high)

    return Prior(sample, (latent_dim,), lambda z: jnp.where(jnp.all((low <= z) & (z <= high)), 0.0, jnp.inf))


def rescaled(latent_dim: int = 100) -> Prior:
    """Uniform numbers stretched to [0, 1] in each latent: (z − min z) / (max z − min z), z ~ U[0, 1).

    Per sample. float32. A quirk of a tutorial's programme, kept to reproduce it: each latent holds one 0 and one 1, and
    there is no density.

    Args:
      latent_dim: numbers in one latent.

    Raises:
      InputError: unless latent_dim ≥ 2: one number alone has no range.
    """
    if latent_dim < 2:
        raise InputError(f"Expected latent_dim >= 2, got {latent_dim}: rescaling needs a least and a greatest number.")

    def sample(key: Key, num: int) -> Float[Array, "{num} Z"]:
        z = jax.random.uniform(key, (num, latent_dim), jnp.float32)
        low, high = (extreme(z, axis=1, keepdims=True) for extreme in (jnp.min, jnp.max))
        return (z - low) / (high - low)

    return Prior(sample, (latent_dim,))


def coded(noise_dim: int = 62, categories: int = 10, continuous: int = 2) -> Prior:
    """InfoGAN's latents: [noise ~ N(0, I), one-hot ~ Cat(categories), continuous ~ U(−1, 1)], one vector a sample.

    Per sample. float32. Chen et al. 2016, arXiv:1606.03657, section 7 (MNIST: 62 + 10 + 2 = 74).

    Args:
      noise_dim: numbers of plain noise.
      categories: K of the categorical code; 0 for none.
      continuous: how many continuous codes.

    Raises:
      InputError: unless all are ≥ 0 and one of them is positive.
    """
    check_non_negative(noise_dim=noise_dim, categories=categories, continuous=continuous)
    _check_latent_dim(noise_dim + categories + continuous)

    def sample(key: Key, num: int) -> Float[Array, "{num} Z"]:
        noise_key, category_key, continuous_key = jax.random.split(key, 3)
        noise = jax.random.normal(noise_key, (num, noise_dim), jnp.float32)
        chosen = jax.random.randint(category_key, (num,), 0, max(categories, 1))
        one_hot = jax.nn.one_hot(chosen, categories, dtype=jnp.float32)
        rest = jax.random.uniform(continuous_key, (num, continuous), jnp.float32, -1.0, 1.0)
        return jnp.concatenate([noise, one_hot, rest], axis=1)

    return Prior(sample, (noise_dim + categories + continuous,))


def linear(a: Latent, b: Latent, t: ArrayLike) -> Latent:
    """The straight way between two latents: (1 − t) a + t b.

    Elementwise. Between two draws of a normal prior the middle is short, ‖(a + b)/2‖² ≈ ‖a‖²/2: see `spherical`. A
    prior whose support is convex, such as a uniform one, keeps all of it inside.
    """
    return jnp.asarray((1.0 - t) * a + t * b)


def spherical(a: Latent, b: Latent, t: ArrayLike) -> Latent:
    """The way between two latents along a great circle: slerp.

        â cos tθ + û sin tθ, times (1 − t)‖a‖ + t‖b‖;   θ the angle between a and b, û ⊥ â the direction toward b

    Per sample: over all numbers of ONE latent; `vmap` outside. For ‖a‖ = ‖b‖ that is (sin((1 − t)θ) a + sin(tθ) b) /
    sin θ, but stable at every angle: nearly parallel vectors are joined by a straight line, opposite ones by a half
    circle in some direction (between two numbers, which have no circle, through 0), and a zero has no direction of its
    own. With unequal norms the quotient's path leaves the circle, without bound as θ → π; here the norm goes evenly
    from one to the other. White 2016, arXiv:1609.04468.

    Args:
      a: the latent at t = 0.
      b: the latent at t = 1, of the same shape.
      t: a scalar.

    Raises:
      InputError: if the two shapes differ, or t is not a scalar.
    """
    check_same_shape(a=a, b=b)
    check_rank(0, t=t)
    a_norm, b_norm = safe_norm(a), safe_norm(b)
    start, end = _divided(a, a_norm), _divided(b, b_norm)
    # Kahan's form of the angle: arccos loses half the digits near 0 and π
    angle = 2.0 * jnp.arctan2(safe_norm(start - end), safe_norm(start + end))
    toward = _perpendicular(end, start)
    # nearly opposite: what is left of b beside a is rounding, and any other direction as good
    opposite = (safe_norm(toward) < 1e-5) & (angle > 1.0)
    any_direction = jnp.zeros(a.size, a.dtype).at[jnp.argmin(jnp.abs(start))].set(1.0).reshape(a.shape)
    toward = _perpendicular(jnp.where(opposite, any_direction, _divided(toward, safe_norm(toward))), start)
    toward = _divided(toward, safe_norm(toward))
    return linear(a_norm, b_norm, t) * (jnp.cos(t * angle) * start + jnp.sin(t * angle) * toward)


def _perpendicular(x: Latent, direction: Latent) -> Latent:
    """`x` without its part along a unit vector."""
    return x - jnp.sum(x * direction) * direction


def _divided(x: Latent, norm: Float[Array, ""]) -> Latent:
    """x / norm; 0 where the norm is."""
    return x / jnp.where(norm > 0, norm, 1.0)


def _half_square(z: Latent) -> Float[Array, ""]:
    return 0.5 * jnp.sum(jnp.square(z))


def _check_latent_dim(latent_dim: int) -> None:
    if latent_dim < 1:
        raise InputError(f"Expected latent_dim >= 1, got {latent_dim}.")


PRIORS = Table(
    "prior",
    {
        "normal": normal,
        "uniform": uniform,
        "coded": coded,
        "truncated_normal": truncated_normal,
        "rescaled": rescaled,
    },
)
