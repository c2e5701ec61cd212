"""Wasserstein distances without a linear programme: on the line, over random directions, with entropy."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float, Integer
from numpy.typing import ArrayLike

from ganjax.checks import InputError, check_positive
from ganjax.divergences._densities import (
    LogDensity,
    Scalar,
    absolute_integral,
    as_grid,
    in_float64,
    refined,
    tabulated,
)
from ganjax.divergences._transport import as_problem
from ganjax.types import Key


class Coupling(NamedTuple):
    """Which order statistics of two samples the monotone transport joins, and how much mass it moves."""

    first: Integer[np.ndarray, "J"]
    second: Integer[np.ndarray, "J"]
    mass: Float[np.ndarray, "J"]


def monotone_coupling(num_first: int, num_second: int) -> Coupling:
    """The increasing rearrangement of num_first equal masses onto num_second equal masses, in exact integers."""
    cuts = np.union1d(np.arange(num_first + 1) * num_second, np.arange(num_second + 1) * num_first)
    starts = cuts[:-1]
    return Coupling(starts // num_second, starts // num_first, np.diff(cuts) / (num_first * num_second))


def _mean_cost(first: Float[Array, "N"], second: Float[Array, "M"], p: float) -> Float[Array, ""]:
    """W_p^p of two samples on the line."""
    coupling = monotone_coupling(len(first), len(second))
    distance = jnp.abs(jnp.sort(first)[coupling.first] - jnp.sort(second)[coupling.second])
    return jnp.sum(jnp.asarray(coupling.mass, distance.dtype) * distance**p)


def _root(mean_cost: Float[Array, ""], p: float) -> Float[Array, ""]:
    """mean_cost^(1/p), with gradient 0 where it is 0."""
    zero = mean_cost == 0
    return jnp.where(zero, 0.0, jnp.where(zero, 1.0, mean_cost) ** (1 / p))


def _check_order(p: float) -> None:
    if not 1 <= p < float("inf"):
        raise InputError(f"Expected an order 1 <= p < inf, got p = {p}.")


def _samples(rank: int, **samples: ArrayLike) -> list[Float[Array, "..."]]:
    arrays = [jnp.asarray(values).astype(float) for values in samples.values()]
    for name, array in zip(samples, arrays, strict=True):
        if array.ndim != rank or array.size == 0:
            raise InputError(f"Expected {name} with {rank} axes and at least one entry, got {name}{[*array.shape]}.")
    return arrays


def wasserstein_1d(samples_p: ArrayLike, samples_q: ArrayLike, p: float = 1) -> Scalar:
    """W_p of two empirical distributions on the line, exactly. Two samples to one number.

    W_p^p = ∫₀¹ |F_p⁻¹(u) − F_q⁻¹(u)|^p du: the sorted samples are joined in order, and samples of different sizes
    share masses. float64 outside jit and grad; differentiable in the samples.

    Args:
      samples_p: [N].
      samples_q: [M].
      p: the order of the cost |x − y|^p, at least 1. The result has its p-th root taken.

    Raises:
      InputError: samples that are not [N], none at all, or p < 1.

    Reference: Villani 2003, "Topics in Optimal Transportation", theorem 2.18.
    """
    _check_order(p)

    def compute() -> Array:
        first, second = _samples(1, samples_p=samples_p, samples_q=samples_q)
        return _root(_mean_cost(first, second, p), p)

    return in_float64(compute)


def sliced_wasserstein(
    key: Key, samples_p: ArrayLike, samples_q: ArrayLike, num_projections: int, p: float = 2
) -> Scalar:
    """(mean over random directions θ of W_p^p(⟨θ, x⟩, ⟨θ, y⟩))^(1/p). Two samples to one number.

    Directions are uniform on the sphere. In D dimensions a shift by δ gives ‖δ‖/√D for p = 2, as the number of
    directions grows.

    Args:
      key: for the directions.
      samples_p: [N, D].
      samples_q: [M, D].
      num_projections: how many directions.
      p: the order, at least 1.

    Raises:
      InputError: samples that are not [N, D] with one D, p < 1, no projections.

    Reference: Bonneel et al. 2015, "Sliced and Radon Wasserstein barycenters of measures".
    """
    _check_order(p)
    check_positive(num_projections=num_projections)

    def compute() -> Array:
        first, second = _samples(2, samples_p=samples_p, samples_q=samples_q)
        if first.shape[1] != second.shape[1]:
            raise InputError(f"Expected samples of one dimension, got {first.shape[1]} and {second.shape[1]} columns.")
        directions = jax.random.normal(key, (num_projections, first.shape[1]), first.dtype)
        directions = directions / jnp.linalg.norm(directions, axis=1, keepdims=True)
        costs = jax.vmap(lambda direction: _mean_cost(first @ direction, second @ direction, p))(directions)
        return _root(jnp.mean(costs), p)

    return in_float64(compute)


def distribution_gap(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike) -> Float[Array | np.ndarray, "N"]:
    """ΔF = F_p − F_q, the difference of the distribution functions, at the points of the grid. [N].

    Simpson's rule on every cell, with the densities also taken at its midpoint. Summed from whichever end is nearer
    in mass, so that ΔF keeps its relative precision in both tails. Arguments and errors as `f_divergence`.
    """
    points = as_grid(grid)
    steps, middles = np.diff(points), 0.5 * (points[1:] + points[:-1])

    def cumulated(name: str, log_density: LogDensity) -> tuple[Array, Array]:
        ends = jnp.exp(tabulated(name, log_density, points))
        between = jnp.exp(jnp.asarray(log_density(jnp.asarray(middles))))
        mass = jnp.asarray(steps) * (ends[1:] + 4 * between + ends[:-1]) / 6
        below = jnp.pad(jnp.cumsum(mass), (1, 0))
        above = jnp.pad(jnp.cumsum(mass[::-1])[::-1], (0, 1))
        return below, above

    def compute() -> Array:
        below_p, above_p = cumulated("log_p", log_p)
        below_q, above_q = cumulated("log_q", log_q)
        return jnp.where(below_p + below_q <= 1, below_p - below_q, above_q - above_p)

    return in_float64(compute)


def wasserstein_1d_densities(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike) -> Scalar:
    """W1 = ∫ |F_p − F_q| dx. Two densities to one number; arguments and errors as `f_divergence`."""

    def compute() -> Array:
        points = refined(as_grid(grid))
        return absolute_integral(jnp.asarray(distribution_gap(log_p, log_q, points)), points)

    return in_float64(compute)


class Sinkhorn(NamedTuple):
    """What Sinkhorn's iteration ended with.

    Attributes:
      value: ⟨plan, cost⟩, the cost of the entropic plan; it tends to the transport cost from above as ε → 0.
      plan: [N, M].
      f: [N], g: [M], the potentials: plan = exp((f ⊕ g − cost)/ε). −inf where there is no mass.
      dual: ⟨a, f⟩ + ⟨b, g⟩ = ⟨plan, cost⟩ + ε Σ plan log plan, the value of the entropic problem.
      error: Σ |row sums − a|; the column sums are b to rounding.
    """

    value: Scalar
    plan: Float[Array | np.ndarray, "N M"]
    f: Float[Array | np.ndarray, "N"]
    g: Float[Array | np.ndarray, "M"]
    dual: Scalar
    error: Scalar


def sinkhorn(
    cost: ArrayLike,
    a: ArrayLike,
    b: ArrayLike,
    epsilon: float,
    *,
    tolerance: float = 1e-9,
    max_iterations: int = 10_000,
) -> Sinkhorn:
    """Entropic optimal transport, min ⟨P, C⟩ + ε Σ P log P over plans from a to b, iterated on logarithms.

    f_i = ε log a_i − ε log Σ_j e^{(g_j − C_ij)/ε} and the same for g, until the rows sum to a. Any ε: nothing
    underflows, but the number of iterations grows as 1/ε.

    Args:
      cost: [N, M], finite.
      a: [N], b: [M], masses of one sum.
      epsilon: the weight of the entropy, in the units of the cost.
      tolerance: the Σ |row sums − a| to stop at.
      max_iterations: stop there in any case; see `error`.

    Raises:
      InputError: shapes that don't fit, negative masses, sums that differ, ε that is not positive.

    Reference: Cuturi 2013, arXiv:1306.0895; Peyré and Cuturi 2019, arXiv:1803.00567, section 4.4.
    """
    check_positive(epsilon=epsilon, tolerance=tolerance)
    costs, rows, columns = as_problem(cost, a, b)

    def compute() -> Sinkhorn:
        scaled, log_a, log_b = jnp.asarray(costs) / epsilon, jnp.log(jnp.asarray(rows)), jnp.log(jnp.asarray(columns))

        def row_potentials(g: Array) -> Array:
            return log_a - logsumexp(g[None, :] - scaled, axis=1)

        def column_potentials(f: Array) -> Array:
            return log_b - logsumexp(f[:, None] - scaled, axis=0)

        def plan(f: Array, g: Array) -> Array:
            return jnp.exp(f[:, None] + g[None, :] - scaled)

        def error(f: Array, g: Array) -> Array:
            return jnp.sum(jnp.abs(jnp.sum(plan(f, g), axis=1) - jnp.exp(log_a)))

        def unfinished(carry: tuple[Array, Array, Array]) -> Array:
            count, f, g = carry
            return (count < max_iterations) & (error(f, g) > tolerance)

        def iterate(carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            count, _, g = carry
            f = row_potentials(g)
            return count + 1, f, column_potentials(f)

        f = row_potentials(jnp.zeros_like(log_b))
        _, f, g = jax.lax.while_loop(unfinished, iterate, (jnp.asarray(0), f, column_potentials(f)))
        found = plan(f, g)
        return Sinkhorn(
            value=jnp.sum(found * jnp.asarray(costs)),
            plan=found,
            f=epsilon * f,
            g=epsilon * g,
            dual=epsilon * (_mean(log_a, f) + _mean(log_b, g)),
            error=error(f, g),
        )

    return in_float64(compute)


def _mean(log_weights: Float[Array, "N"], values: Float[Array, "N"]) -> Float[Array, ""]:
    some = log_weights > -jnp.inf
    return jnp.sum(jnp.where(some, jnp.exp(log_weights) * jnp.where(some, values, 0.0), 0.0))
