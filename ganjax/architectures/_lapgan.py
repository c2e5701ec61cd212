"""One generator and one discriminator for every level of a Laplacian pyramid.

Samples are pyramids in one array, `pyramids.stack`. Levels share no parameters.

Reference: Denton, Chintala, Szlam and Fergus, 2015, "Deep generative image models using a Laplacian pyramid of
adversarial networks", arXiv:1506.05751, section 3 and figure 1.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from flax import linen as nn

from ganjax import pyramids
from ganjax.architectures._lapgan_levels import (
    ResidualDiscriminator,
    ResidualGenerator,
    coarse_images,
    level_shapes,
    split_noise,
)
from ganjax.architectures._layers import (
    DTYPES,
    NORMALIZATIONS,
    Normalization,
    NormalizationName,
    Precision,
    leaky_relu,
)
from ganjax.architectures._mlp import MlpDiscriminator, MlpGenerator, widths
from ganjax.architectures._network import from_linen
from ganjax.checks import InputError, check_positive
from ganjax.types import DiscriminatorOutput, Latents, Network, Samples


class LapganGenerator(nn.Module):
    """Latents, and in training the real coarse images, to a pyramid in one array.

    Per sample, unless the normalization mixes the batch. With a condition, level k's residual is G_k(z_k, l_k) for the
    given l_k. Without one it goes from coarse to fine, each level upon the image that the levels before it made:
    l_k = up(I_{k+1}), I_k = l_k + G_k(z_k, l_k); `pyramids.coarse_to_fine(pyramids.unstack(samples, levels))` are those
    images. The last level's small image comes from a fully connected network and tanh.

    Latents are the noise planes of every level but the last, finest first and row by row, then `coarsest_dim` numbers:
    `lapgan_latent_dim` of them. In the paper they are uniform on (−1, 1).

    Attributes:
      sample_shape: (H, W, C·levels).
      levels: how many; 1 for small images alone.
      channels, kernel, normalization, dtype: as `ResidualGenerator`'s.
      features: widths of the last level's hidden layers.
      coarsest_dim: numbers that the last level's image is made of.

    Raises:
      InputError: in a call, for latents of another number or a condition of another shape.
    """

    sample_shape: tuple[int, ...]
    levels: int = 3
    channels: int = 64
    kernel: int = 5
    features: tuple[int, ...] = (1200, 1200)
    coarsest_dim: int = 100
    normalization: Normalization | None = None
    dtype: Any = None

    @nn.compact
    def __call__(self, latents: Latents, *condition: Any, train: bool = False) -> Samples:
        num, last = latents.shape[0], self.levels - 1
        *planes, vector = split_noise(latents, self.sample_shape, self.levels, self.coarsest_dim)
        *_, smallest = level_shapes(self.sample_shape, self.levels)
        given = coarse_images("LapganGenerator", condition, (num, *self.sample_shape), self.levels) if condition else []
        dense = MlpGenerator(
            smallest, self.features, nn.relu, nn.tanh, self.normalization, dtype=self.dtype, name=f"level_{last}"
        )
        image = dense(vector, train=train)
        made = [image]
        for k in reversed(range(last)):
            coarse = given[k] if given else pyramids.up(image)
            level = ResidualGenerator(self.channels, self.kernel, self.normalization, self.dtype, name=f"level_{k}")
            residual = level(coarse, planes[k], train=train)
            image = coarse + residual
            made.append(residual)
        return pyramids.stack(made[::-1])


class LapganDiscriminator(nn.Module):
    """A pyramid and its coarse images, each level judged by its own network.

    Per sample, unless the normalization mixes the batch. Level k's network sees residual + coarse image; the last
    one's, fully connected, the small image. Its feature `level_scores` [B, levels] holds every level's score, finest
    first; the score is their mean.

    Attributes: as `LapganGenerator`'s.

    Raises:
      InputError: in a call, for samples of another shape, or unless the condition is coarse images of that shape.
    """

    sample_shape: tuple[int, ...]
    levels: int = 3
    channels: int = 64
    kernel: int = 5
    features: tuple[int, ...] = (600, 600)
    normalization: Normalization | None = None
    dtype: Any = None

    @nn.compact
    def __call__(self, samples: Samples, *condition: Any, train: bool = False) -> DiscriminatorOutput:
        if samples.shape[1:] != self.sample_shape:
            raise InputError(
                f"Expected pyramids {list(self.sample_shape)}, got samples {list(samples.shape[1:])}: "
                "data, generator and discriminator need the same levels."
            )
        given = coarse_images("LapganDiscriminator", condition, samples.shape, self.levels)
        *images, smallest = [
            residual + coarse for residual, coarse in zip(pyramids.unstack(samples, self.levels), given, strict=True)
        ]
        scores = [
            ResidualDiscriminator(self.channels, self.kernel, self.normalization, self.dtype, name=f"level_{k}")(
                image, train=train
            )
            for k, image in enumerate(images)
        ]
        last = f"level_{self.levels - 1}"
        dense = MlpDiscriminator(self.features, leaky_relu(), self.normalization, dtype=self.dtype, name=last)
        level_scores = jnp.stack([*scores, dense(smallest, train=train).scores], axis=1)
        return DiscriminatorOutput(jnp.mean(level_scores, axis=1), {"level_scores": level_scores})


def lapgan_generator(
    sample_shape: tuple[int, ...],
    *,
    levels: int = 3,
    channels: int = 64,
    kernel: int = 5,
    features: tuple[int, ...] = (1200, 1200),
    coarsest_dim: int = 100,
    normalization: NormalizationName = "none",
    dtype: Precision = "float32",
) -> Network:
    """A LAPGAN generator: a small image, and residuals upon it.

    Args:
      sample_shape: (H, W, C·levels), of a stacked pyramid; H and W divide by 2^(levels - 1).
      levels: of the pyramid, as the data has them.
      channels: width of the residual networks' two hidden layers.
      kernel: pixels a side of every kernel.
      features: widths of the hidden layers that make the smallest image.
      coarsest_dim: latents that the smallest image is made of; each other level takes one a pixel.
      normalization: of every hidden layer.
      dtype: what the layers compute in; parameters are float32.
    """
    check_positive(channels=channels, kernel=kernel, coarsest_dim=coarsest_dim)
    level_shapes(sample_shape, levels)  # refused here, rather than in the first call
    return from_linen(
        LapganGenerator(
            tuple(sample_shape),
            levels,
            channels,
            kernel,
            widths(features),
            coarsest_dim,
            NORMALIZATIONS[normalization],
            DTYPES[dtype],
        )
    )


def lapgan_discriminator(
    sample_shape: tuple[int, ...],
    *,
    levels: int = 3,
    channels: int = 64,
    kernel: int = 5,
    features: tuple[int, ...] = (600, 600),
    normalization: NormalizationName = "none",
    dtype: Precision = "float32",
) -> Network:
    """A LAPGAN discriminator: a score for every level of a pyramid.

    Args:
      sample_shape: (H, W, C·levels), of a stacked pyramid; H and W divide by 2^(levels - 1).
      levels: of the pyramid, as the data has them.
      channels: width of the first convolution of a level; the second is twice as wide.
      kernel: pixels a side of every kernel.
      features: widths of the hidden layers that judge the smallest image.
      normalization: of every hidden layer but those next to residuals; none or layer under gradient penalties.
      dtype: what the layers compute in; parameters are float32.
    """
    check_positive(channels=channels, kernel=kernel)
    level_shapes(sample_shape, levels)
    return from_linen(
        LapganDiscriminator(
            tuple(sample_shape),
            levels,
            channels,
            kernel,
            widths(features),
            NORMALIZATIONS[normalization],
            DTYPES[dtype],
        )
    )
