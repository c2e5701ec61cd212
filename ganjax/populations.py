"""Many games at once: seeds, learning rates and weights side by side, in one compiled program.

A population is a `GanState` whose every leaf has a leading axis over N games. Game i is, up to rounding, the game that
the same key and settings give alone, whatever its neighbors: only time is shared.

    def make(settings):                                # the settings of ONE game, traced
        learning_rate, weight = settings
        game = Game(generator, discriminator, objectives.wgan_gp(weight), prior)
        return steps.alternating(game, optax.adam(learning_rate), optax.adam(learning_rate))

    settings = jnp.array([1e-4, 1e-3, 1e-4, 1e-3]), jnp.array([0.1, 0.1, 10.0, 10.0])
    keys = jax.vmap(jax.random.key)(jnp.arange(4))     # game i has seed i
    states = jax.jit(lambda keys: populations.init(make, keys, settings, batch))(keys)
    run = populations.compiled_chunk(make, source.draw, source.gather, batch_size=64, length=100)
    states, infos = run(states, data_keys, settings, source.arrays)
    first = populations.game_at(states, 0)             # an ordinary GanState

Games run in blocks: within a block side by side (`jax.vmap`), blocks one after the other (`jax.lax.map`), so the
program is as large for a thousand games as for one block. What is not a number (networks, schedule, batch size) is the
same for all games of a population.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
from jax.core import Tracer
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jax.typing import ArrayLike
from jaxtyping import Array, Integer

from ganjax import steps
from ganjax.checks import InputError
from ganjax.steps import Loop
from ganjax.types import Algorithm, GanState, Key, PyTree, StepInfo

Keys = jaxtyping.Key[Array, "N"]
Make = Callable[[PyTree], Algorithm]  # the settings of one game, a tree of scalars that may be traced, or ()
Chunk = Callable[[GanState, Keys, PyTree, PyTree], tuple[GanState, StepInfo]]
Tree = TypeVar("Tree")

GAMES = "games"  # the mesh axis over which `sharded` splits a population


def init(make: Make, keys: Keys, settings: PyTree, batch: PyTree, *, block_size: int | None = None) -> GanState:
    """The first states of N games: game i is make(settings[i]).init(keys[i], batch). Pure; jit it.

    Args:
      make: the settings of one game -> its algorithm. Traced: it may not branch on the values of its settings.
      keys: [N] typed keys, one a game.
      settings: every leaf [N, ...]; () where the games differ by their keys alone.
      batch: what a step takes, the same for all games; only its shapes matter to most networks.
      block_size: games side by side; by default 1, since it is done once.

    Returns:
      A GanState with every leaf [N, ...].

    Raises:
      InputError: if there is no game, keys and settings are of different N, or block_size < 1.
    """

    def one(game: tuple[Key, PyTree]) -> GanState:
        key, settings = game
        return make(settings).init(key, batch)

    check_population(keys=keys, settings=settings)
    return in_blocks(one, (keys, settings), 1 if block_size is None else block_size)


def chunk(
    make: Make,
    draw: Callable[[Key, Array, int], PyTree],
    gather: Callable[[PyTree, PyTree], Any],
    batch_size: int,
    length: int,
    *,
    block_size: int | None = None,
    loop: Loop = steps.SCAN,
) -> Chunk:
    """`steps.chunk` for N games: (states, data_keys, settings, arrays) -> (states, StepInfo of means [N]).

    Pure; jit it with the states donated, or take `compiled_chunk`. Draws of `length` steps are held for one block of
    games at a time.

    Args:
      make: the settings of one game -> its algorithm, as in `init`.
      draw, gather, batch_size, length: as in `steps.chunk`, the same for all games.
      block_size: games side by side; by default what `default_block_size` says.
      loop: how steps follow one another, as in `steps.chunk`.

    Returns:
      A function of states (every leaf [N, ...]), data_keys [N] (equal keys show equal batches), settings (every leaf
      [N, ...], or ()) and the source's arrays, shared by all games. It raises `InputError` if there is no game, the
      first three are of different N, or block_size < 1.
    """

    def run(states: GanState, data_keys: Keys, settings: PyTree, arrays: PyTree) -> tuple[GanState, StepInfo]:
        def one(game: tuple[GanState, Key, PyTree]) -> tuple[GanState, StepInfo]:
            state, data_key, settings = game
            return steps.chunk(make(settings), draw, gather, batch_size, length, loop=loop)(state, data_key, arrays)

        check_population(states=states, data_keys=data_keys, settings=settings)
        size = default_block_size(numbers_of(states)) if block_size is None else block_size
        return in_blocks(one, (states, data_keys, settings), size)

    return run


def compiled_chunk(
    make: Make,
    draw: Callable[[Key, Array, int], PyTree],
    gather: Callable[[PyTree, PyTree], Any],
    batch_size: int,
    length: int,
    *,
    block_size: int | None = None,
    mesh: Mesh | None = None,
) -> Chunk:
    """`chunk`, compiled at its first call with the states donated: on a CPU tiny games become one kernel a block.

    The arguments are `chunk`'s. Call it, but not inside another `jit`; the states that it is given are used up.

    Args:
      mesh: devices to split the games over, as in `sharded`; None for one device.
    """

    fed = draw, gather, batch_size, length

    def loop_for(states: GanState, data_keys: Keys, settings: PyTree, arrays: PyTree, *_: Array) -> Loop:
        check_population(states=states, data_keys=data_keys, settings=settings)
        state, data_key, settings = jax.eval_shape(lambda *games: game_at(games, 0), states, data_keys, settings)
        return steps.best_loop(make, draw, gather, batch_size)(state, data_key, settings, arrays)

    def side_by_side(loop: Loop) -> Chunk:
        run = chunk(make, *fed, block_size=block_size, loop=loop)
        return run if mesh is None else sharded(run, mesh)

    together = steps.compiled_at_first_call(side_by_side, loop_for)
    in_turns = by_turns(steps.compiled_at_first_call(lambda loop: turn(make, *fed, loop=loop), loop_for))

    def run(states: GanState, data_keys: Keys, settings: PyTree, arrays: PyTree) -> tuple[GanState, StepInfo]:
        on_cpu = mesh is None and block_size is None and jax.default_backend() == "cpu"
        form = in_turns if on_cpu and default_block_size(numbers_of(states)) == 1 else together
        return form(states, data_keys, settings, arrays)

    return run


def turn(
    make: Make,
    draw: Callable[[Key, Array, int], PyTree],
    gather: Callable[[PyTree, PyTree], Any],
    batch_size: int,
    length: int,
    *,
    loop: Loop,
) -> Callable[[GanState, Keys, PyTree, PyTree, Array], tuple[GanState, StepInfo]]:
    """(states, data_keys, settings, arrays, index) -> (states, info): one game's chunk, in its place."""

    def play(
        states: GanState, data_keys: Keys, settings: PyTree, arrays: PyTree, index: Array
    ) -> tuple[GanState, StepInfo]:
        # slices, and no indexing: on a CPU gathering and scattering a game's arrays would cost several of its steps
        state, data_key, own = jax.tree.map(
            lambda x: jax.lax.dynamic_index_in_dim(x, index, keepdims=False), (states, data_keys, settings)
        )
        moved, info = steps.chunk(make(own), draw, gather, batch_size, length, loop=loop)(state, data_key, arrays)
        return jax.tree.map(lambda x, one: jax.lax.dynamic_update_index_in_dim(x, one, index, 0), states, moved), info

    return play


def by_turns(play: Callable[..., tuple[GanState, StepInfo]]) -> Chunk:
    """One call of a compiled `turn` for each game: a loop over games around the loop over steps costs large games a
    tenth of their speed."""

    def run(states: GanState, data_keys: Keys, settings: PyTree, arrays: PyTree) -> tuple[GanState, StepInfo]:
        infos = []
        for index in range(check_population(states=states, data_keys=data_keys, settings=settings)):
            states, info = play(states, data_keys, settings, arrays, jnp.int32(index))
            infos.append(info)
        return states, jax.tree.map(lambda *each: jnp.stack(each), *infos)

    return run


def game_at(tree: Tree, index: int | Integer[Array, ""]) -> Tree:
    """The tree of one game, without the leading axis: a state to sample from or to go on with alone.

    Args:
      tree: states, settings, infos or keys; every leaf [N, ...].
      index: which game, from 0; negative from the end. A traced index is not checked.

    Raises:
      InputError: if there is no such game.
    """
    num_games = check_population(tree=tree)
    if not isinstance(index, Tracer) and not -num_games <= int(index) < num_games:
        raise InputError(f"Expected a game from 0 to {num_games - 1}, got {index}.")
    return jax.tree.map(lambda x: x[index], tree)


def sharded(run: Chunk, mesh: Mesh) -> Chunk:
    """The same run with the games split over the devices of a mesh: device d holds games d·N/D to (d + 1)·N/D − 1.

    The games never speak to each other, so there is no collective in it. Jit it with the states donated; they stay
    where they are between calls.

    Args:
      run: what `chunk` gives.
      mesh: D devices on one axis of any name.

    Raises:
      InputError: if the mesh has more than one axis; when called, if N doesn't divide by D.
    """
    if len(mesh.axis_names) != 1:
        raise InputError(f"Expected a mesh with one axis, got the axes {', '.join(map(str, mesh.axis_names))}.")
    # by a name of its own: over an axis named `batches.AXIS` each game would be taken for a part of one batch
    devices = Mesh(mesh.devices, (GAMES,))
    split, whole = PartitionSpec(GAMES), PartitionSpec()
    # the check is for collectives and what they replicate; there are none
    mapped = jax.shard_map(run, mesh=devices, in_specs=(split, split, split, whole), out_specs=split, check_vma=False)

    def run_sharded(states: GanState, data_keys: Keys, settings: PyTree, arrays: PyTree) -> tuple[GanState, StepInfo]:
        check_divides(check_population(states=states, data_keys=data_keys, settings=settings), mesh.size)
        return mapped(states, data_keys, settings, arrays)

    return run_sharded


def mesh_for(states: GanState, most_devices: int | None = None) -> Mesh:
    """A mesh for `sharded`, of as many devices as divide the games evenly.

    On a CPU a device is a thread (`jax.config.update("jax_num_cpu_devices", cores)`), for games of which several run
    side by side; one that is larger uses all threads by itself, and gets one device.

    Args:
      states: the games', or their shapes.
      most_devices: at most so many; by default all of this process.
    """
    num_games, devices = check_population(states=states), jax.local_devices()[:most_devices]
    if devices[0].platform == "cpu" and default_block_size(numbers_of(states), "cpu") == 1:
        devices = devices[:1]
    return Mesh(np.array(devices[: math.gcd(num_games, len(devices))]), (GAMES,))


def spread(games: Tree, mesh: Mesh) -> Tree:
    """The games on the devices that play them under `sharded`; every leaf [N, ...]."""
    return jax.device_put(games, NamedSharding(mesh, PartitionSpec(GAMES)))


def default_block_size(numbers: int, backend: str | None = None) -> int:
    """How many games run side by side: as many as share what the backend has of its scarcest, a power of two.

    On a CPU side by side pays while a block stays in the caches next to the arithmetic: measured with Adam, alternating
    updates and batches of 8 to 100, a step costs a fifth for games of 10² numbers, three quarters for 10³ to 10⁴, and
    as much as one after the other at 10⁵. More than 32 games gain little, and 256 can fail to compile.
    For GPU and TPU the figures are reasoned, not measured: all that a small game leaves idle, within their memory.

    Args:
      numbers: how many numbers the state of one game holds.
      backend: "cpu", "gpu" or "tpu"; by default the one that JAX uses.
    """
    most, numbers_a_block = (32, 2**16) if (backend or jax.default_backend()) == "cpu" else (512, 2**27)
    fitting = max(1, min(most, numbers_a_block // max(numbers, 1)))
    return 2 ** (fitting.bit_length() - 1)


def numbers_of(states: GanState) -> int:
    """How many numbers the state of one game holds."""
    sizes = [math.prod(jnp.shape(leaf)[1:]) for leaf in jax.tree.leaves(states)]
    return sum(sizes)


def in_blocks(function: Callable[[PyTree], PyTree], games: PyTree, block_size: int) -> PyTree:
    """function(games[i]) for every i, block_size of them at a time: leaves [N, ...] -> leaves [N, ...]."""
    if block_size < 1:
        raise InputError(f"Expected block_size >= 1, got {block_size}.")
    # one game at a time is a plain loop: an axis of one would still cost the batched form of every product
    return jax.lax.map(function, games, batch_size=None if block_size == 1 else block_size)


def check_population(**trees: PyTree) -> int:
    """N, the length of every leaf's leading axis.

    Raises:
      InputError: if a leaf has no axis, two leaves disagree, or N is 0.
    """
    lengths: dict[str, int] = {}
    for name, tree in trees.items():
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
            lengths[f"{name}{jax.tree_util.keystr(path)}"] = leading_axis(f"{name}{jax.tree_util.keystr(path)}", leaf)
    reference, num_games = next(iter(lengths.items()))
    for name, length in lengths.items():
        if length != num_games:
            raise InputError(
                f"Expected as many games everywhere, got {num_games} in {reference} and {length} in {name}."
            )
    if num_games < 1:
        raise InputError(f"Expected at least one game, got none: {reference} has length 0.")
    return num_games


def leading_axis(name: str, leaf: ArrayLike) -> int:
    """The length of a leaf's leading axis. Raises `InputError` where it has none."""
    if jnp.ndim(leaf) == 0:
        raise InputError(
            f"Expected {name} with one value a game, [N], got a scalar: jnp.full(N, ...) gives all the same."
        )
    return jnp.shape(leaf)[0]


def check_divides(num_games: int, num_devices: int) -> None:
    """Raises `InputError` unless each device gets equally many games."""
    if num_games % num_devices:
        raise InputError(
            f"Expected a number of games that divides by {num_devices} devices, got {num_games}: play "
            f"{-(-num_games // num_devices) * num_devices}, or use fewer devices."
        )
