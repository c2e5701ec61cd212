"""The optimizer settings that each GAN's paper used, for presets and scripts to start from."""

from __future__ import annotations

from typing import Literal, NamedTuple

from ganjax.checks import Table


class Settings(NamedTuple):
    """How a paper trained.

    Attributes:
      optimizer: adam or rmsprop.
      gen_learning_rate, disc_learning_rate: step sizes.
      b1, b2: Adam's decays; b2 is RMSProp's.
      disc_steps: the discriminator's moves for one of the generator's.
      clip: the bound that the discriminator's parameters are kept in, or None.
    """

    optimizer: Literal["adam", "rmsprop"] = "adam"
    gen_learning_rate: float = 2e-4
    disc_learning_rate: float = 2e-4
    b1: float = 0.5
    b2: float = 0.999
    disc_steps: int = 1
    clip: float | None = None


DCGAN = Settings()
WGAN = Settings("rmsprop", 5e-5, 5e-5, b2=0.99, disc_steps=5, clip=0.01)
WGAN_GP = Settings(gen_learning_rate=1e-4, disc_learning_rate=1e-4, b2=0.9, disc_steps=5)

SETTINGS = Table(
    "objective with settings",
    {
        "minimax": DCGAN,
        "non_saturating": DCGAN,
        "kl": DCGAN,
        "f_gan": DCGAN,
        "least_squares": DCGAN,
        "sigmoid_mse": DCGAN,
        "hinge": DCGAN,
        "wgan": WGAN,
        "wgan_gp": WGAN_GP,
        "wgan_lp": WGAN_GP,
        "wgan_div": DCGAN,
        "gan_qp": Settings(disc_steps=2),
        "non_saturating_r1": Settings(gen_learning_rate=1e-4, disc_learning_rate=1e-4, b1=0.0, b2=0.99),
        "dragan": Settings(gen_learning_rate=2e-4, disc_learning_rate=2e-4),
        "relativistic": DCGAN,
        "relativistic_average": DCGAN,
        "relativistic_average_least_squares": DCGAN,
        "relativistic_average_hinge": DCGAN,
        "r3gan": Settings(b1=0.0, b2=0.99),
        "ebgan": Settings(gen_learning_rate=1e-3, disc_learning_rate=1e-3),
        "infogan": Settings(gen_learning_rate=1e-3, disc_learning_rate=2e-4),
        "ogan": Settings("rmsprop", 1e-4, 1e-4, b2=0.99),
        "meg": Settings(gen_learning_rate=1e-4, disc_learning_rate=1e-4, b2=0.9, disc_steps=5),
        "acgan": DCGAN,
        "projection": Settings(b1=0.0, b2=0.9, disc_steps=5),
        "lapgan": DCGAN,
    },
)
