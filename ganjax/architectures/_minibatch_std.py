"""How much the samples of a batch differ, as something that a discriminator can see."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from ganjax.checks import InputError, check_positive
from ganjax.numerics import at_least_float32

EPSILON = 1e-8


def minibatch_std(x: Float[Array, "B H W C"], group_size: int = 4) -> Float[Array, "B H W C+1"]:
    """Minibatch standard deviation: one more channel, which says how much the samples of a group differ.

        s = mean over h, w, c of √(variance over the group of x[·, h, w, c] + 1e-8)

    Per batch: groups are `group_size` consecutive samples (all of them, where the batch is smaller), and each sample of
    a group gets its group's s at every pixel. Where the rows of a batch are split over devices, every device's rows
    must divide into groups: then each group lies on one device, and the numbers are those of one device with all rows.
    A sample by itself, as a gradient penalty scores it, has s = 1e-4 and gradient 0.

    Karras et al. 2018, arXiv:1710.10196, section 3. The variance is biased; computed in float32 or better.

    Args:
      x: features of the batch, late in a discriminator.
      group_size: samples in a group.

    Returns:
      [B, H, W, C + 1], in x's type.

    Raises:
      InputError: if group_size < 1, or the batch doesn't divide into groups.
    """
    check_positive(group_size=group_size)
    num, *shape = x.shape
    size = min(group_size, num)
    if num % size:
        raise InputError(
            f"Expected a batch that divides into groups of {size} for the minibatch standard deviation, got {num} "
            "samples: take a batch size (on each device) that is a multiple of the group."
        )
    groups = at_least_float32(x).reshape(num // size, size, *shape)
    deviations = jnp.sqrt(jnp.var(groups, axis=1) + EPSILON)
    spread = jnp.repeat(jnp.mean(deviations, axis=(1, 2, 3)), size)
    channel = jnp.broadcast_to(spread[:, None, None, None], (num, *shape[:2], 1))
    return jnp.concatenate([x, channel.astype(x.dtype)], axis=-1)
