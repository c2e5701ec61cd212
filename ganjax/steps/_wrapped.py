"""Gradients made from gradients."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ganjax import batches
from ganjax.checks import InputError, check_non_negative
from ganjax.steps._gradients import Gradients, separate
from ganjax.steps._play import Field, Players
from ganjax.types import Array, Batch, Deal, Game, Key


def consensus(weight: float, gradients: Gradients = separate) -> Gradients:
    """Consensus optimization: F(w) + γ ∇_w ½‖F(w)‖², which pulls both players toward where neither wants to move.

    F is the whole field, (∂_θ L_G, ∂_φ L_D), and ∇½‖F‖² = F′ᵀF needs its derivatives, so that a step costs about three
    plain ones. For `synchronous`: with `alternating`, each half step adds the pull on its own player.
    Mescheder et al. 2017, arXiv:1705.10461, section 4 and algorithm 2.

    Args:
      weight: γ; 10 in the paper's experiments on images.
      gradients: how F is computed.

    Raises:
      InputError: if weight is negative.
    """
    check_non_negative(weight=weight)

    def field(game: Game, params: Players, stats: Players, deal: Deal, batch: Batch) -> Field:
        def energy(params: Players) -> tuple[Array, Field]:
            here = gradients.field(game, params, stats, deal, batch)
            squares = [jnp.sum(jnp.square(g)) for g in jax.tree.leaves(here.grads)]
            return 0.5 * jnp.sum(jnp.stack(squares)), here

        pull, here = jax.grad(energy, has_aux=True)(params)
        return here._replace(grads=jax.tree.map(lambda g, p: g + weight * p, here.grads, batches.agreed(pull)))

    return Gradients(field, gradients.check)


def accumulated(num: int, gradients: Gradients = separate) -> Gradients:
    """The mean field of `num` equal parts of the batch, one after the other: a large batch in a small memory.

    Equal to the whole batch's field where losses are means over samples that don't see each other. Batch norm and
    relativistic averages see one part at a time, and what is drawn beside latents (dropout, a penalty's points) is
    drawn for each part. Statistics go through the parts in order.

    Args:
      num: parts; the batch size must divide by it.
      gradients: how each part's field is computed.

    Raises:
      InputError: if num < 1; at `init` or `step` if the batch does not divide by it.
    """
    if num < 1:
        raise InputError(f"Expected num >= 1 parts, got {num}.")

    def check(game: Game, batch: Batch) -> None:
        gradients.check(game, jax.tree.map(lambda x: in_parts(x, num)[0], batch))

    def field(game: Game, params: Players, stats: Players, deal: Deal, batch: Batch) -> Field:
        def add(stats: Players, part: tuple[Array, Batch, Key]) -> tuple[Players, Field]:
            latents, samples, key = part
            here = gradients.field(game, params, stats, deal._replace(latents=latents, key=key), samples)
            return here.stats, here._replace(stats=Players((), ()))

        parts = jax.tree.map(lambda x: in_parts(x, num), (deal.latents, batch))
        after, each = jax.lax.scan(add, stats, (*parts, jax.random.split(deal.key, num)))
        return jax.tree.map(lambda x: jnp.mean(x, axis=0), each)._replace(stats=after)

    return Gradients(field, check)


def in_parts(x: Array, num: int) -> Array:
    """[num · B, ...] as [num, B, ...]."""
    if x.shape[0] % num:
        raise InputError(f"Expected a batch size that divides by {num} parts, got {x.shape[0]}.")
    return x.reshape(num, x.shape[0] // num, *x.shape[1:])
