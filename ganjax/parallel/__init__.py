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

from ganjax.parallel._chunks import MODES, Chunk, Draw, Gather, by_compiler, by_pmap, by_shard_map, split
from ganjax.parallel._places import (
    Placement,
    check_divides,
    from_own_rows,
    init,
    mesh,
    on_host,
    optimizer_sharded,
    own_rows,
    replicate,
    replicated,
    rows_of,
    template,
    zeros_like,
)
from ganjax.parallel._processes import alike, anywhere, initialize, is_leader, is_lost_peer

__all__ = [
    "MODES",
    "Chunk",
    "Draw",
    "Gather",
    "Placement",
    "alike",
    "anywhere",
    "by_compiler",
    "by_pmap",
    "by_shard_map",
    "check_divides",
    "from_own_rows",
    "init",
    "initialize",
    "is_leader",
    "is_lost_peer",
    "mesh",
    "on_host",
    "optimizer_sharded",
    "own_rows",
    "replicate",
    "replicated",
    "rows_of",
    "split",
    "template",
    "zeros_like",
]
