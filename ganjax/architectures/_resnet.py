"""Residual networks of the SNGAN family.

Reference: Miyato, Kataoka, Koyama and Yoshida, 2018, "Spectral normalization for generative adversarial networks",
arXiv:1802.05957, appendix B.4, tables 4 to 6; after Gulrajani et al. 2017, arXiv:1704.00028.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from ganjax.architectures._constraints import Constraint, spectral_norm, unconstrained
from ganjax.architectures._layers import (
    DTYPES,
    NORMALIZATIONS,
    Conv,
    Normalization,
    NormalizationName,
    Precision,
    batch_norm,
    layer_norm,
    refuse_condition,
)
from ganjax.architectures._minibatch_std import minibatch_std
from ganjax.architectures._network import from_linen
from ganjax.architectures._residual_blocks import (
    GLOROT,
    DownBlock,
    FirstBlock,
    UpBlock,
    check_images,
    default_channels,
    latent_image,
    normalized,
    paper_widths,
    sizes,
    square_images,
)
from ganjax.checks import Table, check_positive
from ganjax.numerics import at_least_float32
from ganjax.types import DiscriminatorOutput, Latents, Network, Samples

SMALL_HALVINGS = 2  # up to 32 pixels the paper's discriminator halves twice, and two blocks follow

ResnetNormalizationName = Literal["spectral", "layer", "none"]


class Restraint(NamedTuple):
    """How a discriminator is kept smooth: what is done to its kernels, and to its layers' inputs."""

    constraint: Constraint
    normalization: Normalization | None


RESTRAINTS: Table[Restraint] = Table(
    "normalization",
    {
        "spectral": Restraint(spectral_norm(), None),
        "layer": Restraint(unconstrained, layer_norm()),
        "none": Restraint(unconstrained, None),
    },
)


class ResnetImages(nn.Module):
    """Latents through a dense layer and up-blocks to images in [−1, 1]; the normalization comes with the call.

    After the last block: normalization, ReLU, a 3×3 convolution, tanh. Up to 32 pixels all blocks are `channels` wide;
    above, the last one is, and each before it twice as wide as the next, up to 16 times.

    Attributes:
      resolution: H = W: 4·2ⁿ, 6·2ⁿ or 7·2ⁿ.
      channels: width of the block nearest to the image; 256 up to 32 pixels and 64 above in the paper.
      image_channels: C.
      dtype: what the layers compute in; parameters are float32, and so are the samples.
    """

    resolution: int = 32
    channels: int = 256
    image_channels: int = 3
    dtype: Any = None

    @nn.compact
    def __call__(self, latents: Latents, normalization: Normalization | None, train: bool = False) -> Samples:
        start, doublings, _ = sizes(self.resolution)
        *widths, first = paper_widths(self.resolution, self.channels, doublings + 1)
        x = latent_image(latents, start, first, self.dtype)
        for width in reversed(widths):
            x = UpBlock(width, self.dtype)(x, normalization, train)
        x = nn.relu(normalized(normalization, x, train, self.dtype))
        x = Conv(self.image_channels, (3, 3), dtype=self.dtype, kernel_init=GLOROT, name="images")(x)
        return nn.tanh(at_least_float32(x))


class ResnetFeatures(nn.Module):
    """Images through down-blocks to features φ [B, F], summed over pixels after a last ReLU. Float32 or better.

    Up to 32 pixels (table 4): images are halved twice, and two blocks at one size follow, all `channels` wide. Above
    (tables 5 and 6): halved while more than 4 pixels a side are left, each block twice as wide as the one before, up to
    16 times, and one block at one size follows. Per sample, unless `group_size` > 1 or the normalization mixes.

    Attributes:
      resolution, image_channels, dtype: as `ResnetImages`'s.
      channels: width of the first block; 128 up to 32 pixels and 64 above in the paper.
      restraint: how it is kept smooth.
      group_size: samples that a `minibatch_std` before the last block compares; 1 for no such channel.
    """

    resolution: int = 32
    channels: int = 128
    image_channels: int = 3
    restraint: Restraint = RESTRAINTS["spectral"]
    group_size: int = 1
    dtype: Any = None

    @nn.compact
    def __call__(self, samples: Samples, train: bool = False) -> Float[Array, "B F"]:
        check_images(samples, self.resolution, self.image_channels)
        small, most = self.resolution <= 32, sizes(self.resolution).halvings
        halves = min(most, SMALL_HALVINGS) if small else most
        first, *widths = paper_widths(self.resolution, self.channels, halves)
        x = FirstBlock(first, self.restraint.constraint, self.dtype)(samples, train)
        for width in widths:
            x = DownBlock(width, True, *self.restraint, self.dtype)(x, train)
        width = (first, *widths)[-1]
        if small:
            x = DownBlock(width, False, *self.restraint, self.dtype)(x, train)
        x = x if self.group_size == 1 else minibatch_std(x, self.group_size)
        x = DownBlock(width, False, *self.restraint, self.dtype)(x, train)
        # summed in float32: bfloat16 would lose the small pixels beside the sum
        return jnp.sum(at_least_float32(nn.relu(x)), axis=(1, 2))


class ResnetGenerator(nn.Module):
    """Latents through up-blocks to images in [−1, 1], as `ResnetImages`.

    Attributes:
      images: resolution, widths and precision.
      normalization: N of the blocks; mixes the batch where it is batch norm in training mode.
    """

    images: ResnetImages
    normalization: Normalization | None = batch_norm()

    @nn.compact
    def __call__(self, latents: Latents, *condition: Any, train: bool = False) -> Samples:
        refuse_condition("ResnetGenerator", condition)
        return self.images(latents, self.normalization, train)


class ResnetDiscriminator(nn.Module):
    """Images through down-blocks to one raw score each: a dense layer of `ResnetFeatures`.

    Attributes:
      features: resolution, widths, restraint and precision.
    """

    features: ResnetFeatures

    @nn.compact
    def __call__(self, samples: Samples, *condition: Any, train: bool = False) -> DiscriminatorOutput:
        refuse_condition("ResnetDiscriminator", condition)
        phi = self.features(samples, train)
        dense = nn.Dense(1, dtype=self.features.dtype, kernel_init=GLOROT, name="score")
        scores = self.features.restraint.constraint(dense, train)(phi)
        return DiscriminatorOutput(at_least_float32(scores[:, 0]))


def resnet_generator(
    sample_shape: tuple[int, ...],
    *,
    channels: int | None = None,
    normalization: NormalizationName = "batch",
    dtype: Precision = "float32",
) -> Network:
    """SNGAN's residual generator.

    Args:
      sample_shape: (H, H, C), with H = 4·2ⁿ, 6·2ⁿ or 7·2ⁿ: 8, 16, 28, 32, 48, 64, 128, …
      channels: width of the last block; by default the paper's, 256 up to 32 pixels and 64 above.
      normalization: before every ReLU.
      dtype: what the layers compute in; parameters are float32.
    """
    return from_linen(
        ResnetGenerator(resnet_images(sample_shape, channels, DTYPES[dtype]), NORMALIZATIONS[normalization])
    )


def resnet_discriminator(
    sample_shape: tuple[int, ...],
    *,
    channels: int | None = None,
    normalization: ResnetNormalizationName = "spectral",
    group_size: int = 1,
    dtype: Precision = "float32",
) -> Network:
    """SNGAN's residual discriminator.

    Args:
      sample_shape: (H, H, C), with H = 4·2ⁿ, 6·2ⁿ or 7·2ⁿ: 8, 16, 28, 32, 48, 64, 128, …
      channels: width of the first block; by default the paper's, 128 up to 32 pixels and 64 above.
      normalization: spectral of every kernel; or layer normalization, or none, under gradient penalties.
      group_size: samples of a minibatch standard deviation before the last block; 1 for none.
      dtype: what the layers compute in; parameters are float32.
    """
    return from_linen(
        ResnetDiscriminator(
            resnet_features(sample_shape, channels, RESTRAINTS[normalization], group_size, DTYPES[dtype])
        )
    )


def resnet_images(sample_shape: tuple[int, ...], channels: int | None, dtype: Any) -> ResnetImages:
    """The generator's body, its sizes checked."""
    resolution, image_channels = square_images(sample_shape)
    sizes(resolution)
    return ResnetImages(resolution, default_channels(resolution, channels, 256), image_channels, dtype)


def resnet_features(
    sample_shape: tuple[int, ...], channels: int | None, restraint: Restraint, group_size: int, dtype: Any
) -> ResnetFeatures:
    """The discriminator's body, its sizes checked."""
    resolution, image_channels = square_images(sample_shape)
    sizes(resolution)
    check_positive(group_size=group_size)
    width = default_channels(resolution, channels, 128)
    return ResnetFeatures(resolution, width, image_channels, restraint, group_size, dtype)
