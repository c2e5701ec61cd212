"""Objectives with zero-centered gradient penalties."""

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
