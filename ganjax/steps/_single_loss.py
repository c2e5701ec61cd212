"""The gradient trick: both players' gradients from one scalar."""

from __future__ import annotations

import jax
from jaxtyping import Array

from ganjax import batches, objectives
from ganjax.checks import check_positive
from ganjax.steps._gradients import Gradients
from ganjax.steps._play import Field, Players, generate, judge, over_devices, split
from ganjax.types import Batch, Deal, Game, Play, PyTree, StepInfo, Variables


def single_loss(ratio: float = 1.0) -> Gradients:
    """One scalar, one gradient over both players: the gradient of `objectives.single_loss(objective, ratio)`.

        ∂/∂φ = ∂L_D/∂φ,   ∂/∂θ = λ ∂L_G/∂θ

    At λ = 1 the same field as `separate`. It costs one pass more: the discriminator's fake pass is pulled back through
    twice, where G(z) is live and where it is held.

    Args:
      ratio: λ. Under plain gradient descent the generator's step is λ times as long. Adam and RMSProp divide a
        gradient by its own size, so λ changes nothing there beyond their epsilon: set the learning rates instead.

    Raises:
      InputError: if ratio is not positive.
    """
    check_positive(ratio=ratio)

    def field(game: Game, params: Players, stats: Players, deal: Deal, batch: Batch) -> Field:
        keys, scalar = split(deal.key), objectives.single_loss(game.objective, ratio)

        def play(disc: PyTree, movers: Players) -> tuple[Play, Players]:
            fake, gen_stats = generate(game, Variables(movers.gen, stats.gen), deal, batch)
            judged, helper = Variables(disc, stats.disc), Variables(movers.helper)
            shown, disc_stats = judge(game, judged, helper, deal, batch, fake=fake)
            return shown, Players(gen_stats, disc_stats)

        # the generator's side comes in twice and is differentiated once: stop_gradient would do for the gradient, but
        # would also cut what the field's own derivatives (a Jacobian, consensus) go through
        def loss(params: Players, held: Players) -> tuple[Array, tuple[Players, StepInfo]]:
            live, _ = play(params.disc, params)
            stopped, after = play(params.disc, held)
            info = StepInfo(
                disc_loss=batches.mean(game.objective.discriminator(keys.disc_objective, stopped)),
                gen_loss=batches.mean(game.objective.generator(keys.gen_objective, live)),
                real_score=batches.mean(stopped.real_scores),
                fake_score=batches.mean(stopped.fake_scores),
            )
            return scalar(keys.disc_objective, keys.gen_objective, live, stopped), (after, info)

        grads, (after, info) = jax.grad(loss, has_aux=True)(params, params)
        return over_devices(Field(grads, after, info))

    return Gradients(field)
