"""Closed forms between two Gaussians, in any dimension."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from ganjax.checks import InputError
from ganjax.divergences._densities import Scalar, in_float64

Numbers = ArrayLike | float | int


class Gaussians(NamedTuple):
    """Both, as vectors and matrices of one dimension."""

    mean_p: Float[Array, "D"]
    cov_p: Float[Array, "D D"]
    mean_q: Float[Array, "D"]
    cov_q: Float[Array, "D D"]


def _check_covariance(name: str, covariance: Float[Array, "D D"]) -> None:
    if isinstance(covariance, Tracer):
        return
    matrix = np.asarray(covariance)
    if not np.isfinite(matrix).all():
        raise InputError(f"Expected a finite {name}, got NaN or infinity in it.")
    scale = np.abs(matrix).max()
    if not np.allclose(matrix, matrix.T, rtol=0, atol=1e-6 * scale):
        raise InputError(f"Expected a symmetric {name}.")
    if np.linalg.eigvalsh(matrix).min() < -1e-6 * scale:
        raise InputError(f"Expected {name} without negative eigenvalues.")


def _gaussians(mean_p: Numbers, cov_p: Numbers, mean_q: Numbers, cov_q: Numbers) -> Gaussians:
    mean_p, mean_q = (jnp.atleast_1d(jnp.asarray(mean).astype(float)) for mean in (mean_p, mean_q))
    cov_p, cov_q = (jnp.atleast_2d(jnp.asarray(covariance).astype(float)) for covariance in (cov_p, cov_q))
    size = mean_p.size
    if not (mean_p.shape == mean_q.shape == (size,) and cov_p.shape == cov_q.shape == (size, size)):
        shapes = [[*array.shape] for array in (mean_p, cov_p, mean_q, cov_q)]
        raise InputError(f"Expected mean_p[D], cov_p[D, D], mean_q[D], cov_q[D, D], got {', '.join(map(str, shapes))}.")
    for name, mean in (("mean_p", mean_p), ("mean_q", mean_q)):
        if not isinstance(mean, Tracer) and not np.isfinite(np.asarray(mean)).all():
            raise InputError(f"Expected a finite {name}, got {mean}.")
    _check_covariance("cov_p", cov_p)
    _check_covariance("cov_q", cov_q)
    return Gaussians(mean_p, cov_p, mean_q, cov_q)


def _of(
    formula: Callable[[Gaussians], Array], mean_p: Numbers, cov_p: Numbers, mean_q: Numbers, cov_q: Numbers
) -> Scalar:
    return in_float64(lambda: formula(_gaussians(mean_p, cov_p, mean_q, cov_q)))


def _kl(both: Gaussians) -> Array:
    shift = both.mean_q - both.mean_p
    solved = jnp.linalg.solve(both.cov_q, jnp.column_stack([both.cov_p, shift]))
    (sign_p, log_det_p), (sign_q, log_det_q) = (jnp.linalg.slogdet(each) for each in (both.cov_p, both.cov_q))
    found = 0.5 * (jnp.trace(solved[:, :-1]) - shift.size + shift @ solved[:, -1] + log_det_q - log_det_p)
    return jnp.where((sign_p > 0) & (sign_q > 0), found, jnp.inf)


def gaussian_kl(mean_p: Numbers, cov_p: Numbers, mean_q: Numbers, cov_q: Numbers) -> Scalar:
    """KL(N_p‖N_q) = ½[tr(Σ_q⁻¹Σ_p) − D + (μ_q − μ_p)ᵀ Σ_q⁻¹ (μ_q − μ_p) + log det Σ_q/det Σ_p].

    Two Gaussians to one number, in float64 (inside jit and grad: in the precision that is set). inf where one of them
    has no density, its covariance being singular.

    Args:
      mean_p, mean_q: [D], or a scalar for D = 1.
      cov_p, cov_q: [D, D], covariances and not deviations; a variance for D = 1.

    Raises:
      InputError: shapes that don't fit together, numbers that are not finite, a covariance that is not symmetric or has
        a negative eigenvalue.
    """
    return _of(_kl, mean_p, cov_p, mean_q, cov_q)


def _root(covariance: Float[Array, "D D"]) -> Float[Array, "D D"]:
    values, vectors = jnp.linalg.eigh(covariance)
    return (vectors * jnp.sqrt(jnp.maximum(values, 0.0))[None, :]) @ vectors.T


def _frechet(both: Gaussians) -> Array:
    root = _root(both.cov_p)
    shared = jnp.linalg.eigvalsh(root @ both.cov_q @ root)
    cross = jnp.sum(jnp.sqrt(jnp.maximum(shared, 0.0)))
    shift = both.mean_p - both.mean_q
    # rounding may leave a few ulp below 0 where both are the same
    return jnp.maximum(shift @ shift + jnp.trace(both.cov_p) + jnp.trace(both.cov_q) - 2 * cross, 0.0)


def gaussian_frechet(mean_p: Numbers, cov_p: Numbers, mean_q: Numbers, cov_q: Numbers) -> Scalar:
    """W2² = ‖μ_p − μ_q‖² + tr(Σ_p + Σ_q − 2(Σ_p^½ Σ_q Σ_p^½)^½), the Fréchet distance as it is reported.

    Two Gaussians to one number; arguments and errors as `gaussian_kl`. On the line: (μ_p − μ_q)² + (σ_p − σ_q)².

    Reference: Dowson and Landau 1982; Heusel et al. 2017, arXiv:1706.08500, eq. 6.
    """
    return _of(_frechet, mean_p, cov_p, mean_q, cov_q)


def _wasserstein2(both: Gaussians) -> Array:
    squared = _frechet(both)
    zero = squared == 0
    return jnp.where(zero, 0.0, jnp.sqrt(jnp.where(zero, 1.0, squared)))


def gaussian_wasserstein2(mean_p: Numbers, cov_p: Numbers, mean_q: Numbers, cov_q: Numbers) -> Scalar:
    """W2, the root of `gaussian_frechet`, a distance in the units of the space. Arguments and errors as there.

    With derivative 0 where it is 0.
    """
    return _of(_wasserstein2, mean_p, cov_p, mean_q, cov_q)
