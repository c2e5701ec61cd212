"""The game of many levels: one pair of networks for each level of a pyramid."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from ganjax import losses
from ganjax.types import Key, Losses, Objective, Play


def lapgan() -> Objective:
    """LAPGAN: the non-saturating game at every level of a Laplacian pyramid at once, averaged over the K levels.

        L_D = (1/K) Σ_k [sp(−D_k(h_k, l_k)) + sp(D_k(G_k(z_k, l_k), l_k))]
        L_G = (1/K) Σ_k sp(−D_k(G_k(z_k, l_k), l_k))

    h_k is the residual of level k and l_k the coarse image that it is added to; the last level is a game of small
    images alone. The discriminator's `level_scores` [B, K] hold the D_k. Levels share no parameters and are all given
    real coarse images, so one step is each level's own step: with SGD at 1/K of the learning rate, and with Adam or
    RMSProp, which don't see scale, at the learning rate itself. The paper trains level after level.
    Denton et al. 2015, arXiv:1506.05751, eq. 4 and section 3.
    """
    loss = losses.non_saturating()

    def discriminator(key: Key, play: Play) -> Losses:
        del key
        return jnp.mean(loss.discriminator(*level_scores(play)), axis=1)

    def generator(key: Key, play: Play) -> Losses:
        del key
        return jnp.mean(loss.generator(*level_scores(play)), axis=1)

    return Objective(discriminator, generator, needs=("level_scores",))


def level_scores(play: Play) -> tuple[Float[Array, "B K"], Float[Array, "B K"]]:
    """Of real samples, and of fake ones."""
    return play.real_output.features["level_scores"], play.fake_output.features["level_scores"]
