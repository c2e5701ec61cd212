"""From the update that a config names to the algorithm: a schedule, over a way to the gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from config import Update

from ganjax import steps
from ganjax.checks import InputError, Table
from ganjax.steps import Gradients
from ganjax.types import Algorithm, Game

GRADIENTS: Table[Callable[[Update], Gradients]] = Table(
    "gradients",
    {
        "separate": lambda update: steps.separate,
        "single-loss": lambda update: steps.single_loss(update.ratio),
        "shared-forward": lambda update: steps.shared_forward,
        "fused": lambda update: steps.fused,
    },
)


def alternating(update: Update, *game: Any, gradients: Gradients) -> Algorithm:
    return steps.alternating(*game, disc_steps=update.disc_steps, gradients=gradients, gen_steps=update.gen_steps)


def real_then_fake(update: Update, *game: Any, gradients: Gradients) -> Algorithm:
    check_separate(update, gradients, "computes its own for each half of a batch")
    return steps.real_then_fake(*game)


def unrolled(update: Update, *game: Any, gradients: Gradients) -> Algorithm:
    check_separate(update, gradients, "differentiates through it")
    return steps.unrolled(*game, unroll_steps=update.unroll_steps)


def check_separate(update: Update, gradients: Gradients, reason: str) -> None:
    if gradients is not steps.separate:
        raise InputError(
            f"Expected --update.gradients separate, no consensus and no accumulation under the {update.schedule} "
            f"schedule: it {reason}."
        )


SCHEDULES: Table[Callable[..., Algorithm]] = Table(
    "schedule",
    {
        "alternating": alternating,
        "real-then-fake": real_then_fake,
        "synchronous": lambda update, *game, gradients: steps.synchronous(*game, gradients=gradients),
        "extragradient": lambda update, *game, gradients: steps.extragradient(*game, gradients=gradients),
        "optimistic": lambda update, *game, gradients: steps.optimistic(*game, gradients=gradients),
        "heun": lambda update, *game, gradients: steps.runge_kutta(*game, order=2, gradients=gradients),
        "runge-kutta": lambda update, *game, gradients: steps.runge_kutta(*game, order=4, gradients=gradients),
        "unrolled": unrolled,
    },
)


def algorithm(update: Update, game: Game, gen_optimizer: Any, disc_optimizer: Any) -> Algorithm:
    """The named schedule over the named gradients, with consensus, accumulation and an average where asked for.

    Raises:
      InputError: for values or pairs that can't work.
    """
    gradients = GRADIENTS[update.gradients](update)
    if update.accumulate != 1:
        gradients = steps.accumulated(update.accumulate, gradients)
    if update.consensus:
        gradients = steps.consensus(update.consensus, gradients)
    moves = SCHEDULES[update.schedule](update, game, gen_optimizer, disc_optimizer, gradients=gradients)
    return moves if update.ema_decay is None else steps.averaged(moves, steps.warmed_up(update.ema_decay))
