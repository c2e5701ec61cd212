"""The original game and two other generators for its discriminator.

sp(t) = log(1 + e^t); the score is the logit of D, so −log D = sp(−score) and −log(1 − D) = sp(score), finite for every
score and with the gradient that D itself, once rounded to 0 or 1, has lost.
"""

from __future__ import annotations

from jax.nn import softplus

from ganjax.losses._paired import minus_fake, paired
from ganjax.types import AdversarialLoss, Losses, Scores


def _cross_entropy(real_scores: Scores, fake_scores: Scores) -> Losses:
    """−log D(x) − log(1 − D(G(z)))."""
    return softplus(-real_scores) + softplus(fake_scores)


def _saturating(real_scores: Scores, fake_scores: Scores) -> Losses:
    """log(1 − D(G(z)))."""
    del real_scores  # the generator doesn't move them
    return -softplus(fake_scores)


def _non_saturating(real_scores: Scores, fake_scores: Scores) -> Losses:
    """−log D(G(z))."""
    del real_scores
    return softplus(-fake_scores)


def minimax() -> AdversarialLoss:
    """The minimax GAN, one value for two players: L_D = sp(−r) + sp(f), L_G = −sp(f).

    Elementwise. Both are minimised. The generator's gradient σ(f) vanishes where the discriminator is sure of a fake;
    that is the game's saturation, not rounding: it stays correct down to the smallest float.
    At the optimum r = f = log(p/q) and E L_D = log 4 − 2 JSD(p, q).

    Returns:
      A pair of functions of (real_scores, fake_scores), any one shape, to losses of that shape.

    Raises:
      InputError: from the pair, when the two shapes differ.

    Reference: Goodfellow et al. 2014, arXiv:1406.2661, eq. 1.
    """
    return paired(_cross_entropy, _saturating)


def non_saturating() -> AdversarialLoss:
    """The original GAN as it is trained: L_D = sp(−r) + sp(f), L_G = sp(−f).

    Elementwise. Both are minimised. The generator's gradient tends to −1 where the discriminator is sure of a fake.
    At the optimal discriminator it is that of KL(q‖p) − 2 JSD(p, q).

    Returns:
      A pair of functions of (real_scores, fake_scores), any one shape, to losses of that shape.

    Raises:
      InputError: from the pair, when the two shapes differ.

    Reference: Goodfellow et al. 2014, arXiv:1406.2661, section 3; the gradient: Arjovsky and Bottou 2017,
    arXiv:1701.04862, theorem 2.5.
    """
    return paired(_cross_entropy, _non_saturating)


def kl() -> AdversarialLoss:
    """The sum of the saturating and the non-saturating generator: L_D = sp(−r) + sp(f), L_G = −sp(f) + sp(−f) = −f.

    Elementwise. Both are minimised. At the optimal discriminator the generator's gradient is that of KL(q‖p).

    Returns:
      A pair of functions of (real_scores, fake_scores), any one shape, to losses of that shape.

    Raises:
      InputError: from the pair, when the two shapes differ.

    Reference: Huszár 2016, "An Alternative Update Rule for Generative Adversarial Networks"; Sønderby et al. 2016,
    arXiv:1610.04490.
    """
    return paired(_cross_entropy, minus_fake)
