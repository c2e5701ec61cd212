"""Nearest neighbours against the plain double loop in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.checks import InputError
from ganjax.data import to_float
from ganjax.samplers import nearest

RNG = np.random.default_rng(0)


def by_brute_force(queries, data):
    flat = [np.asarray(x, np.float64).reshape(len(x), -1) for x in (queries, data)]
    distances = np.sqrt(np.sum((flat[0][:, None] - flat[1][None]) ** 2, axis=2))
    return distances.argmin(axis=1), distances.min(axis=1)


@pytest.mark.parametrize("block_size", [1, 7, 30, 100])
def test_points(block_size):
    queries = jnp.asarray(RNG.normal(2.0, 1.0, (9, 3)), jnp.float32)
    data = jnp.asarray(RNG.normal(2.0, 1.0, (30, 3)), jnp.float32)
    got = nearest(queries, data, block_size=block_size)
    indices, distances = by_brute_force(queries, data)
    assert got.indices.dtype == jnp.int32
    np.testing.assert_array_equal(got.indices, indices)
    np.testing.assert_allclose(got.distances, distances, rtol=1e-5)


def test_bytes_as_images():
    data = RNG.integers(0, 256, (50, 4, 5, 2), dtype=np.uint8)
    queries = to_float(jnp.asarray(data[[49, 3, 20]])) + jnp.asarray(RNG.normal(0, 0.1, (3, 4, 5, 2)), jnp.float32)
    got = jax.jit(lambda q, d: nearest(q, d, decode=to_float, block_size=16))(queries, jnp.asarray(data))
    np.testing.assert_array_equal(got.indices, [49, 3, 20])
    indices, distances = by_brute_force(queries, data / 127.5 - 1.0)
    np.testing.assert_array_equal(got.indices, indices)
    np.testing.assert_allclose(got.distances, distances, rtol=1e-5)


def test_a_copy_is_at_distance_zero():
    data = jnp.asarray(RNG.integers(0, 256, (40, 28, 28, 1), dtype=np.uint8))
    got = nearest(to_float(data[5:8]), data, decode=to_float)
    np.testing.assert_array_equal(got.indices, [5, 6, 7])
    np.testing.assert_array_equal(got.distances, 0)


def test_wrong_input():
    queries, data = jnp.zeros((2, 3)), jnp.zeros((4, 3))
    for wrong in (jnp.zeros((4, 2)), jnp.zeros((0, 3))):
        with pytest.raises(InputError, match="one sample shape"):
            nearest(queries, wrong)
    with pytest.raises(InputError, match=r"decode=data\.to_float"):
        nearest(queries, data.astype(jnp.uint8))
    with pytest.raises(InputError, match="block_size > 0"):
        nearest(queries, data, block_size=0)
