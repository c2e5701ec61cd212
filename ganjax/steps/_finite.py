"""Whether a game's numbers are still numbers."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from ganjax.types import Array, PyTree


@jax.jit
def all_finite(tree: PyTree) -> Array:
    """Whether every floating-point number in a tree is finite: a scalar on the device, without waiting for it.

    Ask it of what a chunk of steps gives, (state, info), and fetch it with the info: a gradient that is not finite
    leaves its mark in the optimizer's state, so nothing needs to be asked within the chunk.

    Args:
      tree: arrays; integers, typed keys and () count as finite.

    Returns:
      bool [].
    """
    leaves = [leaf for leaf in jax.tree.leaves(tree) if jnp.issubdtype(leaf.dtype, jnp.inexact)]
    return jnp.all(jnp.array([jnp.isfinite(leaf).all() for leaf in leaves] or [True]))


def nonfinite(tree: PyTree) -> dict[str, int]:
    """How many numbers of each leaf are NaN or infinite, by the leaf's path, in tree order; leaves without any are out.

    For people: it fetches every leaf. Leaves split over the devices of several processes must be fetched before.
    """
    counts = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        if jnp.issubdtype(leaf.dtype, jnp.inexact):
            count = int((~np.isfinite(np.asarray(leaf, np.float64))).sum())
            if count:
                counts[jax.tree_util.keystr(path, simple=True, separator="/")] = count
    return counts
