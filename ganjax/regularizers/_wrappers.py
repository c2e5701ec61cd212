"""Regularizers made from regularizers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from ganjax.checks import InputError
from ganjax.types import Losses

Regularizer = Callable[..., Losses]


def weighted(regularizer: Regularizer, weight: ArrayLike) -> Regularizer:
    """`weight` times the regularizer; grade and arguments are the regularizer's own.

    Args:
      regularizer: any.
      weight: a scalar; may be traced, so that games with different weights are one `vmap`.
    """

    def weighted_regularizer(*args: Any, **kwargs: Any) -> Losses:
        return jnp.multiply(weight, regularizer(*args, **kwargs))

    return weighted_regularizer


def lazily(regularizer: Regularizer, interval: int) -> Callable[..., Losses]:
    """The regularizer on every `interval`-th step only, `interval` times as strong, and zeros on the others.

    lazily(r1, 16)(step, score_fn, real) is 16·r1(score_fn, real) at steps 0, 16, 32, … and 0 between: the mean over
    steps is r1's. Grade as the regularizer's. On the other steps the penalty is not computed. It is the gradient's
    mean that is kept: with Adam, the paper also corrects learning rate and decay, which is the optimizer's business.

    Args:
      regularizer: any; wrap it in `weighted` before or after, which is the same.
      interval: in steps, 1 or more; 16 for a discriminator in the paper.

    Returns:
      (step, *args, **kwargs) -> losses, where `step` counts from 0 and may be traced.

    Raises:
      InputError: when the interval is below 1.

    Reference: Karras et al. 2020, arXiv:1912.04958, section 4.3 (lazy regularization).
    """
    if interval < 1:
        raise InputError(f"Expected interval >= 1, got interval = {interval}: 1 regularizes at every step.")

    def lazy_regularizer(step: ArrayLike, *args: Any, **kwargs: Any) -> Losses:
        def on() -> Losses:
            return interval * regularizer(*args, **kwargs)

        shape = jax.eval_shape(on)
        return jax.lax.cond(jnp.equal(jnp.mod(step, interval), 0), on, lambda: jnp.zeros(shape.shape, shape.dtype))

    return lazy_regularizer
