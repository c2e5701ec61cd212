"""Many steps in one dispatch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ganjax.types import Algorithm, Array, GanState, Key, PyTree, StepInfo


def chunk(
    algorithm: Algorithm,
    draw: Callable[[Key, Array, int], PyTree],
    gather: Callable[[PyTree, PyTree], Any],
    batch_size: int,
    length: int,
) -> Callable[[GanState, Key, PyTree], tuple[GanState, StepInfo]]:
    """`length` steps as one `lax.scan`: (state, data_key, arrays) -> (state, StepInfo averaged over the steps).

    Everything random is drawn for all steps ahead of the scan; only gathering the samples and the step itself remain
    inside. Batch number s is a function of (data_key, s) and the step's latents of (state.key, s), so where chunks
    begin and end doesn't change what is computed. Jit it with the state donated.

    Args:
      algorithm: what moves the players.
      draw: (key, step, num) -> a draw, a small tree such as indices [num].
      gather: (arrays, draw) -> the batch that `algorithm.advance` takes.
      batch_size: samples a player sees at a time; a step draws batch_size · algorithm.num_batches.
      length: steps a call.
    """

    def run(state: GanState, data_key: Key, arrays: PyTree) -> tuple[GanState, StepInfo]:
        steps = state.step + jnp.arange(length, dtype=jnp.int32)
        draws = jax.vmap(lambda step: draw(data_key, step, batch_size * algorithm.num_batches))(steps)
        deals = jax.vmap(lambda step: algorithm.deal(state.key, step, batch_size))(steps)

        def body(state: GanState, dealt: tuple[PyTree, PyTree]) -> tuple[GanState, StepInfo]:
            deal, drawn = dealt
            return algorithm.advance(state, deal, gather(arrays, drawn))

        state, infos = jax.lax.scan(body, state, (deals, draws))
        return state, jax.tree.map(jnp.mean, infos)

    return run
