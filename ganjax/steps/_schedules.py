"""Who moves when: integrators of the game's vector field."""

from __future__ import annotations

from typing import Any, cast

import jax
import jax.numpy as jnp
import optax

from ganjax.checks import InputError
from ganjax.steps._gradients import Gradients, separate
from ganjax.steps._init import initialize
from ganjax.steps._parts import check_batch, check_parts
from ganjax.steps._play import Field, Players, as_batch
from ganjax.types import Algorithm, Array, Batch, Deal, Game, GanState, Key, PyTree, StepInfo


def alternating(
    game: Game,
    gen_optimizer: optax.GradientTransformation,
    disc_optimizer: optax.GradientTransformation,
    disc_steps: int = 1,
    gradients: Gradients = separate,
    *,
    gen_steps: int = 1,
) -> Algorithm:
    """The discriminator moves `disc_steps` times, each on a fresh batch and fresh latents; then the generator moves.

        φ ← φ − disc_optimizer(∂_φ L_D(θ, φ)),  disc_steps times
        θ ← θ − gen_optimizer(∂_θ L_G(θ, φ)),   gen_steps times, with the new φ

    Each of the generator's moves has fresh latents too, but no real batch of its own: where its loss or its condition
    comes from real samples, all see the last of the discriminator's. `step` takes a batch whose leading axis holds
    disc_steps batches side by side, [disc_steps · B, ...]. StepInfo is of each player's last move.
    Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1.

    Args:
      game: what is played.
      gen_optimizer: moves the generator, and the helper where there is one.
      disc_optimizer: moves the discriminator.
      disc_steps: the discriminator's moves a step.
      gradients: how the vector field is computed: `separate`, …
      gen_steps: the generator's moves a step.

    Raises:
      InputError: if disc_steps or gen_steps < 1; at `init` or `step` if the leading axis does not divide by disc_steps.
    """
    if disc_steps < 1 or gen_steps < 1:
        raise InputError(f"Expected disc_steps >= 1 and gen_steps >= 1, got {disc_steps} and {gen_steps}.")

    def init(key: Key, batch: Any) -> GanState:
        check_parts(game, gen_optimizer=gen_optimizer, disc_optimizer=disc_optimizer)
        check_batch(as_batch(batch))
        first = jax.tree.map(lambda x: x[0], side_by_side(as_batch(batch), disc_steps))
        gradients.check(game, first)
        return initialize(game, gen_optimizer, disc_optimizer, key, first)

    def deal(key: Key, step: Array, batch_size: int) -> PyTree:
        keys = jax.random.split(jax.random.fold_in(key, step), disc_steps + gen_steps)
        deals = [deal_one(game, key, step, batch_size) for key in keys]
        disc_deals, (gen_deal, *more) = deals[:disc_steps], deals[disc_steps:]
        return stacked(disc_deals), gen_deal, *([stacked(more)] if more else [])

    def advance(state: GanState, deals: PyTree, batch: Any) -> tuple[GanState, StepInfo]:
        disc_deals, gen_deal, *more = deals
        batches = side_by_side(as_batch(batch), disc_steps)

        def disc_turn(state: GanState, dealt: tuple[Deal, Batch]) -> tuple[GanState, StepInfo]:
            field = gradients.field(game, params_of(state), stats_of(state), *dealt)
            return move_discriminator(disc_optimizer, state, field), field.info

        def gen_turn(state: GanState, dealt: Deal) -> tuple[GanState, StepInfo]:
            field = gradients.field(game, params_of(state), stats_of(state), dealt, last_batch)
            return move_generator(gen_optimizer, state, field), field.info

        state, disc_infos = jax.lax.scan(disc_turn, state, (disc_deals, batches))
        last_batch = jax.tree.map(lambda x: x[-1], batches)
        state, gen_info = gen_turn(state, gen_deal)
        for further in more:  # one stack of deals, or none
            state, infos = jax.lax.scan(gen_turn, state, further)
            gen_info = last(infos)
        return state._replace(step=state.step + 1), last(disc_infos)._replace(gen_loss=gen_info.gen_loss)

    return Algorithm(init, deal, advance, num_batches=disc_steps)


def synchronous(
    game: Game,
    gen_optimizer: optax.GradientTransformation,
    disc_optimizer: optax.GradientTransformation,
    gradients: Gradients = separate,
) -> Algorithm:
    """Both players move from the same point, on the same batch and latents: simultaneous gradient descent.

        (θ, φ) ← (θ − gen_optimizer(∂_θ L_G(θ, φ)), φ − disc_optimizer(∂_φ L_D(θ, φ)))

    Mescheder et al. 2017, arXiv:1705.10461, section 2.2.

    Args:
      game: what is played.
      gen_optimizer: moves the generator, and the helper where there is one.
      disc_optimizer: moves the discriminator.
      gradients: how the vector field is computed: `separate`, …
    """

    def init(key: Key, batch: Any) -> GanState:
        check_parts(game, gen_optimizer=gen_optimizer, disc_optimizer=disc_optimizer)
        check_batch(as_batch(batch))
        gradients.check(game, as_batch(batch))
        return initialize(game, gen_optimizer, disc_optimizer, key, as_batch(batch))

    def deal(key: Key, step: Array, batch_size: int) -> PyTree:
        return deal_one(game, jax.random.fold_in(key, step), step, batch_size)

    def advance(state: GanState, dealt: PyTree, batch: Any) -> tuple[GanState, StepInfo]:
        field = gradients.field(game, params_of(state), stats_of(state), dealt, as_batch(batch))
        state = move_discriminator(disc_optimizer, move_generator(gen_optimizer, state, field), field)
        return state._replace(step=state.step + 1), field.info

    return Algorithm(init, deal, advance)


def deal_one(game: Game, key: Key, step: Array, batch_size: int) -> Deal:
    """The randomness of one evaluation of the game."""
    latent_key, play_key = jax.random.split(key)
    return Deal(step, game.prior.sample(latent_key, batch_size), play_key)


def stacked(deals: list[Deal]) -> Deal:
    """Deals as one, along a new leading axis."""
    return jax.tree.map(lambda *x: jnp.stack(x), *deals)


def last(infos: StepInfo) -> StepInfo:
    """The last of several, which lie along the leading axis."""
    return jax.tree.map(lambda x: x[-1], infos)


def side_by_side(batch: Batch, num: int) -> Batch:
    """[num · B, ...] as [num, B, ...], on every leaf."""
    size = jax.tree.leaves(batch)[0].shape[0]
    if size % num:
        raise InputError(
            f"Expected a batch whose leading axis divides by disc_steps = {num}, got {size}: "
            "give disc_steps batches side by side."
        )
    return jax.tree.map(lambda x: x.reshape(num, size // num, *x.shape[1:]), batch)


def params_of(state: GanState) -> Players:
    """The parameters of all players."""
    return Players(state.gen_params, state.disc_params, state.helper_params)


def stats_of(state: GanState) -> Players:
    """The statistics of both networks."""
    return Players(state.gen_stats, state.disc_stats)


def move_discriminator(optimizer: optax.GradientTransformation, state: GanState, field: Field) -> GanState:
    """One step of its optimizer along the field; its statistics are the field's."""
    updates, opt_state = optimizer.update(field.grads.disc, state.disc_opt_state, state.disc_params)
    params = optax.apply_updates(state.disc_params, updates)
    return state._replace(disc_params=params, disc_stats=field.stats.disc, disc_opt_state=opt_state)


def move_generator(optimizer: optax.GradientTransformation, state: GanState, field: Field) -> GanState:
    """One step of its optimizer along the field, for the helper too; its statistics are the field's."""
    movers, grads = (state.gen_params, state.helper_params), (field.grads.gen, field.grads.helper)
    updates, opt_state = optimizer.update(grads, state.gen_opt_state, movers)
    gen_params, helper_params = cast(tuple[PyTree, PyTree], optax.apply_updates(movers, updates))
    return state._replace(
        gen_params=gen_params, helper_params=helper_params, gen_stats=field.stats.gen, gen_opt_state=opt_state
    )
