"""Statements 9 and 11: critics that are energies: EBGAN's margin, likelihood, and the energy that R1 leaves."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from ganjax import divergences, regularizers
from ganjax.losses import LOSSES
from statements.entries import Case, Entry
from statements.pairs import CASE_A, PAIRS, SKEW, Pair
from statements.tabulated import Penalty, best_scores, best_slopes, board, built, mean_loss, minimum

ZHAO = "Zhao et al. 2016, arXiv:1609.03126"
MARGINS = (1.0, 10.0)
SAME = (Pair("A, p = q", CASE_A.p, CASE_A.p), Pair("skew, p = q", SKEW.p, SKEW.p))

# --- statement 9


def least_margin_loss(pair: Pair, m: float) -> jax.Array:
    """E L_D of the margin loss over energies E = −score ≥ 0."""
    on = board(pair)

    def loss(scores: jax.Array) -> jax.Array:
        return mean_loss(built(LOSSES["margin"], m).discriminator, scores, on)

    return minimum(loss, jnp.full_like(on.points, -0.5 * m), 200, within=lambda scores: jnp.minimum(scores, 0.0)).value


def at_constant_energies(pair: Pair, m: float) -> jax.Array:
    """E L_D where the energy is one number everywhere: 0, .3m, m, and 1.5m, beyond the margin."""
    on = board(pair)
    loss = built(LOSSES["margin"], m).discriminator
    return jnp.stack([mean_loss(loss, jnp.full_like(on.points, -share * m), on) for share in (0.0, 0.3, 1.0, 1.5)])


# --- statement 11: U(x) = ax + ½bx² + ¼cx⁴, q ∝ e^{−U}

WELLS = ((CASE_A, (-1.0, 1.0, 0.0)), (SKEW, (0.4, -0.9, 0.35)))  # the first is q = N(1, 1)


def energy(theta: jax.Array, x: jax.Array) -> jax.Array:
    return theta[0] * x + 0.5 * theta[1] * x**2 + 0.25 * theta[2] * x**4


def likelihood_slope(pair: Pair, at: tuple[float, ...]) -> jax.Array:
    """∇_θ E_p[−log q_θ], log q_θ = −U − log ∫e^{−U}, by quadrature."""
    grid = jnp.linspace(pair.low, pair.high, 4001)
    spacing = grid[1] - grid[0]
    weights = spacing * jnp.exp(pair.p.log_density(grid))

    def cross_entropy(theta: jax.Array) -> jax.Array:
        energies = energy(theta, grid)
        return weights @ energies + jax.nn.logsumexp(-energies) + jnp.log(spacing)

    return jax.grad(cross_entropy)(jnp.array(at))


def contrast_slope(pair: Pair, at: tuple[float, ...]) -> jax.Array:
    """∇_θ E L_D of the Wasserstein loss with score −U_θ, its fakes from q at the θ where it stands."""
    on, theta = board(pair), jnp.array(at)
    fake = jax.nn.softmax(-energy(theta, on.points))
    held = on._replace(q=fake)
    loss = LOSSES["wasserstein"]().discriminator
    return jax.grad(lambda theta: mean_loss(loss, -energy(theta, on.points), held))(theta)


def r1_slopes_in_theory(pair: Pair, weight: float) -> np.ndarray:
    on = board(pair)
    middles = np.asarray(on.middles)[places(pair)]
    gaps = pair.p.distribution(middles) - pair.q.distribution(middles)
    return gaps / (2 * weight * np.exp(np.asarray(pair.p.log_density(middles))))


def r1_penalty(quantity: Callable[..., jax.Array], weight: float) -> Penalty:
    return lambda score_fn, points: weight * quantity(score_fn, points)


def r1_slopes_found(pair: Pair, weight: float) -> jax.Array:
    """U′ of the energy that E_p U − E_q U + λ E_p U′² leaves least: the score's slope, its sign turned."""
    on = board(pair)
    data = on.spacing * jnp.exp(pair.p.log_density(on.middles))
    penalty = built(r1_penalty, regularizers.r1, weight)
    return -best_slopes(built(LOSSES["wasserstein"]).discriminator, penalty, on, data).point[places(pair)]


def places(pair: Pair) -> np.ndarray:
    """Of a board's cells, six where p has weight."""
    return np.searchsorted(np.asarray(board(pair).middles), [-2.0, -1.0, -0.3, 0.4, 1.3, 2.1])


def margins(theory: Callable, found: Callable, pairs: tuple[Pair, ...]) -> tuple[Case, ...]:
    return tuple(
        Case(f"{pair.name}, m = {m:g}", lambda a=(pair, m): theory(*a), lambda a=(pair, m): found(*a))
        for pair, m in zip(pairs, MARGINS, strict=True)
    )


ENTRIES = (
    Entry(
        "ebgan",
        9,
        "EBGAN's discriminator reaches m(1 − TV(p, q)) over energies that are not negative.",
        f"{ZHAO}, theorem 1, with the value at p ≠ q",
        "divergences.ebgan by quadrature",
        "E L_D of losses.margin, minimised over a tabulated energy ≥ 0",
        "optimization",
        margins(lambda pair, m: divergences.ebgan(*pair.given, margin=m), least_margin_loss, PAIRS),
    ),
    Entry(
        "ebgan_equality",
        9,
        "That is m at most, and m exactly where p = q.",
        f"{ZHAO}, theorem 1",
        "m",
        "E L_D of losses.margin, minimised over a tabulated energy ≥ 0, p = q",
        "optimization",
        margins(lambda pair, m: m, least_margin_loss, SAME),
        tolerance=1e-6,
    ),
    Entry(
        "ebgan_equilibrium",
        9,
        "Where p = q every constant energy in [0, m] is optimal; beyond m it costs itself.",
        f"{ZHAO}, theorem 2",
        "m, m, m and 1.5m",
        "E L_D of losses.margin at energies 0, .3m, m and 1.5m",
        "quadrature",
        margins(lambda pair, m: m * np.array([1.0, 1.0, 1.0, 1.5]), at_constant_energies, SAME),
    ),
    Entry(
        "hinge",
        9,
        "The hinge game, the same with both sides bounded, reaches 2 − 2 TV(p, q).",
        "Lim and Ye 2017, arXiv:1705.02894; Miyato et al. 2018, arXiv:1802.05957, eq. 16",
        "divergences.hinge by quadrature",
        "E L_D of losses.hinge, minimised over a tabulated critic",
        "optimization",
        tuple(
            Case(
                pair.name,
                lambda p=pair: divergences.hinge(*p.given),
                lambda p=pair: best_scores(built(LOSSES["hinge"]).discriminator, board(p)).value,
            )
            for pair in PAIRS
        ),
    ),
    Entry(
        "energy_slope",
        11,
        "Likelihood's gradient is a contrast of two means: ∇E_p[−log q_θ] = E_p ∇U − E_q ∇U.",
        "Hinton 2002, Training Products of Experts; Kumar et al. 2019, arXiv:1901.08508, section 2",
        "jax.grad of the cross-entropy, its normalizer by quadrature",
        "jax.grad of losses.wasserstein with score −U",
        "quadrature",
        tuple(
            Case(pair.name, lambda a=(pair, at): likelihood_slope(*a), lambda a=(pair, at): contrast_slope(*a))
            for pair, at in WELLS
        ),
    ),
    Entry(
        "r1_energy",
        11,
        "In one dimension R1 leaves the energy with U′ = (F_p − F_q)/(2λp).",
        "Mescheder et al. 2018, arXiv:1801.04406, eq. 9; Kumar et al. 2019, arXiv:1901.08508, eq. 6",
        "(F_p − F_q)/(2λp) at six points, F by scipy",
        "slopes found by losses.wasserstein + λ·regularizers.r1",
        "optimization",
        tuple(
            Case(
                f"{pair.name}, λ = {weight:g}",
                lambda a=(pair, weight): r1_slopes_in_theory(*a),
                lambda a=(pair, weight): r1_slopes_found(*a),
            )
            for pair, weight in ((CASE_A, 1.0), (SKEW, 0.1))
        ),
    ),
)
