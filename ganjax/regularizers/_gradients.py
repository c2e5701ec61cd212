"""A discriminator's gradient with respect to its input: what every gradient penalty starts from."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ganjax.checks import InputError
from ganjax.numerics import at_least_float32, safe_norm
from ganjax.types import Losses, PyTree, ScoreFn


def input_gradients(score_fn: ScoreFn, samples: Float[Array, "B ..."], *context: PyTree) -> Float[Array, "B ..."]:
    """∇ₓD(x) at each sample, in the sample's own dtype.

    Per sample.

    Args:
      score_fn: one sample (and its context) to a scalar.
      samples: [B, ...].
      *context: what `score_fn` takes after the sample, batch first.

    Raises:
      InputError: when `score_fn` gives anything but a scalar.
    """

    def scalar_score(sample: Array, *its_context: PyTree) -> Array:
        score = score_fn(sample, *its_context)
        if jnp.shape(score) != ():
            raise InputError(
                f"Expected score_fn to map one sample {list(sample.shape)} to a scalar, got a score of shape "
                f"{list(jnp.shape(score))}: give it one sample, without the batch axis, and squeeze its output."
            )
        return score

    return jax.vmap(jax.grad(scalar_score))(samples, *context)


def squared_norms(gradients: Float[Array, "B ..."]) -> Losses:
    """‖g‖₂² over all axes but the first, in float32 or better. No root is taken, so nothing is singular at 0.

    Per sample.
    """
    squares = jnp.square(at_least_float32(gradients))
    return jnp.sum(squares, axis=tuple(range(1, squares.ndim)))


def norms(gradients: Float[Array, "B ..."]) -> Losses:
    """‖g‖₂ over all axes but the first, in float32 or better, with derivative 0 where g = 0.

    Per sample.
    """
    return jax.vmap(safe_norm)(gradients)
