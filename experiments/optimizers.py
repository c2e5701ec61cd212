"""The optimizers that a run can name, with the field's hyperparameter names."""

from __future__ import annotations

import optax

from ganjax.checks import Table


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


def sgd(learning_rate: float = 1e-2, momentum: float = 0.0) -> optax.GradientTransformation:
    """Stochastic gradient descent.

    Args:
      learning_rate: step size.
      momentum: 0 for none.
    """
    return optax.sgd(learning_rate, momentum=momentum or None)


OPTIMIZERS = Table("optimizer", {"adam": adam, "rmsprop": rmsprop, "sgd": sgd})
