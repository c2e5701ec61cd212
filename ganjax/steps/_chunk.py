"""Many steps in one dispatch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ganjax.steps._loops import SCAN, Loop, compiled_at_first_call, loop_for_step
from ganjax.types import Algorithm, Array, GanState, Key, PyTree, StepInfo

Chunk = Callable[[GanState, Key, PyTree], tuple[GanState, StepInfo]]


def chunk(
    algorithm: Algorithm,
    draw: Callable[[Key, Array, int], PyTree],
    gather: Callable[[PyTree, PyTree], Any],
    batch_size: int,
    length: int,
    *,
    loop: Loop = SCAN,
) -> Chunk:
    """`length` steps as one `lax.scan`: (state, data_key, arrays) -> (state, StepInfo averaged over the steps).

    Everything random is drawn for all steps ahead of the scan; only gathering the samples and the step itself remain
    inside. Batch number s is a function of (data_key, s) and the step's latents of (state.key, s), so where chunks
    begin and end doesn't change what is computed. Jit it with the state donated, or take `compiled_chunk`.

    Args:
      algorithm: what moves the players.
      draw: (key, step, num) -> a draw, a small tree such as indices [num].
      gather: (arrays, draw) -> the batch that `algorithm.advance` takes.
      batch_size: samples a player sees at a time; a step draws batch_size · algorithm.num_batches.
      length: steps a call.
      loop: how the steps follow one another: `SCAN`, `IN_PAIRS` or `ONE_KERNEL`.
    """

    def run(state: GanState, data_key: Key, arrays: PyTree) -> tuple[GanState, StepInfo]:
        steps = state.step + jnp.arange(length, dtype=jnp.int32)
        draws = jax.vmap(lambda step: draw(data_key, step, batch_size * algorithm.num_batches))(steps)
        deals = jax.vmap(lambda step: algorithm.deal(state.key, step, batch_size))(steps)

        def body(state: GanState, dealt: tuple[PyTree, PyTree]) -> tuple[GanState, StepInfo]:
            deal, drawn = dealt
            return algorithm.advance(state, deal, gather(arrays, drawn))

        state, infos = loop.scan(body, state, (deals, draws))
        return state, jax.tree.map(jnp.mean, infos)

    return run


def compiled_chunk(
    algorithm: Algorithm,
    draw: Callable[[Key, Array, int], PyTree],
    gather: Callable[[PyTree, PyTree], Any],
    batch_size: int,
    length: int,
) -> Chunk:
    """`chunk`, compiled at its first call with the state donated: on a CPU a tiny game becomes one kernel.

    `best_loop` says which loop it takes.

    The arguments are `chunk`'s. Call it, but not inside another `jit`; the state that it is given is used up.
    """

    def loop_for(state: GanState, data_key: Key, arrays: PyTree) -> Loop:
        return best_loop(lambda _: algorithm, draw, gather, batch_size)(state, data_key, (), arrays)

    return compiled_at_first_call(lambda loop: chunk(algorithm, draw, gather, batch_size, length, loop=loop), loop_for)


def best_loop(
    make: Callable[[PyTree], Algorithm],
    draw: Callable[[Key, Array, int], PyTree],
    gather: Callable[[PyTree, PyTree], Any],
    batch_size: int,
) -> Callable[[PyTree, PyTree, PyTree, PyTree], Loop]:
    """(state, data_key, settings, arrays), or their shapes -> the loop for chunks of the game make(settings).

    Only what a step does once its samples and latents are drawn counts.
    """

    def dealt(state: GanState, data_key: Key, settings: PyTree, arrays: PyTree) -> tuple[PyTree, Any]:
        algorithm = make(settings)
        drawn = draw(data_key, state.step, batch_size * algorithm.num_batches)
        return algorithm.deal(state.key, state.step, batch_size), gather(arrays, drawn)

    def advance(state: GanState, settings: PyTree, deal: PyTree, batch: Any) -> tuple[GanState, StepInfo]:
        return make(settings).advance(state, deal, batch)

    def choose(state: PyTree, data_key: PyTree, settings: PyTree, arrays: PyTree) -> Loop:
        return loop_for_step(advance, state, settings, *jax.eval_shape(dealt, state, data_key, settings, arrays))

    return choose
