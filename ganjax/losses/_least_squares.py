"""Squared errors of the scores, or of their sigmoids."""

from __future__ import annotations

import jax.numpy as jnp
from jax.nn import softplus

from ganjax.losses._paired import paired
from ganjax.types import AdversarialLoss, Losses, Scores


def least_squares(a: float = 0.0, b: float = 1.0, c: float = 1.0) -> AdversarialLoss:
    """LSGAN: L_D = ½(r − b)² + ½(f − a)², L_G = ½(f − c)².

    Elementwise. Both are minimised. At the optimum the score is (bp + aq)/(p + q). With b − c = 1 and b − a = 2 the
    generator's loss, completed by the term ½ E(r − c)² that it cannot move, is half the Pearson χ² divergence
    ∫ (p + q − 2q)²/(p + q).

    Args:
      a: what the discriminator wants fake samples scored.
      b: what it wants real samples scored.
      c: what the generator wants its samples scored.

    Returns:
      A pair of functions of (real_scores, fake_scores), any one shape, to losses of that shape.

    Raises:
      InputError: from the pair, when the two shapes differ.

    Reference: Mao et al. 2016, arXiv:1611.04076, eq. 2 and section 3.2; the default targets are its eq. 9.
    """

    def discriminator(real_scores: Scores, fake_scores: Scores) -> Losses:
        return 0.5 * jnp.square(real_scores - b) + 0.5 * jnp.square(fake_scores - a)

    def generator(real_scores: Scores, fake_scores: Scores) -> Losses:
        del real_scores  # the generator doesn't move them
        return 0.5 * jnp.square(fake_scores - c)

    return paired(discriminator, generator)


def _half_square_of_sigmoid(scores: Scores) -> Losses:
    """½σ(s)² = ½e^{−2sp(−s)}: its gradient σ(s)²σ(−s) keeps both tails, where 1 − σ would round to 0."""
    return 0.5 * jnp.exp(-2 * softplus(-scores))


def sigmoid_mse() -> AdversarialLoss:
    """Squared errors of a discriminator that ends in a sigmoid: L_D = ½(σ(r) − 1)² + ½σ(f)², L_G = ½(σ(f) − 1)².

    Elementwise. Both are minimised. At the optimum σ = p/(p + q). Saturates on both sides: the gradient of a wrong
    but sure score vanishes like e^{−|score|}. The loss of early tutorial programmes, kept to reproduce them; it is
    LSGAN with targets 0, 1, 1 (Mao et al. 2016, arXiv:1611.04076, eq. 9) behind a sigmoid that LSGAN leaves out.

    Returns:
      A pair of functions of (real_scores, fake_scores), any one shape, to losses of that shape.

    Raises:
      InputError: from the pair, when the two shapes differ.
    """

    def discriminator(real_scores: Scores, fake_scores: Scores) -> Losses:
        return _half_square_of_sigmoid(-real_scores) + _half_square_of_sigmoid(fake_scores)

    def generator(real_scores: Scores, fake_scores: Scores) -> Losses:
        del real_scores  # the generator doesn't move them
        return _half_square_of_sigmoid(-fake_scores)

    return paired(discriminator, generator)
