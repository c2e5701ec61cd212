"""The optimizers that a run can name, with the field's hyperparameter names."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike

from ganjax.checks import Table
from ganjax.types import PyTree


def adam(
    learning_rate: float = 2e-4, b1: float = 0.5, b2: float = 0.999, eps: float = 1e-8, eps_root: float = 0.0
) -> optax.GradientTransformation:
    """Adam (Kingma and Ba 2014, arXiv:1412.6980).

    Args:
      learning_rate: step size.
      b1: decay of the gradient's average; GANs use 0 to 0.5.
      b2: decay of the squared gradient's average.
      eps: added to the root.
      eps_root: added under the root; the unrolled schedule, which differentiates Adam, wants 1e-16.
    """
    return optax.adam(learning_rate, b1=b1, b2=b2, eps=eps, eps_root=eps_root)


def rmsprop(learning_rate: float = 5e-5, decay: float = 0.99, eps: float = 1e-8) -> optax.GradientTransformation:
    """RMSProp (Tieleman and Hinton 2012).

    Args:
      learning_rate: step size.
      decay: decay of the squared gradient's average.
      eps: added to the root.
    """
    return optax.rmsprop(learning_rate, decay=decay, eps=eps)


def sgd(learning_rate: float = 1e-2, momentum: float = 0.0, l2: float = 0.0) -> optax.GradientTransformation:
    """Stochastic gradient descent.

    v ← momentum · v + (gradient + l2 · kernel), parameters ← parameters − learning_rate · v.

    Args:
      learning_rate: step size.
      momentum: 0 for none.
      l2: the kernels' decay, which is a part of their gradient; biases keep theirs as it is. 0 for none.
    """
    moves = optax.sgd(learning_rate, momentum=None if is_zero(momentum) else momentum)
    return moves if is_zero(l2) else optax.chain(optax.add_decayed_weights(l2, mask=kernels), moves)


class MomentumState(NamedTuple):
    """How many moves were made, and the velocity of each parameter."""

    count: jax.Array  # type: ignore[reportIncompatibleMethodOverride]  # as optax calls it
    velocity: optax.Updates


def growing_momentum(
    *,
    learning_rate: float = 0.1,
    learning_rate_decay: float = 1.000004,
    least_learning_rate: float = 1e-6,
    momentum: float = 0.5,
    final_momentum: float = 0.7,
    momentum_steps: int = 125_000,
) -> optax.GradientTransformation:
    """Gradient descent whose rate decays and whose momentum grows; the defaults are those of the first GAN for MNIST.

    With t moves made before this one,

    v ← μ_t · v − η_t · gradient,   parameters ← parameters + v,
    η_t = max(learning_rate / learning_rate_decay^t, least_learning_rate),
    μ_t = momentum + (final_momentum − momentum) · min(t / momentum_steps, 1).

    Goodfellow et al. 2014, arXiv:1406.2661, by the authors' published mnist.yaml, which moves μ between epochs (250 of
    500 steps) and not between steps.

    Args:
      learning_rate: step size of the first move.
      learning_rate_decay: what the step size is divided by after each move.
      least_learning_rate: where it stops.
      momentum: of the first move.
      final_momentum: from move momentum_steps on.
      momentum_steps: moves in which momentum grows from the one to the other.
    """

    def init(params: optax.Params) -> MomentumState:
        return MomentumState(jnp.zeros((), jnp.int32), jax.tree.map(jnp.zeros_like, params))

    def update(updates: optax.Updates, state: Any, params: optax.Params | None = None):
        del params  # it decays none of them
        t = state.count.astype(jnp.float32)
        # 1.000004 is 1.0000039 in float32: its distance from 1 is taken before that
        decayed = learning_rate * jnp.exp(-t * jnp.log1p(learning_rate_decay - 1.0))
        rate = jnp.maximum(decayed, least_learning_rate)
        keep = momentum + (final_momentum - momentum) * jnp.minimum(t / momentum_steps, 1.0)
        velocity = jax.tree.map(lambda v, g: (keep * v - rate * g).astype(v.dtype), state.velocity, updates)
        return velocity, MomentumState(state.count + 1, velocity)

    return optax.GradientTransformation(init, update)


def is_zero(value: ArrayLike) -> bool:
    """Whether it is the number 0; a traced value is taken for another one."""
    return isinstance(value, int | float) and value == 0


def kernels(params: PyTree) -> PyTree:
    """True where a leaf has two axes or more."""
    return jax.tree.map(lambda x: x.ndim > 1, params)


OPTIMIZERS = Table("optimizer", {"adam": adam, "momentum": growing_momentum, "rmsprop": rmsprop, "sgd": sgd})
