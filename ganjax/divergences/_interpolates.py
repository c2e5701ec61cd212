"""The density of the points between real and fake samples, where WGAN-GP penalises its critic."""

from __future__ import annotations

import functools

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float

from ganjax.divergences._densities import LogDensity, evaluated, tabulated, trapezoid_weights

_NODES = 400
_SHARES = 32
_SETTLED = 1e-3  # of the mass that half as many shares put elsewhere: their error is the root of what all leave
_NEGLIGIBLE = 69.0  # e^−69 = 1e−30: what lies further below the peak is cut off


def _carrying_mass(log_p: Array, log_q: Array, points: np.ndarray) -> np.ndarray:
    """At most `_NODES` points of the grid, spread over where either density is worth counting."""
    first, last = 0, len(points) - 1
    if not (isinstance(log_p, Tracer) or isinstance(log_q, Tracer)):
        highest = np.maximum(np.asarray(log_p) - np.max(log_p), np.asarray(log_q) - np.max(log_q))
        inside = np.flatnonzero(highest > -_NEGLIGIBLE)
        first, last = max(inside[0] - 1, first), min(inside[-1] + 1, last)
    # one stride throughout: on an even grid the trapezoid rule keeps its spectral accuracy
    return points[first : last + 1 : -(-(last + 1 - first) // _NODES)]


def _half(
    name: str, near: LogDensity, log_far: Float[Array, "M"], nodes: np.ndarray, num_shares: int
) -> Float[Array, "M"]:
    """log of ∫_{½}^1 dε ∫ ds far(s) near((z − (1−ε)s)/ε)/ε at every node z: the half in which `near` weighs more.

    Dividing by ε ≥ ½ only, `near` is never stretched to a width at which the sum over s would miss it.
    """
    shares, share_weights = np.polynomial.legendre.leggauss(num_shares)
    log_mass = log_far + jnp.log(jnp.asarray(trapezoid_weights(nodes)))
    rows = []
    for share, share_weight in zip(0.75 + 0.25 * shares, 0.25 * share_weights, strict=True):
        between = (nodes[:, None] - (1 - share) * nodes[None, :]) / share
        log_near = evaluated(name, near, between.ravel()).reshape(between.shape)
        rows.append(logsumexp(log_near + log_mass[None, :], axis=1) + np.log(share_weight / share))
    return logsumexp(jnp.stack(rows), axis=0)


def _interpolated(log_values: Float[Array, "M"], nodes: np.ndarray, points: np.ndarray) -> Float[Array, "N"]:
    """Cubic through four neighbors in log space (linear beside a 0), constant beyond both ends."""
    start = np.clip(np.searchsorted(nodes, points) - 2, 0, len(nodes) - 4)
    index = start[:, None] + np.arange(4)[None, :]
    at = np.clip(points, nodes[0], nodes[-1])
    weights = np.ones(index.shape)
    for i in range(4):
        for j in range(4):
            if i != j:
                weights[:, i] *= (at - nodes[index[:, j]]) / (nodes[index[:, i]] - nodes[index[:, j]])
    neighbors = log_values[index]
    known = jnp.all(neighbors > -jnp.inf, axis=1)
    cubic = jnp.sum(jnp.asarray(weights) * jnp.where(known[:, None], neighbors, 0.0), axis=1)
    linear = jnp.interp(jnp.asarray(at), jnp.asarray(nodes), jnp.exp(log_values))
    return jnp.where(known, cubic, jnp.log(linear))


def log_interpolates(log_p: LogDensity, log_q: LogDensity, points: np.ndarray) -> Float[Array, "N"]:
    """log ρ on the grid, ρ the density of εx + (1−ε)y with x ~ p, y ~ q and ε ~ U(0, 1) independent. [N].

    By quadrature over ε, which is exact to nine digits on densities that are wide beside their distance; by sums over
    pairs, to the square of the grid's steps, where that quadrature has not settled. Traced, it is not looked at.
    """
    on_p, on_q = tabulated("log_p", log_p, points), tabulated("log_q", log_q, points)
    by_shares = functools.partial(_by_shares, log_p, log_q, _carrying_mass(on_p, on_q, points), points)
    found = by_shares(_SHARES)
    if isinstance(found, Tracer):
        return found
    elsewhere = np.abs(np.exp(np.asarray(found)) - np.exp(np.asarray(by_shares(_SHARES // 2))))
    if np.sum(trapezoid_weights(points) * elsewhere) <= _SETTLED:
        return found
    return jnp.asarray(_by_pairs(np.exp(np.asarray(on_p)), np.exp(np.asarray(on_q)), points))


def _by_shares(
    log_p: LogDensity, log_q: LogDensity, nodes: np.ndarray, points: np.ndarray, num_shares: int
) -> Float[Array, "N"]:
    """log ρ on the grid, by quadrature over ε."""
    on_nodes_p, on_nodes_q = evaluated("log_p", log_p, nodes), evaluated("log_q", log_q, nodes)
    halves = (
        _half("log_p", log_p, on_nodes_q, nodes, num_shares),
        _half("log_q", log_q, on_nodes_p, nodes, num_shares),
    )
    return _interpolated(jnp.logaddexp(*halves), nodes, points)


def _by_pairs(p: np.ndarray, q: np.ndarray, points: np.ndarray) -> np.ndarray:
    """log ρ on the grid from ρ(z) = E[1{z between x and y}/|x − y|]: given both ends, the point between is uniform.

    The densities are constant on the cells between grid points. Over a pair of cells, x in [a, b] left of y in [c, d],
    ∬ 1/(y − x) = φ(d − a) − φ(d − b) − φ(c − a) + φ(c − b), φ(t) = t log t − t. What lies left of z and what right
    of it changes by one cell from one grid point to the next, so all of ρ takes the square of the cells with mass.
    """
    cell_p, cell_q = (0.5 * (each[1:] + each[:-1]) for each in (p, q))
    left, right = points[:-1], points[1:]
    some = np.flatnonzero((cell_p > 0) | (cell_q > 0))

    def pairs(cell: int, others: np.ndarray) -> float:
        """∬ (p(x)q(y) + q(x)p(y))/|x − y| over a cell and all of some others, every one on the same side of it."""
        (a, b), (c, d) = (left[cell], right[cell]), (left[others], right[others])
        area = _phi(np.abs(d - a)) - _phi(np.abs(d - b)) - _phi(np.abs(c - a)) + _phi(np.abs(c - b))
        return np.sum((cell_p[cell] * cell_q[others] + cell_q[cell] * cell_p[others]) * np.abs(area))

    changes = np.zeros(len(points))
    for number, cell in enumerate(some.tolist()):
        changes[cell + 1] = pairs(cell, some[number + 1 :]) - pairs(cell, some[:number])
    with np.errstate(divide="ignore"):
        return np.log(np.maximum(np.cumsum(changes), 0.0))


def _phi(t: np.ndarray) -> np.ndarray:
    return t * np.log(np.where(t > 0, t, 1.0)) - t
