"""Statement 13: one scalar whose gradient moves both players as their two losses do."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array

from ganjax import objectives, steps
from ganjax.architectures import stateless
from ganjax.objectives import OBJECTIVES
from ganjax.types import Batch, Deal, DiscriminatorOutput, Game, GanState, Play, Prior
from statements.entries import Case, Entry
from statements.pairs import CASE_A, SKEW, Pair

NAMES = ("minimax", "non_saturating", "kl", "hinge", "relativistic", "wgan_gp", "gan_qp")
NUM = 16
RATIO = 0.7


class Table(NamedTuple):
    """A game about to be played: everything that a way to its gradients takes."""

    game: Game
    state: GanState
    deal: Deal
    batch: Batch


def critic(weights: Array, x: Array) -> DiscriminatorOutput:
    """One hidden layer of five, from 16 numbers."""
    hidden = jnp.tanh(x * weights[None, :5] + weights[None, 5:10])
    return DiscriminatorOutput(hidden @ weights[10:15] + weights[15])


def laid(name: str, pair: Pair) -> Table:
    """Reals from p, G(z) = μ + σz, and a small critic; in float64."""
    real_key, weight_key, state_key = jax.random.split(jax.random.key(6), 3)
    weights = jax.random.normal(weight_key, (16,))
    game = Game(
        generator=stateless(lambda key, z: jnp.array([0.6, 1.2]), lambda theta, z: theta[0] + theta[1] * z),
        discriminator=stateless(lambda key, x: weights, critic),
        objective=OBJECTIVES[name](),
        prior=Prior(lambda key, num: jax.random.normal(key, (num, 1)), (1,)),
    )
    batch = Batch(pair.p.samples(real_key, NUM)[:, None])
    algorithm = steps.synchronous(game, optax.sgd(1.0), optax.sgd(1.0))
    state = algorithm.init(state_key, batch)
    return Table(game, state, algorithm.deal(state.key, state.step, NUM), batch)


def pull(table: Table, gradients: steps.Gradients) -> Array:
    """The vector field where the game stands: μ, σ, then the critic's 16 numbers."""
    flow = steps.vector_field(table.game, table.state, table.deal, table.batch, gradients)
    return jax.jit(flow.function)(flow.point)


def two_losses(pair: Pair) -> Array:
    """Of every objective, by two gradients, the generator's times λ."""
    ratios = jnp.concatenate([jnp.full(2, RATIO), jnp.ones(16)])
    return jnp.stack([ratios * pull(laid(name, pair), steps.separate) for name in NAMES])


def one_loss(pair: Pair) -> Array:
    return jnp.stack([pull(laid(name, pair), steps.single_loss(RATIO)) for name in NAMES])


def shown(table: Table, fake: Array) -> Play:
    weights = table.state.disc_params
    return Play(
        real=table.batch.samples,
        fake=fake,
        latents=table.deal.latents,
        condition=(),
        real_output=critic(weights, table.batch.samples),
        fake_output=critic(weights, fake),
        score_fn=lambda x: critic(weights, x[None]).scores[0],
    )


def disc_loss(name: str, pair: Pair) -> Array:
    table = laid(name, pair)
    play = shown(table, fakes(table))
    return jnp.mean(table.game.objective.discriminator(jax.random.key(1), play))


def scalar(name: str, pair: Pair) -> Array:
    """The single loss."""
    table = laid(name, pair)
    fake = fakes(table)
    live, stopped = shown(table, fake), shown(table, jax.lax.stop_gradient(fake))
    return objectives.single_loss(table.game.objective, RATIO)(jax.random.key(1), jax.random.key(2), live, stopped)


def fakes(table: Table) -> Array:
    mean, deviation = table.state.gen_params
    return mean + deviation * table.deal.latents


PLACES = (CASE_A, SKEW)

ENTRIES = (
    Entry(
        "single_loss_gradients",
        13,
        "One scalar with a bracket has both players' gradients, the generator's times λ; for seven objectives.",
        "Su 2018, arXiv:1811.07296, and the identity of its gradients",
        "steps.separate: two losses, two gradients",
        "steps.single_loss(λ = 0.7): one loss, one gradient",
        "rounding",
        tuple(Case(pair.name, lambda p=pair: two_losses(p), lambda p=pair: one_loss(p)) for pair in PLACES),
    ),
    Entry(
        "single_loss_bracket",
        13,
        "The bracket is 0 to the last bit: the scalar's value is the discriminator's loss.",
        "Su 2018, arXiv:1811.07296, and the identity of its gradients",
        "E L_D of each of seven objectives",
        "objectives.single_loss(λ = 0.7) of it",
        "rounding",
        tuple(
            Case(
                pair.name,
                lambda p=pair: jnp.stack([disc_loss(name, p) for name in NAMES]),
                lambda p=pair: jnp.stack([scalar(name, p) for name in NAMES]),
            )
            for pair in PLACES
        ),
        tolerance=0.0,
    ),
)
