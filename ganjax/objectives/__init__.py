"""The GANs: each named GAN is one short function of a `Play` that reads like its paper."""

from ganjax.checks import Table
from ganjax.objectives._adversarial import (
    DivergenceName,
    Penalty,
    adversarial,
    f_gan,
    f_gan_by_name,
    hinge,
    kl,
    least_squares,
    minimax,
    non_saturating,
    penalized,
    sigmoid_mse,
)
from ganjax.objectives._conditional import (
    acgan,
    projection,
)
from ganjax.objectives._encoders import (
    ebgan,
    infogan,
    ogan,
)
from ganjax.objectives._energy import (
    meg,
)
from ganjax.objectives._pyramid import (
    lapgan,
)
from ganjax.objectives._relativistic import (
    r3gan,
    relativistic,
    relativistic_average,
    relativistic_average_hinge,
    relativistic_average_least_squares,
)
from ganjax.objectives._settings import (
    SETTINGS,
    Settings,
)
from ganjax.objectives._single_loss import single_loss
from ganjax.objectives._wasserstein import (
    gan_qp,
    wgan,
    wgan_div,
    wgan_gp,
    wgan_lp,
)
from ganjax.objectives._zero_centered import (
    dragan,
    non_saturating_r1,
)
from ganjax.types import Objective

__all__ = [
    "OBJECTIVES",
    "SETTINGS",
    "DivergenceName",
    "Objective",
    "Penalty",
    "Settings",
    "acgan",
    "adversarial",
    "dragan",
    "ebgan",
    "f_gan",
    "f_gan_by_name",
    "gan_qp",
    "hinge",
    "infogan",
    "kl",
    "lapgan",
    "least_squares",
    "meg",
    "minimax",
    "non_saturating",
    "non_saturating_r1",
    "ogan",
    "penalized",
    "projection",
    "r3gan",
    "relativistic",
    "relativistic_average",
    "relativistic_average_hinge",
    "relativistic_average_least_squares",
    "sigmoid_mse",
    "single_loss",
    "wgan",
    "wgan_div",
    "wgan_gp",
    "wgan_lp",
]

OBJECTIVES = Table(
    "objective",
    {
        "minimax": minimax,
        "non_saturating": non_saturating,
        "kl": kl,
        "f_gan": f_gan_by_name,
        "least_squares": least_squares,
        "sigmoid_mse": sigmoid_mse,
        "hinge": hinge,
        "wgan": wgan,
        "wgan_gp": wgan_gp,
        "wgan_lp": wgan_lp,
        "wgan_div": wgan_div,
        "gan_qp": gan_qp,
        "non_saturating_r1": non_saturating_r1,
        "dragan": dragan,
        "relativistic": relativistic,
        "relativistic_average": relativistic_average,
        "relativistic_average_least_squares": relativistic_average_least_squares,
        "relativistic_average_hinge": relativistic_average_hinge,
        "r3gan": r3gan,
        "ebgan": ebgan,
        "infogan": infogan,
        "ogan": ogan,
        "meg": meg,
        "acgan": acgan,
        "projection": projection,
        "lapgan": lapgan,
    },
)
