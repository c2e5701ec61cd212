"""Latent distributions: what a generator starts from."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ganjax.checks import InputError, Table, check_non_negative
from ganjax.types import Key, Prior


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

    return Prior(sample, (latent_dim,))


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


def _check_latent_dim(latent_dim: int) -> None:
    if latent_dim < 1:
        raise InputError(f"Expected latent_dim >= 1, got {latent_dim}.")


PRIORS = Table("prior", {"normal": normal, "uniform": uniform, "coded": coded})
