"""Laplacian pyramids: an image as one small image and what each doubling of its resolution adds.

With I₀ the image and I_{k+1} = down(I_k), level k's residual is h_k = I_k − up(I_{k+1}), and the last level is the
smallest image itself. Levels are counted from the finest. A pyramid is a list of arrays, or one array (`stack`) where
samples must be one.

Reference: Burt and Adelson, 1983, "The Laplacian pyramid as a compact image code"; Denton et al. 2015,
arXiv:1506.05751, section 2.2.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

from ganjax.checks import InputError

Images = Float[Array, "B _H _W _C"]


def down(images: Images) -> Images:
    """Half the resolution: each pixel is the mean of 2 × 2.

    Per sample.

    Args:
      images: [B, 2H, 2W, C].

    Returns:
      [B, H, W, C].
    """
    num, height, width, channels = images.shape
    return jnp.mean(images.reshape(num, height // 2, 2, width // 2, 2, channels), axis=(2, 4))


def up(images: Images) -> Images:
    """Twice the resolution, linearly along rows and columns: each new pixel is ¾ of the one it lies in and ¼ of its
    neighbor on that side, which beyond an edge is the edge's own.

    Per sample. `jax.image.resize(…, "linear")` gives the same.

    Args:
      images: [B, H, W, C].

    Returns:
      [B, 2H, 2W, C].
    """
    return _doubled(_doubled(images, 1), 2)


def laplacian(images: Images, levels: int) -> list[Images]:
    """The pyramid of `levels` levels: residuals h₀, h₁, … from fine to coarse, then the smallest image.

    Per sample.

    Args:
      images: [B, H, W, C]; H and W divide by 2^(levels − 1).
      levels: 1 for the images themselves.

    Raises:
      InputError: if the resolution can't be halved that often.
    """
    sizes = _gaussian(images, levels)
    residuals = [image - up(smaller) for image, smaller in itertools.pairwise(sizes)]
    return [*residuals, sizes[-1]]


def coarse(images: Images, levels: int) -> list[Images]:
    """What each level's residual is added to: up(down(I_k)), for every level but the last.

    Per sample. Arguments and errors as `laplacian`'s.
    """
    return [up(smaller) for smaller in _gaussian(images, levels)[1:]]


def coarse_to_fine(pyramid: Sequence[Images]) -> list[Images]:
    """The images on the way back, the smallest first: I_{K−1}, …, I₁, I₀ with I_k = up(I_{k+1}) + h_k.

    Per sample.
    """
    *residuals, image = pyramid
    made = [image]
    for residual in reversed(residuals):
        made.append(up(made[-1]) + residual)
    return made


def compose(pyramid: Sequence[Images]) -> Images:
    """The image that a pyramid is of: the inverse of `laplacian`, exact to rounding. Per sample."""
    return coarse_to_fine(pyramid)[-1]


def stack(pyramid: Sequence[Images]) -> Images:
    """A pyramid as one array: every level repeated to the finest one's resolution, side by side along the channels.

    Per sample.

    Args:
      pyramid: arrays [B, H/2^k, W/2^k, C], k = 0, 1, …

    Returns:
      [B, H, W, C·levels].
    """
    full = [jnp.repeat(jnp.repeat(level, 2**k, axis=1), 2**k, axis=2) for k, level in enumerate(pyramid)]
    return jnp.concatenate(full, axis=3)


def unstack(array: Images, levels: int) -> list[Images]:
    """The pyramid that `stack` made one array of: exactly, for it takes one of each pixel's repetitions.

    Per sample.

    Raises:
      InputError: if the channels don't divide by `levels`, or the resolution can't be halved that often.
    """
    check_levels(array.shape[1:], levels)
    if array.shape[3] % levels:
        raise InputError(
            f"Expected the channels of {levels} levels, got an array {list(array.shape)}, whose last axis doesn't "
            f"divide by {levels}: give data, generator and discriminator the same levels."
        )
    parts = jnp.split(array, levels, axis=3)
    return [part[:, :: 2**k, :: 2**k] for k, part in enumerate(parts)]


def check_levels(shape: tuple[int, ...], levels: int) -> None:
    """Raises `InputError` unless images (H, W, C) can be halved levels − 1 times."""
    if levels < 1:
        raise InputError(f"Expected levels >= 1, got {levels}.")
    if len(shape) != 3:
        raise InputError(f"Expected images for a pyramid, got samples {list(shape)}: leave the pyramid out.")
    if shape[0] % 2 ** (levels - 1) or shape[1] % 2 ** (levels - 1):
        raise InputError(
            f"Expected images whose sides divide by {2 ** (levels - 1)} for a pyramid of {levels} levels, "
            f"got samples {list(shape)}: take fewer levels, or resize the images."
        )


def _gaussian(images: Images, levels: int) -> list[Images]:
    """The images at every resolution: I₀, …, I_{levels − 1}."""
    check_levels(images.shape[1:], levels)
    sizes = [images]
    for _ in range(levels - 1):
        sizes.append(down(sizes[-1]))
    return sizes


def _doubled(x: Images, axis: int) -> Images:
    """Twice as many entries along one axis, a quarter of the way to each neighbor."""
    size = x.shape[axis]
    before = jnp.take(x, jnp.maximum(jnp.arange(size) - 1, 0), axis=axis)
    after = jnp.take(x, jnp.minimum(jnp.arange(size) + 1, size - 1), axis=axis)
    pairs = jnp.stack([0.75 * x + 0.25 * before, 0.75 * x + 0.25 * after], axis=axis + 1)
    return pairs.reshape(*x.shape[:axis], 2 * size, *x.shape[axis + 1 :])
