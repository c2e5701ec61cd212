"""Where arrays lie: on which devices of a mesh, whole or in parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from ganjax import batches
from ganjax.checks import InputError
from ganjax.types import Algorithm, Array, GanState, Key, PyTree

Placement = Callable[[Mesh, PyTree], PyTree]  # (mesh, state or its shapes) -> a sharding for each leaf


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


def check_divides(batch_size: int, mesh: Mesh) -> None:
    """Raises `InputError` unless each device of the mesh gets equally many rows of a batch."""
    if batch_size % mesh.size:
        raise InputError(
            f"Expected a batch size that divides by {mesh.size} devices, got {batch_size}: take "
            f"{max(batch_size // mesh.size, 1) * mesh.size}, or fewer devices."
        )
