"""One backward pass for both players, for discriminators that score each sample on its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from ganjax import batches
from ganjax.steps._gradients import Gradients
from ganjax.steps._play import Field, Players, as_output, generate, make_play, over_devices, split
from ganjax.steps._scored_alone import check_scored_alone
from ganjax.steps._shared_forward import shared_forward
from ganjax.types import Batch, Deal, DiscriminatorOutput, Game, PyTree, Samples, StepInfo, Variables


class Passes(NamedTuple):
    """One forward pass of each network on each batch, with the way back through it.

    Attributes:
      fake, real_output, fake_output: what came out.
      pull_gen: ∂/∂fake -> (∂/∂θ,).
      pull_real: ∂/∂real_output -> (∂/∂φ,).
      pull_fake: ∂/∂fake_output -> (∂/∂φ, ∂/∂fake).
      stats: each player's statistics as its own turn leaves them.
    """

    fake: Samples
    real_output: DiscriminatorOutput
    fake_output: DiscriminatorOutput
    pull_gen: Callable[[Samples], tuple[PyTree]]
    pull_real: Callable[[DiscriminatorOutput], tuple[PyTree]]
    pull_fake: Callable[[DiscriminatorOutput], tuple[PyTree, Samples]]
    stats: Players


class Scalars(NamedTuple):
    """The game's two losses as functions of what lies between the networks and them.

    Attributes:
      discriminator: (φ, real_output, fake_output) -> L_D; φ is what its penalties reach beside the outputs.
      generator: (fake_output, fake) -> L_G.
    """

    discriminator: Callable[[PyTree, DiscriminatorOutput, DiscriminatorOutput], Array]
    generator: Callable[[DiscriminatorOutput, Samples], Array]


def fused_field(game: Game, params: Players, stats: Players, deal: Deal, batch: Batch) -> Field:
    """One forward and one backward pass of each network give both players their exact gradients.

    Where each sample is scored on its own, ∂L_D/∂x_i and ∂L_G/∂x_i are both multiples of ∂D(x_i)/∂x_i. With
    c_i = ∂L_D/∂D(x_i) and g_i = ∂L_G/∂D(x_i), D's fake pass is pulled back once with c, which is the discriminator's
    gradient; the gradient that arrives at x_i, times g_i/c_i, is what the generator's pullback takes. c_i may be 0
    where g_i is not, as on the flat part of a hinge, so that c stands for `floored(c, g)`.

    What L_D depends on beyond the fake scores (penalties, features of real samples) is added exactly. An objective
    whose generator looks beyond the fake scores (at samples, features or a helper), or whose discriminator looks at
    fake features, takes the way of `shared_forward`, which is exact for all.
    """
    passes = forward(game, params, stats, deal, batch)
    scalars = losses_of(game, params, passes, deal, batch)
    if game.helper is not None or looks_beyond_scores(scalars, params.disc, passes):
        return shared_forward.field(game, params, stats, deal, batch)
    disc_value, (beside, of_real, of_fake) = jax.value_and_grad(scalars.discriminator, argnums=(0, 1, 2))(
        params.disc, passes.real_output, passes.fake_output
    )
    gen_value, g = jax.value_and_grad(scalars.generator)(passes.fake_output, passes.fake)
    c = floored(of_fake.scores, g.scores)
    (from_real,), (from_fake, at_fake) = passes.pull_real(of_real), passes.pull_fake(of_fake._replace(scores=c))
    rescaling = (g.scores / c).reshape(-1, *[1] * (at_fake.ndim - 1)).astype(at_fake.dtype)
    (gen_grads,) = passes.pull_gen(at_fake * rescaling)
    disc_grads = jax.tree.map(lambda a, b, c: a + b + c, beside, from_real, from_fake)
    scores = batches.mean(passes.real_output.scores), batches.mean(passes.fake_output.scores)
    # no helper comes here: its gradient is as empty as itself
    grads, info = Players(gen_grads, disc_grads, params.helper), StepInfo(disc_value, gen_value, *scores)
    return over_devices(Field(grads, passes.stats, info))


def forward(game: Game, params: Players, stats: Players, deal: Deal, batch: Batch) -> Passes:
    """`generate` and `judge`, network by network."""
    keys, given = split(deal.key), batch.context

    def judge(variables: Variables, samples: Samples, key: Array) -> tuple[DiscriminatorOutput, PyTree]:
        output, after = game.discriminator.apply(variables, samples, *given, train=True, key=key)
        return as_output(output), jax.lax.stop_gradient(after)

    fake, pull_gen, gen_stats = jax.vjp(
        lambda gen: generate(game, Variables(gen, stats.gen), deal, batch), params.gen, has_aux=True
    )
    real_output, pull_real, after_real = jax.vjp(
        lambda disc: judge(Variables(disc, stats.disc), batch.samples, keys.real), params.disc, has_aux=True
    )
    fake_output, pull_fake, after = jax.vjp(
        lambda disc, fake: judge(Variables(disc, after_real), fake, keys.fake), params.disc, fake, has_aux=True
    )
    return Passes(fake, real_output, fake_output, pull_gen, pull_real, pull_fake, Players(gen_stats, after))


def losses_of(game: Game, params: Players, passes: Passes, deal: Deal, batch: Batch) -> Scalars:
    """Both players' mean losses, as functions of what the passes gave."""
    keys, helper = split(deal.key), Variables(params.helper)

    def discriminator(disc: PyTree, real_output: DiscriminatorOutput, fake_output: DiscriminatorOutput) -> Array:
        judged, outputs = Variables(disc, passes.stats.disc), {"real_output": real_output, "fake_output": fake_output}
        play = make_play(game, judged, helper, deal, batch, fake=passes.fake, **outputs)
        return batches.mean(game.objective.discriminator(keys.disc_objective, play))

    def generator(fake_output: DiscriminatorOutput, fake: Samples) -> Array:
        judged = Variables(params.disc, passes.stats.disc)
        outputs = {"real_output": passes.real_output, "fake_output": fake_output}
        play = make_play(game, judged, helper, deal, batch, fake=fake, **outputs)
        return batches.mean(game.objective.generator(keys.gen_objective, play))

    return Scalars(discriminator, generator)


def looks_beyond_scores(scalars: Scalars, disc: PyTree, passes: Passes) -> bool:
    """Whether L_G reads the fake samples or features, or L_D the fake features."""
    scores, features = passes.fake_output
    return reads(
        lambda features, fake: scalars.generator(DiscriminatorOutput(scores, features), fake), features, passes.fake
    ) or reads(
        lambda features: scalars.discriminator(disc, passes.real_output, DiscriminatorOutput(scores, features)),
        features,
    )


def reads(function: Callable[..., Array], *inputs: PyTree) -> bool:
    """Whether the function computes with any of its inputs. May say so of one that it computes with in vain."""
    jaxpr = jax.make_jaxpr(function)(*inputs).jaxpr
    read = {id(v) for equation in jaxpr.eqns for v in equation.invars} | {id(v) for v in jaxpr.outvars}
    return any(id(v) in read for v in jaxpr.invars)


def floored(c: Array, g: Array) -> Array:
    """c̃ = sign(c) · max(|c|, τ · max|g|) with sign(0) = 1: never 0, so that g/c̃ is finite. Per batch.

    What it adds to the discriminator's gradient is at most τ of the generator's signal, far below its rounding.
    """
    floor = jnp.maximum(tau(c.dtype) * batches.greatest(jnp.abs(g)), jnp.finfo(c.dtype).tiny)
    return jnp.where(c < 0, -1, 1).astype(c.dtype) * jnp.maximum(jnp.abs(c), floor)


def tau(dtype: Any) -> float:
    """2⁻⁴⁰ in float32, 2⁻⁶⁰ in float64: g/c̃ and c̃ themselves stay far from the ends of the exponent's range."""
    return 2.0**-60 if dtype == jnp.float64 else 2.0**-40


fused = Gradients(fused_field, check_scored_alone)
