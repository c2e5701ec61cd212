import jax
import jax.numpy as jnp
import laws
import numpy as np
import pytest
from scipy import special

from ganjax.divergences._stable_forms import half_tanh, linear_exp, linear_expm1, log_wright_omega

FORMS = [half_tanh, linear_exp, linear_expm1, log_wright_omega]


def test_linear_exp_by_hand(x64):
    top = np.exp(30.0)
    x = jnp.array([-2.0, 0.0, 29.0, 30.0, 32.0])
    value = np.array([np.exp(-2), 1, np.exp(29), top, 3 * top])  # e^30 (1 + 2)
    slope = np.array([np.exp(-2), 1, np.exp(29), top, top])
    np.testing.assert_allclose(linear_exp(x), value, rtol=1e-12)
    np.testing.assert_allclose(linear_expm1(x), value - 1, rtol=1e-12)
    np.testing.assert_allclose(laws.gradients(linear_exp, x)[0], slope, rtol=1e-12)
    np.testing.assert_allclose(laws.gradients(linear_expm1, x)[0], slope, rtol=1e-12)
    np.testing.assert_allclose(linear_exp(jnp.array([5.0]), 3.0), [3 * np.exp(3)], rtol=1e-12)


def test_small_arguments_keep_their_digits():
    x = jnp.array([1e-6, -1e-6])
    np.testing.assert_allclose(linear_expm1(x), np.expm1(np.asarray(x, np.float64)), rtol=1e-6)


def test_slopes_keep_their_tails():
    low = jnp.array([-40.0])
    np.testing.assert_allclose(laws.gradients(linear_expm1, low)[0], np.exp(-40), rtol=1e-5)
    for end in (low / 2, -low / 2):  # ½ sech² 20 = 2e^−40
        np.testing.assert_allclose(laws.gradients(half_tanh, end)[0], 2 * np.exp(-40), rtol=1e-5)


def test_log_wright_omega(x64):
    s = np.concatenate([np.linspace(-30, 60, 1801), [0.999999, 1.0, 1.000001, 1e4, 1e8]])
    found = log_wright_omega(jnp.asarray(s))
    np.testing.assert_allclose(np.exp(found), special.wrightomega(s), rtol=1e-13)
    np.testing.assert_allclose(np.exp(found) + found, s, rtol=1e-13, atol=1e-13)
    assert log_wright_omega(jnp.array(-1e4)) == -1e4


def test_log_wright_omega_in_float32():
    s = jnp.linspace(-60, 60, 241)
    truth = np.log(special.wrightomega(np.asarray(s, np.float64)))
    np.testing.assert_allclose(log_wright_omega(s), truth, rtol=1e-6, atol=1e-6)


def test_log_wright_omega_has_two_derivatives(x64):
    s = jnp.array([-7.0, -0.3, 1.0, 2.5, 40.0])
    w = special.wrightomega(np.asarray(s))
    np.testing.assert_allclose(jax.vmap(jax.grad(log_wright_omega))(s), 1 / (1 + w), rtol=1e-12)
    second = jax.vmap(jax.grad(jax.grad(log_wright_omega)))(s)
    np.testing.assert_allclose(second, -w / (1 + w) ** 3, rtol=1e-12)  # d/ds (1 + w)^−1, dw/ds = w/(1 + w)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float32])
def test_laws(form, dtype):
    x = jnp.array([-1e4, -60.0, -1.5, 0.0, 0.7, 45.0, 1e4], dtype)
    laws.keeps_shape_and_dtype(form, x)
    laws.finite_with_gradients(form, x)


@pytest.mark.parametrize("form", FORMS)
def test_derivatives(form, x64):
    laws.agrees_with_differences(form, jnp.array([-6.5, -1.2, 0.0, 0.4, 3.3]))
    laws.same_under_jit(form, jnp.array([-6.5, -1.2, 0.0, 0.4, 3.3]), rtol=1e-12)
