"""The discriminator moves twice an iteration: once for the real batch, once for the fake one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import optax
from jaxtyping import Array

from ganjax import batches
from ganjax.steps._gradients import separate
from ganjax.steps._play import as_batch, as_output, make_play, split
from ganjax.steps._schedules import alternating, move_generator, params_of, stats_of
from ganjax.types import (
    Algorithm,
    Batch,
    Deal,
    DiscriminatorOutput,
    Game,
    GanState,
    PyTree,
    Samples,
    StepInfo,
    Variables,
)

Outputs = tuple[DiscriminatorOutput, PyTree]  # with the statistics that the pass leaves behind


def real_then_fake(
    game: Game, gen_optimizer: optax.GradientTransformation, disc_optimizer: optax.GradientTransformation
) -> Algorithm:
    """The iteration of many Keras programmes: D learns the real batch, then the fake one, by two optimizer steps.

        φ ← φ − disc_optimizer(∂_φ L_D with D(G(z)) held)    by the real batch
        φ ← φ − disc_optimizer(∂_φ L_D with D(x) held)       by the fake batch, from where the first move led
        θ ← θ − gen_optimizer(∂_θ L_G(θ, φ))                 with fresh latents

    The discriminator is shown samples of the generator in evaluation mode (batch norm by its stored averages); the
    generator learns in training mode. Each of D's moves updates its statistics by its own batch alone. For a loss that
    is a sum of one part of the real and one of the fake scores; what L_D takes from elsewhere, such as a penalty, is in
    both moves. StepInfo's disc_loss is L_D of the first move's real and the second one's fake scores.

    Args:
      game: what is played.
      gen_optimizer: moves the generator, and the helper where there is one.
      disc_optimizer: moves the discriminator, twice a step.
    """

    def advance(state: GanState, deals: PyTree, batch: Any) -> tuple[GanState, StepInfo]:
        (disc_deals, gen_deal), batch = deals, as_batch(batch)
        deal = jax.tree.map(lambda x: x[0], disc_deals)
        fake, _ = game.generator.apply(Variables(state.gen_params, state.gen_stats), deal.latents, *batch.context)
        turn = Turn(game, deal, batch, fake, Variables(state.helper_params))
        state, real_output, _ = move(disc_optimizer, state, turn.by_real)
        state, fake_output, disc_loss = move(disc_optimizer, state, turn.by_fake(real_output))
        field = separate.field(game, params_of(state), stats_of(state), gen_deal, batch)
        scores = batches.mean(real_output.scores), batches.mean(fake_output.scores)
        state = move_generator(gen_optimizer, state, field)
        return state._replace(step=state.step + 1), StepInfo(disc_loss, field.info.gen_loss, *scores)

    return alternating(game, gen_optimizer, disc_optimizer)._replace(advance=advance)


Loss = Callable[[Variables], tuple[Array, Outputs]]  # the discriminator -> L_D, and its output on the move's own batch


class Turn(NamedTuple):
    """What both of the discriminator's moves share."""

    game: Game
    deal: Deal
    batch: Batch
    fake: Samples
    helper: Variables

    def judged(self, disc: Variables, samples: Samples, key: Array) -> Outputs:
        """The discriminator's output on samples, and its statistics after them."""
        output, stats = self.game.discriminator.apply(disc, samples, *self.batch.context, train=True, key=key)
        return as_output(output), jax.lax.stop_gradient(stats)

    def loss(self, disc: Variables, real_output: DiscriminatorOutput, fake_output: DiscriminatorOutput) -> Array:
        """The mean of L_D."""
        outputs = {"real_output": real_output, "fake_output": fake_output}
        play = make_play(self.game, disc, self.helper, self.deal, self.batch, fake=self.fake, **outputs)
        return batches.mean(self.game.objective.discriminator(split(self.deal.key).disc_objective, play))

    def by_real(self, disc: Variables) -> tuple[Array, Outputs]:
        """L_D with the output on the fake batch held."""
        keys = split(self.deal.key)
        real_output, stats = self.judged(disc, self.batch.samples, keys.real)
        # a sum's gradient doesn't depend on the part that is held: the compiler leaves this pass out
        held, _ = jax.lax.stop_gradient(self.judged(disc, self.fake, keys.fake))
        return self.loss(disc._replace(stats=stats), real_output, held), (real_output, stats)

    def by_fake(self, held: DiscriminatorOutput) -> Loss:
        """L_D with the output on the real batch held."""

        def loss(disc: Variables) -> tuple[Array, Outputs]:
            fake_output, stats = self.judged(disc, self.fake, split(self.deal.key).fake)
            return self.loss(disc._replace(stats=stats), held, fake_output), (fake_output, stats)

        return loss


def move(
    optimizer: optax.GradientTransformation, state: GanState, loss: Loss
) -> tuple[GanState, DiscriminatorOutput, Array]:
    """The state after one step of D's optimizer, D's output before it, and the loss."""

    def of_params(disc: PyTree) -> tuple[Array, Outputs]:
        return loss(Variables(disc, state.disc_stats))

    (value, (output, stats)), grads = jax.value_and_grad(of_params, has_aux=True)(state.disc_params)
    grads, stats = batches.agreed((grads, stats))
    updates, opt_state = optimizer.update(grads, state.disc_opt_state, state.disc_params)
    params = optax.apply_updates(state.disc_params, updates)
    return state._replace(disc_params=params, disc_stats=stats, disc_opt_state=opt_state), output, value
