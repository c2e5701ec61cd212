"""Markov chains that sample exp(−U): Langevin's, and Langevin's with Metropolis and Hastings' correction.

A chain's random numbers depend on the key and on the chain's place in the batch alone: more chains leave the first ones
as they were.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from ganjax.checks import InputError, check_positive
from ganjax.numerics import at_least_float32
from ganjax.types import Key, Latents, PyTree

Energy = Callable[[Array], Array]  # ONE latent (or sample) to a scalar U; low where it is likely
Trajectory = Float[Array, "S B ..."]


class MalaChains(NamedTuple):
    """What `mala` gives.

    Attributes:
      latents: where the chains are, [N, Z]; along a trajectory [S, N, Z].
      acceptance_rate: the share of its proposals that each chain took, [N].
    """

    latents: Array
    acceptance_rate: Float[Array, "N"]


class Place(NamedTuple):
    """Where one chain is, with the energy and its gradient there, and whether it has just moved."""

    latent: Array
    energy: Float[Array, ""]
    slope: Array
    moved: Bool[Array, ""]


def langevin(
    key: Key, energy: Energy, latents: Latents, *, step_size: ArrayLike = 0.01, num_steps: int = 100
) -> Latents:
    """Unadjusted Langevin: z ← z − a∇U(z) + √(2a) ξ, ξ ~ N(0, I).

    Per sample: each row is a chain of its own. The stationary law is exp(−U) only as a → 0: on N(0, 1) the variance is
    2 / (2 − a). Roberts and Tweedie 1996, "Exponential convergence of Langevin distributions", Bernoulli 2(4).

    Args:
      key: for the noise.
      energy: U, of ONE latent, a scalar.
      latents: where the chains start, [N, Z].
      step_size: a.
      num_steps: how often each chain moves.

    Returns:
      Where the chains end, [N, Z].

    Raises:
      InputError: unless step_size > 0 and num_steps ≥ 1.
    """
    return _walk(key, _langevin_step(energy, step_size), latents, num_steps, keep=_nothing)[0]


def langevin_trajectory(
    key: Key, energy: Energy, latents: Latents, *, step_size: ArrayLike = 0.01, num_steps: int = 100
) -> Trajectory:
    """Every place that `langevin` goes through after its start, [num_steps, N, Z]; the last is what it returns.

    Per sample. Arguments and errors are those of `langevin`.
    """
    return _walk(key, _langevin_step(energy, step_size), latents, num_steps, keep=lambda latent: latent)[1]


def mala(
    key: Key, energy: Energy, latents: Latents, *, step_size: ArrayLike = 0.01, num_steps: int = 100
) -> MalaChains:
    """Metropolis-adjusted Langevin: `langevin`'s move as a proposal, taken with Metropolis and Hastings' probability.

        z′ = z − a∇U(z) + √(2a) ξ
        log ratio = U(z) − U(z′) + log q(z | z′) − log q(z′ | z),   log q(v | u) = −‖v − u + a∇U(u)‖² / (4a)
        z ← z′ with probability min(1, ratio), else z stays

    Per sample. exp(−U) is exactly stationary, whatever a. Take a so that half to two thirds of the proposals are taken
    (57 % is best in many dimensions). A proposal where U is infinite or NaN is refused. Besag 1994, discussion of
    Grenander and Miller, JRSS B 56(4); Roberts and Rosenthal 1998, JRSS B 60(1).

    Args:
      key: for the noise and the choices.
      energy: U, of ONE latent, a scalar.
      latents: where the chains start, [N, Z].
      step_size: a.
      num_steps: proposals of each chain.

    Returns:
      Where the chains end, [N, Z], and their acceptance rates, [N].

    Raises:
      InputError: unless step_size > 0 and num_steps ≥ 1.
    """
    ends, moved = _mala_walk(key, energy, latents, step_size, num_steps, keep=lambda place: place.moved)
    return MalaChains(ends.latent, _share(moved))


def mala_trajectory(
    key: Key, energy: Energy, latents: Latents, *, step_size: ArrayLike = 0.01, num_steps: int = 100
) -> MalaChains:
    """`mala` with every place after the start, [num_steps, N, Z]: the last is what `mala` returns.

    Per sample. Arguments and errors are those of `mala`.
    """
    keep = lambda place: (place.latent, place.moved)  # noqa: E731
    _, (path, moved) = _mala_walk(key, energy, latents, step_size, num_steps, keep=keep)
    return MalaChains(path, _share(moved))


def place_at(energy: Energy, latent: Array) -> Place:
    """One chain at one latent, not having moved yet."""
    return Place(latent, *jax.value_and_grad(energy)(latent), jnp.zeros((), bool))


def mala_step(key: Key, energy: Energy, place: Place, step_size: ArrayLike) -> Place:
    """One proposal of one chain, and the choice."""
    noise_key, choice_key = jax.random.split(key)
    proposal = place_at(energy, _proposed(noise_key, place.latent, place.slope, step_size))
    log_ratio = (
        place.energy
        - proposal.energy
        + _log_transition(proposal, place, step_size)
        - _log_transition(place, proposal, step_size)
    )
    # false where the ratio is NaN: no energy, no move
    taken = jnp.log(jax.random.uniform(choice_key, dtype=log_ratio.dtype)) < log_ratio
    taken &= jnp.isfinite(proposal.energy)
    chosen = jax.tree.map(lambda new, old: jnp.where(taken, new, old), proposal, place)
    return chosen._replace(moved=taken)


def _log_transition(start: Place, end: Place, step_size: ArrayLike) -> Float[Array, ""]:
    """log q(end | start) up to a constant that both directions share."""
    miss = at_least_float32(end.latent - (start.latent - step_size * start.slope))
    return -jnp.sum(jnp.square(miss)) / (4.0 * step_size)


def _proposed(key: Key, latent: Array, slope: Array, step_size: ArrayLike) -> Array:
    noise = jax.random.normal(key, latent.shape, latent.dtype)
    return latent - step_size * slope + jnp.sqrt(2.0 * step_size) * noise


def _langevin_step(energy: Energy, step_size: ArrayLike) -> Callable[[Key, Array], Array]:
    check_positive(step_size=step_size)  # type: ignore[arg-type]
    return lambda key, latent: _proposed(key, latent, jax.grad(energy)(latent), step_size)


def _mala_walk(
    key: Key, energy: Energy, latents: Latents, step_size: ArrayLike, num_steps: int, *, keep: Callable[[Place], PyTree]
) -> tuple[Place, PyTree]:
    check_positive(step_size=step_size)  # type: ignore[arg-type]
    starts = jax.vmap(lambda latent: place_at(energy, latent))(latents)
    return _walk(key, lambda key, place: mala_step(key, energy, place, step_size), starts, num_steps, keep=keep)


def _walk(
    key: Key, step: Callable[[Key, Any], Any], starts: PyTree, num_steps: int, *, keep: Callable[[Any], PyTree]
) -> tuple[PyTree, PyTree]:
    """`num_steps` steps from every start: (the ends, what `keep` keeps of each place, [num_steps, N, ...])."""
    if num_steps < 1:
        raise InputError(f"Expected num_steps >= 1, got {num_steps}.")

    def chain(index: Array, start: Any) -> tuple[Any, PyTree]:
        chain_key = jax.random.fold_in(key, index)

        def body(place: Any, i: Array) -> tuple[Any, PyTree]:
            place = step(jax.random.fold_in(chain_key, i), place)
            return place, keep(place)

        return jax.lax.scan(body, start, jnp.arange(num_steps))

    indices = jnp.arange(jax.tree.leaves(starts)[0].shape[0])
    return jax.vmap(chain, out_axes=(0, 1))(indices, starts)


def _nothing(place: Any) -> tuple[()]:
    del place  # a walk of which only the end matters
    return ()


def _share(moved: Bool[Array, "S N"]) -> Float[Array, "N"]:
    return jnp.mean(moved, axis=0, dtype=jnp.float32)
