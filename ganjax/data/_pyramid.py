"""Images as the Laplacian pyramids that a game of many levels is played on."""

from __future__ import annotations

import jax.numpy as jnp

from ganjax import pyramids
from ganjax.checks import InputError
from ganjax.data._source import Source
from ganjax.types import Batch, PyTree

RESIDUALS = (-2.0, 2.0)  # between two images in [−1, 1]


def pyramid(source: Source, levels: int) -> Source:
    """The same images, each batch as pyramids: samples are the residuals, the condition is what they are added to.

    A batch's samples are `pyramids.stack(pyramids.laplacian(images, levels))` [B, H, W, C·levels]; its condition is the
    stack of `pyramids.coarse(images, levels)`, and zeros for the last level, which is added to nothing. Computed a
    batch at a time: what is stored, and the labels, stay as they are.

    Args:
      source: images whose sides divide by 2^(levels − 1).
      levels: how many; 1 for the images themselves.

    Raises:
      InputError: for points, or if the resolution can't be halved that often; when a batch is gathered, if the source
        has a condition already.
    """
    pyramids.check_levels(source.spec.shape, levels)

    def gather(arrays: PyTree, draw: PyTree) -> Batch:
        batch = source.gather(arrays, draw)
        if batch.context:
            raise InputError("Expected a source without condition, got one with: a pyramid brings its own.")
        residuals = pyramids.laplacian(batch.samples, levels)
        added_to = [*pyramids.coarse(batch.samples, levels), jnp.zeros_like(residuals[-1])]
        return Batch(pyramids.stack(residuals), pyramids.stack(added_to))

    height, width, channels = source.spec.shape
    spec = source.spec._replace(shape=(height, width, channels * levels), range=RESIDUALS)
    return source._replace(spec=spec, gather=gather)
