"""q f(p/q) for the f-divergences, of the two log-densities. Elementwise, and stable however far apart they are.

Each is written with r = log p/q from its own difference form (expm1, softplus), so that nothing cancels where p ≈ q
and nothing overflows before the divergence itself does. Where a density is 0 each takes its limit.
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax.nn import sigmoid, softplus

from ganjax.divergences._densities import Values, log_ratio, weighted
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

Integrand = Callable[[Values, Values], Values]


def _larger(log_p: Values, log_q: Values) -> Values:
    return jnp.exp(jnp.maximum(log_p, log_q))


def difference(log_p: Values, log_q: Values) -> Values:
    """p − q = max(p, q) · sign(r) (1 − e^{−|r|})."""
    r = log_ratio(log_p, log_q)
    return _larger(log_p, log_q) * -jnp.sign(r) * jnp.expm1(-jnp.abs(r))


def kl(log_p: Values, log_q: Values) -> Values:
    """p log p/q."""
    return weighted(jnp.exp(log_p), log_ratio(log_p, log_q))


def pearson(log_p: Values, log_q: Values) -> Values:
    """(p − q)²/q = max(p, q)²/q · (1 − e^{−|r|})²."""
    square = jnp.square(jnp.expm1(-jnp.abs(log_ratio(log_p, log_q))))
    neither = (log_p == -jnp.inf) & (log_q == -jnp.inf)
    size = jnp.where(neither, 0.0, 2 * jnp.maximum(log_p, log_q) - log_q)
    # exp may overflow where the square is 0 only if q < e^−709, and then p = q carries no mass
    return weighted(square, jnp.exp(jnp.where(neither, -jnp.inf, size)))


def squared_hellinger(log_p: Values, log_q: Values) -> Values:
    """(√p − √q)² = max(p, q) · (1 − e^{−|r|/2})²."""
    return _larger(log_p, log_q) * jnp.square(jnp.expm1(-0.5 * jnp.abs(log_ratio(log_p, log_q))))


def jeffreys(log_p: Values, log_q: Values) -> Values:
    """(p − q) log p/q."""
    return weighted(difference(log_p, log_q), log_ratio(log_p, log_q))


def gan(log_p: Values, log_q: Values) -> Values:
    """p log p/(p+q) + q log q/(p+q)."""
    r = log_ratio(log_p, log_q)
    return -weighted(jnp.exp(log_p), softplus(-r)) - weighted(jnp.exp(log_q), softplus(r))


def jensen_shannon(log_p: Values, log_q: Values) -> Values:
    """p log 2p/(p+q) + q log 2q/(p+q), twice the integrand of JSD.

    With the larger density's m, e = e^{−|r|} and s = log1p((e − 1)/2) = log (1+e)/2: m(−s) + me(−|r| − s).
    """
    distance = jnp.abs(log_ratio(log_p, log_q))
    share = jnp.exp(-distance)
    middle = jnp.log1p(0.5 * jnp.expm1(-distance))
    return _larger(log_p, log_q) * (-middle - weighted(share, distance + middle))


def triangular(log_p: Values, log_q: Values) -> Values:
    """(p − q)²/(p + q)."""
    share = jnp.expm1(-jnp.abs(log_ratio(log_p, log_q)))
    return _larger(log_p, log_q) * jnp.square(share) / (2 + share)


def label_information(log_p: Values, log_q: Values) -> Values:
    """½(p + q) · [log 2 − h(p/(p+q))], h the entropy in nats of a coin."""
    r = log_ratio(log_p, log_q)
    entropy = weighted(sigmoid(r), softplus(-r)) + weighted(sigmoid(-r), softplus(r))
    return 0.5 * (jnp.exp(log_p) + jnp.exp(log_q)) * (jnp.log(2.0) - entropy)


def _swapped(integrand: Integrand) -> Integrand:
    return lambda log_p, log_q: integrand(log_q, log_p)


def _of_any(divergence: FDivergence) -> Integrand:
    """q f(p/q) from f alone; q f(0) where p/q underflows and p f′(∞) where it overflows."""

    def integrand(log_p: Values, log_q: Values) -> Values:
        ratio = jnp.exp(log_ratio(log_p, log_q))
        beyond = ratio == jnp.inf
        near = weighted(jnp.exp(log_q), divergence.f(jnp.where(beyond, 1.0, ratio)))
        slope = divergence.optimal_critic(jnp.full_like(ratio, jnp.inf))
        return jnp.where(beyond, weighted(jnp.exp(log_p), slope), near)

    return integrand


_STABLE: tuple[tuple[FDivergence, Integrand], ...] = (
    (TOTAL_VARIATION, lambda log_p, log_q: 0.5 * jnp.abs(difference(log_p, log_q))),
    (KL, kl),
    (REVERSE_KL, _swapped(kl)),
    (PEARSON, pearson),
    (NEYMAN, _swapped(pearson)),
    (SQUARED_HELLINGER, squared_hellinger),
    (JEFFREYS, jeffreys),
    (JENSEN_SHANNON, jensen_shannon),
    (GAN, gan),
)


def integrand_of(divergence: FDivergence) -> Integrand:
    """q f(p/q) as a function of (log p, log q): a stable form for a row of the table, f's own for any other."""
    return next((form for row, form in _STABLE if row == divergence), _of_any(divergence))
