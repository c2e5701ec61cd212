"""Tiny products without a library, equal to the library's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.architectures._narrow import MOST_PRODUCTS, dense_product

LAST_FIRST = (((1,), (0,)), ((), ()))


def operands(batch=8, wide=5, out=3, dtype=np.float64):
    draws = np.random.default_rng(0)
    return draws.normal(size=(batch, wide)).astype(dtype), draws.normal(size=(wide, out)).astype(dtype)


def primitives(x, kernel, dims=LAST_FIRST):
    jaxpr = jax.make_jaxpr(lambda x, w: dense_product(x, w, dims))(x, kernel)
    return {equation.primitive.name for equation in jaxpr.eqns}


def test_by_hand():
    x, kernel = jnp.array([[1.0, 2.0], [0.0, -1.0]]), jnp.array([[3.0, 4.0, 0.0], [5.0, 6.0, 1.0]])
    np.testing.assert_array_equal(dense_product(x, kernel, LAST_FIRST), [[13, 16, 2], [-5, -6, -1]])


@pytest.mark.parametrize("out", [3, 100])  # below and above the bound
def test_values_and_gradients_are_those_of_a_product(x64, out):
    x, kernel = operands(out=out)
    weights = np.random.default_rng(1).normal(size=(8, out))
    np.testing.assert_allclose(dense_product(jnp.asarray(x), jnp.asarray(kernel), LAST_FIRST), x @ kernel, rtol=1e-12)
    grads = jax.grad(lambda x, w: jnp.sum(dense_product(x, w, LAST_FIRST) * weights), (0, 1))(x, kernel)
    for got, expected in zip(grads, (weights @ kernel.T, x.T @ weights), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-12)


def test_only_tiny_products_leave_the_library():
    x, kernel = operands(batch=MOST_PRODUCTS // 16, wide=4, out=4)
    assert "dot_general" not in primitives(x, kernel)
    assert primitives(np.concatenate([x, x[:1]]), kernel) == {"dot_general"}
    assert primitives(kernel, kernel, (((0,), (0,)), ((), ()))) == {"dot_general"}  # another product than a layer's


def test_bfloat16_sums_in_float32():
    # 256 + 1 rounds to 256 in bfloat16, whose sums would stop there
    x, kernel = jnp.ones((1, 300), jnp.bfloat16), jnp.ones((300, 1), jnp.bfloat16)
    product = dense_product(x, kernel, LAST_FIRST)
    assert product.dtype == jnp.bfloat16
    assert abs(float(product[0, 0]) - 300) <= 1
