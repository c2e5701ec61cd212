"""One scalar, two players: the single-loss form of a game."""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import Array

from ganjax import batches
from ganjax.checks import check_positive
from ganjax.types import Key, Objective, Play


def single_loss(objective: Objective, ratio: float = 1.0) -> Callable[[Key, Key, Play, Play], Array]:
    """One scalar that both players descend together: its gradient is (λ ∂L_G/∂θ, ∂L_D/∂φ).

        L(θ, φ) = L_D(D(x), D(sg G(z))) + λ [L_G(D(x), D(G(z))) − L_G(D(x), D(sg G(z)))]

    The bracket is exactly 0 in value. Both its terms see the same φ, so that its derivative in φ cancels to rounding
    of ∂L_G/∂φ; only the first sees θ. L_D is shown stopped samples. So L equals L_D in value, while descending it
    moves both players. Per batch: means are taken here.

    Args:
      objective: what each player minimises.
      ratio: λ. Under plain gradient descent the generator's step is λ times as long, as if its learning rate were.
        Adam and RMSProp divide a gradient by its own size: there λ changes nothing beyond their epsilon.

    Returns:
      (disc_key, gen_key, live, stopped) -> scalar. `live` is the play on G(z), `stopped` the same play with the
      generator's side (fake samples, and the helper) held fixed; the discriminator moves in both.

    Raises:
      InputError: if ratio is not positive.
    """
    check_positive(ratio=ratio)

    def loss(disc_key: Key, gen_key: Key, live: Play, stopped: Play) -> Array:
        bracket = batches.mean(objective.generator(gen_key, live)) - batches.mean(objective.generator(gen_key, stopped))
        return batches.mean(objective.discriminator(disc_key, stopped)) + ratio * bracket

    return loss
