"""Gradient descent with momentum and weight decay, against its formula."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from optimizers import growing_momentum, sgd

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


def test_growing_momentum_and_decaying_rate_by_hand():
    found = PARAMS
    optimizer = growing_momentum(
        learning_rate=0.4, learning_rate_decay=2.0, least_learning_rate=0.15, momentum=0.5, final_momentum=0.9,
        momentum_steps=2,
    )  # fmt: skip
    state = optimizer.init(PARAMS)
    bias, velocity = 3.0, 0.0
    # rates .4, .2, then .15 for .1; momenta .5, .7, .9, .9
    for rate, keep in ((0.4, 0.5), (0.2, 0.7), (0.15, 0.9), (0.15, 0.9)):
        updates, state = optimizer.update(GRADS, state, found)
        found = jax.tree.map(jnp.add, found, updates)
        velocity = keep * velocity + rate  # the gradient is −1
        bias += velocity
        np.testing.assert_allclose(found["bias"], bias, rtol=1e-6)
    # .4; .48; .582; .6738
    np.testing.assert_allclose(bias - 3.0, 0.4 + 0.48 + 0.582 + 0.6738, rtol=1e-12)


def test_the_published_schedule_in_float32():
    optimizer = growing_momentum()
    state = optimizer.init(PARAMS)
    for count, rate, keep in (
        (0, 0.1, 0.5),
        (125_000, 0.1 * 1.000004**-125_000, 0.7),
        (50_000, 0.1 * 1.000004**-50_000, 0.58),
        (4_000_000, 1e-6, 0.7),
    ):
        ones = jax.tree.map(jnp.ones_like, PARAMS)
        updates, _ = optimizer.update(GRADS, state._replace(count=jnp.int32(count), velocity=ones))
        np.testing.assert_allclose(updates["bias"], keep + rate, rtol=1e-6)
        np.testing.assert_allclose(keep - updates["kernel"][0, 0], 0.5 * rate, atol=1e-7)
    assert rate == 1e-6


def test_its_schedule_may_be_traced():
    def run(rate):
        return two_steps(growing_momentum(learning_rate=rate))["bias"]

    each = jax.vmap(run)(jnp.array([0.1, 0.2]))
    np.testing.assert_allclose(each, [run(0.1), run(0.2)], rtol=1e-6)
    assert each[0] == pytest.approx(3 + 0.1 + 0.5 * 0.1 + 0.1, rel=1e-4)
