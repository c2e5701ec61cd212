"""One evaluation of the game: which network sees what, and which pass updates which statistics.

The rule, for batch norm and spectral norm alike: every pass of a training step runs in training mode, and a player's
statistics are updated by the passes of its own turn only. The generator's turn updates the generator's statistics once;
the discriminator's turn updates the discriminator's twice, by the real batch and then by the fake
one, each normalized by itself. What the other player's passes would have updated is dropped. `score_fn` and everything
outside training (sampling, evaluation) use the stored statistics and update nothing. A helper keeps no statistics.

Where a batch is split over devices (`ganjax.batches`), each plays its own rows, and what one evaluation yields is made
the whole batch's in one place, `over_devices`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from jaxtyping import Array

from ganjax import batches
from ganjax.checks import InputError
from ganjax.types import (
    Batch,
    Deal,
    DiscriminatorOutput,
    Game,
    Key,
    Network,
    Play,
    PyTree,
    Samples,
    ScoreFn,
    StepInfo,
    Variables,
)


class Players(NamedTuple):
    """One value a player: parameters, statistics or gradients. The helper moves with the generator."""

    gen: PyTree
    disc: PyTree
    helper: PyTree = ()


class Field(NamedTuple):
    """The game's vector field at one point, from one batch.

    Attributes:
      grads: ∂L_G/∂θ for the generator (and the helper), ∂L_D/∂φ for the discriminator.
      stats: each player's statistics as its own turn leaves them.
      info: losses and mean scores.
    """

    grads: Players
    stats: Players
    info: StepInfo


class Keys(NamedTuple):
    """What one evaluation draws beside latents. Both players' turns share the dropout keys, so they see one game."""

    generator: Key
    real: Key
    fake: Key
    helper: Key
    disc_objective: Key
    gen_objective: Key


def split(key: Key) -> Keys:
    """Named keys. Networks draw for the rows that they are shown, objectives for the whole batch."""
    keys = Keys(*jax.random.split(key, len(Keys._fields)))
    of_networks = {name: batches.own_key(getattr(keys, name)) for name in ("generator", "real", "fake", "helper")}
    return keys._replace(**of_networks)


def over_devices(field: Field) -> Field:
    """The field of the whole batch: means over the devices that hold its parts. Elsewhere the field as it is."""
    grads, stats = batches.agreed((field.grads, field.stats))
    return field._replace(grads=grads, stats=stats)


def as_batch(batch: Any) -> Batch:
    """A `Batch` from what a user passes: a Batch, a pair (samples, condition), or samples alone."""
    if isinstance(batch, Batch):
        return batch
    if isinstance(batch, list | dict) or (isinstance(batch, tuple) and not 1 <= len(batch) <= 2):
        raise InputError(
            f"Expected a batch as samples or a pair (samples, condition), got a {type(batch).__name__} of {len(batch)}."
        )
    return Batch(*batch) if isinstance(batch, tuple) else Batch(batch)


def generate(game: Game, gen: Variables, deal: Deal, batch: Batch) -> tuple[Samples, PyTree]:
    """The fake batch, and the generator's updated statistics."""
    inputs = (deal.latents, *batch.context)
    return game.generator.apply(gen, *inputs, train=True, key=split(deal.key).generator)


def judge(
    game: Game, disc: Variables, helper: Variables, deal: Deal, batch: Batch, *, fake: Samples
) -> tuple[Play, PyTree]:
    """The play that results, and the discriminator's updated statistics.

    Args:
      fake: generated samples; the caller stops their gradient where the discriminator plays.
    """
    keys, given = split(deal.key), batch.context
    real_output, stats = game.discriminator.apply(disc, batch.samples, *given, train=True, key=keys.real)
    # what a pass leaves behind is a constant of the next: no gradient flows through statistics
    after_real = Variables(disc.params, jax.lax.stop_gradient(stats))
    fake_output, stats = game.discriminator.apply(after_real, fake, *given, train=True, key=keys.fake)
    stats = jax.lax.stop_gradient(stats)
    outputs = {"real_output": as_output(real_output), "fake_output": as_output(fake_output)}
    return make_play(game, Variables(disc.params, stats), helper, deal, batch, fake=fake, **outputs), stats


def make_play(
    game: Game,
    disc: Variables,
    helper: Variables,
    deal: Deal,
    batch: Batch,
    *,
    fake: Samples,
    real_output: DiscriminatorOutput,
    fake_output: DiscriminatorOutput,
) -> Play:
    """What the objective is shown."""
    return Play(
        real=batch.samples,
        fake=fake,
        latents=deal.latents,
        condition=batch.condition,
        real_output=real_output,
        fake_output=fake_output,
        score_fn=score_one(game.discriminator, disc),
        helper_fn=game.helper and bind(game.helper, helper, split(deal.key).helper),
        step=deal.step,
    )


def as_output(output: DiscriminatorOutput | Array) -> DiscriminatorOutput:
    """A `DiscriminatorOutput` from what a discriminator returns: bare scores [B] will do."""
    return output if isinstance(output, DiscriminatorOutput) else DiscriminatorOutput(output)


def score_one(discriminator: Network, variables: Variables) -> ScoreFn:
    """The discriminator in evaluation mode, as a function of one sample (and its condition) to a scalar."""

    def score_fn(sample: Array, *condition: PyTree) -> Array:
        inputs = jax.tree.map(lambda x: x[None], (sample, *condition))
        output, _ = discriminator.apply(variables, *inputs)
        return as_output(output).scores[0]

    return score_fn


def bind(network: Network, variables: Variables, key: Key) -> Callable[..., PyTree]:
    """The network in training mode as a function of its inputs alone."""
    return lambda *inputs: network.apply(variables, *inputs, train=True, key=key)[0]
