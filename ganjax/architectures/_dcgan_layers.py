"""What the convolutional networks that double (and halve) their images' resolution layer by layer are made of.

Reference: Radford, Metz and Chintala, 2015, arXiv:1511.06434, section 3 and figure 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from flax import linen as nn
from jaxtyping import Array, Float

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
)
from ganjax.checks import InputError
from ganjax.numerics import at_least_float32
from ganjax.types import Samples

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


class Layers(NamedTuple):
    """What the layers of one network have in common: the attributes of `DcganNetwork` without the images' shape."""

    channels: int
    kernel: int
    normalization: Normalization | None
    dtype: Any


class DcganNetwork(nn.Module):
    """What every network of this family is told.

    Attributes:
      resolution: pixels a side, 4·2ⁿ or 7·2ⁿ.
      channels: width of the layer next to the images.
      image_channels: 1 for gray, 3 for color.
      kernel: pixels a side of every kernel: 5 in the paper, 4 in many programmes.
      normalization: of every layer but the one next to the images; None for none. Leave it out of discriminators under
        gradient penalties, which ask for scores of single samples.
      dtype: what the layers compute in; None for the common type of input and parameters. Images and scores come in
        float32 or better.

    Raises:
      InputError: on construction, for a resolution that doubling 4 or 7 pixels does not reach.
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

    @property
    def layers(self) -> Layers:
        """What all of its layers have in common."""
        return Layers(self.channels, self.kernel, self.normalization, self.dtype)


def enlarged(network: DcganNetwork, x: Float[Array, "B _"], train: bool) -> Samples:
    """Flat inputs through a dense layer and transposed convolutions to images, before any last activation.

    Its layers belong to the module that calls it. The dense layer makes start × start pixels; each layer of the plan
    follows a normalization and a ReLU; widths halve from channels·2^(layers − 1) to `channels`.
    """
    layers = network.layers
    start, strides = plan(network.resolution)
    first, *widths = [layers.channels * 2**i for i in reversed(range(len(strides)))]
    *hidden, last = reversed(strides)
    plain = layers.normalization is None
    x = dense(start * start * first, layers.dtype, use_bias=plain)(x).reshape(-1, start, start, first)
    for stride, width in zip(hidden, widths, strict=True):
        x = nn.relu(normalized(layers, x, train))
        x = ConvTranspose(width, _square(layers.kernel), _square(stride), use_bias=plain, dtype=layers.dtype)(x)
    x = nn.relu(normalized(layers, x, train))
    x = ConvTranspose(network.image_channels, _square(layers.kernel), _square(last), dtype=layers.dtype)(x)
    return at_least_float32(x)


def reduced(layers: Layers, samples: Samples, train: bool) -> Float[Array, "B _F"]:
    """Images through strided convolutions to flat features: what every head of the family stands on.

    Its layers belong to the module that calls it. Widths double from `channels` to channels·2^(layers − 1); after each
    convolution come a normalization (not after the first) and a LeakyReLU of slope 0.2.
    """
    x = samples
    for layer, stride in enumerate(plan(samples.shape[1]).strides):
        plain = layer == 0 or layers.normalization is None
        width = layers.channels * 2**layer
        x = Conv(width, _square(layers.kernel), _square(stride), use_bias=plain, dtype=layers.dtype)(x)
        x = leaky_relu()(x if plain else normalized(layers, x, train))
    return x.reshape(x.shape[0], -1)


def dense(features: int, dtype: Any, *, use_bias: bool = True, name: str | None = None) -> nn.Dense:
    """A dense layer whose kernel starts as N(0, 0.02)."""
    return nn.Dense(features, use_bias=use_bias, dtype=dtype, kernel_init=DCGAN_INIT, name=name)


def normalized(layers: Layers, x: Float[Array, "B ..."], train: bool) -> Float[Array, "B ..."]:
    """`x` through a normalization of the layers' kind, made inside the network's own call."""
    return x if layers.normalization is None else layers.normalization(train=train, dtype=layers.dtype)(x)


def check_images(network: DcganNetwork, samples: Samples) -> None:
    """Raises `InputError` unless the samples are images of the network's shape."""
    expected = (network.resolution, network.resolution, network.image_channels)
    if samples.shape[1:] != expected:
        raise InputError(f"Expected images {list(expected)}, got {list(samples.shape[1:])}.")


def _square(side: int) -> Pair:
    return side, side


def settings(
    sample_shape: tuple[int, ...], channels: int, kernel: int, normalization: NormalizationName, dtype: Precision
) -> dict[str, Any]:
    """The attributes of a `DcganNetwork`, from what a builder is given.

    Raises:
      InputError: for samples that are no square images, or a size below 1.
    """
    if len(sample_shape) != IMAGE_AXES or sample_shape[0] != sample_shape[1]:
        raise InputError(
            f"Expected square images [H, H, C], got samples {list(sample_shape)}: take the mlp architecture, "
            "or resize the images."
        )
    if min(channels, kernel) < 1:
        raise InputError(f"Expected channels >= 1 and kernel >= 1, got channels = {channels} and kernel = {kernel}.")
    return {
        "resolution": sample_shape[0],
        "channels": channels,
        "image_channels": sample_shape[2],
        "kernel": kernel,
        "normalization": NORMALIZATIONS[normalization],
        "dtype": DTYPES[dtype],
    }
