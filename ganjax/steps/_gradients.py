"""How the game's vector field is computed from one batch: all ways give the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
from jaxtyping import Array

from ganjax import batches
from ganjax.steps._play import Field, Players, generate, judge, over_devices, split
from ganjax.types import Batch, Deal, Game, PyTree, StepInfo, Variables


def no_check(game: Game, batch: Batch) -> None:
    """Every game will do."""
    del game, batch


class Gradients(NamedTuple):
    """One way to compute the game's vector field; a value that a schedule takes.

    Attributes:
      field: (game, params, stats, deal, batch) -> Field.
      check: (game, batch) -> None, called when a game is initialized; raises `InputError` for a game that this way
        can't play.
    """

    field: Callable[[Game, Players, Players, Deal, Batch], Field]
    check: Callable[[Game, Batch], None] = no_check


def disc_loss(
    game: Game, params: Players, stats: Players, deal: Deal, batch: Batch
) -> tuple[Array, tuple[PyTree, Array, Array]]:
    """L_D, with the discriminator's updated statistics and the mean scores."""
    fake, _ = generate(game, Variables(params.gen, stats.gen), deal, batch)
    disc, helper = Variables(params.disc, stats.disc), Variables(params.helper)
    play, disc_stats = judge(game, disc, helper, deal, batch, fake=fake)
    loss = batches.mean(game.objective.discriminator(split(deal.key).disc_objective, play))
    return loss, (disc_stats, batches.mean(play.real_scores), batches.mean(play.fake_scores))


def gen_loss(game: Game, params: Players, stats: Players, deal: Deal, batch: Batch) -> tuple[Array, PyTree]:
    """L_G, with the generator's updated statistics."""
    fake, gen_stats = generate(game, Variables(params.gen, stats.gen), deal, batch)
    disc, helper = Variables(params.disc, stats.disc), Variables(params.helper)
    play, _ = judge(game, disc, helper, deal, batch, fake=fake)
    return batches.mean(game.objective.generator(split(deal.key).gen_objective, play)), gen_stats


def separate_field(game: Game, params: Players, stats: Players, deal: Deal, batch: Batch) -> Field:
    """Two losses, two gradients: (∂_θ L_G, ∂_φ L_D), each player's loss with the other player held.

    Held by not being differentiated, never by stop_gradient: the field itself can be differentiated in full.
    Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1, both half steps at one point.
    """

    def of_disc(disc: PyTree) -> tuple[Array, tuple[PyTree, Array, Array]]:
        return disc_loss(game, params._replace(disc=disc), stats, deal, batch)

    def of_gen(movers: tuple[PyTree, PyTree]) -> tuple[Array, PyTree]:
        gen, helper = movers
        return gen_loss(game, params._replace(gen=gen, helper=helper), stats, deal, batch)

    (disc_value, (disc_stats, *scores)), disc_grads = jax.value_and_grad(of_disc, has_aux=True)(params.disc)
    (gen_value, gen_stats), (gen_grads, helper_grads) = jax.value_and_grad(of_gen, has_aux=True)(
        (params.gen, params.helper)
    )
    return over_devices(
        Field(
            grads=Players(gen_grads, disc_grads, helper_grads),
            stats=Players(gen_stats, disc_stats),
            info=StepInfo(disc_value, gen_value, *scores),
        )
    )


separate = Gradients(separate_field)
