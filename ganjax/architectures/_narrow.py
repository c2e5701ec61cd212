"""Products of matrices with a handful of numbers."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array

from ganjax.numerics import at_least_float32

MOST_PRODUCTS = 2**11  # measured on a CPU: beyond it a library's product is faster again


def dense_product(x: Array, kernel: Array, dimension_numbers: Any, precision: Any = None, **options: Any) -> Array:
    """x @ kernel as flax's dense layers ask for it; where that is tiny, as a multiplication and a sum.

    On every platform a call of a library's product costs more than a product this small, and keeps its neighbors from
    being compiled together with it. Equal to `lax.dot_general` up to rounding; sums in float32 or better.
    """
    contract, batch = dimension_numbers
    plain = contract == ((x.ndim - 1,), (0,)) and batch == ((), ()) and kernel.ndim == 2
    if not plain or math.prod(x.shape[:-1]) * kernel.size > MOST_PRODUCTS:
        return lax.dot_general(x, kernel, dimension_numbers, precision, **options)
    kernel = kernel.reshape(*[1] * (x.ndim - 1), *kernel.shape)
    product = at_least_float32(x[..., None]) * at_least_float32(kernel)
    return jnp.sum(product, axis=-2).astype(jnp.result_type(x, kernel))
