"""The batch as a whole, wherever its rows lie.

Under `jax.pmap` or `jax.shard_map` over an axis named `AXIS`, each device holds some rows of one batch, in the order of
the devices. What needs all of them (a batch's mean, a draw for each row, a gradient) is written with these functions,
and gives the numbers that one device with all rows gives. Outside such an axis they are the plain functions: the axis
is found in the trace itself (JAX knows which axes it maps over), so nothing is passed around and nothing is set.

Under `jax.jit` with sharded arrays there is no such axis, and no need: the compiler sees the whole batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Shaped

from ganjax.types import Key, PyTree

AXIS = "batch"

Tree = TypeVar("Tree")


def axis() -> str | None:
    """`AXIS` where the rows of the batch are split over devices by it, else None."""
    return AXIS if num_parts() > 1 else None


def num_parts() -> int:
    """How many devices hold a part of the batch: the size of `AXIS`, 1 where there is none."""
    try:
        return jax.lax.axis_size(AXIS)
    except NameError:
        return 1


def mean(x: Shaped[Array, "..."]) -> Shaped[Array, ""]:
    """The mean over all entries, of every device. Per batch."""
    return jnp.mean(x) if axis() is None else jax.lax.pmean(jnp.mean(x), AXIS)


def std(x: Float[Array, "..."]) -> Float[Array, ""]:
    """The (biased) standard deviation of all entries, of every device: √(mean (x − mean)²). Per batch."""
    return jnp.std(x) if axis() is None else jnp.sqrt(mean(jnp.square(x - mean(x))))


def greatest(x: Shaped[Array, "..."]) -> Shaped[Array, ""]:
    """The greatest entry, of every device. Per batch; not to be differentiated."""
    return jnp.max(x) if axis() is None else jax.lax.pmax(jnp.max(x), AXIS)


def agreed(tree: Tree) -> Tree:
    """The mean over devices of every floating-point leaf; other leaves stay as they are.

    For gradients and statistics. JAX differentiates a collective with its transpose, so that the gradient of a `mean`
    arrives on each device as that device's share times the number of devices: their mean is the gradient of the whole.
    """
    if axis() is None:
        return tree
    return jax.tree.map(lambda x: jax.lax.pmean(x, AXIS) if jnp.issubdtype(x.dtype, jnp.inexact) else x, tree)


def whole(x: Shaped[Array, "b ..."]) -> Shaped[Array, "B ..."]:
    """The rows of every device, in order: [B, ...] from each device's [B / num_parts, ...]."""
    return x if axis() is None else jax.lax.all_gather(x, AXIS, tiled=True)


def own(x: Shaped[Array, "..."], rows: int = 0) -> Shaped[Array, "..."]:
    """This device's rows of a whole batch: the inverse of `whole`.

    Args:
      x: an array that every device has alike.
      rows: which of its axes counts the rows; it must divide by `num_parts()`.
    """
    if axis() is None:
        return x
    size = x.shape[rows] // num_parts()
    return jax.lax.dynamic_slice_in_dim(x, jax.lax.axis_index(AXIS) * size, size, rows)


def drawn(draw: Callable[[int], Shaped[Array, "B ..."]], num: int) -> Shaped[Array, "b ..."]:
    """This device's rows of a draw for the whole batch, so that a row's numbers don't depend on where it lies.

    Args:
      draw: the number of rows -> that many rows. It holds its own key, the same on every device.
      num: how many rows this device has.
    """
    return own(draw(num * num_parts()))


def own_key(key: Key) -> Key:
    """A key of this device's own, for what can only be drawn for its rows by themselves, such as dropout."""
    return key if axis() is None else jax.random.fold_in(key, jax.lax.axis_index(AXIS))


def own_rows(tree: PyTree, num_batches: int = 1) -> PyTree:
    """This device's rows of every leaf [num_batches · B, ...]: of each of the batches that lie side by side.

    Returns:
      Leaves [num_batches · B / num_parts, ...].
    """

    def of(x: Array) -> Array:
        side_by_side = x.reshape(num_batches, x.shape[0] // num_batches, *x.shape[1:])
        return own(side_by_side, rows=1).reshape(-1, *x.shape[1:])

    return tree if axis() is None else jax.tree.map(of, tree)
