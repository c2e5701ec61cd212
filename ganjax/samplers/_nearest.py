"""Nearest neighbours in the data: does a generator make new samples, or copies?"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Shaped

from ganjax.checks import InputError, check_positive
from ganjax.types import Samples


class Neighbors(NamedTuple):
    """What `nearest` gives.

    Attributes:
      indices: the row of `data` that is nearest to each query, int32 [N].
      distances: how far, [N].
    """

    indices: Int[Array, "N"]
    distances: Float[Array, "N"]


def nearest(
    queries: Samples,
    data: Shaped[Array, "M ..."],
    *,
    decode: Callable[[Array], Array] | None = None,
    block_size: int = 1000,
) -> Neighbors:
    """The nearest row of the data for each query: argmin_m ‖x − data_m‖₂ over all non-batch dimensions, in float32.

    Per sample. Blocks of the data are compared as one matrix product each, ‖x‖² + ‖y‖² − 2 x·y, so that the memory is
    that of [N, block_size] and no more; the distance to the row found is then computed from the difference, exact also
    near 0. Rows whose distances agree within the rounding of ‖x‖² may take each other's place.

    Args:
      queries: [N, ...], floats.
      data: [M, ...], of the same sample shape.
      decode: makes a block of `data` floats: `data.to_float` for bytes.
      block_size: rows of the data at a time.

    Raises:
      InputError: if the shapes differ, there are no data, or the data are not floats and there is no `decode`.
    """
    _check(queries, data, decode)
    check_positive(block_size=block_size)
    num, block_size = data.shape[0], min(block_size, data.shape[0])
    flat = _flat(queries)

    def rows(block: Array) -> Array:
        return _flat(block if decode is None else decode(block))

    def body(best: Neighbors, start: Array) -> tuple[Neighbors, None]:
        block = rows(jax.lax.dynamic_slice_in_dim(data, start, block_size))
        squares = _squared_distances(flat, block)
        index = jnp.argmin(squares, axis=1)
        square = jnp.take_along_axis(squares, index[:, None], axis=1)[:, 0]
        closer = square < best.distances
        found = Neighbors(start + index.astype(jnp.int32), square)
        return jax.tree.map(lambda new, old: jnp.where(closer, new, old), found, best), None

    # the last block begins early enough to be whole: rows seen twice do no harm
    starts = jnp.minimum(jnp.arange(0, num, block_size, dtype=jnp.int32), num - block_size)
    nowhere = Neighbors(jnp.zeros(len(flat), jnp.int32), jnp.full(len(flat), jnp.inf, jnp.float32))
    indices = jax.lax.scan(body, nowhere, starts)[0].indices
    return Neighbors(indices, jnp.linalg.norm(flat - rows(data[indices]), axis=1))


def _squared_distances(x: Float[Array, "N D"], y: Float[Array, "M D"]) -> Float[Array, "N M"]:
    # in full float32 also where the hardware would round the factors to fewer digits
    products = jnp.matmul(x, y.T, precision=jax.lax.Precision.HIGHEST)
    return jnp.sum(jnp.square(x), axis=1)[:, None] + jnp.sum(jnp.square(y), axis=1)[None] - 2.0 * products


def _flat(samples: Array) -> Float[Array, "N D"]:
    return samples.reshape(samples.shape[0], -1).astype(jnp.float32)


def _check(queries: Array, data: Array, decode: Callable[[Array], Array] | None) -> None:
    if queries.shape[1:] != data.shape[1:] or not data.shape[0]:
        raise InputError(
            f"Expected queries [N, ...] and one or more data [M, ...] of one sample shape, "
            f"got queries{list(queries.shape)}, data{list(data.shape)}."
        )
    if decode is None and not jnp.issubdtype(data.dtype, jnp.floating):
        raise InputError(f"Expected data as floats, got {data.dtype}: pass decode=data.to_float for bytes.")
