"""Whether a discriminator scores each sample on its own."""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ganjax.checks import InputError
from ganjax.numerics import at_least_float32
from ganjax.steps._play import as_output
from ganjax.types import Batch, Game, Network, PyTree, Variables

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

    Batch norm and minibatch statistics show at once. Parameters and statistics are made up too, since layers that begin
    at 0 would hide what they mix. Computed with concrete numbers where `init` itself is traced: nothing of the given
    batch is used but shapes and dtypes. It costs the compilation of one forward pass; a second trial of the same
    network costs nothing but that pass.
    """
    rng = np.random.default_rng(0)
    shapes = (batch.samples, *batch.context)
    made = jax.tree.map(lambda x: made_up(rng, (NUM, *x.shape[1:]), x.dtype), shapes)
    other = jax.tree.map(lambda x: np.concatenate([x[:-1], x[:1]]), made)
    variables = made_up_variables(rng, jax.eval_shape(game.discriminator.init, jax.random.key(0), *made))
    with jax.ensure_compile_time_eval():
        scores, others = (np.asarray(scores_of(game.discriminator, variables, *inputs)) for inputs in (made, other))
    close = 1e-4 * np.max(np.abs(scores), initial=0.0)
    return scores.shape == (NUM,) and bool(np.all(np.abs(scores - others)[:-1] <= close))


@functools.partial(jax.jit, static_argnums=0)
def scores_of(discriminator: Network, variables: Variables, *inputs: PyTree) -> Array:
    """One training pass; dropout drops the same numbers every time."""
    output, _ = discriminator.apply(variables, *inputs, train=True, key=jax.random.key(0))
    return at_least_float32(as_output(output).scores)


def made_up_variables(rng: np.random.Generator, shapes: Variables) -> Variables:
    """Kernels that keep the size of what they multiply, everything else of size 1; statistics positive."""

    def param(x: jax.ShapeDtypeStruct) -> np.ndarray:
        fan_in = math.prod(x.shape[:-1])
        return np.asarray(made_up(rng, x.shape, x.dtype) / np.sqrt(fan_in), x.dtype)

    def stat(x: jax.ShapeDtypeStruct) -> np.ndarray:
        return np.asarray(np.abs(made_up(rng, x.shape, x.dtype)))

    return Variables(jax.tree.map(param, shapes.params), jax.tree.map(stat, shapes.stats))


def made_up(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Standard normal numbers; zeros for labels and the like, 0 being always one of them."""
    if jnp.issubdtype(dtype, jnp.floating):
        return np.asarray(rng.standard_normal(shape, np.float32), dtype)
    return np.zeros(shape, dtype)
