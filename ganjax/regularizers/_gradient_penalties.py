"""Penalties on ‖∇D‖ at chosen points: toward one, below one, toward zero.

In a conditional game everything after the named arguments is handed to `score_fn` with the sample: `r1(score_fn, real,
labels)`. Every value is a plain quantity: λ, γ and ½ belong to the objective.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ganjax.checks import InputError
from ganjax.regularizers._gradients import input_gradients, norms, squared_norms
from ganjax.regularizers._points import interpolates, perturbed
from ganjax.types import Key, Losses, PyTree, Samples, ScoreFn

_Samples = Float[Array, "_B ..."]  # unequal batches meet `InputError`, not a type checker


def wgan_gp(key: Key, score_fn: ScoreFn, real: _Samples, fake: _Samples, *context: PyTree) -> Losses:
    """(‖∇D(x̂)‖₂ − 1)² at x̂ = εx + (1 − ε)G(z), ε ~ U(0, 1) for each sample; the norm is over all non-batch axes.

    Per sample.

    Args:
      key: spent on ε; see `interpolates` for how.
      score_fn: one sample (and its context) to a scalar.
      real, fake: [B, ...], paired by index.
      *context: batch first; the i-th entry goes with both the i-th real and the i-th fake sample.

    Returns:
      [B], float32 or better. At a flat discriminator: 1, with derivative 0.

    Raises:
      InputError: when the shapes differ or `score_fn` does not give a scalar.

    Reference: Gulrajani et al. 2017, arXiv:1704.00028, eq. 3.
    """
    points = interpolates(key, real, fake)
    return jnp.square(norms(input_gradients(score_fn, points, *context)) - 1.0)


def wgan_gp_one_sided(key: Key, score_fn: ScoreFn, real: _Samples, fake: _Samples, *context: PyTree) -> Losses:
    """max(‖∇D(x̂)‖₂ − 1, 0)² at the points of `wgan_gp`: a slope below one costs nothing (WGAN-LP).

    Per sample. Arguments, result and errors as in `wgan_gp`.

    Reference: Petzka et al. 2017, arXiv:1709.08894.
    """
    points = interpolates(key, real, fake)
    return jnp.square(jax.nn.relu(norms(input_gradients(score_fn, points, *context)) - 1.0))


def zero_centered(key: Key, score_fn: ScoreFn, real: _Samples, fake: _Samples, *context: PyTree) -> Losses:
    """‖∇D(x̂)‖₂² at the points of `wgan_gp`: slopes between real and fake samples pulled to zero.

    Per sample. Arguments, result and errors as in `wgan_gp`.

    Reference: Thanh-Tung et al. 2019, arXiv:1902.03984.
    """
    points = interpolates(key, real, fake)
    return squared_norms(input_gradients(score_fn, points, *context))


def r1(score_fn: ScoreFn, real: Samples, *context: PyTree) -> Losses:
    """‖∇D(x)‖₂² at the real samples.

    Per sample.

    Args:
      score_fn: one sample (and its context) to a scalar.
      real: [B, ...].
      *context: batch first.

    Returns:
      [B], float32 or better. The paper's regularizer is γ/2 times the mean.

    Raises:
      InputError: when `score_fn` does not give a scalar.

    Reference: Mescheder et al. 2018, arXiv:1801.04406, eq. 9.
    """
    return squared_norms(input_gradients(score_fn, real, *context))


def r2(score_fn: ScoreFn, fake: Samples, *context: PyTree) -> Losses:
    """‖∇D(G(z))‖₂² at the fake samples.

    Per sample. Arguments, result and errors as in `r1`, with `fake` for `real`. Stop the gradient into the generator
    where the discriminator plays.

    Reference: Mescheder et al. 2018, arXiv:1801.04406, eq. 10.
    """
    return squared_norms(input_gradients(score_fn, fake, *context))


def dragan(key: Key, score_fn: ScoreFn, real: Samples, *context: PyTree) -> Losses:
    """(‖∇D(x̃)‖₂ − 1)² at x̃ = x + ½·std(x)·U: a unit slope around the data alone.

    Per batch, through the standard deviation of all its entries; one value for each sample. `perturbed` draws the
    points, and says how they differ from the paper's.

    Args:
      key: spent on U.
      score_fn: one sample (and its context) to a scalar.
      real: [B, ...].
      *context: batch first.

    Returns:
      [B], float32 or better.

    Reference: Kodali et al. 2017, arXiv:1705.07215 (λ = 10, k = 1).
    """
    points = perturbed(key, real)
    return jnp.square(norms(input_gradients(score_fn, points, *context)) - 1.0)


def wgan_div(score_fn: ScoreFn, points: Samples, *context: PyTree, p: float | int = 6) -> Losses:
    """‖∇D(x)‖₂^p at the given points.

    Per sample. The paper compares six choices of points and finds little between them:

    - between real and fake: `interpolates(key, real, fake)`
    - inside each: `end_points(shuffled_interpolates(real_key, real), shuffled_interpolates(fake_key, fake))`
    - between any two of both: `shuffled_interpolates(key, end_points(real, fake))`
    - both as they are: `end_points(real, fake)`; k times the mean of these 2B values is the mean of
      (k/2)(‖∇D(x)‖^p + ‖∇D(G(z))‖^p), as it is often written
    - `fake` alone, or `real` alone

    Args:
      score_fn: one sample (and its context) to a scalar.
      points: [P, ...].
      *context: batch first, as many as points.
      p: power, above 1; 6 in the paper, with k = 2.

    Returns:
      [P], float32 or better, with derivative 0 where the gradient is 0.

    Raises:
      InputError: when p ≤ 1 (then it is no divergence), or `score_fn` does not give a scalar.

    Reference: Wu et al. 2018, arXiv:1712.01026.
    """
    if p <= 1:
        raise InputError(f"Expected p > 1, got p = {p}: the Wasserstein divergence needs it; the paper has 6.")
    squares = squared_norms(input_gradients(score_fn, points, *context))
    # the inner `where` keeps p < 2, whose derivative in the square is infinite at 0, from making NaN of a flat D
    zero = squares == 0
    return jnp.where(zero, 0.0, jnp.where(zero, 1.0, squares) ** (0.5 * p))
