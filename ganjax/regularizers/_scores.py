"""Scores held in place: near their moving averages, or still under a change of the image that means nothing."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from ganjax.checks import check_same_shape
from ganjax.numerics import at_least_float32
from ganjax.types import Key, Losses, PyTree, Samples, ScoreFn, Scores

_Samples = Float[Array, "_B ..."]  # unequal batches meet `InputError`, not a type checker
Transform = Callable[[Key, Array], Array]  # (key, samples) -> samples of the same shape


def lecam(real_scores: Scores, fake_scores: Scores, real_anchor: ArrayLike, fake_anchor: ArrayLike) -> Losses:
    """(D(x) − α_F)² + (D(G(z)) − α_R)²: each kind of score drawn to the OTHER kind's moving average.

    Elementwise.

    Args:
      real_scores, fake_scores: [B].
      real_anchor, fake_anchor: α_R and α_F, scalars: exponential moving averages of the mean real and fake score, kept
        by the caller (decay .99 in the paper). No gradient flows into them.

    Returns:
      [B], float32 or better. The authors' programme takes max(D(x) − α_F, 0)² and max(α_R − D(G(z)), 0)² instead;
      this is the paper's formula.

    Raises:
      InputError: when the shapes differ.

    Reference: Tseng et al. 2021, arXiv:2104.03310, section 3.
    """
    check_same_shape(real_scores=real_scores, fake_scores=fake_scores)
    real_anchor, fake_anchor = jax.lax.stop_gradient((real_anchor, fake_anchor))
    return jnp.square(at_least_float32(real_scores) - fake_anchor) + jnp.square(
        at_least_float32(fake_scores) - real_anchor
    )


def consistency(key: Key, score_fn: ScoreFn, real: Samples, *context: PyTree, transform: Transform) -> Losses:
    """(D(x) − D(T(x)))²: a score should not notice a transform that keeps the meaning.

    Per sample, if the transform is.

    Args:
      key: handed to the transform.
      score_fn: one sample (and its context) to a scalar.
      real: [B, ...]; any samples will do.
      *context: batch first.
      transform: (key, samples [B, ...]) -> [B, ...]: flips, shifts, ….

    Returns:
      [B], float32 or better.

    Raises:
      InputError: when the transform changes the shape.

    Reference: Zhang et al. 2020, arXiv:1910.12027.
    """
    transformed = transform(key, real)
    check_same_shape(samples=real, transformed=transformed)
    score = jax.vmap(score_fn)
    return jnp.square(at_least_float32(score(real, *context)) - at_least_float32(score(transformed, *context)))


def balanced_consistency(
    key: Key, score_fn: ScoreFn, real: _Samples, fake: _Samples, *context: PyTree, transform: Transform
) -> Losses:
    """(D(x) − D(T(x)))² + (D(G(z)) − D(T′(G(z))))²: `consistency` on real and on fake samples, each with its own T.

    Per sample, if the transform is. For different weights on the two, call `consistency` twice. Stop the gradient into
    the generator where the discriminator plays.

    Args:
      key: split for the two transforms.
      score_fn: one sample (and its context) to a scalar.
      real, fake: [B, ...].
      *context: batch first; the i-th entry goes with both the i-th real and the i-th fake sample.
      transform: (key, samples [B, ...]) -> [B, ...].

    Returns:
      [B], float32 or better.

    Raises:
      InputError: when shapes differ.

    Reference: Zhao et al. 2020, arXiv:2002.04724, algorithm 1.
    """
    check_same_shape(real=real, fake=fake)
    real_key, fake_key = jax.random.split(key)
    return consistency(real_key, score_fn, real, *context, transform=transform) + consistency(
        fake_key, score_fn, fake, *context, transform=transform
    )
