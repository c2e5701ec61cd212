"""Statements 7 and 8: games that compare a real sample with a fake one: GAN-QP and the relativistic GAN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ganjax import divergences
from ganjax.losses import LOSSES
from ganjax.objectives import OBJECTIVES
from ganjax.types import Objective
from statements.entries import Case, Entry
from statements.pairs import APART, FAR, PAIRS, Pair
from statements.tabulated import Minimum, best_scores, board, built, mean_loss, minimum, played

SU = "Su 2018, arXiv:1811.07296"
JOLICOEUR = "Jolicoeur-Martineau 2018, arXiv:1807.00734"

# --- statement 7: T(x_r, x_f) of both samples is a table; Δ = T(x_r, x_f) − T(x_f, x_r)

NUM = 81
SOME = np.array([[30, 44], [44, 30], [38, 42], [50, 36], [41, 60]])  # pairs of points


def gan_qp_game(lambda_: float) -> Objective:
    builder: Any = OBJECTIVES["gan_qp"]
    return builder(lambda_=lambda_)


def best_table(pair: Pair, lambda_: float) -> Minimum:
    """The least E L_D of the objective gan_qp over all functions of two samples."""
    on = board(pair, NUM)
    shape = (NUM, NUM)
    real, fake = (jnp.broadcast_to(x, shape).ravel() for x in (on.points[:, None], on.points[None, :]))
    objective = gan_qp_game(lambda_)

    def loss(table: jax.Array) -> jax.Array:
        losses = played(objective, real, fake, table.ravel(), table.T.ravel())
        return on.p @ losses.reshape(shape) @ on.q

    return minimum(loss, jnp.zeros(shape), 250)


def differences_in_theory(pair: Pair, lambda_: float) -> np.ndarray:
    """λ d (P − Q)/(P + Q) = λ d tanh ½ log P/Q at some pairs of points."""
    on = board(pair, NUM)
    x, y = np.asarray(on.points)[SOME].T
    log_p, log_q = pair.both
    lead = np.asarray(log_p(x) + log_q(y) - log_q(x) - log_p(y))
    return lambda_ * np.abs(x - y) * np.tanh(0.5 * lead)


def differences_found(pair: Pair, lambda_: float) -> jax.Array:
    table = best_table(pair, lambda_).point
    return (table - table.T)[SOME[:, 0], SOME[:, 1]]


def generator_found(pair: Pair, lambda_: float) -> jax.Array:
    """E Δ at the best table: what the generator's loss Δ is there."""
    on, table = board(pair, NUM), best_table(pair, lambda_).point
    return on.p @ (table - table.T) @ on.q


def between_points(distance: float, lambda_: float) -> jax.Array:
    """−min L_D of the objective gan_qp when real and fake are one point each."""
    objective = gan_qp_game(lambda_)

    def loss(scores: jax.Array) -> jax.Array:
        losses = played(objective, jnp.zeros(1), jnp.full(1, distance), scores[:1], scores[1:])
        return losses[0]

    return -minimum(loss, jnp.zeros(2), 600).value


GAN_QP_CASES = tuple((pair, lambda_) for pair, lambda_ in zip(PAIRS, (1.0, 2.5), strict=True))


def on_tables(theory: Callable, found: Callable) -> tuple[Case, ...]:
    return tuple(
        Case(f"{pair.name}, λ = {lam:g}", lambda a=(pair, lam): theory(*a), lambda a=(pair, lam): found(*a))
        for pair, lam in GAN_QP_CASES
    )


# --- statement 8


def scores_in_theory(pair: Pair) -> jax.Array:
    """log p/q at nine points, its mean over them taken off."""
    points = board(pair).points[60:141:10]
    log_p, log_q = pair.both
    scores = log_p(points) - log_q(points)
    return scores - jnp.mean(scores)


def scores_found(pair: Pair) -> jax.Array:
    scores = best_relativistic(pair).point[60:141:10]
    return scores - jnp.mean(scores)


def best_relativistic(pair: Pair) -> Minimum:
    return best_scores(built(LOSSES["relativistic"]).discriminator, board(pair))


def at_best(pair: Pair, *settings: Any) -> jax.Array:
    """E L_G of losses.relativistic at the critic that its discriminator's loss finds best."""
    return mean_loss(built(LOSSES["relativistic"], *settings).generator, best_relativistic(pair).point, board(pair))


def of_pairs(theory: Callable, found: Callable, pairs: tuple[Pair, ...] = PAIRS) -> tuple[Case, ...]:
    return tuple(Case(pair.name, lambda p=pair: theory(p), lambda p=pair: found(p)) for pair in pairs)


ENTRIES = (
    Entry(
        "gan_qp",
        7,
        "GAN-QP's game of two arguments is worth (λ/4)∬ d (P−Q)²/(P+Q), P = p⊗q, Q = q⊗p.",
        f"{SU}, eq. 17",
        "divergences.gan_qp by quadrature over pairs",
        "−E L_D of objectives.gan_qp, minimised over a table T(x_r, x_f)",
        "optimization",
        on_tables(lambda pair, lam: divergences.gan_qp(*pair.squared, lambda_=lam), lambda *a: -best_table(*a).value),
    ),
    Entry(
        "gan_qp_critic",
        7,
        "Its best difference is Δ* = λ d (P − Q)/(P + Q).",
        f"{SU}, eq. 16",
        "λ d tanh(½ log P/Q) at five pairs",
        "T(x_r, x_f) − T(x_f, x_r) of the table found by objectives.gan_qp",
        "optimization",
        on_tables(differences_in_theory, differences_found),
    ),
    Entry(
        "gan_qp_generator",
        7,
        "There its generator's loss E Δ* is twice the divergence.",
        f"{SU}, eq. 17",
        "2·divergences.gan_qp",
        "E Δ of the table found by objectives.gan_qp",
        "optimization",
        on_tables(lambda pair, lam: 2 * divergences.gan_qp(*pair.squared, lambda_=lam), generator_found),
    ),
    Entry(
        "gan_qp_points",
        7,
        "Between two point masses GAN-QP is ½λd: it grows without end where JSD stays at log 2.",
        f"{SU}, section 3.3",
        "divergences.gan_qp_points",
        "−L_D of objectives.gan_qp, minimised over the two points' scores",
        "optimization",
        tuple(
            Case(
                f"d = {distance:g}, λ = {lam:g}",
                lambda a=(distance, lam): divergences.gan_qp_points(*a),
                lambda a=(distance, lam): between_points(*a),
            )
            for distance, lam in ((1.0, 1.0), (0.3, 10.0), (100.0, 2.0))
        ),
    ),
    Entry(
        "relativistic_critic",
        8,
        "The relativistic GAN's best scores are log p/q, plus any constant.",
        f"{JOLICOEUR}, section 4; 2019, arXiv:1901.02474",
        "log p/q at nine points, centered",
        "losses.relativistic minimised over a tabulated critic",
        "optimization",
        of_pairs(scores_in_theory, scores_found),
    ),
    Entry(
        "relativistic",
        8,
        "Its discriminator's least loss is log 2 − JSD(p⊗q, q⊗p); 0 on disjoint supports, where it saturates.",
        "Jolicoeur-Martineau 2019, arXiv:1901.02474",
        "divergences.relativistic by quadrature over pairs",
        "E L_D of losses.relativistic, minimised over a tabulated critic",
        "optimization",
        of_pairs(
            lambda pair: divergences.relativistic(*pair.squared),
            lambda pair: best_relativistic(pair).value,
            (*PAIRS, APART, FAR),
        ),
    ),
    Entry(
        "relativistic_generator",
        8,
        "Its generator's loss there is log 2 − JSD(p⊗q, q⊗p) + KL(p‖q) + KL(q‖p).",
        "Jolicoeur-Martineau 2019, arXiv:1901.02474",
        "divergences.relativistic_generator by quadrature over pairs",
        "E L_G of losses.relativistic at the critic that L_D finds best",
        "optimization",
        of_pairs(lambda pair: divergences.relativistic_generator(*pair.squared), at_best),
    ),
    Entry(
        "relativistic_linear",
        8,
        "With h(t) = −t the relativistic generator's loss is KL(p‖q) + KL(q‖p).",
        f"{JOLICOEUR}, section 4",
        "divergences.kl both ways",
        "E L_G of losses.relativistic(h) at the critic that L_D finds best",
        "optimization",
        of_pairs(
            lambda pair: divergences.kl(*pair.given) + divergences.kl(*pair.turned),
            lambda pair: at_best(pair, jnp.negative),
        ),
    ),
)
