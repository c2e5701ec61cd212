"""Statements 1 and 2: the original game's value, its discriminator, and what its generators really descend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ganjax import divergences
from ganjax.losses import LOSSES
from ganjax.types import AdversarialLoss
from statements.entries import Case, Entry
from statements.pairs import APART, CASE_A, FAR, PAIRS, SKEW, Pair
from statements.tabulated import best_scores, board, built

GOODFELLOW = "Goodfellow et al. 2014, arXiv:1406.2661"
CENTER = slice(60, 141, 10)  # of a board: where p or q has weight


# --- statement 1


def discriminator_in_theory(pair: Pair) -> np.ndarray:
    log_p, log_q = (np.asarray(log_density(board(pair).points)) for log_density in pair.both)
    return np.exp(log_p - np.logaddexp(log_p, log_q))[CENTER]


def discriminator_found(pair: Pair) -> np.ndarray:
    return np.asarray(jax.nn.sigmoid(best_scores(built(LOSSES["minimax"]).discriminator, board(pair)).point))[CENTER]


def value_in_theory(pair: Pair) -> float:
    return -np.log(4.0) + 2 * divergences.js(*pair.given)


def value_found(pair: Pair) -> jax.Array:
    return -best_scores(built(LOSSES["minimax"]).discriminator, board(pair)).value


# --- statement 2: D is frozen at D* = p/(p + q_θ); the generator is G(z) = μ + σz, at θ = (μ, σ)

NOISE = np.linspace(-12.0, 12.0, 4001)
GENERATORS = ((CASE_A, (1.0, 1.0)), (SKEW, (-0.3, 1.15)))
DISTANT = ((CASE_A, (30.0, 1.0)), (FAR, (4.0, 0.15)))  # 30 standard deviations off, and 22


def generated(theta: jax.Array, x: jax.Array) -> jax.Array:
    """log q_θ(x)."""
    return jax.scipy.stats.norm.logpdf(x, theta[0], theta[1])


def slope_in_theory(divergence: Callable, pair: Pair, at: tuple[float, float]) -> jax.Array:
    """∇_θ of a divergence of p and q_θ, by quadrature; `divergence` takes (log_p, log_q, grid)."""
    grid = jnp.linspace(pair.low, pair.high, 4001)
    log_p = pair.p.log_density
    return jax.grad(lambda theta: divergence(log_p, lambda x: generated(theta, x), grid))(jnp.array(at))


def slope_found(loss: AdversarialLoss, pair: Pair, at: tuple[float, float]) -> jax.Array:
    """∇_θ E_z L_G(D*(G_θ(z))), D* frozen: what the generator is given to descend."""
    noise, start = jnp.asarray(NOISE), jnp.array(at)
    weights = jnp.exp(jax.scipy.stats.norm.logpdf(noise)) * (noise[1] - noise[0])

    def expected(theta: jax.Array) -> jax.Array:
        fake = theta[0] + theta[1] * noise
        scores = pair.p.log_density(fake) - generated(jax.lax.stop_gradient(start), fake)
        return weights @ loss.generator(jnp.zeros_like(scores), scores)

    return jax.grad(expected)(start)


def kl_minus_2_js(log_p: Callable, log_q: Callable, grid: jax.Array) -> Any:
    return divergences.kl(log_q, log_p, grid) - 2 * divergences.js(log_p, log_q, grid)


def twice_js(log_p: Callable, log_q: Callable, grid: jax.Array) -> Any:
    return 2 * divergences.js(log_p, log_q, grid)


def reverse(log_p: Callable, log_q: Callable, grid: jax.Array) -> Any:
    return divergences.kl(log_q, log_p, grid)


def slopes(divergence: Callable, loss: str) -> tuple[Case, ...]:
    return tuple(
        Case(
            pair.name,
            lambda pair=pair, at=at: slope_in_theory(divergence, pair, at),
            lambda pair=pair, at=at: slope_found(LOSSES[loss](), pair, at),
        )
        for pair, at in GENERATORS
    )


def frozen_value_in_theory(pair: Pair) -> float:
    """KL(q‖p) − KL(q‖(p + q)/2) + log 2, which is not KL(q‖p) − 2 JSD."""
    log_p, log_q, grid = pair.given

    def middle(x: jax.Array) -> jax.Array:
        return jnp.logaddexp(log_p(x), log_q(x)) - jnp.log(2.0)

    return divergences.kl(log_q, log_p, grid) - divergences.kl(log_q, middle, grid) + np.log(2.0)


def frozen_value_found(pair: Pair) -> jax.Array:
    on = board(pair, 1201)
    scores = pair.p.log_density(on.points) - pair.q.log_density(on.points)
    return on.q @ LOSSES["non_saturating"]().generator(jnp.zeros_like(scores), scores)


def near(pair: Pair, theory: Callable[[Pair], object], found: Callable[[Pair], object]) -> Case:
    return Case(pair.name, lambda: theory(pair), lambda: found(pair))


ENTRIES = (
    Entry(
        "optimal_discriminator",
        1,
        "The best discriminator of the original game is D* = p/(p + q).",
        f"{GOODFELLOW}, proposition 1",
        "p/(p + q) at nine points",
        "losses.minimax minimised over a critic tabulated on a grid",
        "optimization",
        tuple(near(pair, discriminator_in_theory, discriminator_found) for pair in PAIRS),
        tolerance=1e-6,
    ),
    Entry(
        "gan_value",
        1,
        "At its best discriminator the original game is worth −log 4 + 2 JSD(p, q).",
        f"{GOODFELLOW}, theorem 1",
        "divergences.js by quadrature",
        "−E L_D of losses.minimax, minimised over a tabulated critic",
        "optimization",
        tuple(near(pair, value_in_theory, value_found) for pair in PAIRS),
        tolerance=1e-6,
    ),
    Entry(
        "disjoint_value",
        1,
        "Where p and q do not overlap, JSD = log 2 however far they are apart, and the game is worth 0.",
        "Arjovsky and Bottou 2017, arXiv:1701.04862, theorem 2.3",
        "divergences.js by quadrature",
        "−E L_D of losses.minimax, minimised over a tabulated critic",
        "optimization",
        tuple(near(pair, value_in_theory, value_found) for pair in (APART, FAR)),
        tolerance=1e-6,
    ),
    Entry(
        "disjoint_slope",
        1,
        "Where p and q do not overlap, the saturating generator's gradient is 0.",
        "Arjovsky and Bottou 2017, arXiv:1701.04862, theorem 2.4",
        "0",
        "jax.grad of losses.minimax through G(z) = μ + σz, D frozen at D*",
        "quadrature",
        tuple(
            Case(pair.name, lambda: np.zeros(2), lambda a=(pair, at): slope_found(LOSSES["minimax"](), *a))
            for pair, at in DISTANT
        ),
    ),
    Entry(
        "non_saturating_slope",
        2,
        "With D frozen at D*, the non-saturating generator descends KL(q‖p) − 2 JSD(p, q).",
        "Arjovsky and Bottou 2017, arXiv:1701.04862, theorem 2.5",
        "jax.grad of divergences.kl − 2 divergences.js in (μ, σ) of q",
        "jax.grad of losses.non_saturating through G(z) = μ + σz",
        "quadrature",
        slopes(kl_minus_2_js, "non_saturating"),
    ),
    Entry(
        "saturating_slope",
        2,
        "With D frozen at D*, the saturating generator descends 2 JSD(p, q).",
        f"{GOODFELLOW}, theorem 1",
        "jax.grad of 2 divergences.js in (μ, σ) of q",
        "jax.grad of losses.minimax through G(z) = μ + σz",
        "quadrature",
        slopes(twice_js, "minimax"),
    ),
    Entry(
        "kl_slope",
        2,
        "With D frozen at D*, the sum of both generators descends KL(q‖p).",
        "Huszár 2016, An Alternative Update Rule; Sønderby et al. 2016, arXiv:1610.04490",
        "jax.grad of divergences.kl(q, p) in (μ, σ) of q",
        "jax.grad of losses.kl through G(z) = μ + σz",
        "quadrature",
        slopes(reverse, "kl"),
    ),
    Entry(
        "frozen_value",
        2,
        "Gradients agree, values do not: E[−log D*] is KL(q‖p) − KL(q‖(p+q)/2) + log 2.",
        "Arjovsky and Bottou 2017, arXiv:1701.04862, section 2.2",
        "divergences.kl by quadrature, twice",
        "losses.non_saturating averaged over q at D*",
        "quadrature",
        tuple(near(pair, frozen_value_in_theory, frozen_value_found) for pair in PAIRS),
    ),
)
