"""Minibatch standard deviation, by hand and against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.architectures import minibatch_std
from ganjax.checks import InputError


def draw(shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def test_by_hand():
    # groups of two: {(0, 0), (2, 4)} has deviations 1 and 2, mean 1.5; {(1, 5), (1, 5)} has none: √1e-8 = 1e-4
    x = jnp.array([[0.0, 0.0], [2.0, 4.0], [1.0, 5.0], [1.0, 5.0]])[:, None, None]
    y = minibatch_std(x, 2)
    np.testing.assert_array_equal(y[..., :2], x)
    np.testing.assert_allclose(y[:, 0, 0, 2], [1.5, 1.5, 1e-4, 1e-4], rtol=1e-4)


def test_against_numpy():
    x = draw((6, 2, 3, 4)) * jnp.arange(1.0, 7.0)[:, None, None, None]
    y = minibatch_std(x, 3)
    assert y.shape == (6, 2, 3, 5)
    exact = np.asarray(x, np.float64)
    for group in (slice(0, 3), slice(3, 6)):
        spread = np.sqrt(((exact[group] - exact[group].mean(0)) ** 2).mean(0) + 1e-8).mean()
        np.testing.assert_allclose(y[group, ..., 4], np.full((3, 2, 3), spread), rtol=1e-5)
    assert abs(float(y[0, 0, 0, 4] - y[3, 0, 0, 4])) > 0.1


def test_a_part_of_the_batch_that_holds_whole_groups_gives_the_whole_batchs_numbers():
    x = draw((8, 2, 2, 3))
    parts = jnp.concatenate([minibatch_std(part, 2) for part in (x[:4], x[4:])])
    np.testing.assert_allclose(minibatch_std(x, 2), parts, rtol=1e-6)


def test_one_sample_is_flat_to_any_order():
    x = draw((1, 2, 2, 3))

    def of(x):
        return minibatch_std(x, 4)[0, 0, 0, 3]

    np.testing.assert_allclose(of(x), 1e-4, rtol=1e-5)
    np.testing.assert_array_equal(jax.jit(jax.grad(of))(x), np.zeros(x.shape))
    assert np.isfinite(jax.jit(jax.grad(lambda x: jnp.sum(jax.grad(of)(x) ** 2)))(x)).all()


def test_types_and_refusals():
    assert minibatch_std(draw((4, 1, 1, 2)).astype(jnp.bfloat16), 2).dtype == jnp.bfloat16
    with pytest.raises(InputError, match=r"divides into groups of 4 .* got 6 samples"):
        minibatch_std(draw((6, 1, 1, 2)), 4)
    with pytest.raises(InputError, match="group_size > 0"):
        minibatch_std(draw((6, 1, 1, 2)), 0)
