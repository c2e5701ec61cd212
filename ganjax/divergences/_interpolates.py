"""The density of the points between real and fake samples, where WGAN-GP penalises its critic."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float

from ganjax.divergences._densities import LogDensity, evaluated, tabulated, trapezoid_weights

_NODES = 400
_SHARES = 32
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


def _half(name: str, near: LogDensity, log_far: Float[Array, "M"], nodes: np.ndarray) -> Float[Array, "M"]:
    """log of ∫_{½}^1 dε ∫ ds far(s) near((z − (1−ε)s)/ε)/ε at every node z: the half in which `near` weighs more.

    Dividing by ε ≥ ½ only, `near` is never stretched to a width at which the sum over s would miss it.
    """
    shares, share_weights = np.polynomial.legendre.leggauss(_SHARES)
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
    """log ρ on the grid, ρ the density of εx + (1−ε)y with x ~ p, y ~ q and ε ~ U(0, 1) independent. [N]."""
    nodes = _carrying_mass(tabulated("log_p", log_p, points), tabulated("log_q", log_q, points), points)
    on_nodes_p, on_nodes_q = evaluated("log_p", log_p, nodes), evaluated("log_q", log_q, nodes)
    halves = _half("log_p", log_p, on_nodes_q, nodes), _half("log_q", log_q, on_nodes_p, nodes)
    return _interpolated(jnp.logaddexp(*halves), nodes, points)
