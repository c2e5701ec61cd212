"""Relativistic losses: how much more real than a fake, pair by pair or against the other side's batch mean.

The averaged losses are per batch. Entry i holds the terms of r_i and of f_i; only the mean over the batch means
something. Batch means are taken over all entries of the array that is passed in (of every device's, where a batch is
split over devices), and gradients flow through them: stopping them would leave out the part of each score's gradient
that comes from the other side's terms.
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax.nn import relu, softplus

from ganjax import batches
from ganjax.losses._paired import paired
from ganjax.types import AdversarialLoss, Losses, Scores

Criterion = Callable[[Scores], Losses]  # of a margin t ("more real by t"): falls as t grows


def _logistic(t: Scores) -> Losses:
    return softplus(-t)  # −log σ(t), finite for every t


def _square(t: Scores) -> Losses:
    return jnp.square(t - 1)


def _hinge(t: Scores) -> Losses:
    return relu(1 - t)


def relativistic(h: Criterion = _logistic) -> AdversarialLoss:
    """The paired relativistic game (RSGAN): L_D = sp(−(r − f)), L_G = h(f − r), with h(t) = sp(−t) by default.

    Elementwise: entry i compares real i with fake i. Both are minimised. The generator's gradient reaches the real
    scores too, which it cannot move. With P = p⊗q and Q = q⊗p the optimal difference is r − f = log P/Q, then
    E L_D = log 2 − JSD(P, Q), and E L_G = ∫ P h(log Q/P): a divergence wherever h∘log is convex, KL(p‖q) + KL(q‖p)
    for h(t) = −t.

    Args:
      h: what the generator minimises, a function of f − r; elementwise.

    Returns:
      A pair of functions of (real_scores, fake_scores), any one shape, to losses of that shape.

    Raises:
      InputError: from the pair, when the two shapes differ.

    Reference: Jolicoeur-Martineau 2018, arXiv:1807.00734, section 4; as divergences: 2019, "On Relativistic
    f-Divergences", arXiv:1901.02474.
    """

    def discriminator(real_scores: Scores, fake_scores: Scores) -> Losses:
        return softplus(-(real_scores - fake_scores))

    def generator(real_scores: Scores, fake_scores: Scores) -> Losses:
        return h(fake_scores - real_scores)

    return paired(discriminator, generator)


def _averaged(h: Criterion) -> AdversarialLoss:
    """L_D = ½[h(r − f̄) + h(r̄ − f)], L_G = ½[h(f − r̄) + h(f̄ − r)]: the two players trade places."""

    def discriminator(real_scores: Scores, fake_scores: Scores) -> Losses:
        real_lead = real_scores - batches.mean(fake_scores)
        fake_lead = fake_scores - batches.mean(real_scores)
        return 0.5 * (h(real_lead) + h(-fake_lead))

    def generator(real_scores: Scores, fake_scores: Scores) -> Losses:
        return discriminator(fake_scores, real_scores)

    return paired(discriminator, generator)


def relativistic_average() -> AdversarialLoss:
    """RaSGAN: L_D = ½[sp(−(r − f̄)) + sp(f − r̄)], L_G = ½[sp(r − f̄) + sp(−(f − r̄))].

    Per batch: r̄ and f̄ are means over all entries, not stopped. Both are minimised, as batch means. The paper writes
    the two expectations' sum; the halves are those of its author's programmes and keep L_D = log 2 at equal scores.

    Returns:
      A pair of functions of (real_scores, fake_scores), any one shape, to losses of that shape.

    Raises:
      InputError: from the pair, when the two shapes differ.

    Reference: Jolicoeur-Martineau 2018, arXiv:1807.00734, section 4 and appendix.
    """
    return _averaged(_logistic)


def relativistic_average_least_squares() -> AdversarialLoss:
    """RaLSGAN: L_D = ½[(r − f̄ − 1)² + (f − r̄ + 1)²], L_G = ½[(r − f̄ + 1)² + (f − r̄ − 1)²].

    Per batch: r̄ and f̄ are means over all entries, not stopped. Both are minimised, as batch means. The halves are
    those of the author's programmes.

    Returns:
      A pair of functions of (real_scores, fake_scores), any one shape, to losses of that shape.

    Raises:
      InputError: from the pair, when the two shapes differ.

    Reference: Jolicoeur-Martineau 2018, arXiv:1807.00734, section 4 and appendix.
    """
    return _averaged(_square)


def relativistic_average_hinge() -> AdversarialLoss:
    """RaHingeGAN: L_D = ½[relu(1 − (r − f̄)) + relu(1 + (f − r̄))], L_G = ½[relu(1 + (r − f̄)) + relu(1 − (f − r̄))].

    Per batch: r̄ and f̄ are means over all entries, not stopped. Both are minimised, as batch means. The halves are
    those of the author's programmes. Unlike `hinge`, the generator's side is hinged as well.

    Returns:
      A pair of functions of (real_scores, fake_scores), any one shape, to losses of that shape.

    Raises:
      InputError: from the pair, when the two shapes differ.

    Reference: Jolicoeur-Martineau 2018, arXiv:1807.00734, section 4 and appendix.
    """
    return _averaged(_hinge)
