"""What a run takes in memory at the least, by shapes alone: what can't fit is refused before anything is computed."""

from __future__ import annotations

import math
import os

import jax
from config import Config
from jax.extend.core import ClosedJaxpr
from memory import size

from ganjax.checks import InputError
from ganjax.data import Source
from ganjax.steps._loops import within
from ganjax.types import Algorithm, GanState, PyTree

MOST_PIXELS = 2**26  # of one picture: beyond, no program opens it

MENDS = {
    "the players and their optimizers": "make the networks smaller",
    "the largest array of a step": "lower --batch-size, or make the networks smaller",
    "the random numbers of one call": "lower --steps-per-call or --batch-size",
    "the samples of a picture": "lower --num-samples",
    "the samples of a judgment": "lower --eval-samples",
}


def check_fits(config: Config, source: Source, algorithm: Algorithm, state: GanState, step: ClosedJaxpr) -> None:
    """Raises `InputError` for a run that takes more than all memory that its devices have.

    Args:
      config: says how many steps a call has, and how many samples are made at a time.
      source: of the samples.
      algorithm: what moves the players.
      state: shapes of the run's state.
      step: one step as operations.
    """
    found = parts(config, source, algorithm, state, step)
    players, array, draws, picture, judgment = found.values()
    least, most = players + max(array + draws, picture, judgment), available()
    if least > most:
        name = max(found, key=lambda name: found[name])
        raise InputError(
            f"Expected a run that fits into {size(most)} of memory, got one that takes {size(least)} at least, "
            f"{size(found[name])} of it for {name}: {MENDS[name]}."
        )
    pixels = config.num_samples * math.prod(side + 2 for side in source.spec.shape[:2])
    if source.spec.is_image and pixels > MOST_PIXELS:
        raise InputError(
            f"Expected pictures of at most {MOST_PIXELS:,} pixels, got {config.num_samples} samples of "
            f"{source.spec.shape[0]} x {source.spec.shape[1]}: lower --num-samples."
        )


def parts(config: Config, source: Source, algorithm: Algorithm, state: GanState, step: ClosedJaxpr) -> dict[str, int]:
    """Bytes of what lies in memory at once, or after one another beside the state; by their names in `MENDS`."""
    num = config.batch_size * algorithm.num_batches
    drawn = jax.eval_shape(
        lambda key, step: (source.draw(key, step, num), algorithm.deal(key, step, config.batch_size)),
        *(state.key, state.step),
    )
    intervals = config.steps_per_call, config.log_every, config.sample_every, config.checkpoint_every
    length = min(config.num_steps, *intervals)
    sample = 4 * math.prod(source.spec.shape)
    arrays = [out.aval for equation in within(step.jaxpr) for out in equation.outvars]
    numbers = (
        num_bytes(state),
        max(map(num_bytes, arrays), default=0),
        length * num_bytes(drawn),
        config.num_samples * sample,
        0 if config.eval_every is None else config.eval_samples * sample,
    )
    return dict(zip(MENDS, numbers, strict=True))


def num_bytes(tree: PyTree) -> int:
    """Of arrays or their shapes, all together."""
    return sum(math.prod(x.shape) * x.dtype.itemsize for x in jax.tree.leaves(tree) if hasattr(x, "shape"))


def available() -> int:
    """Bytes of memory on all devices; of processors, which share it, the machine's."""
    limits = [(device.memory_stats() or {}).get("bytes_limit") for device in jax.local_devices()]
    if None not in limits:
        return jax.process_count() * sum(int(limit) for limit in limits if limit is not None)
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
