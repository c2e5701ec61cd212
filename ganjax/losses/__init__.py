"""Adversarial losses: raw scores in, unreduced losses out, one pair (discriminator, generator) a builder.

Real always comes first; scores are high on real samples; every loss is minimised and the caller takes its mean.
"""

from ganjax.checks import Table
from ganjax.losses._classic import kl, minimax, non_saturating
from ganjax.losses._f_gan import f_gan
from ganjax.losses._least_squares import least_squares, sigmoid_mse
from ganjax.losses._margin import hinge, margin, wasserstein
from ganjax.losses._relativistic import (
    relativistic,
    relativistic_average,
    relativistic_average_hinge,
    relativistic_average_least_squares,
)
from ganjax.types import AdversarialLoss

__all__ = [
    "LOSSES",
    "AdversarialLoss",
    "f_gan",
    "hinge",
    "kl",
    "least_squares",
    "margin",
    "minimax",
    "non_saturating",
    "relativistic",
    "relativistic_average",
    "relativistic_average_hinge",
    "relativistic_average_least_squares",
    "sigmoid_mse",
    "wasserstein",
]

LOSSES = Table(
    "loss",
    {
        "minimax": minimax,
        "non_saturating": non_saturating,
        "kl": kl,
        "least_squares": least_squares,
        "hinge": hinge,
        "wasserstein": wasserstein,
        "margin": margin,
        "relativistic": relativistic,
        "relativistic_average": relativistic_average,
        "relativistic_average_least_squares": relativistic_average_least_squares,
        "relativistic_average_hinge": relativistic_average_hinge,
        "f_gan": f_gan,
        "sigmoid_mse": sigmoid_mse,
    },
)
