"""The blocks of residual networks that double or halve their images, and how many of them a resolution takes.

Reference: Gulrajani et al. 2017, arXiv:1704.00028, appendix F; Miyato et al. 2018, arXiv:1802.05957, appendix B.4.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from ganjax.architectures._constraints import Constraint, unconstrained
from ganjax.architectures._convolution_forms import Images, Outputs, Pair
from ganjax.architectures._layers import Conv, Normalization
from ganjax.checks import InputError

STARTS = (4, 6, 7)  # pixels a side of the smallest image inside the generators
SMALLEST = 4  # a discriminator halves no further
MOST_DOUBLINGS = 8

# the second convolution's input is a sum of ReLUs, which keep half of the variance; shortcuts have none before them
RESIDUAL_INIT = nn.initializers.variance_scaling(2.0, "fan_avg", "uniform")
GLOROT = nn.initializers.glorot_uniform()


class Sizes(NamedTuple):
    """How a resolution is made.

    Attributes:
      start: pixels a side of the smallest image in the generator.
      doublings: up-blocks of the generator.
      halvings: by how many halvings a discriminator may come down from the resolution.
    """

    start: int
    doublings: int
    halvings: int


def sizes(resolution: int) -> Sizes:
    """The layers for `resolution` = 4·2ⁿ, 6·2ⁿ or 7·2ⁿ, n ≥ 1.

    Raises:
      InputError: for any other resolution, with its neighbors.
    """
    made = {start * 2**n: (start, n) for start in STARTS for n in range(1, MOST_DOUBLINGS + 1)}
    if resolution in made:
        return Sizes(*made[resolution], halvings=halvings(resolution))
    below = [size for size in sorted(made) if size < resolution][-1:]
    above = [size for size in sorted(made) if size > resolution][:1]
    raise InputError(
        f"Expected a resolution of 4·2ⁿ, 6·2ⁿ or 7·2ⁿ pixels, got {resolution}: resize the images to "
        f"{' or '.join(map(str, below + above))}."
    )


def halvings(resolution: int) -> int:
    """How often `resolution` halves to whole pixels while more than 4 are left."""
    return 0 if resolution % 2 or resolution <= SMALLEST else 1 + halvings(resolution // 2)


def square_images(sample_shape: tuple[int, ...]) -> Pair:
    """(resolution, image channels) of samples [H, H, C].

    Raises:
      InputError: for other samples.
    """
    if len(sample_shape) != 3 or sample_shape[0] != sample_shape[1]:
        raise InputError(
            f"Expected square images [H, H, C], got samples {list(sample_shape)}: take the mlp architecture, "
            "or resize the images."
        )
    return sample_shape[0], sample_shape[2]


def check_images(images: Images, resolution: int, channels: int) -> None:
    """Raises `InputError` unless `images` are [B, resolution, resolution, channels]."""
    expected = [resolution, resolution, channels]
    if list(images.shape[1:]) != expected:
        raise InputError(f"Expected images {expected}, got {list(images.shape[1:])}.")


def enlarge(x: Float[Array, "B H W C"]) -> Float[Array, "B 2*H 2*W C"]:
    """Every pixel as 2×2 pixels. Per sample."""
    return jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)


def average_pool(x: Float[Array, "B H W C"]) -> Float[Array, "B H//2 W//2 C"]:
    """The mean of every 2×2 pixels. Per sample."""
    num, rows, columns, channels = x.shape
    return jnp.mean(x.reshape(num, rows // 2, 2, columns // 2, 2, channels), axis=(2, 4))


def normalized(normalization: Normalization | None, x: Array, train: bool, dtype: Any) -> Array:
    """`x` through a normalization made inside a module's call, or as it is."""
    return x if normalization is None else normalization(train=train, dtype=dtype)(x)


class UpBlock(nn.Module):
    """x ↦ C₁(x)↑ + C₃(r(N(C₃(r(N(x))↑)))): a residual block that doubles its images. N as given, r = ReLU.

    The shortcut's 1×1 convolution comes before its enlargement: the two commute, and this way it is 4 times cheaper.
    Convolutions have biases where there is no normalization.

    Attributes:
      features: output channels, and those in between.
      dtype: what the layers compute in.
    """

    features: int
    dtype: Any = None

    @nn.compact
    def __call__(self, x: Images, normalization: Normalization | None, train: bool = False) -> Outputs:
        # batch norm takes a channel's shift away again wherever it came in: here, in the next block, or after the last
        given = {"use_bias": normalization is None, "dtype": self.dtype}
        h = enlarge(nn.relu(normalized(normalization, x, train, self.dtype)))
        h = Conv(self.features, (3, 3), kernel_init=RESIDUAL_INIT, name="first", **given)(h)
        h = nn.relu(normalized(normalization, h, train, self.dtype))
        h = Conv(self.features, (3, 3), kernel_init=RESIDUAL_INIT, name="second", **given)(h)
        return h + enlarge(Conv(self.features, (1, 1), kernel_init=GLOROT, name="shortcut", **given)(x))


class DownBlock(nn.Module):
    """x ↦ C₁(x↓) + C₃(r(N(C₃(r(N(x)))))))↓: a residual block that may halve its images by averaging.

    r = ReLU. Where neither the size nor the channels change, the shortcut is x itself. The channels in between are the
    input's, as in the authors' program.

    Attributes:
      features: output channels.
      halve: whether ↓ averages 2×2 pixels; else it is nothing.
      constraint: what is done to every kernel.
      normalization: N, or None.
      dtype: what the layers compute in.
    """

    features: int
    halve: bool = True
    constraint: Constraint = unconstrained
    normalization: Normalization | None = None
    dtype: Any = None

    @nn.compact
    def __call__(self, x: Images, train: bool = False) -> Outputs:
        wide = {"dtype": self.dtype, "kernel_init": RESIDUAL_INIT}
        h = nn.relu(normalized(self.normalization, x, train, self.dtype))
        h = self.constraint(Conv(x.shape[-1], (3, 3), name="first", **wide), train)(h)
        h = nn.relu(normalized(self.normalization, h, train, self.dtype))
        h = self.constraint(Conv(self.features, (3, 3), name="second", **wide), train)(h)
        h, shortcut = (average_pool(h), average_pool(x)) if self.halve else (h, x)
        if self.halve or x.shape[-1] != self.features:
            # averaging and a 1×1 convolution commute, and this way it is 4 times cheaper
            conv = Conv(self.features, (1, 1), dtype=self.dtype, kernel_init=GLOROT, name="shortcut")
            shortcut = self.constraint(conv, train)(shortcut)
        return h + shortcut


class FirstBlock(nn.Module):
    """x ↦ C₁(x↓) + C₃(r(C₃(x)))↓: the block that images enter by, without a ReLU and a normalization before it.

    Attributes: as `DownBlock`'s.
    """

    features: int
    constraint: Constraint = unconstrained
    dtype: Any = None

    @nn.compact
    def __call__(self, x: Images, train: bool = False) -> Outputs:
        wide = {"dtype": self.dtype, "kernel_init": RESIDUAL_INIT}
        h = self.constraint(Conv(self.features, (3, 3), name="first", **wide), train)(x)
        h = self.constraint(Conv(self.features, (3, 3), name="second", **wide), train)(nn.relu(h))
        conv = Conv(self.features, (1, 1), dtype=self.dtype, kernel_init=GLOROT, name="shortcut")
        return average_pool(h) + self.constraint(conv, train)(average_pool(x))


def paper_widths(resolution: int, channels: int, length: int) -> tuple[int, ...]:
    """Widths of blocks, from the one nearest to the image.

    All alike up to 32 pixels; above, each is twice the one before, up to 16 times the first. Miyato et al. 2018,
    tables 4 to 6.
    """
    growth = 1 if resolution <= 32 else 2
    return tuple(channels * min(growth**i, 16) for i in range(length))


def default_channels(resolution: int, channels: int | None, small: int) -> int:
    """`channels`, or the paper's width next to the image: `small` up to 32 pixels, 64 above.

    Raises:
      InputError: for channels < 1.
    """
    if channels is not None and channels < 1:
        raise InputError(f"Expected channels >= 1, got channels = {channels}.")
    return channels if channels is not None else (small if resolution <= 32 else 64)


def latent_image(latents: Float[Array, "B ..."], start: int, features: int, dtype: Any) -> Images:
    """A dense layer from latents to the smallest image, made inside a module's call."""
    flat = latents.reshape(latents.shape[0], math.prod(latents.shape[1:]))
    dense = nn.Dense(start * start * features, dtype=dtype, kernel_init=GLOROT, name="start")
    return dense(flat).reshape(-1, start, start, features)
