"""Statistics that belong to the parameters they are used with."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ganjax.checks import InputError
from ganjax.steps._play import as_batch
from ganjax.types import Array, Game, Key, PyTree, Variables


def recalibrated(game: Game, variables: Variables, key: Key, batch: Any, num_passes: int = 200) -> Variables:
    """The generator with its statistics recomputed under its own parameters, for sampling.

    Averaged parameters go with averaged statistics only nearly: batch norm's averages were measured under parameters
    that are gone. Here the generator makes `num_passes` batches in training mode, each starting from the statistics
    that the one before it left, and the statistics after the latter half of them are averaged. The parameters stay.
    Izmailov et al. 2018, arXiv:1803.05407, section 3.2, do so for averaged classifiers.

    Args:
      game: whose generator it is.
      variables: the generator's: `generator_variables(state)`.
      key: for latents.
      batch: real samples, or (samples, condition): their number is the number of samples a pass, their condition the
        generator's.
      num_passes: even with a momentum of 0.9, 100 passes forget the start (0.9¹⁰⁰ < 3 · 10⁻⁵).

    Raises:
      InputError: if num_passes < 2.
    """
    if num_passes < 2:
        raise InputError(f"Expected num_passes >= 2, got {num_passes}.")
    given = as_batch(batch)
    num = given.samples.shape[0]

    def one(stats: PyTree, pass_key: Key) -> tuple[PyTree, PyTree]:
        latent_key, dropout_key = jax.random.split(pass_key)
        inputs = game.prior.sample(latent_key, num), *given.context
        _, after = game.generator.apply(Variables(variables.params, stats), *inputs, train=True, key=dropout_key)
        return after, after

    def latter_half(x: Array) -> Array:
        return jnp.mean(x[num_passes // 2 :], axis=0)

    _, every = jax.lax.scan(one, variables.stats, jax.random.split(key, num_passes))
    return variables._replace(stats=jax.tree.map(latter_half, every))
