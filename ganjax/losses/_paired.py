"""One door for every pair of losses."""

from __future__ import annotations

from collections.abc import Callable

from ganjax.checks import check_same_shape
from ganjax.types import AdversarialLoss, Losses, Scores


def paired(
    discriminator: Callable[[Scores, Scores], Losses], generator: Callable[[Scores, Scores], Losses]
) -> AdversarialLoss:
    """An `AdversarialLoss` whose players both refuse scores of different shapes before any arithmetic.

    Raises:
      InputError: when called with real_scores and fake_scores of different shapes.
    """

    def discriminator_loss(real_scores: Scores, fake_scores: Scores) -> Losses:
        check_same_shape(real_scores=real_scores, fake_scores=fake_scores)
        return discriminator(real_scores, fake_scores)

    def generator_loss(real_scores: Scores, fake_scores: Scores) -> Losses:
        check_same_shape(real_scores=real_scores, fake_scores=fake_scores)
        return generator(real_scores, fake_scores)

    return AdversarialLoss(discriminator_loss, generator_loss)


def minus_fake(real_scores: Scores, fake_scores: Scores) -> Losses:
    """−f: the generator of every game whose critic's scores are themselves what it climbs. Elementwise."""
    del real_scores  # the generator doesn't move them
    return -fake_scores
