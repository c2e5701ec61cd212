"""Maximum-entropy generators of an energy."""

from __future__ import annotations

import jax.numpy as jnp

from ganjax import batches, regularizers
from ganjax.checks import InputError
from ganjax.types import Key, Losses, Objective, Play


def meg(weight: float = 0.1, information_weight: float = 1.0) -> Objective:
    """MEG: an energy E = −D, and a generator that samples it while keeping its entropy up.

        L_D = E(x) − E(G(z)) + λ‖∇E(x)‖²                             zero-centered, on real samples
        L_G = E(G(z)) − Î(G(z), z),   Î = −sp(−T(G(z), z)) − sp(T(G(z), z′))

    T is the game's helper, a statistics network (samples, latents) -> [B]. It moves with the generator and minimises
    the same −Î: the joint pairs up, the shuffled ones down. z′ are the batch's own latents, shifted by one. In the
    paper real samples score low; here high. Kumar et al. 2019, arXiv:1901.08508, section 3.

    Args:
      weight: λ; 0.1 on toys, 10 on images.
      information_weight: what Î counts.
    """

    def discriminator(key: Key, play: Play) -> Losses:
        del key
        return play.fake_scores - play.real_scores + weight * regularizers.r1(play.score_fn, play.real, *play.context)

    def generator(key: Key, play: Play) -> Losses:
        del key
        assert play.helper_fn is not None  # checked when the game is initialized
        joint = play.helper_fn(play.fake, play.latents)
        shifted = batches.own(jnp.roll(batches.whole(play.latents), 1, axis=0))
        product = play.helper_fn(play.fake, shifted)
        if joint.shape != play.fake_scores.shape:  # [B, 1] would broadcast against [B]
            raise InputError(
                f"Expected the helper to give one number a sample, {list(play.fake_scores.shape)}, "
                f"got {list(joint.shape)}: squeeze its last axis."
            )
        return -play.fake_scores - information_weight * regularizers.js_information(joint, product)

    return Objective(discriminator, generator, needs_helper=True)
