"""Small games as dynamical systems: flat vector fields and steps, their Jacobians and eigenvalues."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Complex, Float

from ganjax.steps._gradients import Gradients, separate
from ganjax.steps._play import as_batch
from ganjax.steps._schedules import params_of, stats_of
from ganjax.types import Algorithm, Deal, Game, GanState, PyTree

Vector = Float[Array, "N"]


class Flow(NamedTuple):
    """A map of vectors to vectors, with the vector that a game's state is.

    Attributes:
      point: [N], where the state stands.
      function: [N] -> [N].
    """

    point: Vector
    function: Callable[[Vector], Vector]


def vector_field(game: Game, state: GanState, deal: Deal, batch: Any, gradients: Gradients = separate) -> Flow:
    """v(w) = −(∂_θ L_G, ∂_φ L_D) with w = (θ, φ) one vector: the way both players are pulled, ẇ = v(w).

    Coordinates are the generator's, the discriminator's, the helper's, each in the order of `jax.tree.leaves`. At an
    equilibrium it is stable when every eigenvalue of `jacobian` has a negative real part. Statistics are the state's.
    Mescheder et al. 2018, arXiv:1801.04406, section 2.

    Args:
      game: what is played.
      state: where; its parameters are the point.
      deal: latents and keys: a draw of `Algorithm.deal`.
      batch: real samples, or (samples, condition).
      gradients: how the field is computed; its own derivatives are exact in every way that the library has.
    """
    point, unravel = ravel_pytree(params_of(state))
    stats, given = stats_of(state), as_batch(batch)

    def function(w: Vector) -> Vector:
        return -ravel_pytree(gradients.field(game, unravel(w), stats, deal, given).grads)[0]

    return Flow(point, function)


def one_step(algorithm: Algorithm, state: GanState, batch: Any) -> Flow:
    """One step of the algorithm as a map of everything that it moves, at the state's own step and key.

    Coordinates are all the floating-point numbers of the state in the order of its fields: generator, its statistics,
    its optimizer's state, then the discriminator's, then averages and helper. With plain gradient descent and no
    statistics that is (θ, φ). What is not floating-point (the key, counters) stays.

    Where the map fixes a point, it attracts when the `spectral_radius` of `jacobian` is below 1.
    """
    leaves, structure = jax.tree.flatten(state)
    moves = [jnp.issubdtype(x.dtype, jnp.floating) for x in leaves]
    point, unravel = ravel_pytree([x for x, moving in zip(leaves, moves, strict=True) if moving])

    def function(w: Vector) -> Vector:
        floats = iter(unravel(w))
        rebuilt = [next(floats) if moving else x for x, moving in zip(leaves, moves, strict=True)]
        after, _ = algorithm.step(jax.tree.unflatten(structure, rebuilt), batch)
        return floating(after)

    return Flow(point, function)


def floating(tree: PyTree) -> Vector:
    """The tree's floating-point leaves as one vector; counters and keys are left out."""
    return ravel_pytree([x for x in jax.tree.leaves(tree) if jnp.issubdtype(x.dtype, jnp.floating)])[0]


def jacobian(flow: Flow) -> Float[Array, "N N"]:
    """∂function/∂w at the flow's point, by forward differentiation: N passes, for small games."""
    return jax.jacfwd(flow.function)(flow.point)


def eigenvalues(matrix: Float[Array, "N N"]) -> Complex[np.ndarray, "N"]:
    """Of a square matrix, the largest real part first; in NumPy, and complex always."""
    values = np.linalg.eigvals(np.asarray(matrix)).astype(complex)
    return values[np.lexsort((-np.imag(values), -np.real(values)))]


def spectral_radius(matrix: Float[Array, "N N"]) -> float:
    """The largest modulus of an eigenvalue: the factor by which a small deviation grows a step in the long run."""
    return float(np.max(np.abs(eigenvalues(matrix))))
