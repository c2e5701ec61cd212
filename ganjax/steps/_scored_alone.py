"""Whether a discriminator scores each sample on its own."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from ganjax.checks import InputError
from ganjax.steps._play import as_output
from ganjax.types import Batch, Game, Key, PyTree, Variables

NUM = 4  # samples made up: enough for a batch statistic to move when the last one does


def check_scored_alone(game: Game, batch: Batch) -> None:
    """Raises `InputError` if one sample's score depends on another sample of its batch.

    A packed discriminator says so of itself; of any other, `tried_alone` finds out.
    """
    if game.discriminator.samples_per_score > 1 or not tried_alone(game, batch):
        raise InputError(
            "steps.fused needs a discriminator that scores each sample on its own, but this one mixes the samples of "
            "a batch (batch norm, minibatch statistics or packing): drop that layer, or use steps.shared_forward."
        )


def tried_alone(game: Game, batch: Batch) -> bool:
    """Whether two made-up batches that differ in the last sample alone get the same scores but for that sample.

    Batch norm and minibatch statistics show at once. The parameters are shaken, since layers that begin at 0 would hide
    what they mix. Computed with concrete numbers where `init` itself is traced: nothing of the given batch is used but
    shapes and dtypes.
    """
    with jax.ensure_compile_time_eval():
        params_key, shake_key, batch_key, apply_key = jax.random.split(jax.random.key(0), 4)
        made = jax.tree.map(lambda x: made_up(batch_key, x.shape[1:], x.dtype), (batch.samples, *batch.context))
        other = jax.tree.map(lambda x: x.at[-1].set(x[0]), made)
        fresh = game.discriminator.init(params_key, *made)
        variables = fresh._replace(params=shaken(shake_key, fresh.params))
        scores, others = (scores_of(game, variables, x, apply_key) for x in (made, other))
        return scores.shape == (NUM,) and bool(
            jnp.allclose(scores[:-1], others[:-1], rtol=0, atol=1e-4 * jnp.max(jnp.abs(scores)))
        )


def scores_of(game: Game, variables: Variables, inputs: tuple[PyTree, ...], key: Key) -> Array:
    output, _ = game.discriminator.apply(variables, *inputs, train=True, key=key)
    return as_output(output).scores


def made_up(key: Key, shape: tuple[int, ...], dtype: Any) -> Array:
    if jnp.issubdtype(dtype, jnp.floating):
        return jax.random.normal(key, (NUM, *shape), dtype)
    return jnp.zeros((NUM, *shape), dtype)  # labels and the like: 0 is always one of them


def shaken(key: Key, params: PyTree) -> PyTree:
    """Every number moved by a tenth of a standard normal."""
    leaves, structure = jax.tree.flatten(params)
    keys = jax.random.split(key, max(len(leaves), 1))
    moved = [x + 0.1 * jax.random.normal(k, x.shape, x.dtype) for k, x in zip(keys, leaves, strict=False)]
    return jax.tree.unflatten(structure, moved)
