"""The non-saturating GAN with a penalty on the discriminator's slope."""

from __future__ import annotations

from ganjax import regularizers
from ganjax.objectives._adversarial import non_saturating, penalized
from ganjax.types import Key, Losses, Objective, Play


def non_saturating_r1(gamma: float = 10.0) -> Objective:
    """The non-saturating GAN with R1: L_D = sp(−D(x)) + sp(D(G(z))) + (γ/2)‖∇D(x)‖², L_G = sp(−D(G(z))).

    Mescheder et al. 2018, arXiv:1801.04406, eq. 9.

    Args:
      gamma: γ; 10 in the paper, less on small images.
    """

    def penalty(key: Key, play: Play) -> Losses:
        del key
        return 0.5 * gamma * regularizers.r1(play.score_fn, play.real, *play.context)

    return penalized(non_saturating(), penalty)


def dragan(weight: float = 10.0) -> Objective:
    """DRAGAN: L_D = sp(−D(x)) + sp(D(G(z))) + λ(‖∇D(x̃)‖₂ − 1)², L_G = sp(−D(G(z))), x̃ = x + ½·std(x)·U.

    Kodali et al. 2017, arXiv:1705.07215, section 2.4.

    Args:
      weight: λ.
    """

    def penalty(key: Key, play: Play) -> Losses:
        return weight * regularizers.dragan(key, play.score_fn, play.real, *play.context)

    return penalized(non_saturating(), penalty)
