"""Divergences of two one-dimensional densities, by quadrature of their logarithms."""

from __future__ import annotations

from jaxtyping import Array
from numpy.typing import ArrayLike

from ganjax.divergences import _integrands
from ganjax.divergences._densities import (
    LogDensity,
    Scalar,
    absolute_integral,
    as_grid,
    in_float64,
    integral,
    refined,
    tabulated,
)
from ganjax.divergences._f_divergences import (
    GAN,
    JEFFREYS,
    JENSEN_SHANNON,
    KL,
    NEYMAN,
    PEARSON,
    REVERSE_KL,
    SQUARED_HELLINGER,
    TOTAL_VARIATION,
    FDivergence,
)


def f_divergence(divergence: FDivergence, log_p: LogDensity, log_q: LogDensity, grid: ArrayLike) -> Scalar:
    """D_f(p‖q) = ∫ q f(p/q) dx. Two densities to one number.

    The trapezoid rule on `grid`, in float64 whatever JAX's default (inside jit and grad: in the precision that is
    set). The rows of `DIVERGENCES` are integrated in a form that is stable for every ratio; any other f through
    itself, which takes ratios beyond e^±700 at their limits. Where q = 0 < p or p = 0 < q the integrand is its limit,
    so the result is inf exactly where the divergence is (or where it exceeds the floating-point range).

    Args:
      divergence: a value, such as divergences.PEARSON; by name, divergences.DIVERGENCES["pearson"].
      log_p: the data's log-density, a function of points [N] to [N]; −inf where the density is 0.
      log_q: the generator's, likewise.
      grid: increasing points [N] that carry the mass of both.

    Raises:
      InputError: a grid that is not increasing or has fewer than 8 points; a function that does not give one
        log-density a point, or gives NaN; a density whose mass on the grid is not 1 within 1e-3.

    Reference: Nowozin, Cseke and Tomioka 2016, arXiv:1606.00709, eq. 2.
    """
    if divergence == TOTAL_VARIATION:
        return total_variation(log_p, log_q, grid)
    return integral(_integrands.integrand_of(divergence), log_p, log_q, grid)


def kl(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike) -> Scalar:
    """KL(p‖q) = ∫ p log p/q. Two densities to one number; arguments and errors as `f_divergence`."""
    return f_divergence(KL, log_p, log_q, grid)


def reverse_kl(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike) -> Scalar:
    """KL(q‖p) = ∫ q log q/p. Two densities to one number; arguments and errors as `f_divergence`."""
    return f_divergence(REVERSE_KL, log_p, log_q, grid)


def jeffreys(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike) -> Scalar:
    """∫ (p − q) log p/q = KL(p‖q) + KL(q‖p). Two densities to one number; arguments and errors as `f_divergence`."""
    return f_divergence(JEFFREYS, log_p, log_q, grid)


def js(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike) -> Scalar:
    """JSD = ½ KL(p‖m) + ½ KL(q‖m), m = (p + q)/2: in nats, between 0 and log 2. Two densities to one number.

    Half of the f-divergence that the row `jensen_shannon` of `DIVERGENCES` names. Arguments and errors as
    `f_divergence`.
    """
    return 0.5 * f_divergence(JENSEN_SHANNON, log_p, log_q, grid)


def total_variation(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike) -> Scalar:
    """TV = ½ ∫ |p − q|, between 0 and 1. Two densities to one number; arguments and errors as `f_divergence`.

    Both are also called at the middles between grid points, and the corner where p = q is integrated as a corner.
    """

    def compute() -> Array:
        points = refined(as_grid(grid))
        real, fake = tabulated("log_p", log_p, points), tabulated("log_q", log_q, points)
        return 0.5 * absolute_integral(_integrands.difference(real, fake), points)

    return in_float64(compute)


def squared_hellinger(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike) -> Scalar:
    """∫ (√p − √q)², between 0 and 2. Two densities to one number; arguments and errors as `f_divergence`."""
    return f_divergence(SQUARED_HELLINGER, log_p, log_q, grid)


def pearson(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike) -> Scalar:
    """∫ (p − q)²/q. Two densities to one number; arguments and errors as `f_divergence`."""
    return f_divergence(PEARSON, log_p, log_q, grid)


def neyman(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike) -> Scalar:
    """∫ (p − q)²/p. Two densities to one number; arguments and errors as `f_divergence`."""
    return f_divergence(NEYMAN, log_p, log_q, grid)


def gan_value(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike) -> Scalar:
    """max_D E_p log D + E_q log(1 − D) = −log 4 + 2 JSD. Two densities to one number; as `f_divergence`.

    Reference: Goodfellow et al. 2014, arXiv:1406.2661, theorem 1.
    """
    return f_divergence(GAN, log_p, log_q, grid)
