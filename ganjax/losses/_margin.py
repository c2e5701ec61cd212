"""Losses linear in the scores: unbounded, with hinges on both sides, or with one margin on the fake side."""

from __future__ import annotations

from jax.nn import relu

from ganjax.checks import check_positive
from ganjax.losses._paired import minus_fake, paired
from ganjax.types import AdversarialLoss, Losses, Scores


def hinge() -> AdversarialLoss:
    """The hinge game: L_D = relu(1 − r) + relu(1 + f), L_G = −f.

    Elementwise. Both are minimised. At the optimum the score is sign(p − q) and E L_D = 2 − 2 TV(p, q), with
    TV = ½∫|p − q|. The discriminator's gradient is 0 on samples beyond the margin; the generator's never is.

    Returns:
      A pair of functions of (real_scores, fake_scores), any one shape, to losses of that shape.

    Raises:
      InputError: from the pair, when the two shapes differ.

    Reference: Lim and Ye 2017, arXiv:1705.02894; Miyato et al. 2018, arXiv:1802.05957, eq. 16 and 17.
    """

    def discriminator(real_scores: Scores, fake_scores: Scores) -> Losses:
        return relu(1 - real_scores) + relu(1 + fake_scores)

    return paired(discriminator, minus_fake)


def wasserstein() -> AdversarialLoss:
    """The critic's game: L_D = f − r, L_G = −f.

    Elementwise. Both are minimised. Over 1-Lipschitz critics the least E L_D is −W1(p, q); the loss does nothing to
    keep a critic Lipschitz, and without such a restraint has no minimum.

    Returns:
      A pair of functions of (real_scores, fake_scores), any one shape, to losses of that shape.

    Raises:
      InputError: from the pair, when the two shapes differ.

    Reference: Arjovsky, Chintala and Bottou 2017, arXiv:1701.07875, eq. 2 and 3.
    """

    def discriminator(real_scores: Scores, fake_scores: Scores) -> Losses:
        return fake_scores - real_scores

    return paired(discriminator, minus_fake)


def margin(m: float = 10.0) -> AdversarialLoss:
    """The energy-based game, energy = −score: L_D = −r + relu(m + f), L_G = −f.

    Elementwise, so also per sample: the hinge is on each fake, not on the batch's mean. Both are minimised. In the
    paper's letters L_D = E(x) + [m − E(G(z))]⁺ and L_G = E(G(z)), with LOW energy on real samples. It presumes E ≥ 0,
    a score ≤ 0, such as minus a reconstruction error: over unbounded scores L_D has no minimum. At the optimum over
    E ≥ 0, E L_D = m(1 − TV(p, q)), TV = ½∫|p − q|; it is m exactly where p = q.

    Args:
      m: the energy that the discriminator wants fakes to have at least; positive.

    Returns:
      A pair of functions of (real_scores, fake_scores), any one shape, to losses of that shape.

    Raises:
      InputError: when m is not positive and finite; from the pair, when the two shapes differ.

    Reference: Zhao, Mathieu and LeCun 2016, arXiv:1609.03126, eq. 1 and 2, theorem 1.
    """
    check_positive(m=m)

    def discriminator(real_scores: Scores, fake_scores: Scores) -> Losses:
        return -real_scores + relu(m + fake_scores)

    return paired(discriminator, minus_fake)
