"""Optimal discriminators, as functions of the two log-densities. Elementwise, in the precision of their arguments.

All are scores, high where the sample is more likely real; they take log-densities rather than densities, and −inf
where a density is 0. Where both are 0 the score is free, and the ratio counts as 1.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax.nn import sigmoid
from jaxtyping import Array, Float

from ganjax.checks import check_positive, check_same_shape
from ganjax.divergences._densities import LogDensity, Values, log_ratio
from ganjax.divergences._f_divergences import FDivergence


def optimal_discriminator(log_p: Values, log_q: Values) -> Values:
    """s* = log p − log q, so that σ(s*) = p/(p+q): of minimax, non_saturating, kl and, up to a constant, relativistic.

    Elementwise. Reference: Goodfellow et al. 2014, arXiv:1406.2661, proposition 1.

    Raises:
      InputError: when the two shapes differ.
    """
    check_same_shape(log_p=log_p, log_q=log_q)
    return log_ratio(log_p, log_q)


def optimal_least_squares(log_p: Values, log_q: Values, a: float = 0.0, b: float = 1.0) -> Values:
    """(bp + aq)/(p + q), with a the target of fakes and b of reals. Elementwise.

    Reference: Mao et al. 2016, arXiv:1611.04076, eq. 5.

    Raises:
      InputError: when the two shapes differ.
    """
    return a + (b - a) * sigmoid(optimal_discriminator(log_p, log_q))


def optimal_hinge(log_p: Values, log_q: Values) -> Values:
    """sign(p − q); any number in [−1, 1] is as good where p = q. Elementwise.

    Reference: Lim and Ye 2017, arXiv:1705.02894, section 3.

    Raises:
      InputError: when the two shapes differ.
    """
    return jnp.sign(optimal_discriminator(log_p, log_q))


def optimal_margin(log_p: Values, log_q: Values, margin: float) -> Values:
    """Minus EBGAN's optimal energy: 0 where p ≥ q, −margin where p < q. Elementwise.

    Reference: Zhao et al. 2016, arXiv:1609.03126, lemma 1.

    Raises:
      InputError: when the two shapes differ, or the margin is not positive.
    """
    check_positive(margin=margin)
    return jnp.where(optimal_discriminator(log_p, log_q) < 0, -margin, 0.0)


def optimal_f_critic(divergence: FDivergence, log_p: Values, log_q: Values) -> Values:
    """T* = f′(p/q), in the domain of the conjugate: the output AFTER the activation. Elementwise.

    Reference: Nowozin, Cseke and Tomioka 2016, arXiv:1606.00709, eq. 5.

    Raises:
      InputError: when the two shapes differ.
    """
    return divergence.optimal_critic(optimal_discriminator(log_p, log_q))


def optimal_relativistic(log_p: LogDensity, log_q: LogDensity, x_r: Values, x_f: Values) -> Values:
    """The optimal difference of scores, r − f = log P/Q with P = p⊗q and Q = q⊗p. Elementwise in the pairs.

    Args:
      log_p, log_q: log-densities as functions.
      x_r, x_f: the first and the second of each pair, one shape.

    Reference: Jolicoeur-Martineau 2019, arXiv:1901.02474.

    Raises:
      InputError: when the two shapes differ.
    """
    check_same_shape(x_r=x_r, x_f=x_f)
    return log_ratio(log_p(x_r) + log_q(x_f), log_q(x_r) + log_p(x_f))


def optimal_gan_qp(
    log_p: LogDensity, log_q: LogDensity, x_r: Values, x_f: Values, lambda_: float = 1.0
) -> Float[Array, "..."]:
    """Δ* = λ d (P − Q)/(P + Q) = λ |x_r − x_f| tanh(½ log P/Q). Elementwise in the pairs of points on a line.

    Args:
      log_p, log_q: log-densities as functions.
      x_r, x_f: the first and the second of each pair, one shape.
      lambda_: λ > 0.

    Reference: Su 2018, arXiv:1811.07296, eq. 10.

    Raises:
      InputError: when the two shapes differ, or λ is not positive.
    """
    check_positive(lambda_=lambda_)
    return lambda_ * jnp.abs(x_r - x_f) * jnp.tanh(0.5 * optimal_relativistic(log_p, log_q, x_r, x_f))
