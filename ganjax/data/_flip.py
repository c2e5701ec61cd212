"""Mirror images, drawn anew each time an image is shown."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Integer

from ganjax.checks import InputError
from ganjax.data._source import Source
from ganjax.types import Batch, Key, PyTree

_MIRRORS = np.uint32(0x6D697272)  # far from the few numbers that the order of the epochs draws from the same key


def flipped(source: Source) -> Source:
    """The same batches, in which each image is mirrored left to right with probability ½, on its own.

    Which ones is a function of the data's key and the step, so that a resumed run shows the same batches; the order in
    which samples are shown stays what it is without. For sets whose mirror images are as likely as themselves: faces,
    not digits.

    Args:
      source: of images.

    Raises:
      InputError: if the source holds no images.
    """
    if not source.spec.is_image:
        raise InputError(
            f"Expected images to flip, got {source.spec.name} of shape {list(source.spec.shape)}: leave flip out."
        )
    labels = source.labels

    def draw(key: Key, step: Integer[ArrayLike, ""], batch_size: int) -> tuple[PyTree, Array]:
        flip_key = jax.random.fold_in(jax.random.fold_in(key, _MIRRORS), jnp.asarray(step, jnp.uint32))
        return source.draw(key, step, batch_size), jax.random.bernoulli(flip_key, shape=(batch_size,))

    def gather(arrays: PyTree, drawn: tuple[PyTree, Array]) -> Batch:
        draw, mirrored = drawn
        batch = source.gather(arrays, draw)
        samples = jnp.where(mirrored[:, None, None, None], batch.samples[:, :, ::-1], batch.samples)
        return batch._replace(samples=samples)

    labels_of = None if labels is None else lambda arrays, drawn: labels(arrays, drawn[0])
    return source._replace(draw=draw, gather=gather, labels=labels_of)
