"""What the games measure: f-divergences by value (`divergences.PEARSON`) or by name (`DIVERGENCES["pearson"]`)."""

from ganjax.checks import Table
from ganjax.divergences._f_divergences import (
    GAN,
    JEFFREYS,
    JENSEN_SHANNON,
    KL,
    NEYMAN,
    PEARSON,
    REVERSE_KL,
    SQUARED_HELLINGER,
    TOTAL_VARIATION,
    FDivergence,
)

__all__ = [
    "DIVERGENCES",
    "GAN",
    "JEFFREYS",
    "JENSEN_SHANNON",
    "KL",
    "NEYMAN",
    "PEARSON",
    "REVERSE_KL",
    "SQUARED_HELLINGER",
    "TOTAL_VARIATION",
    "FDivergence",
]

DIVERGENCES = Table(
    "divergence",
    {
        "total_variation": TOTAL_VARIATION,
        "kl": KL,
        "reverse_kl": REVERSE_KL,
        "pearson": PEARSON,
        "neyman": NEYMAN,
        "squared_hellinger": SQUARED_HELLINGER,
        "jeffreys": JEFFREYS,
        "jensen_shannon": JENSEN_SHANNON,
        "gan": GAN,
    },
)
