"""Latent inversion: which latents would the generator have made these samples from?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ganjax.checks import InputError
from ganjax.numerics import at_least_float32
from ganjax.samplers._chains import Energy
from ganjax.types import Latents, Samples


@runtime_checkable
class Optimizer(Protocol):
    """What an optax optimizer is: `init` makes a state for parameters, `update` turns gradients into changes."""

    @property
    def init(self) -> Callable[..., Any]:
        """params -> state."""
        ...

    @property
    def update(self) -> Callable[..., tuple[Any, Any]]:
        """(gradients, state, params) -> (changes, state)."""
        ...


class Inversion(NamedTuple):
    """What `invert` gives.

    Attributes:
      latents: [N, Z].
      errors: ‖G(z) − x‖², summed over all non-batch dimensions, [N].
    """

    latents: Latents
    errors: Float[Array, "N"]


def no_penalty(latent: Array) -> Array:
    """0 for every latent."""
    del latent  # all are equally good
    return jnp.zeros(())


def invert(
    generate: Callable[[Array], Array],
    targets: Samples,
    latents: Float[Array, "N ..."],
    optimizer: Optimizer,
    *,
    num_steps: int = 500,
    penalty: Energy = no_penalty,
) -> Inversion:
    """Latents from which the generator makes given samples, by descent on ‖G(z) − x‖² + penalty(z).

    Per sample: each has an optimizer's state of its own. The squared distance is summed over all non-batch dimensions.
    It has many minima, so begin near: at the latents of the nearest of many generated samples. With
    penalty = 2σ² · prior.energy the minimum is the most probable z under x = G(z) + σ · noise.
    Lipton and Tripathi 2017, arXiv:1702.04782; Bojanowski et al. 2017, arXiv:1707.05776.

    Args:
      generate: the generator as a function of ONE latent: `generate_one(…)`.
      targets: x, [N, ...].
      latents: where to begin, [N, Z].
      optimizer: a pair (init, update) as optax makes them: `optax.adam(0.05)`.
      num_steps: updates.
      penalty: of ONE latent, a scalar.

    Raises:
      InputError: if there isn't one latent a target, the generator makes another shape, or num_steps < 1.
    """
    _check(generate, targets, latents, num_steps)

    def error(latent: Array, target: Array) -> Float[Array, ""]:
        return jnp.sum(jnp.square(at_least_float32(generate(latent)) - target))

    def descend(start: Array, target: Array) -> tuple[Array, Array]:
        slope = jax.grad(lambda latent: error(latent, target) + penalty(latent))

        def body(place: tuple[Array, Any], _: None) -> tuple[tuple[Array, Any], None]:
            latent, opt_state = place
            update, opt_state = optimizer.update(slope(latent), opt_state, latent)
            return (latent + update, opt_state), None

        (latent, _), _ = jax.lax.scan(body, (start, optimizer.init(start)), None, length=num_steps)
        return latent, error(latent, target)

    return Inversion(*jax.vmap(descend)(latents, targets))


def _check(generate: Callable[[Array], Array], targets: Array, latents: Array, num_steps: int) -> None:
    if num_steps < 1:
        raise InputError(f"Expected num_steps >= 1, got {num_steps}.")
    if targets.shape[:1] != latents.shape[:1] or not len(targets):
        raise InputError(
            f"Expected one latent for each target, got latents{list(latents.shape)}, targets{list(targets.shape)}."
        )
    made = jax.eval_shape(generate, latents[0]).shape
    if made != targets.shape[1:]:
        raise InputError(f"Expected targets of the generator's shape {list(made)}, got {list(targets.shape[1:])}.")
