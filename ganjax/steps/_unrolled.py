"""The generator looks through the discriminator's next moves."""

from __future__ import annotations

from typing import Any, cast

import jax
import optax

from ganjax import batches
from ganjax.checks import InputError
from ganjax.steps._gradients import disc_loss, gen_loss, separate
from ganjax.steps._play import Players, as_batch
from ganjax.steps._schedules import move_discriminator, move_generator, params_of, stats_of, synchronous
from ganjax.types import Algorithm, Array, Game, GanState, PyTree, StepInfo


def unrolled(
    game: Game,
    gen_optimizer: optax.GradientTransformation,
    disc_optimizer: optax.GradientTransformation,
    unroll_steps: int = 5,
) -> Algorithm:
    """Unrolled GAN: the generator descends L_G(θ, φ_K(θ, φ)), through the next K moves of the discriminator.

        φ_0 = φ,  φ_{k+1} = φ_k + disc_optimizer(∂_φ L_D(θ, φ_k))
        θ ← θ + gen_optimizer(d/dθ L_G(θ, φ_K)),   φ ← φ_1

    The total derivative d/dθ includes how those moves depend on θ. All on one batch and its latents, with the
    statistics of the start; φ_2 … φ_K are then forgotten. Memory and time grow with K.

    The discriminator's optimizer is differentiated through. Adam's and RMSProp's root has no derivative at 0, which a
    parameter without gradient so far would meet: give them an eps_root, optax.adam(2e-4, eps_root=1e-16).

    Metz et al. 2016, arXiv:1611.02163, eq. 7 to 10.

    Args:
      game: what is played.
      gen_optimizer: moves the generator, and the helper where there is one.
      disc_optimizer: moves the discriminator, in truth and in what is looked through.
      unroll_steps: K; 0 is `synchronous`; 1 to 10 in the paper.

    Raises:
      InputError: if unroll_steps is negative.
    """
    if unroll_steps < 0:
        raise InputError(f"Expected unroll_steps >= 0, got {unroll_steps}.")

    def advance(state: GanState, deal: PyTree, batch: Any) -> tuple[GanState, StepInfo]:
        here, stats, batch = params_of(state), stats_of(state), as_batch(batch)

        def unroll(params: Players) -> Players:
            opt_state = state.disc_opt_state
            for _ in range(unroll_steps):
                grads = jax.grad(
                    lambda disc, params=params: disc_loss(game, params._replace(disc=disc), stats, deal, batch)[0]
                )(params.disc)
                updates, opt_state = disc_optimizer.update(batches.agreed(grads), opt_state, params.disc)
                params = params._replace(disc=optax.apply_updates(cast(optax.Params, params.disc), updates))
            return params

        def of_gen(movers: tuple[PyTree, PyTree]) -> tuple[Array, PyTree]:
            gen, helper = movers
            return gen_loss(game, unroll(here._replace(gen=gen, helper=helper)), stats, deal, batch)

        (gen_value, gen_stats), movers = jax.value_and_grad(of_gen, has_aux=True)((here.gen, here.helper))
        (gen, helper), gen_stats = batches.agreed((movers, gen_stats))
        field = separate.field(game, here, stats, deal, batch)
        field = field._replace(
            grads=Players(gen, field.grads.disc, helper),
            stats=field.stats._replace(gen=gen_stats),
            info=field.info._replace(gen_loss=gen_value),
        )
        state = move_discriminator(disc_optimizer, move_generator(gen_optimizer, state, field), field)
        return state._replace(step=state.step + 1), field.info

    return synchronous(game, gen_optimizer, disc_optimizer)._replace(advance=advance)
