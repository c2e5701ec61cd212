"""Optimizers that keep parameters in a set."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from ganjax.checks import InputError, check_positive


def clipped(optimizer: optax.GradientTransformation, bound: float) -> optax.GradientTransformation:
    """The optimizer followed by a projection of every parameter onto [−bound, bound]: the Lipschitz clipping of WGAN.

    The parameters are inside the box after every move, to the rounding of one sum, hence before every later one.
    Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1 (bound = 0.01).

    Raises:
      InputError: if bound is not positive.
    """
    check_positive(bound=bound)

    def init(params: optax.Params) -> optax.OptState:
        return optimizer.init(params)

    def update(updates: optax.Updates, state: optax.OptState, params: optax.Params | None = None):
        if params is None:
            raise InputError("Expected the parameters beside the updates: optimizer.update(updates, state, params).")
        updates, state = optimizer.update(updates, state, params)
        moved = optax.apply_updates(params, updates)
        return jax.tree.map(lambda m, p: jnp.clip(m, -bound, bound) - p, moved, params), state

    return optax.GradientTransformation(init, update)
