"""The variational game of any f-divergence."""

from __future__ import annotations

from ganjax.divergences import JENSEN_SHANNON, FDivergence
from ganjax.losses._paired import paired
from ganjax.types import AdversarialLoss, Losses, Scores


def f_gan(divergence: FDivergence = JENSEN_SHANNON, practical: bool = False) -> AdversarialLoss:
    """f-GAN: L_D = −g(r) + f*(g(f)), L_G = −f*(g(f)); the practical generator is L_G = −g(f).

    Elementwise. Both are minimised. g is the divergence's output activation, so the scores are raw; at the optimum
    g(r) = g(f) = f′(p/q) and E L_D = −D_f(p‖q), and L_D is above it for every other critic. The practical generator
    raises the critic's output directly, which keeps its gradient where f*(g(f)) is flat; for `GAN` the two choices
    are `minimax` and `non_saturating`. f*∘g is the divergence's hand-simplified form: exponentials go on along
    their tangents for scores beyond ±30 (`FDivergence`).

    Args:
      divergence: a value, such as divergences.PEARSON; by name, divergences.DIVERGENCES["pearson"].
      practical: whether the generator minimises −g(f).

    Returns:
      A pair of functions of (real_scores, fake_scores), any one shape, to losses of that shape.

    Raises:
      InputError: from the pair, when the two shapes differ.

    Reference: Nowozin, Cseke and Tomioka 2016, arXiv:1606.00709, eq. 6 and 7; the practical generator, section 3.2.
    """

    def discriminator(real_scores: Scores, fake_scores: Scores) -> Losses:
        return -divergence.activation(real_scores) + divergence.conjugate_of_activation(fake_scores)

    def exact_generator(real_scores: Scores, fake_scores: Scores) -> Losses:
        del real_scores  # the generator doesn't move them
        return -divergence.conjugate_of_activation(fake_scores)

    def practical_generator(real_scores: Scores, fake_scores: Scores) -> Losses:
        del real_scores
        return -divergence.activation(fake_scores)

    return paired(discriminator, practical_generator if practical else exact_generator)
