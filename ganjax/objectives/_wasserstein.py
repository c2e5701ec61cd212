"""Wasserstein GANs: a score difference, and what keeps the discriminator Lipschitz."""

from __future__ import annotations

from typing import Literal

import jax

from ganjax import losses, regularizers
from ganjax.checks import InputError, Table
from ganjax.objectives._adversarial import adversarial, penalized
from ganjax.types import Key, Losses, Objective, Play


def wgan() -> Objective:
    """The Wasserstein GAN: L_D = D(G(z)) − D(x), L_G = −D(G(z)).

    −L_D estimates W1 over 1-Lipschitz D. The constraint is not here: clip the discriminator's parameters with
    `steps.clipped(disc_optimizer, 0.01)`. Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1.
    """
    return adversarial(losses.wasserstein())


def wgan_gp(weight: float = 10.0) -> Objective:
    """WGAN-GP: L_D = D(G(z)) − D(x) + λ(‖∇D(x̂)‖₂ − 1)², L_G = −D(G(z)), x̂ = εx + (1 − ε)G(z), ε ~ U(0, 1).

    Not for a discriminator with batch norm: the penalty is on each sample's own gradient.
    Gulrajani et al. 2017, arXiv:1704.00028, eq. 3.

    Args:
      weight: λ; 10 for images, 0.1 for 2-D toys.
    """

    def penalty(key: Key, play: Play) -> Losses:
        return weight * regularizers.wgan_gp(key, play.score_fn, play.real, play.fake, *play.context)

    return penalized(wgan(), penalty)


def wgan_lp(weight: float = 10.0) -> Objective:
    """WGAN-LP: L_D = D(G(z)) − D(x) + λ max(‖∇D(x̂)‖₂ − 1, 0)², L_G = −D(G(z)).

    A slope below one costs nothing. Petzka et al. 2017, arXiv:1709.08894, eq. 8.

    Args:
      weight: λ.
    """

    def penalty(key: Key, play: Play) -> Losses:
        return weight * regularizers.wgan_gp_one_sided(key, play.score_fn, play.real, play.fake, *play.context)

    return penalized(wgan(), penalty)


def wgan_div(
    k: float = 2.0, p: float = 6.0, points: Literal["end_points", "interpolates", "inside_each"] = "end_points"
) -> Objective:
    """WGAN-div: L_D = D(G(z)) − D(x) + k E_u‖∇D(u)‖₂^p, L_G = −D(G(z)): a divergence without a Lipschitz constraint.

    Wu et al. 2017, arXiv:1712.01026; the paper finds little between the choices of u.

    Args:
      k: the penalty's weight.
      p: the norm's power.
      points: where u lies: on the real and on the fake samples, (k/2)(‖∇D(x)‖^p + ‖∇D(G(z))‖^p); on the segments
        between the two of a pair; or between two real and between two fake samples, which needs a game without a
        condition.
    """
    penalty_at = DIVERGENCE_POINTS[points]

    def penalty(key: Key, play: Play) -> Losses:
        return k * penalty_at(key, play, p)

    return penalized(wgan(), penalty)


def at_end_points(key: Key, play: Play, p: float) -> Losses:
    """½(‖∇D(x)‖^p + ‖∇D(G(z))‖^p). Per sample."""
    del key
    on_real = regularizers.wgan_div(play.score_fn, play.real, *play.context, p=p)
    return 0.5 * (on_real + regularizers.wgan_div(play.score_fn, play.fake, *play.context, p=p))


def at_interpolates(key: Key, play: Play, p: float) -> Losses:
    """‖∇D(x̂)‖^p, x̂ between a real and a fake sample. Per sample."""
    between = regularizers.interpolates(key, play.real, play.fake)
    return regularizers.wgan_div(play.score_fn, between, *play.context, p=p)


def inside_each(key: Key, play: Play, p: float) -> Losses:
    """½(‖∇D‖^p between two real samples + ‖∇D‖^p between two fake ones). Per batch: partners come from it."""
    if play.context:
        raise InputError("Expected a game without a condition: two samples on one segment have no label in common.")
    real_key, fake_key = jax.random.split(key)
    inside_real = regularizers.shuffled_interpolates(real_key, play.real)
    inside_fake = regularizers.shuffled_interpolates(fake_key, play.fake)
    on_real = regularizers.wgan_div(play.score_fn, inside_real, p=p)
    return 0.5 * (on_real + regularizers.wgan_div(play.score_fn, inside_fake, p=p))


DIVERGENCE_POINTS = Table(
    "choice of points", {"end_points": at_end_points, "interpolates": at_interpolates, "inside_each": inside_each}
)


def gan_qp(lambda_: float = 10.0, distance: Literal["l1", "l2"] = "l1") -> Objective:
    """GAN-QP: with Δ = D(x) − D(G(z)), L_D = −Δ + Δ²/(2λ d(x, G(z))), L_G = Δ. No Lipschitz constraint is needed.

    At the optimum the game's value never saturates: two points at distance d give ½λd. The quadratic term never enters
    the generator's loss. Su 2018, arXiv:1811.07296, eq. 17.

    Args:
      lambda_: λ.
      distance: the mean absolute (l1) or root-mean-square (l2) difference of each pair.
    """
    measure = regularizers.DISTANCES[distance]

    def discriminator(key: Key, play: Play) -> Losses:
        del key
        quadratic = regularizers.gan_qp(
            play.real_scores, play.fake_scores, play.real, play.fake, lambda_=lambda_, distance=measure
        )
        return -(play.real_scores - play.fake_scores) + quadratic

    def generator(key: Key, play: Play) -> Losses:
        del key
        return play.real_scores - play.fake_scores

    return Objective(discriminator, generator)
