"""Objectives of conditional games: the batch's condition is its labels, integers [B]."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from ganjax import losses, regularizers
from ganjax.checks import InputError
from ganjax.types import Condition, Key, Losses, Objective, Play


def acgan(weight: float = 1.0) -> Objective:
    """AC-GAN: the non-saturating game, with −λ log C(y|x) on real and fake samples for D and on fake ones for G.

        L_D = sp(−D(x)) + sp(D(G(z, y))) − λ(log C(y|x) + log C(y|G(z, y)))
        L_G = sp(−D(G(z, y))) − λ log C(y|G(z, y))

    The discriminator's `class_logits` [B, K] classify every sample; the generator is given the labels.
    Odena et al. 2016, arXiv:1610.09585, eq. 2 and 3: D maximises L_S + L_C, G maximises L_C − L_S.

    Args:
      weight: λ.

    Raises:
      InputError: from its functions, unless the play's condition is integer labels [B].
    """
    loss = losses.non_saturating()

    def discriminator(key: Key, play: Play) -> Losses:
        del key
        labels = play.condition
        supervised = cross_entropy(play.real_output.features["class_logits"], labels)
        supervised += cross_entropy(play.fake_output.features["class_logits"], labels)
        return loss.discriminator(play.real_scores, play.fake_scores) + weight * supervised

    def generator(key: Key, play: Play) -> Losses:
        del key
        supervised = cross_entropy(play.fake_output.features["class_logits"], play.condition)
        return loss.generator(play.real_scores, play.fake_scores) + weight * supervised

    return Objective(discriminator, generator, needs=("class_logits",))


def projection() -> Objective:
    """Projection conditioning: the hinge game on scores D(x, y) = e_yᵀφ(x) + ψ(φ(x)).

    The label's inner product is inside the discriminator (its architecture), so the loss is the hinge's own.
    Miyato and Koyama 2018, arXiv:1802.05637, eq. 3 and section 5.

    Raises:
      InputError: from its functions, unless the play's condition is integer labels [B].
    """
    loss = losses.hinge()

    def discriminator(key: Key, play: Play) -> Losses:
        del key
        check_labels(play.condition, play.real.shape[0])
        return loss.discriminator(play.real_scores, play.fake_scores)

    def generator(key: Key, play: Play) -> Losses:
        del key
        check_labels(play.condition, play.real.shape[0])
        return loss.generator(play.real_scores, play.fake_scores)

    return Objective(discriminator, generator)


def cross_entropy(logits: Float[Array, "B K"], labels: Condition) -> Losses:
    """−log softmax(logits)[label]. Per sample."""
    check_labels(labels, logits.shape[0])
    return -regularizers.categorical_information(logits, labels, entropy=0.0)


def check_labels(labels: Condition, num: int) -> None:
    """Raises `InputError` unless the condition is integers [num]."""
    if not (hasattr(labels, "dtype") and jnp.issubdtype(labels.dtype, jnp.integer) and labels.shape == (num,)):
        got = f"{labels.dtype}{list(labels.shape)}" if hasattr(labels, "dtype") else repr(labels)
        raise InputError(
            f"Expected a condition of integer labels [{num}], got {got}: give batches as (samples, labels), or "
            "--data.condition labels on the command line."
        )
