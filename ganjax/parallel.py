"""One game on many devices: each plays some rows of every batch, and all take the same step.

Three ways, one result: the numbers of a single device with the whole batch, up to the order of sums.

- `by_compiler`: `jax.jit` of the unchanged single-device loop; arrays lie on a mesh, and the compiler splits the work
  and puts the sums where they belong. The first choice, and the only one that can also split the optimizer's state.
- `by_shard_map`, `by_pmap`: each device runs the loop on its own rows, over an axis named `ganjax.batches.AXIS`; batch
  statistics and gradients are made the whole batch's explicitly.

A state is replicated in all three (the same GanState of the same shapes), so checkpoints move between ways, numbers of
devices and numbers of processes.

    mesh = parallel.mesh()
    state = parallel.init(algorithm, mesh, init_key, batch)
    run = parallel.MODES["jit"](mesh, algorithm, source.draw, source.gather, batch_size=64, length=50)
    state, info = run(state, data_key, parallel.replicate(mesh, source.arrays))

With several processes, call `initialize` before anything else of JAX, and let every process run the same programme.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from ganjax import batches, steps
from ganjax.checks import InputError, Table
from ganjax.types import Algorithm, Array, Deal, GanState, Key, PyTree, StepInfo

Chunk = Callable[[GanState, Key, PyTree], tuple[GanState, StepInfo]]
Draw = Callable[[Key, Array, int], PyTree]
Gather = Callable[[PyTree, PyTree], Any]
Placement = Callable[[Mesh, PyTree], PyTree]  # (mesh, state or its shapes) -> a sharding for each leaf


# ---------------------------------------------------------------- processes


def initialize(
    coordinator: str | None = None,
    num_processes: int | None = None,
    process_id: int | None = None,
    heartbeat_timeout: int = 60,
) -> None:
    """Joins the processes of one run. Call it before anything else that touches a device.

    With no arguments JAX asks the cluster: SLURM, Open MPI, Kubernetes, Cloud TPU. When a process dies, the others
    stop: at once where its connections close, within `heartbeat_timeout` where it only falls silent.

    Args:
      coordinator: host:port of process 0, with a port that is free there.
      num_processes: how many there are.
      process_id: which one this is, from 0.
      heartbeat_timeout: seconds of silence after which a process counts as dead.

    Raises:
      InputError: if only some of the three are given, if they contradict each other, or if there is no cluster to ask.
    """
    given = {"coordinator": coordinator, "num_processes": num_processes, "process_id": process_id}
    missing = [name for name, value in given.items() if value is None]
    if 0 < len(missing) < len(given):
        raise InputError(f"Expected coordinator, num_processes and process_id together, or none; missing: {missing}.")
    if num_processes is not None and not 0 <= (process_id or 0) < num_processes:
        raise InputError(f"Expected 0 <= process_id < num_processes, got {process_id} of {num_processes}.")
    try:
        jax.distributed.initialize(*given.values(), heartbeat_timeout_seconds=heartbeat_timeout)
    except (ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"Can't join the processes of this run: {reason} Give coordinator, num_processes and process_id."
        ) from error


def is_leader() -> bool:
    """Whether this is the process that writes logs and pictures, and prints."""
    return jax.process_index() == 0


def anywhere(flag: bool) -> bool:
    """Whether the flag is set in any process; all of them must ask, and all get the same answer."""
    if jax.process_count() == 1:
        return flag
    return bool(np.any(multihost_utils.process_allgather(np.asarray(flag))))


def alike(array: np.ndarray) -> bool:
    """Whether the array is the same in every process; all of them must ask."""
    if jax.process_count() == 1:
        return True
    return bool(np.all(multihost_utils.process_allgather(array) == array[None]))


def is_lost_peer(error: BaseException) -> bool:
    """Whether an error is what a process of a run meets when another one of it has died."""
    signs = ("Gloo", "NCCL", "coordination service", "CoordinationService", "Connection closed", "heartbeat")
    return jax.process_count() > 1 and any(sign in str(error) for sign in signs)


# ---------------------------------------------------------------- where arrays lie


def mesh(num_devices: int | None = None) -> Mesh:
    """The devices that share each batch, on one axis named `batches.AXIS`; all there are by default.

    Raises:
      InputError: if there aren't so many, or several processes are to use only some of theirs.
    """
    devices = jax.devices()
    if num_devices is None:
        num_devices = len(devices)
    if not 1 <= num_devices <= len(devices):
        raise InputError(
            f"Expected 1 to {len(devices)} devices, got {num_devices}: JAX sees {len(devices)} "
            f"({devices[0].platform}). XLA_FLAGS=--xla_force_host_platform_device_count=8 simulates 8 on a CPU."
        )
    if jax.process_count() > 1 and num_devices != len(devices):
        raise InputError(
            f"Expected all {len(devices)} devices of the {jax.process_count()} processes, got {num_devices}: "
            "leave the number of devices out."
        )
    return Mesh(np.array(devices[:num_devices]), (batches.AXIS,))


def replicated(mesh: Mesh, tree: PyTree) -> PyTree:
    """Every device holds all of every leaf. A `Placement`."""
    return jax.tree.map(lambda _: NamedSharding(mesh, PartitionSpec()), tree)


def optimizer_sharded(mesh: Mesh, state: PyTree) -> PyTree:
    """As `replicated`, with the optimizers' states split over the devices: 1/N of their memory on each. A `Placement`.

    A leaf is split along its longest axis that divides by N; one without such an axis stays whole. Rajbhandari et al.
    2019, arXiv:1910.02054, stage 1. For `by_compiler`.
    """

    def sharding(leaf: Any) -> NamedSharding:
        sizes = [size if size % mesh.size == 0 else 0 for size in leaf.shape]
        longest = int(np.argmax(sizes)) if any(sizes) else None
        spec = (batches.AXIS if i == longest else None for i in range(leaf.ndim))
        return NamedSharding(mesh, PartitionSpec(*spec))

    opt_states = {name: getattr(state, name) for name in ("gen_opt_state", "disc_opt_state")}
    return replicated(mesh, state)._replace(**jax.tree.map(sharding, opt_states))


def replicate(mesh: Mesh, tree: PyTree) -> PyTree:
    """The same numbers, whole on every device. Each process must give the same ones; nothing is sent between them."""

    def place(x: Any) -> Array:
        if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
            return jax.random.wrap_key_data(place(jax.random.key_data(x)), impl=jax.random.key_impl(x))
        array = np.asarray(x)
        return jax.make_array_from_callback(array.shape, sharding, lambda index: array[index])

    sharding = NamedSharding(mesh, PartitionSpec())
    return jax.tree.map(place, tree)


def own_rows(mesh: Mesh, batch_size: int, num_batches: int = 1) -> np.ndarray:
    """Which rows of a step's samples, num_batches batches side by side, this process's devices play; [R].

    The processes' rows are disjoint, and together all. For `by_compiler`, of data that each process reads itself.

    Raises:
      InputError: if the batch size doesn't divide by the number of devices.
    """
    check_divides(batch_size, mesh)
    here = [device.process_index == jax.process_index() for device in mesh.devices.flat]
    return rows_of(here, batch_size, num_batches)


def rows_of(devices: Sequence[bool], batch_size: int, num_batches: int = 1) -> np.ndarray:
    """Which rows of num_batches batches side by side those devices of a mesh play that are marked; [R], ascending."""
    one = np.repeat(devices, batch_size // len(devices))
    return np.flatnonzero(np.tile(one, num_batches))


def from_own_rows(mesh: Mesh, array: np.ndarray, num_batches: int = 1) -> Array:
    """Each process's [S, R, ...] as one array [S, num_batches, batch_size, ...], whose rows lie where they are played.

    Args:
      mesh: the devices.
      array: of S steps, the rows that `own_rows` names.
      num_batches: how many batches a step takes.
    """
    steps, rows = array.shape[:2]
    local = array.reshape(steps, num_batches, rows // num_batches, *array.shape[2:])
    batch_size = local.shape[2] * mesh.size // len(mesh.local_devices)
    sharding = NamedSharding(mesh, PartitionSpec(None, None, batches.AXIS))
    return jax.make_array_from_process_local_data(sharding, local, (steps, num_batches, batch_size, *array.shape[2:]))


def template(algorithm: Algorithm, mesh: Mesh, key: Key, batch: PyTree, placement: Placement = replicated) -> GanState:
    """Shapes, types and places of a game's state: what `init` would give, and what a checkpoint is restored into.

    Args:
      algorithm: what moves the players.
      mesh: the devices.
      key: as for `Algorithm.init`; only its kind matters here.
      batch: what a step takes (all rows of it); shapes will do.
      placement: where each leaf lies.
    """
    shapes = jax.eval_shape(lambda key: algorithm.init(key, zeros_like(batch)), key)
    return jax.tree.map(
        lambda x, at: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=at), shapes, placement(mesh, shapes)
    )


def init(algorithm: Algorithm, mesh: Mesh, key: Key, batch: PyTree, placement: Placement = replicated) -> GanState:
    """A game's first state, made where it is to lie. Arguments: those of `template`."""
    places = jax.tree.map(lambda x: x.sharding, template(algorithm, mesh, key, batch, placement))
    return jax.jit(lambda key: algorithm.init(key, zeros_like(batch)), out_shardings=places)(key)


def zeros_like(tree: PyTree) -> PyTree:
    """Zeros of the leaves' shapes and types, made on no device in particular."""
    return jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), tree)


def on_host(tree: PyTree) -> PyTree:
    """NumPy copies of arrays wherever they lie, the same in every process; typed keys stay keys.

    All processes must call it where leaves are split over the devices of several.
    """

    def fetch(x: Any) -> Any:
        if not isinstance(x, jax.Array):
            return x
        if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
            return jax.random.wrap_key_data(jnp.asarray(fetch(jax.random.key_data(x))), impl=jax.random.key_impl(x))
        if not x.is_fully_addressable and not x.is_fully_replicated:
            return multihost_utils.process_allgather(x, tiled=True)
        return np.asarray(x)

    for leaf in jax.tree.leaves(tree):
        if isinstance(leaf, jax.Array) and leaf.is_fully_addressable:
            leaf.copy_to_host_async()  # all transfers under way before the first is waited for
    return jax.tree.map(fetch, tree)


# ---------------------------------------------------------------- many steps in one dispatch, on all devices


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


def check_divides(batch_size: int, mesh: Mesh) -> None:
    """Raises `InputError` unless each device of the mesh gets equally many rows of a batch."""
    if batch_size % mesh.size:
        raise InputError(
            f"Expected a batch size that divides by {mesh.size} devices, got {batch_size}: take "
            f"{max(batch_size // mesh.size, 1) * mesh.size}, or fewer devices."
        )
