import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax import regularizers
from ganjax.checks import InputError

REAL = jnp.array([[3.0, 4.0], [0.0, 2.0]])  # with D = ½‖x‖², r1 = ‖x‖² = (25, 4)


def bowl(x):
    return 0.5 * jnp.sum(x * x)


def test_weighted_multiplies():
    np.testing.assert_allclose(regularizers.weighted(regularizers.r1, 0.5)(bowl, REAL), [12.5, 2.0])
    penalty = regularizers.weighted(regularizers.wgan_div, 2.0)
    np.testing.assert_allclose(penalty(bowl, REAL, p=4), [2 * 5.0**4, 2 * 2.0**4], rtol=1e-6)
    assert penalty(bowl, REAL.astype(jnp.bfloat16)).dtype == jnp.float32


def test_weights_may_be_traced():
    many = jax.vmap(lambda weight: regularizers.weighted(regularizers.r1, weight)(bowl, REAL))(jnp.array([1.0, 3.0]))
    np.testing.assert_allclose(many, [[25, 4], [75, 12]])


def test_lazily_acts_on_every_nth_step():
    lazy = regularizers.lazily(regularizers.r1, 4)
    steps = [np.asarray(lazy(step, bowl, REAL)) for step in range(9)]
    for step, values in enumerate(steps):
        np.testing.assert_allclose(values, [100, 16] if step % 4 == 0 else [0, 0])
    np.testing.assert_allclose(np.mean(steps[:4], axis=0), [25, 4])  # the mean over steps is the regularizer's


def test_lazily_under_jit_scan_and_grad():
    lazy = regularizers.lazily(regularizers.r1, 3)

    def loss(scale, step):
        return jnp.sum(lazy(step, lambda x: scale * bowl(x), REAL))  # 3·scale²·29 on steps 0, 3, …

    _, gradients = jax.jit(lambda: jax.lax.scan(lambda c, step: (c, jax.grad(loss)(2.0, step)), 0, jnp.arange(5)))()
    np.testing.assert_allclose(gradients, [348, 0, 0, 348, 0], rtol=1e-6)


def test_lazily_keeps_shape_and_dtype():
    for step in (0, 1):
        assert regularizers.lazily(regularizers.repelling, 2)(step, REAL).shape == ()
        low = regularizers.lazily(regularizers.r1, 2)(step, bowl, REAL.astype(jnp.bfloat16))
        assert low.dtype == jnp.float32
        assert low.shape == (2,)


def test_every_step_is_every_step():
    every = regularizers.lazily(regularizers.r1, 1)
    for step in (0, 1, 7):
        np.testing.assert_allclose(every(step, bowl, REAL), [25, 4])


def test_wrappers_commute():
    one = regularizers.lazily(regularizers.weighted(regularizers.r1, 5.0), 2)
    other = regularizers.weighted(regularizers.lazily(regularizers.r1, 2), 5.0)
    for step in (0, 1):
        np.testing.assert_allclose(one(step, bowl, REAL), other(step, bowl, REAL))


def test_the_interval_is_checked_at_the_door():
    for interval in (0, -3):
        with pytest.raises(InputError, match="interval >= 1"):
            regularizers.lazily(regularizers.r1, interval)
