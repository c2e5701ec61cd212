"""Objectives that are a loss of the scores, and how a penalty joins one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import jax
import jax.numpy as jnp

from ganjax import losses
from ganjax.checks import InputError
from ganjax.divergences import DIVERGENCES, JENSEN_SHANNON, FDivergence
from ganjax.types import AdversarialLoss, Key, Losses, Objective, Play, Scores

Penalty = Callable[[Key, Play], Losses]
DivergenceName = Literal[
    "total_variation",
    "kl",
    "reverse_kl",
    "pearson",
    "neyman",
    "squared_hellinger",
    "jeffreys",
    "jensen_shannon",
    "gan",
]


def adversarial(loss: AdversarialLoss) -> Objective:
    """An objective that looks at the scores alone.

    L_D = loss.discriminator(D(x), D(G(z))),  L_G = loss.generator(D(x), D(G(z))).

    Raises:
      InputError: from its functions, when the loss gives anything but a number for each score.
    """

    def discriminator(key: Key, play: Play) -> Losses:
        del key  # nothing is drawn
        return unreduced(loss.discriminator(play.real_scores, play.fake_scores), play.fake_scores)

    def generator(key: Key, play: Play) -> Losses:
        del key
        return unreduced(loss.generator(play.real_scores, play.fake_scores), play.fake_scores)

    return Objective(discriminator, generator)


def unreduced(losses: Losses, scores: Scores) -> Losses:
    """The losses, if there is one for each score: a mean or [B, 1] would train, and meet penalties by broadcasting."""
    if jnp.shape(losses) != jnp.shape(scores):
        raise InputError(
            f"Expected a loss for each score, {list(jnp.shape(scores))}, got {list(jnp.shape(losses))}: return them "
            "unreduced; a step takes the mean."
        )
    return losses


def penalized(objective: Objective, penalty: Penalty) -> Objective:
    """The same game with `penalty(key, play)` added to the discriminator's loss.

    The weight is part of the penalty: penalized(hinge(), lambda key, play: 5.0 * r1(play.score_fn, play.real)).
    """

    def discriminator(key: Key, play: Play) -> Losses:
        objective_key, penalty_key = jax.random.split(key)
        return objective.discriminator(objective_key, play) + penalty(penalty_key, play)

    return objective._replace(discriminator=discriminator)


def minimax() -> Objective:
    """The minimax (saturating) GAN: L_D = sp(−D(x)) + sp(D(G(z))), L_G = −sp(D(G(z))).

    At the optimal discriminator L_D = log 4 − 2 JSD(p, q). The generator's gradient vanishes where the
    discriminator is sure. Goodfellow et al. 2014, arXiv:1406.2661, eq. 1.
    """
    return adversarial(losses.minimax())


def non_saturating() -> Objective:
    """The non-saturating GAN: L_D = sp(−D(x)) + sp(D(G(z))), L_G = sp(−D(G(z))).

    Goodfellow et al. 2014, arXiv:1406.2661, section 3.
    """
    return adversarial(losses.non_saturating())


def kl() -> Objective:
    """Huszár's update, the sum of saturating and non-saturating: L_D = sp(−D(x)) + sp(D(G(z))), L_G = −D(G(z)).

    At the optimal discriminator the generator follows ∇ KL(q‖p). Huszár 2016, "An Alternative Update Rule for
    Generative Adversarial Networks"; Sønderby et al. 2016, arXiv:1610.04490.
    """
    return adversarial(losses.kl())


def least_squares(a: float = 0.0, b: float = 1.0, c: float = 1.0) -> Objective:
    """LSGAN: L_D = ½(D(x) − b)² + ½(D(G(z)) − a)², L_G = ½(D(G(z)) − c)².

    With b − c = 1 and b − a = 2 the generator minimises a Pearson χ² divergence. Mao et al. 2016, arXiv:1611.04076,
    eq. 2 and 9.

    Args:
      a: the discriminator's target for fake samples.
      b: its target for real samples.
      c: what the generator wants its samples scored.
    """
    return adversarial(losses.least_squares(a, b, c))


def hinge() -> Objective:
    """The hinge GAN: L_D = relu(1 − D(x)) + relu(1 + D(G(z))), L_G = −D(G(z)).

    At the optimum L_D = 2 − 2 TV(p, q). Lim and Ye 2017, arXiv:1705.02894; Miyato et al. 2018, arXiv:1802.05957,
    eq. 16 and 17.
    """
    return adversarial(losses.hinge())


def sigmoid_mse() -> Objective:
    """Squared errors of a sigmoid: L_D = ½(σ(D(x)) − 1)² + ½σ(D(G(z)))², L_G = ½(σ(D(G(z))) − 1)².

    The loss of early tutorial programmes, kept to reproduce them and not for its gradients: LSGAN with targets 0, 1, 1
    (Mao et al. 2016, arXiv:1611.04076, eq. 9) behind a sigmoid that LSGAN leaves out.
    """
    return adversarial(losses.sigmoid_mse())


def f_gan(divergence: FDivergence = JENSEN_SHANNON, practical: bool = False) -> Objective:
    """f-GAN: L_D = −g(D(x)) + f*(g(D(G(z)))), L_G = −f*(g(D(G(z)))), or −g(D(G(z))) where `practical`.

    −E L_D is at most D_f(p‖q), and equal to it at the optimal discriminator.
    Nowozin et al. 2016, arXiv:1606.00709, eq. 4 and 6.

    Args:
      divergence: a row of `divergences.DIVERGENCES`.
      practical: the generator's non-saturating variant, section 3.2 of the paper.
    """
    return adversarial(losses.f_gan(divergence, practical=practical))


def f_gan_by_name(divergence: DivergenceName = "jensen_shannon", practical: bool = False) -> Objective:
    """f-GAN: L_D = −g(D(x)) + f*(g(D(G(z)))), L_G = −f*(g(D(G(z)))), or −g(D(G(z))) where `practical`.

    `f_gan` with its divergence by name. Nowozin et al. 2016, arXiv:1606.00709, eq. 4 and 6.

    Args:
      divergence: which f-divergence the game bounds.
      practical: the generator's non-saturating variant.
    """
    return f_gan(DIVERGENCES[divergence], practical=practical)
