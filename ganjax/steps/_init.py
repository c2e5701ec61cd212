"""The first state of a game, after every check that needs no training step."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from ganjax.checks import InputError
from ganjax.steps._pairings import Cast, check_fake, check_helper, check_objective, check_output, outputs_of
from ganjax.steps._parts import check_apply
from ganjax.types import Batch, Game, GanState, Key, Variables


def initialize(
    game: Game,
    gen_optimizer: optax.GradientTransformation,
    disc_optimizer: optax.GradientTransformation,
    key: Key,
    batch: Batch,
) -> GanState:
    """Initializes the networks and the optimizers. Pure: it may run under jit, vmap or `jax.eval_shape`.

    Raises:
      InputError: if a network's apply gives no pair, the generator's samples don't have the shape of the data, the
        discriminator's scores aren't [B], the objective needs an output that the discriminator doesn't give, a helper
        or labels that aren't there, or codes of another number, it penalizes the slope of a discriminator that mixes
        samples, or a helper keeps statistics.
    """
    gen_key, disc_key, helper_key, latent_key, state_key = jax.random.split(key, 5)
    given = batch.context
    latents = game.prior.sample(latent_key, batch.samples.shape[0])
    gen = game.generator.init(gen_key, latents, *given)
    made = jax.eval_shape(lambda: game.generator.apply(gen, latents, *given))
    check_apply(made)
    check_fake(made[0], batch.samples)
    disc = game.discriminator.init(disc_key, batch.samples, *given)
    check_helper(game)
    num_scores = batch.samples.shape[0] // game.discriminator.samples_per_score
    check_output(outputs_of(game, disc, batch), num_scores, game.objective)
    helper = game.helper.init(helper_key, batch.samples, latents) if game.helper else Variables(())
    if jax.tree.leaves(helper.stats):
        raise InputError(
            "Expected a helper network without statistics, got one with batch or spectral norm: drop them."
        )
    check_objective(game, Cast(gen, disc, helper), state_key, latents, batch)
    return strongly_typed(
        GanState(
            step=jnp.zeros((), jnp.int32),
            key=state_key,
            gen_params=gen.params,
            gen_stats=gen.stats,
            gen_opt_state=gen_optimizer.init((gen.params, helper.params)),
            disc_params=disc.params,
            disc_stats=disc.stats,
            disc_opt_state=disc_optimizer.init(disc.params),
            helper_params=helper.params,
        )
    )


def strongly_typed(state: GanState) -> GanState:
    """Without weak types, which a step's output would not have: the second step would be traced anew."""
    return jax.tree.map(lambda x: x if jnp.issubdtype(x.dtype, jax.dtypes.prng_key) else jnp.asarray(x, x.dtype), state)
