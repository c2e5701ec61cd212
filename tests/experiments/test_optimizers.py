"""Gradient descent with momentum and weight decay, against its formula."""

import jax
import jax.numpy as jnp
import numpy as np
from optimizers import sgd

PARAMS = {"kernel": jnp.array([[1.0, -2.0]]), "bias": jnp.array([3.0])}
GRADS = {"kernel": jnp.array([[0.5, 0.25]]), "bias": jnp.array([-1.0])}


def two_steps(optimizer):
    """The same gradient twice."""
    params, state = PARAMS, optimizer.init(PARAMS)
    for _ in range(2):
        updates, state = optimizer.update(GRADS, state, params)
        params = jax.tree.map(jnp.add, params, updates)
    return params


def test_decay_is_a_part_of_the_kernels_gradient_before_momentum():
    found = two_steps(sgd(learning_rate=0.1, momentum=0.5, l2=0.2))
    kernel, velocity = np.array([[1.0, -2.0]]), 0.0
    for _ in range(2):
        velocity = 0.5 * velocity + (np.array([[0.5, 0.25]]) + 0.2 * kernel)
        kernel = kernel - 0.1 * velocity
    np.testing.assert_allclose(found["kernel"], kernel, rtol=1e-6)
    # v = −1, then −1.5: the bias is not decayed
    np.testing.assert_allclose(found["bias"], 3.0 + 0.1 * (1.0 + 1.5), rtol=1e-6)


def test_zeros_leave_the_plain_optimizer():
    plain = sgd(learning_rate=0.1)
    assert not jax.tree.leaves(plain.init(PARAMS))  # no velocity is kept
    np.testing.assert_allclose(two_steps(plain)["kernel"], [[0.9, -2.05]], rtol=1e-6)


def test_its_numbers_may_be_traced():
    def run(momentum, l2):
        return two_steps(sgd(learning_rate=0.1, momentum=momentum, l2=l2))

    settings = jnp.array([0.0, 0.5]), jnp.array([0.0, 0.2])
    each = jax.vmap(run)(*settings)
    for i, (momentum, l2) in enumerate(((0.0, 0.0), (0.5, 0.2))):
        jax.tree.map(lambda a, b, i=i: np.testing.assert_allclose(a[i], b, rtol=1e-6), each, run(momentum, l2))
