"""The penalties that a run can add to its objective, by name, weighted and ready to be added."""

from __future__ import annotations

from ganjax import regularizers
from ganjax.checks import Table
from ganjax.objectives import Penalty
from ganjax.types import Key, Losses, Play


def none() -> None:
    """The objective as it is."""


def r1(weight: float = 5.0) -> Penalty:
    """Adds w‖∇D(x)‖² at the real samples (Mescheder et al. 2018, arXiv:1801.04406, eq. 9).

    Args:
      weight: w, the paper's γ/2.
    """

    def penalty(key: Key, play: Play) -> Losses:
        del key
        return weight * regularizers.r1(play.score_fn, play.real, *play.context)

    return penalty


def r2(weight: float = 5.0) -> Penalty:
    """Adds w‖∇D(G(z))‖² at the fake samples (Mescheder et al. 2018, arXiv:1801.04406, eq. 10).

    Args:
      weight: w, the paper's γ/2.
    """

    def penalty(key: Key, play: Play) -> Losses:
        del key
        return weight * regularizers.r2(play.score_fn, play.fake, *play.context)

    return penalty


def r1_r2(weight: float = 0.5) -> Penalty:
    """Adds w(‖∇D(x)‖² + ‖∇D(G(z))‖²) (Huang et al. 2024, arXiv:2501.05441, section 2).

    Args:
      weight: w, the paper's γ/2.
    """

    def penalty(key: Key, play: Play) -> Losses:
        return r1(weight)(key, play) + r2(weight)(key, play)

    return penalty


def wgan_gp(weight: float = 10.0) -> Penalty:
    """Adds w(‖∇D(x̂)‖ − 1)² between real and fake samples (Gulrajani et al. 2017, arXiv:1704.00028, eq. 3).

    Args:
      weight: w, the paper's λ; 10 for images, 0.1 for points in the plane.
    """

    def penalty(key: Key, play: Play) -> Losses:
        return weight * regularizers.wgan_gp(key, play.score_fn, play.real, play.fake, *play.context)

    return penalty


def zero_centered(weight: float = 10.0) -> Penalty:
    """Adds w‖∇D(x̂)‖² between real and fake samples (Thanh-Tung et al. 2019, arXiv:1902.03984).

    Args:
      weight: w.
    """

    def penalty(key: Key, play: Play) -> Losses:
        return weight * regularizers.zero_centered(key, play.score_fn, play.real, play.fake, *play.context)

    return penalty


def dragan(weight: float = 10.0) -> Penalty:
    """Adds w(‖∇D(x̃)‖ − 1)² around the real samples (Kodali et al. 2017, arXiv:1705.07215).

    Args:
      weight: w, the paper's λ.
    """

    def penalty(key: Key, play: Play) -> Losses:
        return weight * regularizers.dragan(key, play.score_fn, play.real, *play.context)

    return penalty


PENALTIES = Table(
    "penalty",
    {
        "none": none,
        "r1": r1,
        "r2": r2,
        "r1_r2": r1_r2,
        "wgan_gp": wgan_gp,
        "zero_centered": zero_centered,
        "dragan": dragan,
    },
)
