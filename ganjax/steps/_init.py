"""The first state of a game, after every check that needs no training step."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from ganjax.checks import InputError
from ganjax.steps._play import as_output
from ganjax.types import Array, Batch, DiscriminatorOutput, Game, GanState, Key, Objective, PyTree, Variables


def initialize(
    game: Game,
    gen_optimizer: optax.GradientTransformation,
    disc_optimizer: optax.GradientTransformation,
    key: Key,
    batch: Batch,
) -> GanState:
    """Initializes the networks and the optimizers. Pure: it may run under jit, vmap or `jax.eval_shape`.

    Raises:
      InputError: if the generator's samples don't have the shape of the data, the discriminator's scores aren't [B],
        the objective needs an output that the discriminator doesn't give, or a helper keeps statistics.
    """
    gen_key, disc_key, helper_key, latent_key, state_key = jax.random.split(key, 5)
    given = batch.context
    latents = game.prior.sample(latent_key, batch.samples.shape[0])
    gen = game.generator.init(gen_key, latents, *given)
    fake = jax.eval_shape(lambda: game.generator.apply(gen, latents, *given)[0])
    check_fake(fake, batch.samples)
    disc = game.discriminator.init(disc_key, batch.samples, *given)
    if game.objective.needs_helper and game.helper is None:
        raise InputError("The objective needs a helper network, got a game without one: Game(..., helper=...).")
    output = jax.eval_shape(lambda: as_output(game.discriminator.apply(disc, batch.samples, *given)[0]))
    check_output(output, batch.samples.shape[0] // game.discriminator.samples_per_score, game.objective)
    helper = game.helper.init(helper_key, batch.samples, latents) if game.helper else Variables(())
    if jax.tree.leaves(helper.stats):
        raise InputError(
            "Expected a helper network without statistics, got one with batch or spectral norm: drop them."
        )
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


def check_fake(fake: PyTree, real: Array) -> None:
    """Raises unless the generator makes what the data is."""
    if getattr(fake, "shape", None) != real.shape:
        raise InputError(
            f"Expected the generator to make samples of the data's shape {list(real.shape)}, "
            f"got {list(getattr(fake, 'shape', ()))}: set the generator's output shape or resolution to the data's."
        )


def check_output(output: DiscriminatorOutput, num_scores: int, objective: Objective) -> None:
    """Raises unless the discriminator gives scores [num_scores] and every feature that the objective needs."""
    scores, features = output
    if scores.shape != (num_scores,):
        mend = "squeeze the last axis" if scores.shape == (num_scores, 1) else "return one scalar a sample"
        raise InputError(f"Expected the discriminator's scores[{num_scores}], got scores{list(scores.shape)}: {mend}.")
    missing = [name for name in objective.needs if name not in features]
    if missing:
        raise InputError(
            f"The objective needs the discriminator's features {', '.join(missing)}, "
            f"got {', '.join(features) or 'none'}: use a discriminator that offers them."
        )
