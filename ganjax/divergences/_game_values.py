"""What a game's discriminator reaches at its optimum, as a function of the two densities it compares."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.nn import softplus
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from ganjax.checks import check_non_negative, check_positive
from ganjax.divergences import _integrands
from ganjax.divergences._densities import (
    Densities,
    LogDensity,
    Scalar,
    Values,
    in_float64,
    integral,
    log_ratio,
    on_grid,
    trapezoid_weights,
    weighted,
)
from ganjax.divergences._quadrature import total_variation

_ROWS_AT_ONCE = 16
_COARSEST = 500
_SETTLED = 1e-10  # the error of what is returned is a fifteenth of the last change, or far less
PairIntegrand = Callable[[Densities, Densities], Values]  # of one point x and of all points y


def hinge(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike) -> Scalar:
    """min_D E_p relu(1 − D) + E_q relu(1 + D) = 2 − 2 TV. Two densities to one number.

    Arguments and errors as `f_divergence`. Reference: Lim and Ye 2017, arXiv:1705.02894; Miyato et al. 2018,
    arXiv:1802.05957, eq. 16.
    """
    return 2 - 2 * total_variation(log_p, log_q, grid)


def ebgan(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike, margin: float) -> Scalar:
    """min over energies E ≥ 0 of E_p E + E_q relu(margin − E) = margin · (1 − TV). Two densities to one number.

    Arguments and errors as `f_divergence`, and `margin` > 0. Reference: Zhao et al. 2016, arXiv:1609.03126, eq. 1
    and theorem 1.
    """
    check_positive(margin=margin)
    return margin * (1 - total_variation(log_p, log_q, grid))


def least_squares(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike) -> Scalar:
    """∫ (p − q)²/(p + q) = 2 C(G) of the least-squares game with (a, b, c) = (−1, 1, 0). Two densities to one number.

    Twice the Pearson divergence ∫ (q − m)²/m of q and the mixture m = (p + q)/2. Between 0 and 2. Arguments and
    errors as `f_divergence`. Reference: Mao et al. 2016, arXiv:1611.04076, section 3.2.
    """
    return integral(_integrands.triangular, log_p, log_q, grid)


def _pair_integral(integrand: PairIntegrand, densities: Densities) -> Float[Array, ""]:
    """∬ integrand(x, y) dx dy, a few rows at a time: N² numbers never exist together, not even to differentiate."""

    @jax.checkpoint
    def row(at: Densities) -> Array:
        return at.weights * jnp.sum(densities.weights * integrand(at, densities))

    return jnp.sum(jax.lax.map(row, densities, batch_size=_ROWS_AT_ONCE))


def _every(stride: int, densities: Densities) -> Densities:
    """Both densities on every `stride`-th point and the last."""
    index = np.union1d(np.arange(0, len(densities.grid), stride), [len(densities.grid) - 1])
    thinned = jax.tree.map(lambda values: values[index], densities)
    return thinned._replace(weights=jnp.asarray(trapezoid_weights(np.asarray(thinned.grid))))


def _over_pairs(integrand: PairIntegrand, log_p: LogDensity, log_q: LogDensity, grid: ArrayLike) -> Scalar:
    """∬ integrand(x, y) dx dy on the grid, or on every second, fourth, … point of it where that changes nothing.

    The trapezoid rule converges so fast on smooth densities that most of a fine grid's N² pairs add no digit.
    Traced, there is nothing to compare and the whole grid is used.
    """

    def compute() -> Array:
        densities = on_grid(log_p, log_q, grid)
        if isinstance(densities.log_p, Tracer) or isinstance(densities.log_q, Tracer):
            return _pair_integral(integrand, densities)
        found = jnp.asarray(jnp.nan)
        for halvings in reversed(range(1, _halvings(len(densities.grid)))):
            thinned = _every(2**halvings, densities)
            if not _same_masses(thinned, densities):
                continue  # it misses some of them, and so may the next one: that they agree would say nothing
            coarser, found = found, _pair_integral(integrand, thinned)
            if found == coarser or abs(found - coarser) <= _SETTLED * (1 + abs(found)):
                return found
        return _pair_integral(integrand, densities)

    return in_float64(compute)


def _same_masses(thinned: Densities, densities: Densities) -> bool:
    """Whether a thinned grid sees as much of both densities as the whole one."""
    masses = [
        [jnp.sum(each.weights * jnp.exp(values)) for values in (each.log_p, each.log_q)]
        for each in (thinned, densities)
    ]
    return bool(np.allclose(*masses, rtol=0, atol=_SETTLED))


def _halvings(length: int) -> int:
    """How many strides 1, 2, 4, … leave at least `_COARSEST` points; one at least."""
    return max(1, int(np.log2(max(length / _COARSEST, 1))) + 1)


def _gan_qp_integrand(x: Densities, y: Densities) -> Values:
    """|x − y| (P − Q)²/(P + Q), P = p(x)q(y), Q = q(x)p(y); 0 where both vanish."""
    log_forward, log_backward = x.log_p + y.log_q, x.log_q + y.log_p
    forward, backward = jnp.exp(log_forward), jnp.exp(log_backward)
    # (P − Q)/(P + Q) as tanh(½ log P/Q): a quotient of what underflows has no derivative
    some = (forward > 0) | (backward > 0)
    lead = jnp.where(some, log_forward, 0.0) - jnp.where(some, log_backward, 0.0)
    return jnp.abs(x.grid - y.grid) * (forward - backward) * jnp.tanh(0.5 * lead)


def gan_qp(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike, lambda_: float = 1.0) -> Scalar:
    """max_T E[Δ − Δ²/(2λd)] = (λ/4) ∬ d (P − Q)²/(P + Q), Δ = T(x, y) − T(y, x). Two densities to one number.

    The quadratic-potential game whose critic sees both samples; d = |x − y|, P = p(x)q(y), Q = q(x)p(y). Time may
    grow with the square of the grid's length. It never saturates: see `gan_qp_points`.

    Args:
      log_p, log_q, grid: as `f_divergence`.
      lambda_: λ > 0.

    Raises:
      InputError: as `f_divergence`; λ that is not positive.

    Reference: Su 2018, arXiv:1811.07296, eq. 10 and theorem 1.
    """
    check_positive(lambda_=lambda_)
    return 0.25 * lambda_ * _over_pairs(_gan_qp_integrand, log_p, log_q, grid)


def gan_qp_generator(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike, lambda_: float = 1.0) -> Scalar:
    """E Δ* = (λ/2) ∬ d (P − Q)²/(P + Q): what GAN-QP's generator minimises, at the optimal critic.

    Two densities to one number: twice `gan_qp`, with its arguments and errors.
    """
    return 2 * gan_qp(log_p, log_q, grid, lambda_)


def gan_qp_points(distance: float, lambda_: float = 1.0) -> Scalar:
    """GAN-QP's divergence between two point masses `distance` apart: ½ λ d. Linear in d, where JSD is log 2.

    Raises:
      InputError: a negative distance, λ that is not positive.
    """
    check_non_negative(distance=distance)
    check_positive(lambda_=lambda_)
    return 0.5 * lambda_ * distance


def _relativistic(sign: float) -> PairIntegrand:
    """P sp(sign · log P/Q)."""

    def integrand(x: Densities, y: Densities) -> Values:
        forward = jnp.exp(x.log_p) * jnp.exp(y.log_q)
        lead = log_ratio(x.log_p, x.log_q) - log_ratio(y.log_p, y.log_q)
        return weighted(forward, softplus(sign * lead))

    return integrand


def relativistic(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike) -> Scalar:
    """min L_D of the paired relativistic game: E_P sp(−log P/Q) = log 2 − JSD(P, Q). Two densities to one number.

    P = p⊗q, Q = q⊗p; the optimal score is log p/q plus any constant. log 2 where p = q, 0 on disjoint supports. Time
    may grow with the square of the grid's length. Arguments and errors as `f_divergence`.

    Reference: Jolicoeur-Martineau 2018, arXiv:1807.00734, section 4; 2019, arXiv:1901.02474.
    """
    return _over_pairs(_relativistic(-1.0), log_p, log_q, grid)


def relativistic_generator(log_p: LogDensity, log_q: LogDensity, grid: ArrayLike) -> Scalar:
    """L_G of the paired relativistic game at the optimal score: E_P sp(log P/Q) = min L_D + KL(p‖q) + KL(q‖p).

    Two densities to one number; inf on disjoint supports. Arguments and errors as `f_divergence`.
    """
    return _over_pairs(_relativistic(1.0), log_p, log_q, grid)
