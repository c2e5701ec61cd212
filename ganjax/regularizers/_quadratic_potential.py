"""Squared score differences, measured against how far the samples of each pair are apart."""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from ganjax.checks import InputError, Table, check_rank, check_same_shape
from ganjax.numerics import at_least_float32, safe_norm
from ganjax.types import Losses, Scores

_Samples = Float[Array, "_B ..."]  # unequal batches meet `InputError`, not a type checker
Distance = Callable[[Array, Array], Array]  # (real, fake) -> [B]


def mean_absolute_distance(real: _Samples, fake: _Samples) -> Losses:
    """mean |x − G(z)| over all non-batch axes.

    Per sample.
    """
    gaps = jnp.abs(_gaps(real, fake))
    return jnp.mean(gaps, axis=tuple(range(1, gaps.ndim)))


def root_mean_square_distance(real: _Samples, fake: _Samples) -> Losses:
    """√(mean (x − G(z))²) over all non-batch axes, with derivative 0 where the samples are equal.

    Per sample.
    """
    gaps = _gaps(real, fake)
    return jax.vmap(safe_norm)(gaps) / math.sqrt(math.prod(gaps.shape[1:]))


DISTANCES: Table[Distance] = Table("distance", {"l1": mean_absolute_distance, "l2": root_mean_square_distance})


def gan_qp(  # noqa: PLR0917
    real_scores: Scores,
    fake_scores: Scores,
    real: _Samples,
    fake: _Samples,
    lambda_: ArrayLike = 10.0,
    distance: str | Distance = "l1",
) -> Losses:
    """Δ²/(2λd), Δ = D(x) − D(G(z)), d the distance between the samples of the pair: GAN-QP's quadratic term alone.

    Per sample. For the discriminator only: L_D = −Δ + Δ²/(2λd), while L_G = Δ. Where d = 0 the divisor is λ times the
    machine epsilon of the result's dtype: two equal samples with equal scores cost 0, with different scores a large
    finite amount.

    Args:
      real_scores, fake_scores: [B], paired by index.
      real, fake: [B, ...].
      lambda_: λ, positive.
      distance: "l1", the mean absolute difference; "l2", the root mean square one; or (real, fake) -> [B].

    Returns:
      [B], float32 or better.

    Raises:
      InputError: when shapes do not go together, or `distance` is an unknown name or does not give [B].

    Reference: Su 2018, arXiv:1811.07296.
    """
    gaps = _score_gaps(real_scores, fake_scores, real, fake)
    measure = DISTANCES[distance] if isinstance(distance, str) else distance
    distances = measure(real, fake)
    if jnp.shape(distances) != gaps.shape:
        raise InputError(
            f"Expected distance to give one number a pair, {list(gaps.shape)}, got {list(jnp.shape(distances))}: "
            "reduce all axes but the first."
        )
    floor = jnp.finfo(gaps.dtype).eps
    return jnp.square(gaps) / (2.0 * lambda_ * jnp.maximum(distances, floor))


def squared_slope(real_scores: Scores, fake_scores: Scores, real: _Samples, fake: _Samples) -> Losses:
    """Δ²/mean (x − G(z))², Δ = D(x) − D(G(z)): O-GAN's term, the square of the score's slope from fake to real.

    Per sample. Equal samples with equal scores give 0; with different ones a large finite amount, the root mean square
    distance being kept at or above machine epsilon.

    Args:
      real_scores, fake_scores: [B], paired by index; in O-GAN the mean of the encoder's output.
      real, fake: [B, ...].

    Returns:
      [B], float32 or better. The published experiments add ¼ of it to the discriminator's loss.

    Raises:
      InputError: when shapes do not go together.

    Reference: Su 2019, arXiv:1903.01931, and its programme.
    """
    score_gaps = _score_gaps(real_scores, fake_scores, real, fake)
    squares = jnp.square(_gaps(real, fake))
    floor = jnp.finfo(score_gaps.dtype).eps ** 2
    return jnp.square(score_gaps) / jnp.maximum(jnp.mean(squares, axis=tuple(range(1, squares.ndim))), floor)


def _gaps(real: Array, fake: Array) -> Array:
    check_same_shape(real=real, fake=fake)
    return at_least_float32(real) - at_least_float32(fake)


def _score_gaps(real_scores: Array, fake_scores: Array, real: Array, fake: Array) -> Array:
    check_same_shape(real_scores=real_scores, fake_scores=fake_scores)
    check_rank(1, real_scores=real_scores)
    check_same_shape(real=real, fake=fake)
    if real.shape[:1] != real_scores.shape:
        raise InputError(
            f"Expected one score a sample, got real_scores{list(real_scores.shape)} for real{list(real.shape)}."
        )
    return at_least_float32(real_scores) - at_least_float32(fake_scores)
