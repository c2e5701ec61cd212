"""The arrays of each chunk of steps: always the same ones of a set in memory, or read in time from a stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np
from assembly import Run
from config import Config
from jax.sharding import Mesh

from ganjax import parallel
from ganjax.checks import InputError
from ganjax.types import PyTree


class Feeding(NamedTuple):
    """Where chunks get their data.

    Attributes:
      arrays: (first step, number of steps) -> what the chunk takes, on its way to the devices.
      close: stops the workers of a stream.
    """

    arrays: Callable[[int, int], PyTree]
    close: Callable[[], None]


def constant(arrays: PyTree) -> Feeding:
    """A set in memory."""
    return Feeding(lambda first, steps: arrays, lambda: None)


def alone(run: Run, config: Config) -> Feeding:
    """For the one device there is."""
    if run.source.feed is None:
        return constant(run.source.arrays)
    feed = run.source.feed(run.data_key, config.batch_size * run.algorithm.num_batches, config.num_steps)
    return Feeding(lambda first, steps: jax.device_put(feed(first, steps)), feed.close)


def shared(run: Run, config: Config, mesh: Mesh, mode: str) -> Feeding:
    """For a mesh: all devices hold all of a set in memory, and of a stream each the rows that it plays.

    Raises:
      InputError: for a stream in a mode whose devices find their rows in the whole batch.
    """
    if run.source.feed is None:
        return constant(parallel.replicate(mesh, run.source.arrays))
    if mode != "jit":
        raise InputError(
            f"Expected --parallel.mode jit with streamed data, got {mode.replace('_', '-')}: use jit, or "
            "--data.memory device where the set fits."
        )
    num = run.algorithm.num_batches
    rows = parallel.own_rows(mesh, config.batch_size, num)
    feed = run.source.feed(run.data_key, config.batch_size * num, config.num_steps, rows=rows)

    def place(x: np.ndarray) -> jax.Array:
        return parallel.from_own_rows(mesh, x, num) if x.ndim else parallel.replicate(mesh, x)

    return Feeding(lambda first, steps: jax.tree.map(place, feed(first, steps)), feed.close)
