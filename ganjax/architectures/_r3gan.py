"""Residual networks without any normalization, for a loss that needs none.

Reference: Huang, Gokaslan, Kuleshov and Tompkin, 2024, "The GAN is dead; long live the GAN! A modern GAN baseline",
arXiv:2501.05441, section 3 and the appendix on architecture.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from ganjax.architectures._convolution_forms import Images
from ganjax.architectures._grouped import GroupedConv, resample
from ganjax.architectures._layers import DTYPES, Conv, Initializer, Precision, leaky_relu, refuse_condition
from ganjax.architectures._network import from_linen
from ganjax.architectures._residual_blocks import check_images, sizes, square_images
from ganjax.checks import InputError
from ganjax.numerics import at_least_float32
from ganjax.types import DiscriminatorOutput, Latents, Network, Samples

EXPANSION = 2  # channels inside a block for one of the network's
SLOPE = 0.2


def scaled_he(scale: float = 1.0) -> Initializer:
    """N(0, (scale · gain)² / fan-in), with the gain that keeps a LeakyReLU's output as large as its input."""
    gain = 2.0 / (1.0 + SLOPE**2)
    return nn.initializers.variance_scaling(gain * scale**2, "fan_in", "normal")


def unit() -> Initializer:
    """N(0, 1 / fan-in), for a linear layer that no activation follows."""
    return nn.initializers.variance_scaling(1.0, "fan_in", "normal")


class R3ganBlock(nn.Module):
    """x ↦ x + C₁(a(C₃(a(C₁(x))))), with a grouped 3×3 convolution and LeakyReLU a. Per sample; no normalization.

    The last convolution starts at 0, so the block starts as the identity; the other two start smaller by L^(−¼) for a
    network of L blocks (fix-up initialization: Zhang et al. 2019, arXiv:1901.09321, section 3).

    Attributes:
      num_blocks: L.
      group_width: channels in a group of the 3×3 convolution.
      dtype: what the layers compute in.
    """

    num_blocks: int
    group_width: int = 16
    dtype: Any = None

    @nn.compact
    def __call__(self, x: Images) -> Images:
        channels, inside = x.shape[-1], EXPANSION * x.shape[-1]
        activation, init = leaky_relu(SLOPE), scaled_he(self.num_blocks**-0.25)
        h = activation(Conv(inside, (1, 1), dtype=self.dtype, kernel_init=init, name="widen")(x))
        groups = inside // self.group_width
        h = activation(GroupedConv(inside, (3, 3), groups, self.dtype, init, name="mix")(h))
        zeros = nn.initializers.zeros
        return x + Conv(channels, (1, 1), use_bias=False, dtype=self.dtype, kernel_init=zeros, name="narrow")(h)


class R3ganGenerator(nn.Module):
    """Latents through residual stages to images. Per sample, in every mode: there is no normalization.

    The smallest image is a learned one, each channel times a number that a dense layer computes from the latents.
    Between stages the image is enlarged by `resample`, outside of the blocks. A 1×1 convolution makes the colors, with
    no tanh, as in the paper: samples are not bound to [−1, 1], and pictures clip them.

    "Style": one width for all stages, and no exponents of two precisions, which the authors vary with the resolution.

    Attributes:
      resolution: H = W: 4·2ⁿ, 6·2ⁿ or 7·2ⁿ.
      channels: width of every stage.
      image_channels: C.
      blocks: residual blocks a stage.
      group_width: channels in a group of the 3×3 convolutions.
      dtype: what the layers compute in; parameters are float32, and so are the samples.
    """

    resolution: int = 32
    channels: int = 64
    image_channels: int = 3
    blocks: int = 2
    group_width: int = 16
    dtype: Any = None

    @nn.compact
    def __call__(self, latents: Latents, *condition: Any, train: bool = False) -> Samples:
        refuse_condition("R3ganGenerator", condition)
        del train  # nothing differs
        start, doublings, _ = sizes(self.resolution)
        basis = self.param("basis", nn.initializers.normal(1.0), (start, start, self.channels), jnp.float32)
        dense = nn.Dense(self.channels, use_bias=False, dtype=self.dtype, kernel_init=unit(), name="start")
        weights = dense(latents.reshape(latents.shape[0], -1))
        x = basis[None].astype(weights.dtype) * weights[:, None, None, :]
        for doubling in range(doublings + 1):
            x = x if doubling == 0 else resample(x, start * 2**doubling)
            x = _stage(self, x, num_blocks=self.blocks * (doublings + 1))
        return at_least_float32(
            Conv(self.image_channels, (1, 1), dtype=self.dtype, kernel_init=unit(), name="images")(x)
        )


class R3ganDiscriminator(nn.Module):
    """Images through residual stages to one raw score each: the generator's mirror image. Per sample.

    A 1×1 convolution reads the colors; between stages the image is made smaller by `resample`. At the end each channel
    is projected on a learned image of its own (a depthwise convolution as large as its input), and a dense layer makes
    the score.

    Attributes: as `R3ganGenerator`'s.
    """

    resolution: int = 32
    channels: int = 64
    image_channels: int = 3
    blocks: int = 2
    group_width: int = 16
    dtype: Any = None

    @nn.compact
    def __call__(self, samples: Samples, *condition: Any, train: bool = False) -> DiscriminatorOutput:
        refuse_condition("R3ganDiscriminator", condition)
        del train  # nothing differs
        check_images(samples, self.resolution, self.image_channels)
        start, doublings, _ = sizes(self.resolution)
        x = Conv(self.channels, (1, 1), dtype=self.dtype, kernel_init=unit(), name="colors")(samples)
        for halving in range(doublings + 1):
            x = x if halving == 0 else resample(x, self.resolution // 2**halving)
            x = _stage(self, x, num_blocks=self.blocks * (doublings + 1))
        x = project(x, self.param("basis", nn.initializers.normal(1.0 / start), x.shape[1:], jnp.float32))
        scores = nn.Dense(1, use_bias=False, dtype=self.dtype, kernel_init=unit(), name="score")(x)
        return DiscriminatorOutput(at_least_float32(scores[:, 0]))


def _stage(network: R3ganGenerator | R3ganDiscriminator, x: Images, num_blocks: int) -> Images:
    """The blocks at one size, made inside the network's own call."""
    for _ in range(network.blocks):
        x = R3ganBlock(num_blocks, network.group_width, network.dtype)(x)
    return x


def project(x: Images, basis: Float[Array, "H W C"]) -> Float[Array, "B C"]:
    """Σ_hw x[b, h, w, c] · basis[h, w, c], in float32 or better: each channel's part along an image. Per sample."""
    return jnp.einsum("bhwc,hwc->bc", at_least_float32(x), basis)


def r3gan_generator(
    sample_shape: tuple[int, ...],
    *,
    channels: int = 64,
    blocks: int = 2,
    group_width: int = 16,
    dtype: Precision = "float32",
) -> Network:
    """An R3GAN-style residual generator, without normalization.

    Args:
      sample_shape: (H, H, C), with H = 4·2ⁿ, 6·2ⁿ or 7·2ⁿ: 8, 16, 28, 32, 48, 64, 128, …
      channels: width of every stage; 768 for the paper's CIFAR-10.
      blocks: residual blocks at each size.
      group_width: channels in a group of the 3x3 convolutions; must divide 2 · channels.
      dtype: what the layers compute in; parameters are float32.
    """
    return from_linen(R3ganGenerator(*_sizes(sample_shape, channels, blocks, group_width), DTYPES[dtype]))


def r3gan_discriminator(
    sample_shape: tuple[int, ...],
    *,
    channels: int = 64,
    blocks: int = 2,
    group_width: int = 16,
    dtype: Precision = "float32",
) -> Network:
    """An R3GAN-style residual discriminator, without normalization.

    Args:
      sample_shape: (H, H, C), with H = 4·2ⁿ, 6·2ⁿ or 7·2ⁿ: 8, 16, 28, 32, 48, 64, 128, …
      channels: width of every stage; 768 for the paper's CIFAR-10.
      blocks: residual blocks at each size.
      group_width: channels in a group of the 3x3 convolutions; must divide 2 · channels.
      dtype: what the layers compute in; parameters are float32.
    """
    return from_linen(R3ganDiscriminator(*_sizes(sample_shape, channels, blocks, group_width), DTYPES[dtype]))


def _sizes(
    sample_shape: tuple[int, ...], channels: int, blocks: int, group_width: int
) -> tuple[int, int, int, int, int]:
    """(resolution, channels, image_channels, blocks, group_width), checked."""
    resolution, image_channels = square_images(sample_shape)
    sizes(resolution)
    if min(channels, blocks, group_width) < 1 or EXPANSION * channels % group_width:
        raise InputError(
            f"Expected channels, blocks and group_width >= 1 with group_width a divisor of {EXPANSION} · channels, "
            f"got channels = {channels}, blocks = {blocks} and group_width = {group_width}."
        )
    return resolution, channels, image_channels, blocks, group_width
