"""A running average of the generator, kept beside the game."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ganjax.checks import InputError
from ganjax.types import Algorithm, Array, GanState, Key, PyTree, StepInfo, Variables

Decay = float | Callable[[Array], Array]


def averaged(algorithm: Algorithm, decay: Decay = 0.999) -> Algorithm:
    """The same game with an exponential moving average of the generator: θ̄ ← decay · θ̄ + (1 − decay) · θ.

    Starts at the initial parameters; the statistics (batch norm's) are averaged alike. Sampling from the average
    changes nothing in training. Yazıcı et al. 2018, arXiv:1806.04498.

    Args:
      algorithm: what moves the players.
      decay: a number in [0, 1), or a function of the step: `warmed_up(0.999)`.

    Raises:
      InputError: if decay is a number outside [0, 1).
    """
    if not callable(decay) and not 0 <= decay < 1:
        raise InputError(f"Expected an EMA decay in [0, 1), got {decay}.")
    decay_at = decay if callable(decay) else lambda step: jnp.asarray(decay)

    def init(key: Key, batch: Any) -> GanState:
        state = algorithm.init(key, batch)
        # copies: a state that holds an array twice can't be donated
        params, stats = jax.tree.map(jnp.copy, (state.gen_params, state.gen_stats))
        return state._replace(gen_ema_params=params, gen_ema_stats=stats)

    def advance(state: GanState, deal: PyTree, batch: Any) -> tuple[GanState, StepInfo]:
        state, info = algorithm.advance(state, deal, batch)
        rate = 1 - decay_at(state.step)
        params = toward(state.gen_ema_params, state.gen_params, rate)
        stats = toward(state.gen_ema_stats, state.gen_stats, rate)
        return state._replace(gen_ema_params=params, gen_ema_stats=stats), info

    return algorithm._replace(init=init, advance=advance)


def warmed_up(decay: float) -> Callable[[Array], Array]:
    """A decay that begins small, so that the average forgets its random start: min(decay, (1 + step) / (10 + step))."""
    return lambda step: jnp.minimum(decay, (1 + step) / (10 + step))


def toward(average: PyTree, value: PyTree, rate: Array) -> PyTree:
    return jax.tree.map(lambda a, v: a + rate.astype(a.dtype) * (v - a), average, value)


def generator_variables(state: GanState) -> Variables:
    """What to sample from: the averaged generator where one is kept, else the generator itself."""
    if jax.tree.leaves(state.gen_ema_params):
        return Variables(state.gen_ema_params, state.gen_ema_stats)
    return Variables(state.gen_params, state.gen_stats)
