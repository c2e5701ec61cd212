import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax import data


def test_bytes_to_floats_by_hand():
    # 51/127.5 − 1 = −.6, 204/127.5 − 1 = .6; both ends exactly
    found = data.to_float(jnp.asarray([0, 51, 204, 255], jnp.uint8))
    assert found.dtype == jnp.float32
    assert float(found[0]) == -1.0
    assert float(found[3]) == 1.0
    np.testing.assert_allclose(found[1:3], [-0.6, 0.6], atol=1e-7)


def test_floats_to_bytes_by_hand():
    # (x + 1)·127.5: −.6 → 51; −.596 → 51.51 → 52; .6 → 204; 1.2 and −3 lie outside
    found = data.to_uint8(jnp.asarray([-0.6, -0.596, 0.6, 1.2, -3.0, 1.0, -1.0]))
    assert found.dtype == jnp.uint8
    np.testing.assert_array_equal(found, [51, 52, 204, 255, 0, 255, 0])


@pytest.mark.parametrize("transform", [lambda f: f, jax.jit])
def test_all_256_values_come_back(transform):
    every = jnp.arange(256, dtype=jnp.uint8).reshape(4, 8, 8, 1)
    np.testing.assert_array_equal(transform(lambda x: data.to_uint8(data.to_float(x)))(every), every)


def test_half_precision_is_rounded_in_single():
    # the sum x + 1 alone would lose half of the levels near 0 to bfloat16's 8 bits
    values = jnp.linspace(-1, 1, 4001).astype(jnp.bfloat16)
    expected = np.round((np.asarray(values, np.float64) + 1) * 127.5)
    np.testing.assert_array_equal(data.to_uint8(values), expected)


def test_float32_also_in_double_precision_mode(x64):
    del x64
    assert data.to_float(jnp.zeros(3, jnp.uint8)).dtype == jnp.float32
    assert data.to_uint8(jnp.zeros(3, jnp.float64)).dtype == jnp.uint8
