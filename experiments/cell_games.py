"""The games of one cell of a sweep, played side by side as a population, and judged one by one."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import assembly
import jax
import jax.numpy as jnp
import memory
import numpy as np
from assembly import Run
from cells import Cell, with_numbers
from chunks import next_stop
from configs.sweeps import Sweep
from interruption import Interruption
from jax.sharding import NamedSharding, PartitionSpec
from judges import judge, judges_of
from safekeeping import Safekeeping
from sample import Weights, chosen

from ganjax import populations
from ganjax.types import Algorithm, GanState, PyTree


@dataclass(frozen=True)
class Population:
    """All games of a cell, ready to be played.

    Attributes:
      run: the cell's own, for its data and networks; its algorithm and keys are the first game's.
      make: the varied numbers -> a game's algorithm.
      settings: the numbers, one [N] array a name, or ().
      init_keys, data_keys, sample_keys: [N], the same keys that train.py takes from a game's seed.
    """

    run: Run
    make: Callable[[PyTree], Algorithm]
    settings: PyTree
    init_keys: jax.Array
    data_keys: jax.Array
    sample_keys: jax.Array


def populate(cell: Cell, seeds: int) -> Population:
    """The cell's games. They share the data of the first seed."""
    run, numbers = assembly.assemble(cell.config), cell.settings(seeds)

    def make(settings: PyTree) -> Algorithm:
        config = with_numbers(cell.config, dict(settings))
        return assembly.build_algorithm(config, assembly.build_game(config, run.source.spec.shape))

    every = jnp.array([member.seed for member in cell.members(seeds)])
    keys = jax.vmap(lambda seed: jax.random.split(jax.random.key(seed), 3))(every)
    return Population(run, make, jax.tree.map(jnp.asarray, numbers) or (), *keys.T)


def init(cell: Cell, population: Population) -> GanState:
    """The games' first states, [N] leaves."""
    batch = assembly.example_batch(population.run, cell.config)
    of = jax.jit(functools.partial(populations.init, population.make, batch=batch))
    return of(population.init_keys, population.settings)


def play(
    cell: Cell,
    population: Population,
    checkpoints: Safekeeping,
    progress: Callable[[int, Any], None],
    interruption: Interruption,
) -> tuple[GanState, float]:
    """Trains from the latest checkpoint, or from the start, to the end or to Ctrl-C.

    Returns:
      The states, and the seconds of training.
    """
    config, source, seconds = cell.config, population.run.source, 0.0
    states = init(cell, population)
    mesh = populations.mesh_for(states)
    states, data_keys, settings = populations.spread((states, population.data_keys, population.settings), mesh)
    if checkpoints.latest_step() is not None:
        restored = checkpoints.restore(states)
        states, seconds = restored.state, restored.extra.get("seconds", 0.0)
    step = int(states.step[0])
    arrays = jax.device_put(memory.stored(source), NamedSharding(mesh, PartitionSpec()))

    @functools.cache
    def of_length(length: int) -> Callable[..., Any]:
        fed = source.draw, source.gather, config.batch_size, length
        return populations.compiled_chunk(population.make, *fed, mesh=mesh if mesh.size > 1 else None)

    stopping = False
    while step < config.num_steps and not stopping:
        began, length = time.perf_counter(), next_stop(config, step) - step
        states, info = of_length(length)(states, data_keys, settings, arrays)
        info, step = jax.device_get(info), step + length
        seconds += time.perf_counter() - began
        progress(step, info)
        stopping = interruption.asked  # once: a signal after this is the next round's
        if step % config.checkpoint_every == 0 or step == config.num_steps or stopping:
            checkpoints.save(step, states, extra={"seconds": seconds})
        interruption.took(time.perf_counter() - began)
    return jax.device_put(states, mesh.devices.flat[0]), seconds


def judged(cell: Cell, population: Population, states: GanState, sweep: Sweep, cache: Path) -> list[dict[str, Any]]:
    """Each game's numbers, with the averaged generator where there is one and with the raw one."""
    run, rows = population.run, []
    kinds: tuple[Weights, ...] = ("raw",) if cell.config.update.ema_decay is None else ("raw", "ema")

    sample, judges = assembly.block_sampler(run), judges_of(cell.config, run, cache)
    for index, member in enumerate(cell.members(sweep.seeds)):
        state, key = jax.tree.map(lambda leaf, index=index: leaf[index], (states, population.sample_keys))
        fakes = {kind: np.asarray(sample(chosen(state, kind), key, sweep.num_samples)) for kind in kinds}
        # a game that diverged has no numbers
        finite = {kind: fake for kind, fake in fakes.items() if np.isfinite(fake).all()}
        numbers = {kind: judge(cell.config, fake, judges) for kind, fake in finite.items()}
        rows.append({"variation": member.variation, "seed": member.seed, **numbers})
    return rows
