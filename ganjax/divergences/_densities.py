"""Two log-densities on a grid, and integrals of them that stay right where a density is 0 or a ratio overflows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from ganjax.checks import InputError

Scalar = float | Float[Array, ""]  # np.float64, or a traced scalar inside jit and grad
Values = Float[Array, "..."]
LogDensity = Callable[[Array], Any]  # points [N] -> log-densities [N]; NumPy or JAX inside; −inf where the density is 0
Tree = TypeVar("Tree")

_LEAST_POINTS = 8
_MASS_TOLERANCE = 1e-3  # a density with a jump is off by about one spacing of the grid


class Densities(NamedTuple):
    """p and q on one grid, every entry [N].

    Attributes:
      grid: increasing points.
      weights: the trapezoid rule's, so that ∫ g ≈ Σ weights · g.
      log_p, log_q: −inf where the density is 0.
    """

    grid: Float[Array, "N"]
    weights: Float[Array, "N"]
    log_p: Float[Array, "N"]
    log_q: Float[Array, "N"]


def in_float64(compute: Callable[[], Tree]) -> Tree:
    """`compute()` in float64, whatever JAX's default: arrays come back as NumPy's, scalars as np.float64.

    Where a traced value enters, the result is computed in the precision that is set outside, so that it can be
    differentiated, mapped and compiled there.
    """
    with jax.enable_x64(True):
        found = compute()
    if any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(found)):
        return compute()
    return jax.tree.map(lambda leaf: np.asarray(leaf)[()], found)


def as_grid(grid: ArrayLike) -> np.ndarray:
    """`grid` as float64 [N], checked."""
    points = np.asarray(grid, np.float64)
    if points.ndim != 1 or len(points) < _LEAST_POINTS:
        raise InputError(f"Expected a grid of one axis and at least {_LEAST_POINTS} points, got grid{[*points.shape]}.")
    if not (np.isfinite(points).all() and (np.diff(points) > 0).all()):
        raise InputError("Expected a grid of finite, strictly increasing points: np.linspace(lower, upper, 4001).")
    return points


def trapezoid_weights(points: np.ndarray) -> np.ndarray:
    """Weights of the trapezoid rule. [N]. Spectrally accurate for smooth densities that vanish at both ends."""
    steps = np.diff(points)
    return 0.5 * (np.append(steps, 0.0) + np.append(0.0, steps))


def evaluated(name: str, log_density: LogDensity, points: np.ndarray) -> Float[Array, "N"]:
    """log_density(points), checked: one number a point, none of them NaN or +inf."""
    values = jnp.asarray(log_density(jnp.asarray(points)))
    values = values.astype(jnp.result_type(values.dtype, float))
    if values.shape != points.shape:
        raise InputError(
            f"Expected {name} to map points[{len(points)}] to as many log-densities, got {name}{[*values.shape]}."
        )
    if not isinstance(values, Tracer) and not bool(jnp.all(values < jnp.inf)):
        raise InputError(f"{name} gives NaN or +inf on the grid: a log-density is a finite number, or −inf for 0.")
    return values


def _check_mass(name: str, log_density: Float[Array, "N"], weights: np.ndarray) -> None:
    if isinstance(log_density, Tracer):
        return
    mass = float(np.sum(weights * np.exp(np.asarray(log_density, np.float64))))
    if not abs(mass - 1) <= _MASS_TOLERANCE:
        raise InputError(
            f"Expected {name} to integrate to 1 on the grid, got {mass:.6g}: normalize the density, or give a grid "
            "that is wider or finer."
        )


def tabulated(name: str, log_density: LogDensity, points: np.ndarray) -> Float[Array, "N"]:
    """log_density on the grid, refused unless it integrates to 1 there."""
    values = evaluated(name, log_density, points)
    _check_mass(name, values, trapezoid_weights(points))
    return values


def on_grid(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike) -> Densities:
    """Both densities on `grid`. Checked.

    Raises:
      InputError: a grid that is not increasing or too short; a function that does not give one log-density a point;
        a density whose mass on the grid is not 1 within 1e-3.
    """
    points = as_grid(grid)
    return Densities(
        grid=jnp.asarray(points),
        weights=jnp.asarray(trapezoid_weights(points)),
        log_p=tabulated("log_p", log_p, points),
        log_q=tabulated("log_q", log_q, points),
    )


def log_ratio(log_p: Values, log_q: Values) -> Values:
    """log p/q, and 0 where both densities are 0. Elementwise."""
    neither = (log_p == -jnp.inf) & (log_q == -jnp.inf)
    return jnp.where(neither, 0.0, log_p) - jnp.where(neither, 0.0, log_q)


def weighted(weight: Values, value: Values) -> Values:
    """weight · value, and 0 where the weight is 0, even against an infinite or undefined value. Elementwise."""
    none = weight == 0
    # the inner `where` keeps the value's derivative away from the branch that is not taken
    return jnp.where(none, 0.0, weight * jnp.where(none, 0.0, value))


def refined(points: np.ndarray) -> np.ndarray:
    """The points of the grid and the middles between them, in order. [2N − 1]."""
    return np.insert(points, np.arange(1, len(points)), 0.5 * (points[1:] + points[:-1]))


def absolute_integral(values: Float[Array, "M"], points: np.ndarray) -> Float[Array, ""]:
    """∫ |g| from the values of g on a refined grid, [M = 2N − 1].

    Simpson's rule where g keeps its sign. Where it changes, the triangles under the piecewise linear |g|: a rule for
    smooth functions would cut the corner, an error of the square of the spacing.
    """
    left, middle, right = values[:-2:2], values[1:-1:2], values[2::2]
    steps = jnp.asarray(points[2::2] - points[:-2:2])
    crosses = (jnp.minimum(jnp.minimum(left, middle), right) < 0) & (jnp.maximum(jnp.maximum(left, middle), right) > 0)
    smooth = jnp.abs(left + 4 * middle + right) / 6
    corner = 0.5 * (_triangles(left, middle) + _triangles(middle, right))
    return jnp.sum(steps * jnp.where(crosses, corner, smooth))


def _triangles(left: Values, right: Values) -> Values:
    """∫₀¹ |left + t (right − left)| dt: ½ (left² + right²)/(|left| + |right|) across a sign change."""
    height = jnp.abs(left) + jnp.abs(right)
    crosses = left * right < 0
    ratio = (jnp.square(left) + jnp.square(right)) / jnp.where(crosses, height, 1.0)
    return 0.5 * jnp.where(crosses, ratio, height)


def integral(
    integrand: Callable[[Values, Values], Values], log_p: LogDensity, log_q: LogDensity, grid: ArrayLike
) -> Scalar:
    """∫ integrand(log p, log q) dx by the trapezoid rule on `grid`."""

    def compute() -> Array:
        densities = on_grid(log_p, log_q, grid)
        return jnp.sum(densities.weights * integrand(densities.log_p, densities.log_q))

    return in_float64(compute)
