"""Statements 5 and 6: what a penalty on the critic's slope makes of Kantorovich's critic, in one dimension."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from ganjax import divergences, regularizers
from ganjax.losses import LOSSES
from statements.entries import Case, Entry
from statements.pairs import CASE_A, PAIRS, SKEW, Pair
from statements.tabulated import Minimum, Penalty, best_slopes, board, built, from_slopes

WU = "Wu et al. 2018, arXiv:1712.01026"
POWERS = ((0.5, 2.0), (2.0, 6.0))  # (k, p)
LogDensity = Callable[[jax.Array], jax.Array]


def search(penalty: Penalty, log_r: LogDensity, pair: Pair) -> Minimum:
    """The least E L_D = E_q D − E_p D + E_ρ penalty."""
    on = board(pair)
    game = built(LOSSES["wasserstein"]).discriminator
    return best_slopes(game, penalty, on, on.spacing * jnp.exp(log_r(on.middles)))


def earned(slopes: jax.Array, pair: Pair) -> jax.Array:
    """The critic's gap, E_p D − E_q D."""
    on = board(pair, slopes.size + 1)
    scores = from_slopes(slopes, on)
    return (on.p - on.q) @ scores


# --- statement 5


def halfway(pair: Pair) -> LogDensity:
    """(p + q)/2: the penalty averaged over real and generated samples."""
    log_p, log_q = pair.both
    return lambda x: jnp.logaddexp(log_p(x), log_q(x)) - jnp.log(2.0)


def gap_density(pair: Pair) -> LogDensity:
    """ρ ∝ |F_p − F_q|."""
    grid = pair.grid
    gaps = np.abs(pair.p.distribution(grid) - pair.q.distribution(grid))
    gaps = jnp.asarray(gaps / np.trapezoid(gaps, grid))
    return lambda x: jnp.log(jnp.interp(x, grid, gaps))


def power_penalty(quantity: Callable[..., jax.Array], k: float, p: float) -> Penalty:
    """k‖∇D‖^p, by the library's regularizer."""
    return lambda score_fn, points: k * quantity(score_fn, points, p=p)


def divergence_search(pair: Pair, k: float, p: float, log_r: LogDensity | None = None) -> Minimum:
    return search(built(power_penalty, regularizers.wgan_div, k, p), log_r or halfway(pair), pair)


def central(pair: Pair, num: int = 201) -> np.ndarray:
    """Of a board's cells, seven between −2 and 2.5."""
    middles = np.asarray(board(pair, num).middles)
    return np.searchsorted(middles, [-2.0, -1.2, -0.6, 0.0, 0.9, 1.7, 2.5])


def critic_in_theory(pair: Pair, k: float, p: float) -> np.ndarray:
    slopes = divergences.w_divergence_critic_1d(*pair.given, k=k, p=p)
    middles = np.asarray(board(pair).middles)[central(pair)]
    return np.interp(middles, pair.grid, np.asarray(slopes))


def evenly_in_theory(pair: Pair) -> np.ndarray:
    """With ρ = |ΔF|/W1 the slopes are all ±(W1/kp)^{1/(p−1)}: Kantorovich's ±1, times a constant."""
    k, p = POWERS[1]
    w1 = divergences.wasserstein_1d_densities(*pair.given)
    middles = np.asarray(board(pair).middles)[central(pair)]
    signs = np.sign(pair.q.distribution(middles) - pair.p.distribution(middles))
    return signs * (w1 / (k * p)) ** (1 / (p - 1))


def by_powers(theory: Callable[..., object], found: Callable[..., object]) -> tuple[Case, ...]:
    return tuple(
        Case(f"{pair.name}, ({k:g}, {p:g})", lambda a=(pair, k, p): theory(*a), lambda a=(pair, k, p): found(*a))
        for pair in PAIRS
        for k, p in POWERS
    )


# --- statement 6


def interpolate_density(pair: Pair) -> LogDensity:
    """Of εx + (1 − ε)y: a mixture of Gaussians for each ε, averaged over ε by Gauss and Legendre's rule."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    epsilon = 0.5 * (nodes + 1)
    logs, means, deviations = [], [], []
    for wp, mp, sp in zip(*pair.p, strict=True):
        for wq, mq, sq in zip(*pair.q, strict=True):
            logs.append(np.log(0.5 * weights * wp * wq))
            means.append(epsilon * mp + (1 - epsilon) * mq)
            deviations.append(np.hypot(epsilon * sp, (1 - epsilon) * sq))
    logs, means, deviations = (jnp.asarray(np.concatenate(each)) for each in (logs, means, deviations))

    def log_density(x: jax.Array) -> jax.Array:
        terms = jax.vmap(lambda point: logs + jax.scipy.stats.norm.logpdf(point, means, deviations))(x)
        return jax.nn.logsumexp(terms, axis=1)

    return log_density


def unit_penalty(quantity: Callable[..., jax.Array], weight: float) -> Penalty:
    """λ(‖∇D‖ − 1)², by the library's regularizer: between a point and itself every interpolate is that point."""
    return lambda score_fn, points: weight * quantity(jax.random.key(0), score_fn, points, points)


def penalized_gap(pair: Pair, weight: float) -> jax.Array:
    penalty = built(unit_penalty, regularizers.wgan_gp, weight)
    return earned(search(penalty, interpolate_density(pair), pair).point, pair)


ENTRIES = (
    Entry(
        "w_divergence",
        5,
        "W-divergence on the line, for (k, p): ((p−1)/p)(kp)^{−1/(p−1)} ∫|ΔF|^{p/(p−1)} ρ^{−1/(p−1)}.",
        f"{WU}, eq. 6, solved in one dimension",
        "divergences.w_divergence_1d",
        "−E L_D of losses.wasserstein + k·regularizers.wgan_div, minimised over slopes",
        "optimization",
        by_powers(
            lambda pair, k, p: divergences.w_divergence_1d(*pair.given, k=k, p=p),
            lambda pair, k, p: -divergence_search(pair, k, p).value,
        ),
    ),
    Entry(
        "w_divergence_gap",
        5,
        "The critic's gap E_p D − E_q D is p/(p−1) times the W-divergence.",
        f"{WU}, theorem 1",
        "p/(p−1)·divergences.w_divergence_1d",
        "the gap of the critic found by losses.wasserstein + k·regularizers.wgan_div",
        "optimization",
        by_powers(
            lambda pair, k, p: p / (p - 1) * divergences.w_divergence_1d(*pair.given, k=k, p=p),
            lambda pair, k, p: earned(divergence_search(pair, k, p).point, pair),
        ),
    ),
    Entry(
        "w_divergence_critic",
        5,
        "Its best critic's slope is −ΔF·|ΔF|^{(2−p)/(p−1)} (kpρ)^{−1/(p−1)}: no multiple of Kantorovich's ±1.",
        f"{WU}, eq. 6, solved in one dimension",
        "divergences.w_divergence_critic_1d at seven points",
        "the slopes found by losses.wasserstein + k·regularizers.wgan_div",
        "optimization",
        by_powers(critic_in_theory, lambda pair, k, p: divergence_search(pair, k, p).point[central(pair)]),
    ),
    Entry(
        "proportional_critic",
        5,
        "Only where the penalty's density is ∝ |ΔF| is that critic a multiple of Kantorovich's.",
        f"{WU}, section 3.2, solved in one dimension",
        "±(W1/kp)^{1/(p−1)}, W1 by divergences.wasserstein_1d_densities, (k, p) = (2, 6)",
        "the slopes found with ρ = |ΔF|/W1",
        "optimization",
        tuple(
            Case(
                pair.name,
                lambda p=pair: evenly_in_theory(p),
                lambda p=pair: divergence_search(p, *POWERS[1], gap_density(p)).point[central(p)],
            )
            for pair in PAIRS
        ),
    ),
    Entry(
        "wgan_gp_gap",
        6,
        "WGAN-GP's critic overestimates W1: its gap is W1 + ∫ΔF²/(2λρ), ρ the density of interpolates.",
        "Gulrajani et al. 2017, arXiv:1704.00028, eq. 3; Petzka et al. 2017, arXiv:1709.08894",
        "divergences.wgan_gp_1d",
        "the gap of the critic found by losses.wasserstein + λ·regularizers.wgan_gp",
        "optimization",
        tuple(
            Case(
                f"{pair.name}, λ = {weight:g}",
                lambda a=(pair, weight): divergences.wgan_gp_1d(*a[0].given, weight=a[1]),
                lambda a=(pair, weight): penalized_gap(*a),
            )
            for pair, weight in ((CASE_A, 10.0), (CASE_A, 0.1), (SKEW, 0.5))
        ),
    ),
)
