"""One forward pass, two cotangents."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array

from ganjax import batches
from ganjax.steps._gradients import Gradients
from ganjax.steps._play import Field, Players, generate, judge, over_devices, split
from ganjax.types import Batch, Deal, Game, StepInfo, Variables


def shared_forward_field(game: Game, params: Players, stats: Players, deal: Deal, batch: Batch) -> Field:
    """One forward pass of the whole game, pulled back twice: (1, 0) gives ∂L_D/∂φ, (0, 1) gives ∂L_G/∂θ.

    Exact for every objective and every network: the fake samples do not depend on φ, so nothing need be stopped.
    """
    keys = split(deal.key)

    def losses(params: Players) -> tuple[tuple[Array, Array], tuple[Players, Array, Array]]:
        fake, gen_stats = generate(game, Variables(params.gen, stats.gen), deal, batch)
        disc, helper = Variables(params.disc, stats.disc), Variables(params.helper)
        play, disc_stats = judge(game, disc, helper, deal, batch, fake=fake)
        values = (
            batches.mean(game.objective.discriminator(keys.disc_objective, play)),
            batches.mean(game.objective.generator(keys.gen_objective, play)),
        )
        return values, (Players(gen_stats, disc_stats), batches.mean(play.real_scores), batches.mean(play.fake_scores))

    (disc_value, gen_value), pullback, (after, *scores) = jax.vjp(losses, params, has_aux=True)
    (of_disc,) = pullback((jnp.ones_like(disc_value), jnp.zeros_like(gen_value)))
    (of_gen,) = pullback((jnp.zeros_like(disc_value), jnp.ones_like(gen_value)))
    return over_devices(Field(of_gen._replace(disc=of_disc.disc), after, StepInfo(disc_value, gen_value, *scores)))


shared_forward = Gradients(shared_forward_field)
