"""What the training loop knows of data: draw everything random ahead, then gather batches inside the scan.

A finite set and an endless toy distribution are the same few fields. Hand `source.arrays` to a jitted function as an
argument: an array that is closed over becomes a constant of the compiled programme.

    draws = draw_ahead(source, data_key, steps, batch_size)            # outside the scan, all steps at once
    def body(state, draw):
        return algorithm.step(state, source.gather(arrays, draw))      # inside it
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Integer, Shaped

from ganjax.checks import InputError
from ganjax.data._images import to_float
from ganjax.data._shuffle import indices_at
from ganjax.types import Batch, Key, PyTree


class Spec(NamedTuple):
    """What a source holds, without its arrays.

    Attributes:
      name: what error messages call it.
      shape: the shape of one sample: (H, W, C) or (F,).
      num_samples: how many there are, or None where every batch is drawn afresh.
      num_classes: how many labels there are, or None where there are none.
      range: the least and the greatest value a sample can take, or None where they have no bounds.
      notes: what a person should know of how it was read, a sentence each: files left out, and why.
    """

    name: str
    shape: tuple[int, ...]
    num_samples: int | None
    num_classes: int | None
    range: tuple[float, float] | None
    notes: tuple[str, ...] = ()

    @property
    def is_image(self) -> bool:
        """Whether one sample is an image (H, W, C)."""
        return len(self.shape) == 3


Take = Callable[[Int[np.ndarray, "n"]], tuple[Shaped[np.ndarray, "n ..."], Int[np.ndarray, "n"] | None]]


class Streamed(NamedTuple):
    """The batches of a chunk of steps, of a set that is not stored on the device.

    Attributes:
      first: the first step's number.
      samples: uint8 [S, rows, H, W, C], step by step; the rows may have several axes.
      labels: int32 [S, rows], or ().
    """

    first: PyTree  # arrays of NumPy, then of JAX, or their shapes
    samples: PyTree
    labels: PyTree = ()


class Feed(Protocol):
    """A stream that was opened: what `Source.feed` gives."""

    def __call__(self, first: int, steps: int) -> Streamed:
        """The arrays of steps first … first + steps − 1, on the host."""
        ...

    def shapes(self, steps: int) -> Streamed:
        """Their shapes and types."""
        ...

    def close(self) -> None:
        """Stops reading ahead."""
        ...


class Source(NamedTuple):
    """Where real samples come from.

    Not an argument of jitted functions itself, since it holds functions: close over it, and pass `arrays`.

    Attributes:
      spec: what it holds.
      arrays: everything stored, a pytree of device arrays: `Stored`, or () where samples are drawn afresh.
      draw: (key, step, batch_size) -> all that is random about batch number `step`, a pytree. Pure; `vmap` it over
        steps. Needs no arrays, so that it can run anywhere and ahead of time. `key` belongs to the data alone: the
        same key must not also drive the training steps.
      gather: (arrays, draw) -> Batch. Pure, without randomness.
      labels: (arrays, draw) -> the labels [B] of the samples that `gather` gives, or None where there are none.
      take: (indices [n]) -> these samples as they are stored, uint8 images or float32 points [n, ...], and their labels
        [n] or None, on the host; None where samples are drawn afresh. What is asked for must fit in memory.
      feed: opens a stream: (key, rows a step, the step after the last, which of the rows or None for all) -> a `Feed`,
        whose `Streamed` arrays `gather` takes in place of `arrays`, which are (); None where `arrays` hold everything.
    """

    spec: Spec
    arrays: PyTree
    draw: Callable[[Key, Integer[ArrayLike, ""], int], PyTree]
    gather: Callable[[PyTree, PyTree], Batch]
    labels: Callable[[PyTree, PyTree], Int[Array, "B"]] | None = None
    take: Take | None = None
    feed: Callable[..., Feed] | None = None

    @property
    def num_bytes(self) -> int:
        """What all samples take as they are stored, in memory or streamed; 0 where they are drawn afresh."""
        stored = sum(x.nbytes for x in jax.tree.leaves(self.arrays))
        return stored if self.feed is None else (self.spec.num_samples or 0) * math.prod(self.spec.shape)


class Stored(NamedTuple):
    """A finite set on the device.

    Attributes:
      samples: uint8 images [N, H, W, C], or float32 points [N, F].
      labels: int32 [N], or ().
    """

    samples: Shaped[Array, "N ..."]
    labels: Int[Array, "N"] | tuple[()] = ()


def image_source(
    name: str,
    images: Shaped[ArrayLike, "..."],
    labels: Shaped[ArrayLike, "..."] | None = None,
    num_classes: int | None = None,
) -> Source:
    """A finite set of images, shown in exact epochs as float32 in [−1, 1].

    Args:
      name: what error messages call it.
      images: uint8 [N, H, W, C]; they stay bytes on the device and become floats a batch at a time.
      labels: [N], integers in [0, num_classes).
      num_classes: K; needed with labels.

    Raises:
      InputError: when images are not bytes with four axes, none are given, or the labels don't fit them.
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.dtype != np.uint8 or not images.size:
        raise InputError(
            f"Expected {name} as one or more uint8 images [N, H, W, C], got {images.dtype} {list(images.shape)}: "
            "store bytes 0 to 255, and give grayscale images one channel."
        )
    if labels is None:
        return _finite(name, Stored(jnp.asarray(images)), to_float, None, (-1.0, 1.0))
    labels = np.asarray(labels)
    check_labels(name, labels, len(images), num_classes)
    stored = Stored(jnp.asarray(images), jnp.asarray(labels, jnp.int32))
    return _finite(name, stored, to_float, num_classes, (-1.0, 1.0))


def point_source(name: str, points: Shaped[ArrayLike, "..."]) -> Source:
    """A finite set of points [N, F], shown in exact epochs as they are, in float32.

    Raises:
      InputError: when points don't have two axes or none are given.
    """
    stored = Stored(jnp.asarray(points, jnp.float32))
    if stored.samples.ndim != 2 or not stored.samples.size:
        raise InputError(f"Expected {name} as one or more points [N, F], got shape {list(stored.samples.shape)}.")
    return _finite(name, stored, _as_stored, None, None)


def batch_at(source: Source, key: Key, step: Integer[ArrayLike, ""], batch_size: int) -> Batch:
    """Batch number `step` of the run whose data key is `key`. Pure; the plain form of draw, then gather.

    Of a stream, the batch is read now: the step must be a number.
    """
    draw = source.draw(key, step, batch_size)
    if source.feed is None:
        return source.gather(source.arrays, draw)
    with contextlib.closing(source.feed(key, batch_size, int(step) + 1)) as feed:  # type: ignore[arg-type]
        return source.gather(feed(int(step), 1), draw)  # type: ignore[arg-type]


def batch_shapes(source: Source, batch_size: int) -> Batch:
    """Shapes and types of a batch; nothing is drawn, gathered or read."""
    key = jax.random.key(0)
    arrays = source.arrays if source.feed is None else source.feed(key, batch_size, 1).shapes(1)
    return jax.eval_shape(lambda arrays, key: source.gather(arrays, source.draw(key, 0, batch_size)), arrays, key)


def draw_ahead(source: Source, key: Key, steps: Integer[Array, "S"], batch_size: int) -> PyTree:
    """All that is random about the batches of `steps`, stacked along a leading axis for `lax.scan`.

    Costs far less than drawing inside the scan, one step at a time.
    """
    return jax.vmap(lambda step: source.draw(key, step, batch_size))(steps)


def labelled(source: Source) -> Source:
    """The same source for a conditional game: each batch's condition is its labels [B], int32.

    Raises:
      InputError: when the source has no labels.
    """
    labels = source.labels
    if labels is None:
        raise InputError(f"Expected a source with labels, got {source.spec.name}, which has none: choose another one.")

    def gather(arrays: PyTree, draw: PyTree) -> Batch:
        return Batch(source.gather(arrays, draw).samples, labels(arrays, draw))

    return source._replace(gather=gather)


def check_batch_size(spec: Spec, batch_size: int) -> None:
    """Raises `InputError` unless a batch holds at least one sample and at most all: beyond, it must repeat some."""
    if batch_size < 1:
        raise InputError(f"Expected batch_size >= 1, got {batch_size}.")
    if spec.num_samples is not None and batch_size > spec.num_samples:
        raise InputError(
            f"Expected batch_size <= {spec.num_samples} samples of {spec.name}, got {batch_size}: "
            "lower the batch size or choose a larger data set."
        )


def check_labels(name: str, labels: Shaped[np.ndarray, "..."], num_samples: int, num_classes: int | None) -> None:
    """Raises `InputError` unless there is one label in [0, num_classes) for each of `num_samples` samples."""
    if num_classes is None:
        raise InputError(f"Expected num_classes with the labels of {name}, got None.")
    if labels.shape != (num_samples,) or labels.dtype.kind not in "iu":
        raise InputError(
            f"Expected integer labels of {name} with shape [{num_samples}], one for each sample, "
            f"got {labels.dtype} {list(labels.shape)}."
        )
    outside = np.flatnonzero((labels < 0) | (labels >= num_classes))
    if len(outside):
        raise InputError(
            f"Expected labels of {name} from 0 to {num_classes - 1}, got {labels[outside[0]]} at sample {outside[0]}: "
            "correct the labels or the number of classes."
        )


def _finite(
    name: str,
    stored: Stored,
    decode: Callable[[Array], Array],
    num_classes: int | None,
    bounds: tuple[float, float] | None,
) -> Source:
    num_samples, *shape = stored.samples.shape

    def draw(key: Key, step: Integer[ArrayLike, ""], batch_size: int) -> Int[Array, "B"]:
        return indices_at(key, step, batch_size, num_samples)

    def gather(arrays: Stored, indices: Int[Array, "B"]) -> Batch:
        return Batch(decode(_rows(arrays.samples, indices)))

    def labels(arrays: Stored, indices: Int[Array, "B"]) -> Int[Array, "B"]:
        return _rows(jnp.asarray(arrays.labels), indices)

    def take(indices: Int[np.ndarray, "n"]) -> tuple[Shaped[np.ndarray, "n ..."], Int[np.ndarray, "n"] | None]:
        chosen = np.asarray(stored.samples)[indices]
        return chosen, None if num_classes is None else np.asarray(stored.labels)[indices]

    spec = Spec(name, tuple(shape), num_samples, num_classes, bounds)
    return Source(spec, stored, draw, gather, None if num_classes is None else labels, take)


def _rows(array: Shaped[Array, "N ..."], indices: Int[Array, "B"]) -> Shaped[Array, "B ..."]:
    # the indices come from a bijection of [0, N): nothing to wrap or clip
    return array.at[indices].get(mode="promise_in_bounds")


def _as_stored(points: Float[Array, "B F"]) -> Float[Array, "B F"]:
    return points
