"""Latent distributions: what a generator starts from."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ganjax.checks import InputError, Table
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


def _check_latent_dim(latent_dim: int) -> None:
    if latent_dim < 1:
        raise InputError(f"Expected latent_dim >= 1, got {latent_dim}.")


PRIORS = Table("prior", {"normal": normal, "uniform": uniform})
