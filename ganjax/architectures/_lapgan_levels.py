"""What one level of a LAPGAN is made of, and how the levels of a pyramid lie in one array and in one vector."""

from __future__ import annotations

import itertools
import math
from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from ganjax import pyramids
from ganjax.architectures._layers import DCGAN_INIT, Conv, Normalization, leaky_relu
from ganjax.checks import InputError
from ganjax.numerics import at_least_float32
from ganjax.pyramids import Images
from ganjax.types import Latents


class ResidualGenerator(nn.Module):
    """G_k: a coarse image and a plane of noise through three convolutions to the residual.

    Per sample, unless the normalization mixes the batch. ReLU between the convolutions, nothing after the last.

    Attributes:
      channels: width of the two hidden layers.
      kernel: pixels a side of every kernel.
      normalization: of the hidden layers; None for none.
      dtype: what the layers compute in; None for the common type of input and parameters.
    """

    channels: int = 64
    kernel: int = 5
    normalization: Normalization | None = None
    dtype: Any = None

    @nn.compact
    def __call__(self, coarse: Images, noise: Images, train: bool = False) -> Images:
        square, plain = (self.kernel, self.kernel), self.normalization is None
        x = jnp.concatenate([coarse, noise.astype(coarse.dtype)], axis=3)
        for _ in range(2):
            x = Conv(self.channels, square, use_bias=plain, dtype=self.dtype)(x)
            x = nn.relu(_normalized(self, x, train))
        return at_least_float32(Conv(coarse.shape[3], square, dtype=self.dtype)(x))


class ResidualDiscriminator(nn.Module):
    """D_k: the sum of residual and coarse image through two convolutions of stride 2 and a dense layer to a score.

    Per sample, unless the normalization mixes the batch. LeakyReLU of slope 0.2 after the convolutions.

    Attributes: as `ResidualGenerator`'s; the second layer is twice as wide, and it alone is normalized.
    """

    channels: int = 64
    kernel: int = 5
    normalization: Normalization | None = None
    dtype: Any = None

    @nn.compact
    def __call__(self, images: Images, train: bool = False) -> Float[Array, "B"]:
        square, plain = (self.kernel, self.kernel), self.normalization is None
        x = leaky_relu()(Conv(self.channels, square, (2, 2), dtype=self.dtype)(images))
        x = Conv(2 * self.channels, square, (2, 2), use_bias=plain, dtype=self.dtype)(x)
        x = leaky_relu()(_normalized(self, x, train)).reshape(x.shape[0], -1)
        return at_least_float32(nn.Dense(1, dtype=self.dtype, kernel_init=DCGAN_INIT)(x)[:, 0])


def _normalized(network: ResidualGenerator | ResidualDiscriminator, x: Images, train: bool) -> Images:
    return x if network.normalization is None else network.normalization(train=train, dtype=network.dtype)(x)


def coarse_images(network: str, condition: tuple[Any, ...], shape: tuple[int, ...], levels: int) -> list[Images]:
    """What each level's residual is added to: the condition, level by level.

    Raises:
      InputError: unless the condition is one array of the samples' shape.
    """
    if len(condition) != 1 or jnp.shape(condition[0]) != shape:
        got = [jnp.shape(given) for given in condition] or "none"
        raise InputError(
            f"Expected coarse images {list(shape)} as {network}'s condition, got {got}: "
            "give batches of data.pyramid(source, levels)."
        )
    return pyramids.unstack(condition[0], levels)


def level_shapes(sample_shape: tuple[int, ...], levels: int) -> list[tuple[int, int, int]]:
    """(H/2^k, W/2^k, C) of every level k of a stacked pyramid (H, W, C·levels).

    Raises:
      InputError: if there is no such pyramid.
    """
    pyramids.check_levels(sample_shape, levels)
    height, width, channels = sample_shape
    if channels % levels:
        raise InputError(
            f"Expected pyramids of {levels} levels, (H, W, C·{levels}), got samples {list(sample_shape)}: "
            "give the networks the levels of the data, data.pyramid(source, levels)."
        )
    return [(height // 2**k, width // 2**k, channels // levels) for k in range(levels)]


def lapgan_latent_dim(sample_shape: tuple[int, ...], levels: int = 3, coarsest_dim: int = 100) -> int:
    """How many numbers a `LapganGenerator` takes: Σ H·W/4^k over all levels k but the last, + coarsest_dim.

    Args:
      sample_shape: (H, W, C·levels), of a stacked pyramid.
      levels: of the pyramid.
      coarsest_dim: numbers that the smallest image is made of.
    """
    return sum(math.prod(shape[:2]) for shape in level_shapes(sample_shape, levels)[:-1]) + coarsest_dim


def split_noise(
    latents: Latents, sample_shape: tuple[int, ...], levels: int, coarsest_dim: int
) -> list[Float[Array, "B ..."]]:
    """The latents as planes [B, H/2^k, W/2^k, 1], finest first, and a vector [B, coarsest_dim].

    Raises:
      InputError: for latents of another number.
    """
    sides = [shape[:2] for shape in level_shapes(sample_shape, levels)[:-1]]
    expected = lapgan_latent_dim(sample_shape, levels, coarsest_dim)
    if latents.shape[1:] != (expected,):
        raise InputError(
            f"Expected latents [B, {expected}] (a plane of noise for each of {len(sides)} levels, and "
            f"{coarsest_dim} numbers for the smallest image), got latents{list(latents.shape)}: "
            f"give the prior a latent_dim of {expected} (--prior.latent-dim)."
        )
    ends = list(itertools.accumulate(height * width for height, width in sides))
    *planes, vector = jnp.split(latents, ends, axis=1)
    return [*(plane.reshape(-1, *side, 1) for plane, side in zip(planes, sides, strict=True)), vector]
