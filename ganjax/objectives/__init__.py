"""The GANs: each named GAN is one short function of a `Play` that reads like its paper."""

from ganjax.checks import Table
from ganjax.objectives._adversarial import (
    Penalty,
    adversarial,
    hinge,
    kl,
    least_squares,
    minimax,
    non_saturating,
    penalized,
)
from ganjax.objectives._wasserstein import wgan, wgan_gp
from ganjax.objectives._zero_centered import non_saturating_r1
from ganjax.types import Objective

__all__ = [
    "OBJECTIVES",
    "Objective",
    "Penalty",
    "adversarial",
    "hinge",
    "kl",
    "least_squares",
    "minimax",
    "non_saturating",
    "non_saturating_r1",
    "penalized",
    "wgan",
    "wgan_gp",
]

OBJECTIVES = Table(
    "objective",
    {
        "minimax": minimax,
        "non_saturating": non_saturating,
        "kl": kl,
        "least_squares": least_squares,
        "hinge": hinge,
        "wgan": wgan,
        "wgan_gp": wgan_gp,
        "non_saturating_r1": non_saturating_r1,
    },
)
