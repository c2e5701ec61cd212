"""Packing: a discriminator that judges several samples at once, so that it sees how diverse they are."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Shaped

from ganjax.checks import InputError, check_positive
from ganjax.types import Key, Network, PyTree, Samples, Variables


def packed(discriminator: Network, size: int) -> Network:
    """The discriminator on packs of `size` consecutive samples, concatenated along the last axis: D(x₁, …, x_m).

    Per pack. [B, F] is shown to it as [B/size, size·F], [B, H, W, C] as [B/size, H, W, size·C], and its scores are
    [B/size]: a generator that drops modes gives packs that are too much alike, which a single sample never shows.
    Every loss of scores alone works unchanged. Penalties on ∂D/∂x, which score one sample, and quantities that pair
    a score with its sample do not.

    Lin et al. 2018, arXiv:1712.04086, section 2.

    Args:
      discriminator: any that takes samples of the packs' shape, `packed_shape(sample_shape, size)`.
      size: m, samples a pack; 1 is the discriminator itself.

    Raises:
      InputError: if size < 1; from its functions, when the batch doesn't divide by it, or there is a condition.
    """
    check_positive(size=size)
    if size == 1:
        return discriminator

    def init(key: Key, *inputs: Array) -> Variables:
        return discriminator.init(key, pack(*inputs, size=size))

    def apply(
        variables: Variables, *inputs: Array, train: bool = False, key: Key | None = None
    ) -> tuple[PyTree, PyTree]:
        return discriminator.apply(variables, pack(*inputs, size=size), train=train, key=key)

    return Network(init, apply, samples_per_score=size * discriminator.samples_per_score)


def packed_shape(sample_shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """The shape of `size` samples concatenated along the last axis."""
    return (*sample_shape[:-1], size * sample_shape[-1])


def pack(samples: Samples, *condition: Any, size: int) -> Shaped[Array, "P ..."]:
    """[B, ..., C] as [B/size, ..., size·C]: samples 0 … size − 1 are the first pack, in order.

    Raises:
      InputError: when B doesn't divide by size, or there is a condition.
    """
    if condition:
        raise InputError(
            f"Expected no condition for a packed discriminator, got {len(condition)}: a pack holds samples of one "
            "condition, and a batch's conditions come mixed. Take packing 1, or a game without a condition."
        )
    num, *shape = samples.shape
    if num == 1:
        raise InputError(
            f"Expected packs of {size} samples, got one sample: gradient penalties score one sample at a time, so "
            "they can't be used with packing. Take packing 1, or an objective without a penalty on the slope."
        )
    if num % size:
        raise InputError(
            f"Expected a batch that divides into packs of {size}, got {num} samples: "
            f"take a batch size of {size * math.ceil(num / size)}."
        )
    side_by_side = samples.reshape(num // size, size, *shape)
    return jnp.moveaxis(side_by_side, 1, -2).reshape(num // size, *packed_shape(tuple(shape), size))
