"""Relativistic GANs: each sample is scored against samples of the other kind."""

from __future__ import annotations

from ganjax import losses, regularizers
from ganjax.objectives._adversarial import adversarial, penalized
from ganjax.types import Key, Losses, Objective, Play


def relativistic() -> Objective:
    """RSGAN, pairs by index: L_D = sp(−(D(x) − D(G(z)))), L_G = sp(−(D(G(z)) − D(x))).

    Jolicoeur-Martineau 2018, arXiv:1807.00734, section 4.1.
    """
    return adversarial(losses.relativistic())


def relativistic_average() -> Objective:
    """RaSGAN: each score against the other kind's batch mean, which takes gradient too.

    L_D = ½[sp(−(D(x) − f̄)) + sp(D(G(z)) − r̄)],  L_G = ½[sp(D(x) − f̄) + sp(−(D(G(z)) − r̄))].
    Jolicoeur-Martineau 2018, arXiv:1807.00734, section 4.2.
    """
    return adversarial(losses.relativistic_average())


def relativistic_average_least_squares() -> Objective:
    """RaLSGAN: L_D = ½[(D(x) − f̄ − 1)² + (D(G(z)) − r̄ + 1)²], L_G the same with real and fake exchanged.

    Jolicoeur-Martineau 2018, arXiv:1807.00734, appendix.
    """
    return adversarial(losses.relativistic_average_least_squares())


def relativistic_average_hinge() -> Objective:
    """RaHingeGAN: L_D = ½[relu(1 − (D(x) − f̄)) + relu(1 + D(G(z)) − r̄)], L_G with real and fake exchanged.

    Jolicoeur-Martineau 2018, arXiv:1807.00734, appendix.
    """
    return adversarial(losses.relativistic_average_hinge())


def r3gan(gamma: float = 1.0) -> Objective:
    """R3GAN: the relativistic loss with R1 and R2, L_D = sp(−(D(x) − D(G(z)))) + (γ/2)(‖∇D(x)‖² + ‖∇D(G(z))‖²).

    L_G = sp(−(D(G(z)) − D(x))). Huang et al. 2024, arXiv:2501.05441, section 2.

    Args:
      gamma: γ; the smaller, the smaller the images.
    """

    def penalty(key: Key, play: Play) -> Losses:
        del key
        on_real = regularizers.r1(play.score_fn, play.real, *play.context)
        on_fake = regularizers.r2(play.score_fn, play.fake, *play.context)
        return 0.5 * gamma * (on_real + on_fake)

    return penalized(relativistic(), penalty)
