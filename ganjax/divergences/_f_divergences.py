"""f-divergences and what an adversarial game needs of them: conjugate, output activation, optimal critic."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.nn import softplus
from jax.scipy.special import xlogy

from ganjax.divergences._stable_forms import (
    LINEAR_BEYOND,
    Values,
    half_tanh,
    linear_exp,
    linear_expm1,
    log_wright_omega,
)
from ganjax.numerics import at_least_float32

Elementwise = Callable[[Values], Values]

_INF, _LOG2 = math.inf, math.log(2.0)


class FDivergence(NamedTuple):
    """D_f(P‖Q) = ∫ q f(p/q) and its variational form sup_T E_P[T] − E_Q[f*(T)], with T = g(v). Elementwise.

    P is the data, Q the generator, and v a raw score without bounds. Nowozin, Cseke and Tomioka 2016,
    arXiv:1606.00709, tables 1 and 2, their longer forms in the supplement, and eq. 4 and 6.

    Attributes:
      name: its row in `DIVERGENCES`.
      f: convex, u = p/q ≥ 0 -> f(u). f(1) = 0, except for GAN.
      conjugate: f*(t) = sup_u tu − f(u), and +inf outside `domain`. The supremum is over every u that the formula of
        f admits, as in the paper: for Pearson χ² and total variation that includes u < 0, where restricting it to
        u ≥ 0 would give −1 for t < −2, and −½ for t < −½. No optimal critic lies there.
      activation: g, from a raw score to the domain of f*; increasing.
      conjugate_of_activation: v -> f*(g(v)), simplified by hand. Composing `conjugate` with `activation` loses the
        gradient as soon as g(v) rounds to the end of the domain, at a score of 17 in float32.
      optimal_critic: log(p/q) -> T* = f′(p/q), the critic at which the variational form equals D_f. Plain: it
        overflows where T* does.
      domain: (lower, upper), the ends of the interval where f* is finite. g's values lie strictly inside it, and
        meet it only by rounding.

    Exponentials in `activation` and `conjugate_of_activation` are exact for |v| ≤ 30 and go on along their tangents
    beyond, so that scores of ±1e4 give finite values and slopes in float32 and bfloat16. Where p/q is the ratio that
    some score in [−30, 30] stands for, that score is still the critic's best; but a critic that leaves the interval
    need no longer bound D_f from below.
    """

    name: str
    f: Elementwise
    conjugate: Elementwise
    activation: Elementwise
    conjugate_of_activation: Elementwise
    optimal_critic: Elementwise
    domain: tuple[float, float] = (-_INF, _INF)


def _within(domain: tuple[float, float], inside: float, formula: Elementwise) -> Elementwise:
    """`formula` on `domain` and +inf elsewhere; `inside` is a point of it, where the branch not taken is evaluated."""
    lower, upper = domain

    def conjugate(t: Values) -> Values:
        outside = (t < lower) | (t > upper)
        return jnp.where(outside, _INF, formula(jnp.where(outside, inside, t)))

    return conjugate


def _jeffreys_conjugate(t: Values) -> Values:
    """f*(t) = w + 1/w + t − 2 with w = W(e^{1−t}) = q/p.

    Written as e^{−ℓ} − 1 − ℓ, ℓ = log w, by w + log w = 1 − t: nothing cancels for t → −∞, and f*′ = e^{−ℓ} = p/q.
    """
    log_w = log_wright_omega(1 - at_least_float32(t))
    return (jnp.expm1(-log_w) - log_w).astype(t.dtype)


def _jeffreys_composition(v: Values) -> Values:
    """`_jeffreys_conjugate`, which grows as e^{v−1}, continued by its tangent beyond v = 30."""
    wide = at_least_float32(v)
    m = jnp.minimum(wide, LINEAR_BEYOND)
    log_w = log_wright_omega(1 - m)
    return (jnp.expm1(-log_w) - log_w + jnp.exp(-log_w) * (wide - m)).astype(v.dtype)


# ½∫|p − q|. The optimal critic ½ sign(p − q) is the limit of g(v) at v = ±∞.
TOTAL_VARIATION = FDivergence(
    name="total_variation",
    f=lambda u: 0.5 * jnp.abs(u - 1),
    conjugate=_within((-0.5, 0.5), 0.0, lambda t: t),
    activation=half_tanh,
    conjugate_of_activation=half_tanh,
    optimal_critic=lambda log_ratio: 0.5 * jnp.sign(log_ratio),
    domain=(-0.5, 0.5),
)

# KL(p‖q) = ∫ p log p/q
KL = FDivergence(
    name="kl",
    f=lambda u: xlogy(u, u),
    conjugate=lambda t: jnp.exp(t - 1),
    activation=lambda v: v,
    conjugate_of_activation=lambda v: linear_exp(v) / math.e,  # e^{v−1}; v − 1 itself would round in bfloat16
    optimal_critic=lambda log_ratio: 1 + log_ratio,
)

# KL(q‖p) = ∫ q log q/p. f*(−e^{−v}) = −1 − log e^{−v}.
REVERSE_KL = FDivergence(
    name="reverse_kl",
    f=lambda u: -jnp.log(u),
    conjugate=_within((-_INF, 0.0), -1.0, lambda t: -1 - jnp.log(-t)),
    activation=lambda v: -linear_exp(-v),
    conjugate_of_activation=lambda v: v - 1,
    optimal_critic=lambda log_ratio: -jnp.exp(-log_ratio),
    domain=(-_INF, 0.0),
)

# ∫ (p − q)²/q
PEARSON = FDivergence(
    name="pearson",
    f=lambda u: jnp.square(u - 1),
    conjugate=lambda t: 0.25 * jnp.square(t) + t,
    activation=lambda v: v,
    conjugate_of_activation=lambda v: 0.25 * jnp.square(v) + v,
    optimal_critic=lambda log_ratio: 2 * jnp.expm1(log_ratio),
)

# ∫ (p − q)²/p. f*(1 − e^{−v}) = 2 − 2e^{−v/2}; both parts turn linear at v = −30, or the game would be unbounded.
NEYMAN = FDivergence(
    name="neyman",
    f=lambda u: jnp.square(1 - u) / u,
    conjugate=_within((-_INF, 1.0), 0.0, lambda t: 2 - 2 * jnp.sqrt(1 - t)),
    activation=lambda v: -linear_expm1(-v),
    conjugate_of_activation=lambda v: -2 * linear_expm1(-0.5 * v, 0.5 * LINEAR_BEYOND),
    optimal_critic=lambda log_ratio: -jnp.expm1(-2 * log_ratio),
    domain=(-_INF, 1.0),
)

# ∫ (√p − √q)². f*(1 − e^{−v}) = (1 − e^{−v})/e^{−v}.
SQUARED_HELLINGER = FDivergence(
    name="squared_hellinger",
    f=lambda u: jnp.square(jnp.sqrt(u) - 1),
    conjugate=_within((-_INF, 1.0), 0.0, lambda t: t / (1 - t)),
    activation=lambda v: -linear_expm1(-v),
    conjugate_of_activation=linear_expm1,
    optimal_critic=lambda log_ratio: -jnp.expm1(-0.5 * log_ratio),
    domain=(-_INF, 1.0),
)

# ∫ (p − q) log p/q = KL(p‖q) + KL(q‖p)
JEFFREYS = FDivergence(
    name="jeffreys",
    f=lambda u: (u - 1) * jnp.log(u),
    conjugate=_jeffreys_conjugate,
    activation=lambda v: v,
    conjugate_of_activation=_jeffreys_composition,
    optimal_critic=lambda log_ratio: 1 + log_ratio - jnp.exp(-log_ratio),
)

# 2 JSD(p, q): with this f the paper's table writes ½ before its integral, which would be JSD itself.
# f*(t) = −log(2 − e^t); e^{g(v)} = 2σ(v), so f*(g(v)) = −log 2(1 − σ(v)).
JENSEN_SHANNON = FDivergence(
    name="jensen_shannon",
    f=lambda u: xlogy(u, u) - (u + 1) * jnp.log((u + 1) / 2),
    conjugate=_within((-_INF, _LOG2), 0.0, lambda t: -_LOG2 - jax.nn.log1mexp(_LOG2 - t)),
    activation=lambda v: _LOG2 - softplus(-v),
    conjugate_of_activation=lambda v: softplus(v) - _LOG2,
    optimal_critic=lambda log_ratio: _LOG2 - softplus(-log_ratio),
    domain=(-_INF, _LOG2),
)

# 2 JSD(p, q) − log 4, the value of the original game: f(1) = −log 4.
# f*(t) = −log(1 − e^t); e^{g(v)} = σ(v), so f*(g(v)) = −log(1 − σ(v)).
GAN = FDivergence(
    name="gan",
    f=lambda u: xlogy(u, u) - (u + 1) * jnp.log(u + 1),
    conjugate=_within((-_INF, 0.0), -1.0, lambda t: -jax.nn.log1mexp(-t)),
    activation=lambda v: -softplus(-v),
    conjugate_of_activation=softplus,
    optimal_critic=lambda log_ratio: -softplus(-log_ratio),
    domain=(-_INF, 0.0),
)
