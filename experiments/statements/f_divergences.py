"""Statement 3: every f-divergence is the height of a convex function's tangents, and its game reaches it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ganjax import divergences
from ganjax.divergences import DIVERGENCES, FDivergence
from ganjax.losses import LOSSES
from statements.entries import Case, Entry
from statements.pairs import PAIRS, Pair
from statements.tabulated import best_scores, board, built

NOWOZIN = "Nowozin, Cseke and Tomioka 2016, arXiv:1606.00709"
SHIFT = 0.3  # of the raw score, off its best

# each by its own integral, none through f; looked up when called
INTEGRALS: dict[str, Callable[[Pair], Any]] = {
    "total_variation": lambda pair: divergences.total_variation(*pair.given),
    "kl": lambda pair: divergences.kl(*pair.given),
    "reverse_kl": lambda pair: divergences.kl(*pair.turned),
    "pearson": lambda pair: divergences.pearson(*pair.given),
    "neyman": lambda pair: divergences.neyman(*pair.given),
    "squared_hellinger": lambda pair: divergences.squared_hellinger(*pair.given),
    "jeffreys": lambda pair: divergences.kl(*pair.given) + divergences.kl(*pair.turned),
    "jensen_shannon": lambda pair: 2 * divergences.js(*pair.given),
    "gan": lambda pair: 2 * divergences.js(*pair.given) - np.log(4.0),
}
CLAIMS = {
    "total_variation": "½∫|p − q|",
    "kl": "KL(p‖q)",
    "reverse_kl": "KL(q‖p)",
    "pearson": "∫(p − q)²/q",
    "neyman": "∫(p − q)²/p",
    "squared_hellinger": "∫(√p − √q)²",
    "jeffreys": "KL(p‖q) + KL(q‖p)",
    "jensen_shannon": "2 JSD(p, q)",
    "gan": "2 JSD(p, q) − log 4",
}


def ratios(pair: Pair) -> tuple[jax.Array, jax.Array]:
    """log p/q where q weighs something, and those weights."""
    points = jnp.asarray(pair.grid)
    log_p, log_q = (log_density(points) for log_density in pair.both)
    return log_p - log_q, (points[1] - points[0]) * jnp.exp(log_q)


def slope(divergence: FDivergence, u: jax.Array) -> jax.Array:
    """f′(u)."""
    return jax.vmap(jax.grad(divergence.f))(u)


def bound(divergence: FDivergence, critic: jax.Array, pair: Pair) -> jax.Array:
    """E_p T − E_q f*(T)."""
    log_ratio, weights = ratios(pair)
    return weights @ (jnp.exp(log_ratio) * critic - divergence.conjugate(critic))


def at_the_derivative(pair: Pair) -> jax.Array:
    """The bound at T = f′(p/q), f′ by differentiation of f, for each of the nine."""
    u = jnp.exp(ratios(pair)[0])
    return jnp.stack([bound(each, slope(each, u), pair) for each in DIVERGENCES.values()])


def fenchel_in_theory(pair: Pair) -> jax.Array:
    """E_q u f′(u), u = p/q, by differentiation, for each of the nine."""
    log_ratio, weights = ratios(pair)
    u = jnp.exp(log_ratio)
    return jnp.stack([weights @ (u * slope(each, u)) for each in DIVERGENCES.values()])


def fenchel_found(pair: Pair) -> jax.Array:
    """E_q [f(u) + f*(f′(u))] with f′(u) from the table's optimal critic, for each of the nine."""
    log_ratio, weights = ratios(pair)
    return jnp.stack(
        [
            weights @ (each.f(jnp.exp(log_ratio)) + each.conjugate(each.optimal_critic(log_ratio)))
            for each in DIVERGENCES.values()
        ]
    )


def reached(name: str, pair: Pair) -> jax.Array:
    loss = built(LOSSES["f_gan"], DIVERGENCES[name])
    return -best_scores(loss.discriminator, board(pair)).value


# --- off its best: raw scores v that are 0.3 too high. v* = g⁻¹(T*), worked out by hand

BEST_SCORES: dict[str, Callable[[jax.Array], jax.Array]] = {
    "kl": lambda log_ratio: 1 + log_ratio,
    "reverse_kl": lambda log_ratio: log_ratio,
    "pearson": lambda log_ratio: 2 * jnp.expm1(log_ratio),
    "neyman": lambda log_ratio: 2 * log_ratio,
    "squared_hellinger": lambda log_ratio: 0.5 * log_ratio,
    "jensen_shannon": lambda log_ratio: log_ratio,
    "gan": lambda log_ratio: log_ratio,
}

# what the bound loses, E_q of f*(T) − f*(T*) − (p/q)(T − T*), by hand with u = p/q, δ = 0.3, as a function of log u
LOSSES_BY_HAND: dict[str, Callable[[jax.Array], jax.Array]] = {
    "kl": lambda r: jnp.exp(r) * (np.expm1(SHIFT) - SHIFT),
    "reverse_kl": lambda r: SHIFT + np.expm1(-SHIFT) + 0 * r,
    "pearson": lambda r: 0.25 * SHIFT**2 + 0 * r,
    "neyman": lambda r: jnp.exp(-r) * (1 - np.exp(-0.5 * SHIFT)) ** 2,
    "squared_hellinger": lambda r: jnp.exp(0.5 * r) * (2 * np.cosh(SHIFT) - 2),
    "jensen_shannon": lambda r: (1 + jnp.exp(r)) * jnp.log1p(jax.nn.sigmoid(r) * np.expm1(SHIFT)) - jnp.exp(r) * SHIFT,
}
LOSSES_BY_HAND["gan"] = LOSSES_BY_HAND["jensen_shannon"]


def loss_in_theory(pair: Pair) -> jax.Array:
    log_ratio, weights = ratios(pair)
    return jnp.stack([weights @ lost(log_ratio) for lost in LOSSES_BY_HAND.values()])


def loss_found(pair: Pair) -> np.ndarray:
    """The divergence minus what its game is worth at scores that are off."""
    log_ratio, weights = ratios(pair)
    lost = []
    for name in LOSSES_BY_HAND:
        scores = BEST_SCORES[name](log_ratio) + SHIFT
        loss = built(LOSSES["f_gan"], DIVERGENCES[name]).discriminator
        zero = jnp.zeros_like(scores)
        # L_D is a sum of a part for real and a part for fake scores: each at the other's 0
        ends = loss(zero, zero)
        on_real, on_fake = loss(scores, zero) - ends, loss(zero, scores) - ends
        worth = -(weights @ (jnp.exp(log_ratio) * on_real + on_fake + ends))
        lost.append(INTEGRALS[name](pair) - worth)
    return np.stack(lost)


def least_squares_found(pair: Pair) -> jax.Array:
    """E_p ½(D − c)² + E_q ½(D − c)² at the D that L_D finds best: the generator's loss on samples of either kind."""
    loss, on = built(LOSSES["least_squares"], -1.0, 1.0, 0.0), board(pair)
    scores = best_scores(loss.discriminator, on).point
    return (on.p + on.q) @ loss.generator(jnp.zeros_like(scores), scores)


def game(name: str) -> Entry:
    """The entry of one divergence's game."""
    return Entry(
        f"f_gan_{name}",
        3,
        f"The best critic of the {name.replace('_', ' ')} game reaches {CLAIMS[name]}.",
        f"{NOWOZIN}, eq. 4 and table 6",
        "the divergence's own integral by quadrature",
        f"−E L_D of losses.f_gan({name}), minimised over a tabulated critic",
        "optimization",
        tuple(Case(pair.name, lambda p=pair: INTEGRALS[name](p), lambda p=pair: reached(name, p)) for pair in PAIRS),
        tolerance=1e-3 if name == "total_variation" else 1e-5,
    )


ENTRIES = (
    Entry(
        "fenchel",
        3,
        "Fenchel's equality, f(u) + f*(f′(u)) = u f′(u), for all nine divergences; averaged over q at u = p/q.",
        f"{NOWOZIN}, eq. 4; Fenchel 1949",
        "E_q u f′(u), f′ by jax.grad of f",
        "E_q [f(u) + f*(T*)], T* the table's optimal critic",
        "quadrature",
        tuple(Case(pair.name, lambda p=pair: fenchel_in_theory(p), lambda p=pair: fenchel_found(p)) for pair in PAIRS),
    ),
    Entry(
        "tight_bound",
        3,
        "The variational bound E_p T − E_q f*(T) is the divergence at T = f′(p/q), for all nine.",
        f"{NOWOZIN}, eq. 5",
        "each divergence's own integral by quadrature",
        "the bound with f′ by jax.grad and the table's conjugate",
        "quadrature",
        tuple(
            Case(
                pair.name,
                lambda p=pair: np.stack([integral(p) for integral in INTEGRALS.values()]),
                lambda p=pair: at_the_derivative(p),
            )
            for pair in PAIRS
        ),
    ),
    Entry(
        "loose_bound",
        3,
        "Scores 0.3 above the best lose E_q of the conjugate's height over its tangent: strictly.",
        f"{NOWOZIN}, eq. 4",
        "the loss worked out by hand for seven divergences, averaged by quadrature",
        "the divergence's integral minus −E L_D of losses.f_gan at those scores",
        "quadrature",
        tuple(Case(pair.name, lambda p=pair: loss_in_theory(p), lambda p=pair: loss_found(p)) for pair in PAIRS),
    ),
    Entry(
        "least_squares",
        3,
        "Least squares with a, b, c = −1, 1, 0: the generator's loss, on real samples too, is ½∫(p−q)²/(p+q).",
        "Mao et al. 2016, arXiv:1611.04076, section 3.2",
        "½·divergences.least_squares by quadrature",
        "E L_G of losses.least_squares on both sides at the critic that L_D finds best",
        "optimization",
        tuple(
            Case(
                pair.name,
                lambda p=pair: 0.5 * divergences.least_squares(*p.given),
                lambda p=pair: least_squares_found(p),
            )
            for pair in PAIRS
        ),
        tolerance=1e-5,
    ),
    *(game(name) for name in INTEGRALS),
)
