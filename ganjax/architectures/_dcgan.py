"""Deep convolutional networks that double (and halve) their images' resolution layer by layer.

Reference: Radford, Metz and Chintala, 2015, "Unsupervised representation learning with deep convolutional generative
adversarial networks", arXiv:1511.06434, section 3 and figure 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from flax import linen as nn

from ganjax.architectures._convolution_forms import Pair
from ganjax.architectures._layers import (
    DCGAN_INIT,
    DTYPES,
    NORMALIZATIONS,
    Conv,
    ConvTranspose,
    Normalization,
    NormalizationName,
    Precision,
    batch_norm,
    leaky_relu,
    refuse_condition,
)
from ganjax.architectures._network import from_linen
from ganjax.checks import InputError
from ganjax.numerics import at_least_float32
from ganjax.types import DiscriminatorOutput, Latents, Network, Samples

STARTS = (4, 7)  # pixels a side of the smallest image inside the networks
MOST_DOUBLINGS = 9
IMAGE_AXES = 3  # H, W, C


class Plan(NamedTuple):
    """How a resolution is made.

    Attributes:
      start: pixels a side of the smallest image.
      strides: of the discriminator's convolutions, first to last; the generator's are the same backwards.
    """

    start: int
    strides: tuple[int, ...]


def plan(resolution: int) -> Plan:
    """The layers for `resolution` = 4·2ⁿ or 7·2ⁿ, n ≥ 1.

    One of stride 2 for each doubling. Where there is one doubling alone (8 and 14 pixels), a layer of stride 1 at full
    resolution goes before it, for a single convolution sees too little.

    Raises:
      InputError: for any other resolution, with its neighbors.
    """
    plans = {
        start * 2**doublings: Plan(start, (1, 2) if doublings == 1 else (2,) * doublings)
        for start in STARTS
        for doublings in range(1, MOST_DOUBLINGS + 1)
    }
    if resolution in plans:
        return plans[resolution]
    below = [size for size in sorted(plans) if size < resolution][-1:]
    above = [size for size in sorted(plans) if size > resolution][:1]
    raise InputError(
        f"Expected a resolution of 4·2ⁿ or 7·2ⁿ pixels, got {resolution}: resize the images to "
        f"{' or '.join(map(str, below + above))}."
    )


class DcganGenerator(nn.Module):
    """Latents through a dense layer and transposed convolutions to images in [−1, 1].

    Per sample, unless the normalization mixes the batch. The dense layer makes start × start pixels; each layer of the
    plan follows a normalization and a ReLU; widths halve from channels·2^(layers − 1) to `channels`; tanh ends it.
    Kernels start as N(0, 0.02). A bias stands only where no normalization takes it away again. The paper's 64-pixel
    generator (1024, 512, 256, 128 channels) has channels = 128.

    Attributes:
      resolution: pixels a side, 4·2ⁿ or 7·2ⁿ.
      channels: width of the last hidden layer.
      image_channels: 1 for gray, 3 for color.
      kernel: pixels a side of every kernel: 5 in the paper, 4 in many programmes.
      normalization: of every layer but the last; None for none.
      dtype: what the layers compute in; None for the common type of input and parameters. The images come in float32
        or better.

    Raises:
      InputError: on construction, for a resolution that doubling does not reach.
    """

    resolution: int = 64
    channels: int = 64
    image_channels: int = 3
    kernel: int = 5
    normalization: Normalization | None = batch_norm()
    dtype: Any = None

    def __post_init__(self) -> None:
        plan(self.resolution)
        super().__post_init__()

    @nn.compact
    def __call__(self, latents: Latents, *condition: Any, train: bool = False) -> Samples:
        refuse_condition("DcganGenerator", condition)
        start, strides = plan(self.resolution)
        first, *widths = [self.channels * 2**i for i in reversed(range(len(strides)))]
        *hidden, last = reversed(strides)
        plain = self.normalization is None
        dense = nn.Dense(start * start * first, use_bias=plain, dtype=self.dtype, kernel_init=DCGAN_INIT)
        x = dense(latents.reshape(latents.shape[0], -1)).reshape(-1, start, start, first)
        for stride, width in zip(hidden, widths, strict=True):
            x = nn.relu(_normalized(self, x, train))
            x = ConvTranspose(width, _square(self.kernel), _square(stride), use_bias=plain, dtype=self.dtype)(x)
        x = nn.relu(_normalized(self, x, train))
        x = ConvTranspose(self.image_channels, _square(self.kernel), _square(last), dtype=self.dtype)(x)
        return nn.tanh(at_least_float32(x))


class DcganDiscriminator(nn.Module):
    """Images through strided convolutions to one raw score each.

    Per sample, unless the normalization mixes the batch. Widths double from `channels` to channels·2^(layers − 1);
    after each convolution come a normalization (not after the first) and a LeakyReLU of slope 0.2; then a dense layer.
    Kernels start as N(0, 0.02). A bias stands only where no normalization takes it away again.

    Attributes: as `DcganGenerator`'s; `channels` is the first layer's width, and `normalization` that of every
      convolution but the first. Leave it out under gradient penalties, which ask for scores of single samples.

    Raises:
      InputError: on construction, for a resolution that halving does not bring to 4 or 7; in a call, for other images.
    """

    resolution: int = 64
    channels: int = 64
    image_channels: int = 3
    kernel: int = 5
    normalization: Normalization | None = batch_norm()
    dtype: Any = None

    def __post_init__(self) -> None:
        plan(self.resolution)
        super().__post_init__()

    @nn.compact
    def __call__(self, samples: Samples, *condition: Any, train: bool = False) -> DiscriminatorOutput:
        refuse_condition("DcganDiscriminator", condition)
        expected = (self.resolution, self.resolution, self.image_channels)
        if samples.shape[1:] != expected:
            raise InputError(f"Expected images {list(expected)}, got {list(samples.shape[1:])}.")
        x = samples
        for layer, stride in enumerate(plan(self.resolution).strides):
            normalized = layer > 0 and self.normalization is not None
            conv = Conv(
                self.channels * 2**layer,
                _square(self.kernel),
                _square(stride),
                use_bias=not normalized,
                dtype=self.dtype,
            )
            x = conv(x)
            x = leaky_relu()(_normalized(self, x, train) if normalized else x)
        scores = nn.Dense(1, dtype=self.dtype, kernel_init=DCGAN_INIT)(x.reshape(x.shape[0], -1))
        return DiscriminatorOutput(at_least_float32(scores[:, 0]))


def _normalized(network: DcganGenerator | DcganDiscriminator, x: Samples, train: bool) -> Samples:
    """`x` through a normalization of the network's kind, made inside the network's own call."""
    return x if network.normalization is None else network.normalization(train=train, dtype=network.dtype)(x)


def _square(side: int) -> Pair:
    return side, side


def dcgan_generator(
    sample_shape: tuple[int, ...],
    *,
    channels: int = 64,
    kernel: int = 5,
    normalization: NormalizationName = "batch",
    dtype: Precision = "float32",
) -> Network:
    """A DCGAN generator.

    Args:
      sample_shape: (H, H, C), with H = 4·2ⁿ or 7·2ⁿ: 8, 14, 16, 28, 32, 56, 64, …
      channels: width of the last hidden layer; each layer before it is twice as wide.
      kernel: pixels a side of every kernel: 5 in the paper, 4 in many programmes.
      normalization: of every layer but the last.
      dtype: what the layers compute in; parameters are float32.
    """
    return from_linen(
        DcganGenerator(*_sizes(sample_shape, channels, kernel), NORMALIZATIONS[normalization], DTYPES[dtype])
    )


def dcgan_discriminator(
    sample_shape: tuple[int, ...],
    *,
    channels: int = 64,
    kernel: int = 5,
    normalization: NormalizationName = "batch",
    dtype: Precision = "float32",
) -> Network:
    """A DCGAN discriminator.

    Args:
      sample_shape: (H, H, C), with H = 4·2ⁿ or 7·2ⁿ: 8, 14, 16, 28, 32, 56, 64, …
      channels: width of the first layer; each layer after it is twice as wide.
      kernel: pixels a side of every kernel: 5 in the paper, 4 in many programmes.
      normalization: of every convolution but the first; none or layer under gradient penalties and fused steps.
      dtype: what the layers compute in; parameters are float32.
    """
    return from_linen(
        DcganDiscriminator(*_sizes(sample_shape, channels, kernel), NORMALIZATIONS[normalization], DTYPES[dtype])
    )


def _sizes(sample_shape: tuple[int, ...], channels: int, kernel: int) -> tuple[int, int, int, int]:
    """(resolution, channels, image_channels, kernel), checked."""
    if len(sample_shape) != IMAGE_AXES or sample_shape[0] != sample_shape[1]:
        raise InputError(
            f"Expected square images [H, H, C], got samples {list(sample_shape)}: take the mlp architecture, "
            "or resize the images."
        )
    if min(channels, kernel) < 1:
        raise InputError(f"Expected channels >= 1 and kernel >= 1, got channels = {channels} and kernel = {kernel}.")
    return sample_shape[0], channels, sample_shape[2], kernel
