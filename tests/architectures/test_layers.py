"""Layers against NumPy and against Flax's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from ganjax.architectures import Conv, ConvTranspose, batch_norm, layer_norm, leaky_relu
from ganjax.architectures._layers import refuse_condition
from ganjax.checks import InputError


def draw(shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


class Normalized(nn.Module):
    """One normalization, as a network uses it."""

    normalization: object
    dtype: object = None

    @nn.compact
    def __call__(self, x, train=False):
        return self.normalization(train=train, dtype=self.dtype)(x)


@pytest.mark.parametrize("strides", [(1, 1), (2, 2)])
def test_conv_is_flax_conv(strides):
    x = draw((2, 5, 6, 3))
    layer = Conv(4, (3, 5), strides)
    variables = layer.init(jax.random.key(0), x)
    variables["params"]["bias"] = draw((4,), 1)
    expected = nn.Conv(4, (3, 5), strides, padding="SAME").apply(variables, x)
    np.testing.assert_allclose(layer.apply(variables, x), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kernel", [3, 4, 5])
def test_conv_transpose_is_flax_conv_transpose(kernel):
    x = draw((2, 4, 3, 3))
    layer = ConvTranspose(2, (kernel, kernel))
    variables = layer.init(jax.random.key(0), x)
    variables["params"]["bias"] = draw((2,), 1)
    flax_layer = nn.ConvTranspose(2, (kernel, kernel), (2, 2), padding="SAME", transpose_kernel=True)
    expected = flax_layer.apply(variables, x)
    assert expected.shape == (2, 8, 6, 2)
    np.testing.assert_allclose(layer.apply(variables, x), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("layer", [Conv, ConvTranspose])
def test_parameters_stay_float32_and_start_as_dcgan_says(layer):
    x = draw((2, 4, 4, 32))
    module = layer(64, (5, 5), dtype=jnp.bfloat16)
    params = module.init(jax.random.key(0), x)["params"]
    assert {p.dtype for p in jax.tree.leaves(params)} == {jnp.dtype("float32")}
    assert params["kernel"].shape == ((5, 5, 32, 64) if layer is Conv else (5, 5, 64, 32))
    # 51 200 draws: the standard deviation's own error is 0.02/√(2·51200) = 6e-5
    assert abs(float(params["kernel"].std()) - 0.02) < 3e-4
    assert not params["bias"].any()
    assert module.apply({"params": params}, x).dtype == jnp.bfloat16
    assert "bias" not in layer(3, (3, 3), use_bias=False).init(jax.random.key(0), x)["params"]


def test_batch_norm_against_the_formula():
    x = draw((6, 3, 2, 4)) * jnp.array([1.0, 2.0, 3.0, 4.0])[None, None, None] + 1.0
    module = Normalized(batch_norm(momentum=0.8, epsilon=0.1))
    variables = module.init(jax.random.key(0), x)
    y, updated = module.apply(variables, x, train=True, mutable=["batch_stats"])
    exact = np.asarray(x, np.float64)
    mean, variance = exact.mean((0, 1, 2)), exact.var((0, 1, 2))
    np.testing.assert_allclose(y, (exact - mean) / np.sqrt(variance + 0.1), rtol=1e-4, atol=1e-5)
    (stats,) = updated["batch_stats"].values()
    # from mean 0 and variance 1: 0.8·0 + 0.2·mean, 0.8·1 + 0.2·variance, biased
    np.testing.assert_allclose(stats["mean"], 0.2 * mean, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(stats["var"], 0.8 + 0.2 * variance, rtol=1e-4)
    # evaluation: the averages, not the batch
    evaluated = module.apply({**variables, **updated}, x)
    expected = (exact - 0.2 * mean) / np.sqrt(0.8 + 0.2 * variance + 0.1)
    np.testing.assert_allclose(evaluated, expected, rtol=1e-4, atol=1e-5)


def test_layer_norm_against_the_formula():
    x = draw((3, 4, 2, 5)) * 3 + 1
    module = Normalized(layer_norm(epsilon=0.1))
    variables = module.init(jax.random.key(0), x)
    assert {p.shape for p in jax.tree.leaves(variables["params"])} == {(5,)}
    for train in (True, False):
        for index, sample in enumerate(np.asarray(x, np.float64)):
            expected = (sample - sample.mean()) / np.sqrt(sample.var() + 0.1)
            np.testing.assert_allclose(module.apply(variables, x, train=train)[index], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("normalization", [batch_norm(), layer_norm()])
def test_normalizations_keep_the_compute_type(normalization):
    x = draw((4, 3, 3, 2)).astype(jnp.bfloat16)
    module = Normalized(normalization, jnp.bfloat16)
    variables = module.init(jax.random.key(0), x)
    assert module.apply(variables, x).dtype == jnp.bfloat16
    assert {p.dtype for p in jax.tree.leaves(variables)} == {jnp.dtype("float32")}


def test_leaky_relu_by_hand():
    np.testing.assert_allclose(leaky_relu()(jnp.array([-2.0, 0.0, 3.0])), [-0.4, 0.0, 3.0], rtol=1e-6)
    np.testing.assert_allclose(leaky_relu(0.5)(jnp.array([-2.0, 3.0])), [-1.0, 3.0], rtol=1e-6)


def test_a_condition_is_refused():
    refuse_condition("Net", ())
    with pytest.raises(InputError, match="Net is unconditional"):
        refuse_condition("Net", (jnp.zeros(3),))
