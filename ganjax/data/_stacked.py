"""Stacked digits: three random digits as the color channels of one image, 1000 classes out of ten."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Int, Integer, UInt8

from ganjax.checks import InputError
from ganjax.data._images import to_float, to_uint8
from ganjax.data._shuffle import indices_at
from ganjax.data._source import Source, Spec, Stored
from ganjax.types import Batch, Key

NUM_STACKED = 128_000  # as many as in PacGAN's table
CHANNELS = 3
STACKING_SEED = 1000  # which digits are stacked belongs to the set, not to a run


class StackedDigits(NamedTuple):
    """What is stored: the digits once, and which of them each image stacks.

    Attributes:
      digits: uint8 [D, H, W, 1].
      labels: int32 [D], each digit's.
      members: int32 [N, 3], the digits of each image: red, green, blue.
    """

    digits: UInt8[Array, "D H W 1"]
    labels: Int[Array, "D"]
    members: Int[Array, "N 3"]


def stacked_source(digits: Source, num_samples: int = NUM_STACKED) -> Source:
    """Images [H, W, 3] whose channels are three of the digits, drawn with replacement, once for all.

    The class of an image is 100·red + 10·green + blue: 1000 equally likely ones, up to the digits' own shares. A
    generator's modes can be counted there, since a classifier of single digits names each channel. Only the digits are
    stored, with three indices for each image; stacks are made a batch at a time.

    Args:
      digits: gray images with ten classes, such as `idx_source` gives.
      num_samples: how many stacks; the first ones stay the same when there are more.

    Raises:
      InputError: when the images aren't gray or have not ten classes, or num_samples is not positive.

    Reference:
      Metz et al. (2017), arXiv:1611.02163, section 3.3.1; 128 000 of them in Lin et al. (2018), arXiv:1712.04086.
    """
    spec, stored = digits.spec, digits.arrays
    if not isinstance(stored, Stored) or len(spec.shape) != CHANNELS or spec.shape[2] != 1 or spec.num_classes != 10:
        raise InputError(
            f"Expected gray images of ten classes to stack, got {spec.name} with samples {list(spec.shape)} and "
            f"{spec.num_classes} classes: stack MNIST or one of its relatives."
        )
    if num_samples < 1:
        raise InputError(f"Expected at least one stack of digits, got {num_samples}.")
    draws = np.random.default_rng(STACKING_SEED)
    members = draws.integers(0, len(stored.samples), (num_samples, CHANNELS), dtype=np.int32)
    arrays = StackedDigits(stored.samples, jnp.asarray(stored.labels), jnp.asarray(members))
    height, width, _ = spec.shape
    made = Spec(f"stacked {spec.name}", (height, width, CHANNELS), num_samples, 10**CHANNELS, spec.range)

    def draw(key: Key, step: Integer[ArrayLike, ""], batch_size: int) -> Int[Array, "B"]:
        return indices_at(key, step, batch_size, num_samples)

    def take(indices: Int[np.ndarray, "n"]) -> tuple[UInt8[np.ndarray, "n H W C"], Int[np.ndarray, "n"]]:
        images = to_uint8(gather_stacks(arrays, jnp.asarray(indices)).samples)
        return np.asarray(images), np.asarray(stack_labels(arrays, jnp.asarray(indices)))

    return Source(made, arrays, draw, gather_stacks, stack_labels, take)


def gather_stacks(arrays: StackedDigits, indices: Int[Array, "B"]) -> Batch:
    """The stacks of these indices, as a batch in [−1, 1]."""
    channels = arrays.digits[arrays.members[indices]]  # [B, 3, H, W, 1]
    return Batch(to_float(jnp.moveaxis(channels[..., 0], 1, -1)))


def stack_labels(arrays: StackedDigits, indices: Int[Array, "B"]) -> Int[Array, "B"]:
    """Their classes, 100·red + 10·green + blue."""
    red, green, blue = arrays.labels[arrays.members[indices]].T
    return 100 * red + 10 * green + blue
