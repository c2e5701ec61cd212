"""Many steps in one dispatch, on all devices of a mesh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from ganjax import batches, steps
from ganjax.checks import Table
from ganjax.parallel._places import Placement, check_divides, replicated
from ganjax.types import Algorithm, Array, Deal, GanState, Key, PyTree, StepInfo

Chunk = Callable[[GanState, Key, PyTree], tuple[GanState, StepInfo]]
Draw = Callable[[Key, Array, int], PyTree]
Gather = Callable[[PyTree, PyTree], Any]


def by_compiler(
    mesh: Mesh,
    algorithm: Algorithm,
    draw: Draw,
    gather: Gather,
    *,
    batch_size: int,
    length: int,
    placement: Placement = replicated,
) -> Chunk:
    """`steps.chunk` compiled for a mesh: the batch's rows are split, and the compiler does the rest.

    Args:
      mesh: the devices.
      algorithm, draw, gather, batch_size, length: as in `steps.chunk`, of the whole batch.
      placement: where the state lies, between chunks and within.

    Raises:
      InputError: if the batch size doesn't divide by the number of devices.
    """
    check_divides(batch_size, mesh)

    def rows(x: Array, axis: int) -> Array:
        spec = [batches.AXIS if i == axis else None for i in range(x.ndim)]
        return jax.lax.with_sharding_constraint(x, NamedSharding(mesh, PartitionSpec(*spec)))

    def split(x: Array) -> Array:
        num = algorithm.num_batches
        return rows(x.reshape(num, x.shape[0] // num, *x.shape[1:]), 1).reshape(x.shape)

    def advance(state: GanState, deals: PyTree, batch: Any) -> tuple[GanState, StepInfo]:
        return algorithm.advance(state, on_latents(rows, deals), jax.tree.map(split, batch))

    chunk = steps.chunk(algorithm._replace(advance=advance), draw, gather, batch_size, length)

    def run(state: GanState, data_key: Key, arrays: PyTree) -> tuple[GanState, StepInfo]:
        state, info = chunk(state, data_key, arrays)
        return jax.lax.with_sharding_constraint((state, info), (placement(mesh, state), replicated(mesh, info)))

    return jax.jit(run, donate_argnums=0)


def by_shard_map(
    mesh: Mesh, algorithm: Algorithm, draw: Draw, gather: Gather, *, batch_size: int, length: int
) -> Chunk:
    """`steps.chunk` on each device's rows, under `jax.shard_map`. Arguments and errors: those of `by_compiler`."""
    local = local_chunk(mesh, algorithm, draw, gather, batch_size=batch_size, length=length)
    whole = PartitionSpec()
    # the check would have JAX sum gradients of replicated parameters by itself: they would be reduced twice
    mapped = jax.shard_map(local, mesh=mesh, in_specs=(whole, whole, whole), out_specs=whole, check_vma=False)
    return jax.jit(mapped, donate_argnums=0)


def by_pmap(mesh: Mesh, algorithm: Algorithm, draw: Draw, gather: Gather, *, batch_size: int, length: int) -> Chunk:
    """`steps.chunk` on each device's rows, under `jax.pmap`. Arguments and errors: those of `by_compiler`."""
    local = local_chunk(mesh, algorithm, draw, gather, batch_size=batch_size, length=length)
    # pmap wants one argument with an axis over this process's devices
    number = np.arange(len(mesh.local_devices))
    mapped = jax.pmap(
        lambda number, *inputs: local(*inputs),
        axis_name=batches.AXIS,
        in_axes=(0, None, None, None),
        out_axes=None,  # type: ignore[arg-type]  # the same on every device
        devices=None if mesh.size == jax.device_count() else list(mesh.devices.flat),
    )
    return lambda state, data_key, arrays: mapped(number, state, data_key, arrays)


MODES: Table[Callable[..., Chunk]] = Table(
    "parallel mode", {"jit": by_compiler, "shard_map": by_shard_map, "pmap": by_pmap}
)


def local_chunk(mesh: Mesh, algorithm: Algorithm, draw: Draw, gather: Gather, *, batch_size: int, length: int) -> Chunk:
    """What one device runs over the axis `batches.AXIS`: it draws for the whole batch, and plays its own rows.

    Raises:
      InputError: if the batch size doesn't divide by the number of devices.
    """
    check_divides(batch_size, mesh)

    def own_draw(key: Key, step: Array, num: int) -> PyTree:
        return batches.own_rows(draw(key, step, num * batches.num_parts()), algorithm.num_batches)

    return steps.chunk(split(algorithm), own_draw, gather, batch_size // mesh.size, length)


def split(algorithm: Algorithm) -> Algorithm:
    """The algorithm on this device's rows, for a `pmap` or `shard_map` of one's own over the axis `batches.AXIS`.

    It is dealt the latents of its rows out of those of the whole batch; the step itself is unchanged.
    """

    def deal(key: Key, step: Array, batch_size: int) -> PyTree:
        return on_latents(batches.own, algorithm.deal(key, step, batch_size * batches.num_parts()))

    return algorithm._replace(deal=deal)


def on_latents(function: Callable[[Array, int], Array], deals: PyTree) -> PyTree:
    """Deals with function(latents, which of their axes counts the rows) as latents; the keys are everyone's."""

    def of_one(deal: Deal) -> Deal:
        return deal._replace(latents=function(deal.latents, deal.step.ndim))

    return jax.tree.map(of_one, deals, is_leaf=lambda x: isinstance(x, Deal))
