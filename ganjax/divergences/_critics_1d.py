"""Critics on the line whose gradient is penalised: their optimal slope and what they then measure.

With ΔF = F_p − F_q, E_p D − E_q D = −∫ D′ ΔF: the best slope is found point by point.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from ganjax.checks import InputError, check_positive
from ganjax.divergences._densities import (
    LogDensity,
    Scalar,
    as_grid,
    in_float64,
    tabulated,
    trapezoid_weights,
)
from ganjax.divergences._interpolates import log_interpolates
from ganjax.divergences._wasserstein import distribution_gap, wasserstein_1d_densities

Slopes = Float[Array | np.ndarray, "N"]

_NO_MASS = 1e-150  # a gap below it is underflow: its square is 0 in float64, and a density beside it may be


def _mixture(log_p: LogDensity, log_q: LogDensity, log_r: LogDensity | None, points: np.ndarray) -> Float[Array, "N"]:
    """log ρ on the grid: the given one, or (p + q)/2."""
    if log_r is not None:
        return tabulated("log_r", log_r, points)
    both = jnp.logaddexp(tabulated("log_p", log_p, points), tabulated("log_q", log_q, points))
    return both - jnp.log(2.0)


def _power(gap: Float[Array, "N"], log_density: Float[Array, "N"], gap_power: float, power: float) -> Float[Array, "N"]:
    """|ΔF|^gap_power ρ^−power, through logarithms; 0 where ΔF = 0 and inf where only ρ is 0."""
    some = jnp.abs(gap) > _NO_MASS
    exponent = gap_power * jnp.log(jnp.where(some, jnp.abs(gap), 1.0)) - power * jnp.where(some, log_density, 0.0)
    return jnp.where(some, jnp.exp(jnp.where(some, exponent, 0.0)), 0.0)


def _check_penalty(k: float, p: float) -> None:
    check_positive(k=k)
    if not 1 < p < float("inf"):
        raise InputError(f"Expected a power 1 < p < inf of the gradient's norm, got p = {p}.")


def w_divergence_1d(
    log_p: LogDensity,
    log_q: LogDensity,
    grid: ArrayLike,
    k: float,
    p: float,
    *,
    log_r: LogDensity | None = None,
) -> Scalar:
    """W = max_D E_p D − E_q D − k E_ρ |D′|^p = ((p−1)/p)(kp)^{−1/(p−1)} ∫ |ΔF|^{p/(p−1)} ρ^{−1/(p−1)}.

    Two densities on the line to one number. The critic's gap E_p D − E_q D at the optimum is p/(p−1) · W. inf where
    mass must cross a region in which ρ is 0.

    Args:
      log_p, log_q, grid: as `f_divergence`.
      k: the penalty's weight, > 0.
      p: the power of the gradient, > 1.
      log_r: the density ρ that the penalty is averaged over; (p + q)/2 if not given.

    Raises:
      InputError: as `f_divergence`, also for log_r; k <= 0 or p <= 1.

    Reference: Wu et al. 2018, arXiv:1712.01026, eq. 7; the closed form is the pointwise maximum of its integrand.
    """
    _check_penalty(k, p)

    def compute() -> Array:
        points = as_grid(grid)
        gap = jnp.asarray(distribution_gap(log_p, log_q, grid))
        conjugate = p / (p - 1)
        integrand = _power(gap, _mixture(log_p, log_q, log_r, points), conjugate, conjugate - 1)
        total = jnp.sum(jnp.asarray(trapezoid_weights(points)) * integrand)
        return (k * p) ** (-1 / (p - 1)) * total / conjugate

    return in_float64(compute)


def w_divergence_critic_1d(
    log_p: LogDensity,
    log_q: LogDensity,
    grid: ArrayLike,
    k: float,
    p: float,
    *,
    log_r: LogDensity | None = None,
) -> Slopes:
    """The slope of the critic that `w_divergence_1d` is reached at: D′ = −sign(ΔF) (|ΔF|/(kpρ))^{1/(p−1)}. [N].

    Kantorovich's critic has the slope −sign(ΔF): this one is a multiple of it only where ρ ∝ |ΔF|. Arguments and
    errors as `w_divergence_1d`.
    """
    _check_penalty(k, p)

    def compute() -> Slopes:
        gap = jnp.asarray(distribution_gap(log_p, log_q, grid))
        power = 1 / (p - 1)
        size = _power(gap, _mixture(log_p, log_q, log_r, as_grid(grid)), power, power)
        return -jnp.sign(gap) * (k * p) ** -power * size

    return in_float64(compute)


def _overshoot(
    log_p: LogDensity, log_q: LogDensity, grid: ArrayLike, weight: float, log_r: LogDensity | None
) -> Float[Array, "N"]:
    """|ΔF|/(2λρ), by how much the slope of WGAN-GP's critic exceeds 1."""
    points = as_grid(grid)
    gap = jnp.asarray(distribution_gap(log_p, log_q, grid))
    if log_r is not None:
        density = tabulated("log_r", log_r, points)
    else:  # never below |ΔF| over the grid's length: so many pairs straddle the point, none further apart
        some = jnp.abs(gap) > _NO_MASS
        least = jnp.where(some, jnp.log(jnp.where(some, jnp.abs(gap), 1.0) / (points[-1] - points[0])), -jnp.inf)
        density = jnp.maximum(log_interpolates(log_p, log_q, points), least)
    return _power(gap, density, 1.0, 1.0) / (2 * weight)


def wgan_gp_1d(
    log_p: LogDensity, log_q: LogDensity, grid: ArrayLike, weight: float, *, log_r: LogDensity | None = None
) -> Scalar:
    """The gap E_p D − E_q D of WGAN-GP's optimal critic: W1 + ∫ ΔF²/(2λρ). Two densities on the line to one number.

    The critic maximises E_p D − E_q D − λ E_ρ (|D′| − 1)², where ρ is the density of x̂ = εx + (1−ε)y, x ~ p, y ~ q,
    ε ~ U(0, 1). It overestimates W1, the more so the smaller λ. The one-sided penalty has the same optimum.

    Args:
      log_p, log_q, grid: as `f_divergence`; the functions are also called outside the grid.
      weight: λ > 0.
      log_r: another density to average the penalty over. By default that of the interpolates, by quadrature over ε
        and the samples on at most 400 points, interpolated between them; for densities that are narrow beside their
        distance by sums over pairs of grid cells, right to the square of the grid's steps.

    Raises:
      InputError: as `f_divergence`; λ that is not positive.

    Reference: Gulrajani et al. 2017, arXiv:1704.00028, eq. 3; the closed form is the pointwise maximum.
    """
    check_positive(weight=weight)

    def compute() -> Array:
        gap = jnp.asarray(distribution_gap(log_p, log_q, grid))
        excess = jnp.abs(gap) * _overshoot(log_p, log_q, grid, weight, log_r)
        weights = jnp.asarray(trapezoid_weights(as_grid(grid)))
        return wasserstein_1d_densities(log_p, log_q, grid) + jnp.sum(weights * excess)

    return in_float64(compute)


def wgan_gp_critic_1d(
    log_p: LogDensity, log_q: LogDensity, grid: ArrayLike, weight: float, *, log_r: LogDensity | None = None
) -> Slopes:
    """The slope of WGAN-GP's optimal critic: D′ = −sign(ΔF) (1 + |ΔF|/(2λρ)). [N]; as `wgan_gp_1d`."""
    check_positive(weight=weight)

    def compute() -> Slopes:
        gap = jnp.asarray(distribution_gap(log_p, log_q, grid))
        return -jnp.sign(gap) * (1 + _overshoot(log_p, log_q, grid, weight, log_r))

    return in_float64(compute)


def r1_energy_slope_1d(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike, weight: float) -> Slopes:
    """U′ = ΔF/(2λp), the slope of the energy that minimises E_p U − E_q U + λ E_p U′². [N].

    The zero-centered penalty on real samples; low energy on real samples, so U = −D. inf where mass must cross a
    region without real samples. Arguments and errors as `f_divergence`, and `weight` λ > 0.

    Reference: Mescheder, Geiger and Nowozin 2018, arXiv:1801.04406, eq. 9; Kumar et al. 2019, arXiv:1901.08508.
    """
    return -w_divergence_critic_1d(log_p, log_q, grid, weight, 2, log_r=log_p)
