"""Divergences of two discrete distributions, given as tables of probabilities."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from ganjax.checks import InputError, check_same_shape
from ganjax.divergences import _integrands
from ganjax.divergences._densities import Scalar, in_float64
from ganjax.divergences._f_divergences import JENSEN_SHANNON, KL, TOTAL_VARIATION, FDivergence

_SUM_TOLERANCE = 1e-5  # probabilities may come from a float32 softmax


def as_probabilities(name: str, table: ArrayLike) -> Float[Array, "..."]:
    """`table` as floating point, checked: nonnegative, of sum 1. Any shape."""
    values = jnp.asarray(table)
    values = values.astype(jnp.result_type(values.dtype, float))
    if isinstance(values, Tracer):
        return values
    total, least = float(np.sum(values)), float(np.min(values, initial=np.inf))
    if not (least >= 0 and abs(total - 1) <= _SUM_TOLERANCE):
        raise InputError(f"Expected probabilities >= 0 of sum 1, got {name} with minimum {least:g} and sum {total:g}.")
    return values


def f_divergence_discrete(divergence: FDivergence, p: ArrayLike, q: ArrayLike) -> Scalar:
    """D_f(p‖q) = Σ q f(p/q) over the entries of two tables of one shape, with the limits where an entry is 0.

    Two tables to one number; float64 outside jit and grad.

    Args:
      divergence: a value, such as divergences.PEARSON.
      p: the data's probabilities, any shape.
      q: the generator's.

    Raises:
      InputError: shapes that differ, negative entries, sums other than 1.
    """

    def compute() -> Array:
        first, second = as_probabilities("p", p), as_probabilities("q", q)
        check_same_shape(p=first, q=second)
        return jnp.sum(_integrands.integrand_of(divergence)(jnp.log(first), jnp.log(second)))

    return in_float64(compute)


def kl_discrete(p: ArrayLike, q: ArrayLike) -> Scalar:
    """KL(p‖q) = Σ p log p/q. Two tables to one number; arguments and errors as `f_divergence_discrete`."""
    return f_divergence_discrete(KL, p, q)


def js_discrete(p: ArrayLike, q: ArrayLike) -> Scalar:
    """JSD = ½ KL(p‖m) + ½ KL(q‖m), m = (p + q)/2. Two tables to one number; as `f_divergence_discrete`."""
    return 0.5 * f_divergence_discrete(JENSEN_SHANNON, p, q)


def total_variation_discrete(p: ArrayLike, q: ArrayLike) -> Scalar:
    """½ Σ |p − q|. Two tables to one number; arguments and errors as `f_divergence_discrete`."""
    return f_divergence_discrete(TOTAL_VARIATION, p, q)
