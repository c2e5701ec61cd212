"""Wasserstein GANs: a score difference, and what keeps the discriminator Lipschitz."""

from __future__ import annotations

from ganjax import losses, regularizers
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
