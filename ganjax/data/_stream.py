"""Sets larger than memory: batches are read on the host while the steps before them run.

A streamed set shows the batches that the same set shows in memory: `indices_at` says which samples batch number `step`
holds, from the data key and the step alone. Nothing else needs to be saved to go on where a run stopped.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Generator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Int, Integer, UInt8

from ganjax.checks import InputError
from ganjax.data._ahead import READERS, by_threads, installed
from ganjax.data._images import to_float
from ganjax.data._records import Records
from ganjax.data._shuffle import indices_at
from ganjax.data._source import Source, Streamed, image_source
from ganjax.types import Batch, Key, PyTree

MOST_WORKERS = 16  # beyond, Python's own part of the work keeps threads waiting for each other
AHEAD_BYTES = 2**28  # of batches read ahead, where their number is not given
INDICES_AT_ONCE = 2**16
READ_AT_ONCE = 64  # where there are no batches

Rows = tuple[UInt8[np.ndarray, "R H W C"], Int[np.ndarray, "R"]]


class Streaming(NamedTuple):
    """How a stream is read.

    Attributes:
      workers: threads; None for one a core, at most 16.
      prefetch: batches to read ahead; None for as many as take 256 MiB, from 2 a worker to 256.
      reader: a row of `READERS`; None for grain where it is installed, else the standard library's threads.
    """

    workers: int | None = None
    prefetch: int | None = None
    reader: str | None = None

    @property
    def num_workers(self) -> int:
        """`workers`, or where that is None one a core that this process may use, at most 16."""
        allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return self.workers or min(allowed, MOST_WORKERS)

    def num_ahead(self, batch_bytes: int) -> int:
        """How many batches of a size to be ahead."""
        return self.prefetch or max(2 * self.num_workers, min(AHEAD_BYTES // max(batch_bytes, 1), 256))


def stream_source(records: Records, streaming: Streaming = Streaming()) -> Source:  # noqa: B008 (a tuple)
    """A finite set of images that stays on disk, shown in exact epochs as float32 in [−1, 1].

    The batches are those of `image_source` on the same images, bit for bit. Its `arrays` are empty: a loop opens
    `source.feed` and hands the arrays of each chunk of steps to the compiled programme:

        with contextlib.closing(source.feed(data_key, rows_a_step, num_steps)) as feed:
            state, info = run(state, data_key, feed(step, length))

    A damaged record is found when it is first drawn, and ends the run there: only the first is looked into before.

    Args:
      records: the set.
      streaming: by how many workers, how far ahead.

    Raises:
      InputError: for a number of workers or batches below 1.
    """
    for name, number in (("workers", streaming.workers), ("prefetch", streaming.prefetch)):
        if number is not None and number < 1:
            raise InputError(f"Expected {name} >= 1, got {number}.")
    spec = records.spec

    def draw(key: Key, step: Integer[ArrayLike, ""], batch_size: int) -> Integer[Array, ""]:
        del key, batch_size  # the host draws the samples; the programme finds the step among those that it was fed
        return jnp.asarray(step, jnp.int32)

    def gather(arrays: Streamed, step: Integer[Array, ""]) -> Batch:
        images = to_float(_of_step(arrays.samples, step - arrays.first)).reshape(-1, *spec.shape)
        # beyond what was fed the nearest step would be shown, silently: let the losses say so
        fed = (step >= arrays.first) & (step < arrays.first + len(arrays.samples))
        return Batch(jnp.where(fed, images, jnp.nan))

    def labels(arrays: Streamed, step: Integer[Array, ""]) -> Int[Array, "B"]:
        return _of_step(arrays.labels, step - arrays.first).reshape(-1)

    return Source(
        spec,
        (),
        draw,
        gather,
        None if spec.num_classes is None else labels,
        take=functools.partial(_take, records, streaming),
        feed=functools.partial(Stream, records, streaming),
    )


def held_source(records: Records, streaming: Streaming = Streaming()) -> Source:  # noqa: B008 (a tuple)
    """The same set in memory, read by the same workers; what it takes meanwhile is bounded by the result.

    Raises:
      InputError: when a record can't be read.
    """
    spec = records.spec
    made = image_source(
        spec.name, *_take(records, streaming, np.arange(spec.num_samples or 0)), num_classes=spec.num_classes
    )
    return made._replace(spec=spec)


class Stream:
    """The batches of one run, read ahead: the `Feed` of a stream.

    A call gives what the steps ask for, in whatever order; only the order of the steps is read ahead.

    Args:
      records, streaming: as for `stream_source`.
      key: the run's data key.
      rows_a_step: samples that a step takes.
      end: the step after the run's last: nothing is read for it, nor beyond.
      rows: which of a step's samples are wanted here, [R]; by default all. Where several processes share each batch,
        each reads its own.
    """

    def __init__(
        self,
        records: Records,
        streaming: Streaming,
        key: Key,
        rows_a_step: int,
        end: int,
        *,
        rows: Int[np.ndarray, "R"] | None = None,
    ):
        self._records, self._reading, self._end = records, streaming, end
        self._own = np.arange(rows_a_step) if rows is None else rows
        self._indices = _indices(key, rows_a_step, records.spec.num_samples or 0)
        self._batches, self._next = _nothing(), -1

    def __call__(self, first: int, steps: int) -> Streamed:
        """The arrays of steps first … first + steps − 1, on the host: samples [S, R, H, W, C], labels [S, R] or ().

        Raises:
          InputError: when a record can't be read, and for steps beyond the end.
        """
        if steps < 1 or not 0 <= first <= self._end - steps:
            raise InputError(f"Expected steps before {self._end}, got {steps} from {first}.")
        if first != self._next:
            self._begin(first)
        samples, labels = self.shapes(steps)[1:]
        images = np.empty(samples.shape, np.uint8)
        classes = () if isinstance(labels, tuple) else np.empty(labels.shape, np.int32)
        self._next = -1  # until all have come
        for i in range(steps):
            images[i], of_images = next(self._batches)
            if not isinstance(classes, tuple):
                classes[i] = of_images
        self._next = first + steps
        return Streamed(np.asarray(first, np.int32), images, classes)

    def shapes(self, steps: int) -> Streamed:
        """The shapes and types of what a call gives."""
        shape, spec = (steps, len(self._own)), self._records.spec
        labels = () if spec.num_classes is None else jax.ShapeDtypeStruct(shape, jnp.int32)
        images = jax.ShapeDtypeStruct((*shape, *spec.shape), jnp.uint8)
        return Streamed(jax.ShapeDtypeStruct((), jnp.int32), images, labels)

    def close(self) -> None:
        """Stops the workers. What they are streaming now is waited for."""
        self._batches.close()
        self._batches, self._next = _nothing(), -1

    def _begin(self, first: int) -> None:
        self.close()
        reader = READERS[self._reading.reader or installed()]
        ahead = self._reading.num_ahead(len(self._own) * math.prod(self._records.spec.shape))
        self._batches = reader(self._read, first, self._end, self._reading.num_workers, ahead)

    def _read(self, step: int) -> Rows:
        return _read_rows(self._records, self._indices(step)[self._own])


def _take(
    records: Records, streaming: Streaming, indices: Int[np.ndarray, "n"]
) -> tuple[UInt8[np.ndarray, "n H W C"], Int[np.ndarray, "n"] | None]:
    """`Source.take`."""
    images, labels = np.empty((len(indices), *records.spec.shape), np.uint8), np.empty(len(indices), np.int32)
    parts = [slice(first, first + READ_AT_ONCE) for first in range(0, len(indices), READ_AT_ONCE)]
    workers = streaming.num_workers
    batches = by_threads(lambda i: _read_rows(records, indices[parts[i]]), 0, len(parts), workers, 2 * workers)
    for part, batch in zip(parts, batches, strict=True):
        images[part], labels[part] = batch
    return images, None if records.spec.num_classes is None else labels


def _read_rows(records: Records, indices: Int[np.ndarray, "R"]) -> Rows:
    images, labels = np.empty((len(indices), *records.spec.shape), np.uint8), np.zeros(len(indices), np.int32)
    for row, index in enumerate(indices):
        images[row], label = records.read(int(index))
        labels[row] = label or 0
    return images, labels


def _indices(key: Key, rows_a_step: int, num_samples: int) -> Callable[[int], Int[np.ndarray, "B"]]:
    """step -> the samples it shows, by `indices_at` on the host's processor, many steps at once."""
    block = max(1, INDICES_AT_ONCE // rows_a_step)
    key = jax.device_put(key, _host())

    @functools.lru_cache(maxsize=4)
    def of_block(number: int) -> Int[np.ndarray, "S B"]:
        steps = np.arange(number * block, (number + 1) * block, dtype=np.uint32)
        return np.asarray(_of_steps(key, jax.device_put(steps, _host()), rows_a_step, num_samples))

    return lambda step: of_block(step // block)[step % block]


@functools.partial(jax.jit, static_argnums=(2, 3))
def _of_steps(key: Key, steps: Integer[Array, "S"], rows_a_step: int, num_samples: int) -> Int[Array, "S B"]:
    return jax.vmap(lambda step: indices_at(key, step, rows_a_step, num_samples))(steps)


def _host() -> Any:
    """A processor; where JAX was told to see none, the device that the run is on."""
    try:
        return jax.local_devices(backend="cpu")[0]
    except RuntimeError:
        return jax.local_devices()[0]


def _nothing() -> Generator[Rows, None, None]:
    yield from ()


def _of_step(array: PyTree, index: Integer[Array, ""]) -> Array:
    # not by indexing, which would make each device fetch the others' rows
    return jax.lax.dynamic_index_in_dim(jnp.asarray(array), index, keepdims=False)
