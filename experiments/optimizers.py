"""The optimizers that a run can name, with the field's hyperparameter names."""

from __future__ import annotations

import jax
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


def is_zero(value: ArrayLike) -> bool:
    """Whether it is the number 0; a traced value is taken for another one."""
    return isinstance(value, int | float) and value == 0


def kernels(params: PyTree) -> PyTree:
    """True where a leaf has two axes or more."""
    return jax.tree.map(lambda x: x.ndim > 1, params)


OPTIMIZERS = Table("optimizer", {"adam": adam, "rmsprop": rmsprop, "sgd": sgd})
