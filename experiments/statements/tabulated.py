"""Critics that are a number at each point of a grid, and the library's losses averaged over p and q on it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from ganjax.types import DiscriminatorOutput, Objective, Play, ScoreFn
from statements.pairs import Pair

Vector = Float[Array, "N"]
Loss = Callable[[Array, Array], Array]
Penalty = Callable[[ScoreFn, Array], Array]


class Board(NamedTuple):
    """A coarse grid with what p and q weigh on it.

    Attributes:
      points: [N].
      p, q: weights of the points, [N].
      spacing: between points.
    """

    points: Vector
    p: Vector
    q: Vector
    spacing: float | Array

    @property
    def middles(self) -> Vector:
        """Of the cells between the points, [N − 1]."""
        return 0.5 * (self.points[1:] + self.points[:-1])


class Minimum(NamedTuple):
    """What a search ended at."""

    value: Array
    point: Any


def board(pair: Pair, num: int = 201) -> Board:
    """Over the part of the pair's grid where p, q or their χ² weigh more than 1e-7; as short as its kinks allow."""
    points = np.linspace(max(pair.low, -8.0), min(pair.high, 9.0), num)
    spacing = float(points[1] - points[0])
    log_p, log_q = pair.both
    x = jnp.asarray(points)
    return Board(x, spacing * jnp.exp(log_p(x)), spacing * jnp.exp(log_q(x)), spacing)


def over_pairs(scores: Vector) -> tuple[Array, Array]:
    """The scores of every (real, fake) pair of grid points, two arrays [N, N]: real down, fake across."""
    shape = (scores.size, scores.size)
    return jnp.broadcast_to(scores[:, None], shape), jnp.broadcast_to(scores[None, :], shape)


def mean_loss(loss: Loss, scores: Vector, on: Board) -> Array:
    """E loss(D(x), D(y)), x ~ p and y ~ q independent; nothing is assumed of the loss but that it is elementwise."""
    return on.p @ loss(*over_pairs(scores)) @ on.q


def minimum(
    loss: Callable[[Any], Array],
    start: Any,
    num_steps: int = 250,
    within: Callable[[Any], Any] = lambda point: point,
) -> Minimum:
    """The least value of a convex function, by resilient propagation in float64.

    Each coordinate keeps its own step length and looks at its slope's sign alone, so that points of the tails, which
    weigh nothing, move like any other, and kinks do no harm. It finds the minimum where coordinates do not interact
    much; that it did is what the ledger checks.

    Args:
      loss: of a tree of arrays.
      start: that tree.
      num_steps: of the search.
      within: maps a point back to where it may be, after each step.
    """
    optimizer = optax.rprop(0.1, min_step_size=1e-12, max_step_size=4.0)

    def body(carry: tuple[Any, Any], _: None) -> tuple[tuple[Any, Any], None]:
        point, state = carry
        updates, state = optimizer.update(jax.grad(loss)(point), state)
        return (within(optax.apply_updates(point, updates)), state), None

    @jax.jit
    def search(start: Any) -> Minimum:
        (point, _), _ = jax.lax.scan(body, (start, optimizer.init(start)), length=num_steps)
        return Minimum(loss(point), point)

    return search(start)


@functools.cache
def built(builder: Any, *settings: Any) -> Any:
    """builder(*settings), the same object each time: what is compiled for it is compiled once."""
    return builder(*settings)


@functools.partial(jax.jit, static_argnums=0)
def best_scores(loss: Loss, on: Board) -> Minimum:
    """Of an elementwise loss over all critics on the grid."""
    return minimum(lambda scores: mean_loss(loss, scores, on), jnp.zeros_like(on.points))


def from_slopes(slopes: Vector, on: Board) -> Vector:
    """The scores of the critic that rises by these slopes from cell to cell, 0 at the first point; [N − 1] to [N]."""
    return jnp.concatenate([jnp.zeros(1), jnp.cumsum(slopes * on.spacing)])


@functools.partial(jax.jit, static_argnums=(0, 1))
def best_slopes(loss: Loss, penalty: Penalty, on: Board, weights: Array) -> Minimum:
    """Of E loss + Σ weights · penalty over critics straight between grid points, by their slopes.

    Args:
      loss: elementwise, of the scores.
      penalty: (critic, points [P, 1]) -> [P].
      on: the grid.
      weights: of the cells' middles, [N − 1].
    """

    def total(slopes: Array) -> Array:
        scores = from_slopes(slopes, on)
        return mean_loss(loss, scores, on) + weights @ penalty(interpolated(scores, on), on.middles[:, None])

    return minimum(total, jnp.zeros_like(on.middles))


def interpolated(scores: Vector, on: Board) -> ScoreFn:
    """The critic as a function of one sample [1], straight between points: what a gradient penalty takes."""
    return lambda sample: jnp.interp(sample[0], on.points, scores)


def played(objective: Objective, real: Vector, fake: Vector, real_scores: Vector, fake_scores: Vector) -> Array:
    """L_D of an objective on pairs of points, one a pair."""
    column = real[:, None]
    play = Play(
        real=column,
        fake=fake[:, None],
        latents=column,
        condition=(),
        real_output=DiscriminatorOutput(real_scores),
        fake_output=DiscriminatorOutput(fake_scores),
        score_fn=lambda sample: sample[0],  # of no one: the objectives given here look at scores alone
    )
    return objective.discriminator(jax.random.key(0), play)
