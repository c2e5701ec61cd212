"""Our contestants: one game by chunks, by single steps, or many at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import assembly
import jax
import jax.numpy as jnp
import numpy as np
from assembly import Run
from config import Config
from jax.sharding import Mesh

from benchmarks.games import assembled
from benchmarks.task import Task, repeated
from ganjax import populations, steps
from ganjax.types import GanState, PyTree

Advance = Callable[..., tuple[GanState, PyTree]]


def compiled_chunk(run: Run, config: Config, length: int) -> Advance:
    """(state, data_key, arrays) -> (state, infos): so many steps in one call; the state is donated."""
    return steps.compiled_chunk(run.algorithm, run.source.draw, run.source.gather, config.batch_size, length)


def compiled_population(run: Run, config: Config, length: int, mesh: Mesh) -> Advance:
    """(states, data_keys, settings, arrays) -> (states, infos), for games that differ by their seeds."""
    fed = run.source.draw, run.source.gather, config.batch_size, length
    return populations.compiled_chunk(lambda settings: run.algorithm, *fed, mesh=mesh if mesh.size > 1 else None)


# ---------------------------------------------------------------- contestants


def chunked(game: str, length: int, **changes: Any) -> Task:
    """`length` steps a call, data on the device. The unit is a step."""
    run, config = assembled(game, **changes)
    return chunks_of(run, config, length)


def chunks_of(run: Run, config: Config, length: int) -> Task:
    advance, held = compiled_chunk(run, config, length), [assembly.init(run, config)]

    def call() -> None:
        held[0], _ = advance(held[0], run.data_key, run.source.arrays)

    return Task(repeated(call, lambda: jax.block_until_ready(held[0]), length), facts(run, config, held[0]))


def stepwise(game: str, **changes: Any) -> Task:
    """One compiled step a call, fed from the host, both losses read back after each. The unit is a step."""
    run, config = assembled(game, **changes)
    step, held = jax.jit(run.algorithm.step, donate_argnums=0), [assembly.init(run, config)]
    batches = host_batches(run, config)
    made = facts(run, config, held[0])

    def call() -> None:
        held[0], info = step(held[0], next(batches))
        jax.device_get((info.disc_loss, info.gen_loss))

    return Task(repeated(call, lambda: jax.block_until_ready(held[0])), made)


def host_batches(run: Run, config: Config) -> Any:
    """Shuffled batches of NumPy arrays, for ever, as a loop of one's own would make them."""
    assert run.source.take is not None
    num, size = run.source.spec.num_samples or 0, config.batch_size * run.algorithm.num_batches
    draws, stored = np.random.default_rng(0), run.source.take(np.arange(num))[0]
    while True:
        order = draws.permutation(num)
        for start in range(0, num - size + 1, size):
            batch = stored[order[start : start + size]]
            yield batch.astype(np.float32) / 127.5 - 1.0 if batch.dtype == np.uint8 else batch


def population(game: str, num: int, length: int, devices: int = 1, **changes: Any) -> Task:
    """`num` games that differ by their seeds, in one program, over `devices`. The unit is a step of one game."""
    if devices > 1 and jax.config.jax_platforms in (None, "cpu"):  # type: ignore[attr-defined]
        jax.config.update("jax_num_cpu_devices", devices)  # a device is a thread of the processor
    run, config = assembled(game, **changes)
    states = first_states(run, config, num)
    mesh = populations.mesh_for(states, devices)
    advance, arrays, held = compiled_population(run, config, length, mesh), run.source.arrays, []
    held.append(populations.spread(states, mesh))
    del states
    data_keys = populations.spread(jax.random.split(run.data_key, num), mesh)

    def call() -> None:
        held[0], _ = advance(held[0], data_keys, (), arrays)

    made = facts(run, config, assembly.init(run, config))
    return Task(repeated(call, lambda: jax.block_until_ready(held[0]), num * length), made)


def one_after_another(game: str, num: int, length: int, **changes: Any) -> Task:
    """The same games without a population: each its own state, by turns. The unit is a step of one game."""
    run, config = assembled(game, **changes)
    advance, states = compiled_chunk(run, config, length), first_states(run, config, num)
    held = [populations.game_at(states, i) for i in range(num)]
    data_keys = list(jax.random.split(run.data_key, num))

    def call() -> None:
        for i, data_key in enumerate(data_keys):
            held[i], _ = advance(held[i], data_key, run.source.arrays)

    made = facts(run, config, held[0])
    return Task(repeated(call, lambda: jax.block_until_ready(held), num * length), made)


def first_states(run: Run, config: Config, num: int) -> GanState:
    """The states of `num` games that differ by their keys; leaves [num, ...]."""
    batch = assembly.example_batch(run, config)
    keys = jax.random.split(run.init_key, num)
    return jax.jit(lambda keys: populations.init(lambda settings: run.algorithm, keys, (), batch))(keys)


# ---------------------------------------------------------------- what is known of them


def facts(run: Run, config: Config, state: GanState) -> dict[str, Any]:
    """Work, size, versions, device.

    The FLOPs are those of ONE step compiled by itself: of a loop XLA counts the body once, however long it runs. They
    are what the program computes, in the form that it computes it in: on a CPU some gradients of convolutions are
    products with more multiplications than the formula needs.
    """
    counted = jax.tree.leaves((state.gen_params, state.disc_params))
    return {
        "gflop": flops(run, config, state) / 1e9,
        "parameters": sum(jnp.size(leaf) for leaf in counted),
        **about(),
    }


def flops(run: Run, config: Config, state: GanState) -> float:
    """What the compiler says that one step computes."""
    shapes = jax.eval_shape(lambda: (state, assembly.example_batch(run, config)))
    analysis = jax.jit(run.algorithm.step).lower(*shapes).compile().cost_analysis()
    return float((analysis or {}).get("flops", float("nan")))


def about() -> dict[str, Any]:
    device = jax.devices()[0]
    return {
        "versions": {"jax": jax.__version__},
        "device": f"{device.device_kind} ({device.platform})",
        "threads": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }
