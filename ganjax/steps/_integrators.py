"""Integrators of the simultaneous flow that look at the vector field more than once a step, or remember their moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import jax
import optax

from ganjax.checks import Table
from ganjax.steps._gradients import Gradients, separate
from ganjax.steps._play import Field, Players, as_batch
from ganjax.steps._schedules import move_discriminator, move_generator, params_of, stats_of, synchronous
from ganjax.types import Algorithm, Game, GanState, PyTree, StepInfo

Look = Callable[[Players], Players]  # parameters -> gradients there
Displace = Callable[[Players], Players]  # gradients -> how far the optimizers would move by them from here
Rule = Callable[[Look, Displace, Players, Players], Players]  # …, parameters, gradients here -> gradients to move by


def integrated(
    game: Game,
    gen_optimizer: optax.GradientTransformation,
    disc_optimizer: optax.GradientTransformation,
    gradients: Gradients,
    rule: Rule,
) -> Algorithm:
    """Both players move together, by gradients that `rule` makes from several looks at the field.

    All looks share one batch, its latents and its other draws, so that they are looks at one field. Statistics and
    StepInfo are those of the first look. The optimizers' states advance once, by the gradients moved by; displacements
    in between are what the optimizers would do from the states they are in.
    """

    def advance(state: GanState, deal: PyTree, batch: Any) -> tuple[GanState, StepInfo]:
        here, stats = params_of(state), stats_of(state)

        def at(params: Players) -> Field:
            return gradients.field(game, params, stats, deal, as_batch(batch))

        def displace(grads: Players) -> Players:
            movers = (here.gen, here.helper)
            of_gen, _ = gen_optimizer.update((grads.gen, grads.helper), state.gen_opt_state, movers)
            gen, helper = cast(tuple[PyTree, PyTree], of_gen)
            disc, _ = disc_optimizer.update(grads.disc, state.disc_opt_state, here.disc)
            return Players(gen, disc, helper)

        first = at(here)
        field = first._replace(grads=rule(lambda params: at(params).grads, displace, here, first.grads))
        state = move_discriminator(disc_optimizer, move_generator(gen_optimizer, state, field), field)
        return state._replace(step=state.step + 1), field.info

    return synchronous(game, gen_optimizer, disc_optimizer, gradients)._replace(advance=advance)


def moved(params: Players, displacement: Players, length: float = 1.0) -> Players:
    """params + length · displacement."""
    return jax.tree.map(lambda p, d: p + length * d, params, displacement)


def combined(weights: tuple[float, ...], *looks: Players) -> Players:
    """Σᵢ weightᵢ · lookᵢ."""
    return jax.tree.map(lambda *k: sum(w * x for w, x in zip(weights, k, strict=True)), *looks)


def look_ahead(look: Look, displace: Displace, here: Players, k1: Players) -> Players:
    """The gradients where those of here, k1, would lead: extragradient."""
    return look(moved(here, displace(k1)))


def heun(look: Look, displace: Displace, here: Players, k1: Players) -> Players:
    """(k1 + k2)/2, with k2 where k1 leads: Runge-Kutta's rule of order 2."""
    k2 = look(moved(here, displace(k1)))
    return combined((1 / 2, 1 / 2), k1, k2)


def classical(look: Look, displace: Displace, here: Players, k1: Players) -> Players:
    """(k1 + 2·k2 + 2·k3 + k4)/6: Runge-Kutta's rule of order 4."""
    k2 = look(moved(here, displace(k1), 1 / 2))
    k3 = look(moved(here, displace(k2), 1 / 2))
    k4 = look(moved(here, displace(k3)))
    return combined((1 / 6, 1 / 3, 1 / 3, 1 / 6), k1, k2, k3, k4)


RUNGE_KUTTA: Table[Rule] = Table("Runge-Kutta order", {"2": heun, "4": classical})


def extragradient(
    game: Game,
    gen_optimizer: optax.GradientTransformation,
    disc_optimizer: optax.GradientTransformation,
    gradients: Gradients = separate,
) -> Algorithm:
    """Look ahead, then move from here by what is seen there: w ← w − η F(w − η F(w)). Two fields a step.

    Both looks share a batch and latents. An adaptive optimizer's moments follow the second look alone, where the
    paper's ExtraAdam has them follow both. Korpelevich 1976; Gidel et al. 2018, arXiv:1802.10551, algorithms 3 and 4.

    Args:
      game: what is played.
      gen_optimizer: moves the generator, and the helper where there is one.
      disc_optimizer: moves the discriminator.
      gradients: how the vector field is computed: `separate`, …
    """
    return integrated(game, gen_optimizer, disc_optimizer, gradients, look_ahead)


def runge_kutta(
    game: Game,
    gen_optimizer: optax.GradientTransformation,
    disc_optimizer: optax.GradientTransformation,
    order: int = 4,
    gradients: Gradients = separate,
) -> Algorithm:
    """ODE-GAN's integrators of ẇ = −F(w): Heun's method (order 2), or the classical fourth-order one.

    A step takes as many fields as its order, all on one batch. With plain gradient descent the learning rate is the
    step size; with another optimizer the points looked at are where it would move to. Without the paper's penalty on
    the discriminator's gradient with respect to the generator. Qin et al. 2020, arXiv:2010.15040, section 3 and
    appendix.

    Args:
      game: what is played.
      gen_optimizer: moves the generator, and the helper where there is one.
      disc_optimizer: moves the discriminator.
      order: 2 or 4.
      gradients: how the vector field is computed: `separate`, …

    Raises:
      UnknownNameError: if order is neither 2 nor 4.
    """
    return integrated(game, gen_optimizer, disc_optimizer, gradients, RUNGE_KUTTA[str(order)])


def optimistic(
    game: Game,
    gen_optimizer: optax.GradientTransformation,
    disc_optimizer: optax.GradientTransformation,
    gradients: Gradients = separate,
) -> Algorithm:
    """Each move is extrapolated by the one before it: w ← w + 2 u_t − u_{t−1}, where u is the optimizers' move.

    One field a step. With plain gradient descent, u = −ηF, it is optimistic mirror descent; with Adam it is the paper's
    Optimistic Adam. The first step has no past and is plain. A projection among the optimizers (`clipped`) acts before
    the extrapolation, which may leave its set by the length of a move.
    Popov 1980; Daskalakis et al. 2017, arXiv:1711.00141, eq. 4 and algorithm 1.

    Args:
      game: what is played.
      gen_optimizer: moves the generator, and the helper where there is one.
      disc_optimizer: moves the discriminator.
      gradients: how the vector field is computed: `separate`, …
    """
    ahead = optax.scale_by_optimistic_gradient()
    return synchronous(game, optax.chain(gen_optimizer, ahead), optax.chain(disc_optimizer, ahead), gradients)
