import jax.numpy as jnp
import numpy as np
import pytest
import references
from scipy import optimize

from ganjax import divergences
from ganjax.checks import InputError
from ganjax.divergences import DIVERGENCES

P, Q = np.array([0.05, 0.3, 0.9, 0.4]), np.array([0.5, 0.1, 0.2, 0.41])
LOG_P, LOG_Q = np.log(P), np.log(Q)


def best(loss, lower=-30, upper=30):
    return [
        optimize.minimize_scalar(
            lambda s, p=p, q=q: loss(s, p, q), bounds=(lower, upper), method="bounded", options={"xatol": 1e-10}
        ).x
        for p, q in zip(P, Q, strict=True)
    ]


def scores(fn, *rest):
    return fn(jnp.asarray(LOG_P), jnp.asarray(LOG_Q), *rest)


def test_discriminator(x64):
    expected = best(lambda s, p, q: p * np.logaddexp(0, -s) + q * np.logaddexp(0, s))
    np.testing.assert_allclose(scores(divergences.optimal_discriminator), expected, atol=1e-6)
    np.testing.assert_allclose(1 / (1 + np.exp(-scores(divergences.optimal_discriminator))), P / (P + Q), rtol=1e-12)


@pytest.mark.parametrize(("a", "b"), [(0, 1), (-1, 1), (0.5, 3)])
def test_least_squares(a, b, x64):
    expected = best(lambda s, p, q: p * (s - b) ** 2 + q * (s - a) ** 2)
    np.testing.assert_allclose(scores(divergences.optimal_least_squares, a, b), expected, atol=1e-6)


def test_hinge_and_margin(x64):
    expected = best(lambda s, p, q: p * max(0, 1 - s) + q * max(0, 1 + s), -3, 3)
    np.testing.assert_allclose(scores(divergences.optimal_hinge), expected, atol=1e-6)
    energy = best(lambda e, p, q: p * e + q * max(0, 2.5 - e), 0, 5)
    np.testing.assert_allclose(scores(divergences.optimal_margin, 2.5), -np.array(energy), atol=1e-6)


@pytest.mark.parametrize("name", DIVERGENCES)
def test_f_critic(name, x64):
    found = divergences.optimal_f_critic(DIVERGENCES[name], jnp.asarray(LOG_P), jnp.asarray(LOG_Q))
    np.testing.assert_allclose(found, references.F_DIVERGENCES[name].critic(P / Q), rtol=1e-10)


def test_of_pairs(x64):
    log_p, log_q = (lambda x: -0.5 * x**2), (lambda x: -0.125 * (x - 1) ** 2 - jnp.log(2.0))
    x, y = jnp.array([0.0, 2.0, -1.0]), jnp.array([1.0, -0.5, -1.0])
    p, q = (lambda t: np.exp(-0.5 * t**2)), (lambda t: np.exp(-0.125 * (t - 1) ** 2) / 2)
    forward, backward = p(x) * q(y), q(x) * p(y)
    found = divergences.optimal_relativistic(log_p, log_q, x, y)
    np.testing.assert_allclose(found, np.log(forward / backward), atol=1e-14)
    found = divergences.optimal_gan_qp(log_p, log_q, x, y, 0.7)
    expected = 0.7 * np.abs(x - y) * (forward - backward) / (forward + backward)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(divergences.optimal_gan_qp(log_p, log_q, y, x, 0.7), -found, rtol=1e-12)


def test_where_a_density_is_zero():
    none = -jnp.inf
    log_p, log_q = jnp.array([0.0, none, none]), jnp.array([none, 0.0, none])
    np.testing.assert_array_equal(divergences.optimal_discriminator(log_p, log_q), [jnp.inf, none, 0])
    np.testing.assert_array_equal(divergences.optimal_least_squares(log_p, log_q, -1, 1), [1, -1, 0])
    np.testing.assert_array_equal(divergences.optimal_hinge(log_p, log_q), [1, -1, 0])
    np.testing.assert_array_equal(divergences.optimal_margin(log_p, log_q, 3.0), [0, -3, 0])


def test_refusals():
    with pytest.raises(InputError, match="equal shapes"):
        divergences.optimal_discriminator(jnp.zeros((4, 1)), jnp.zeros(4))
    with pytest.raises(InputError, match="margin > 0"):
        divergences.optimal_margin(jnp.zeros(4), jnp.zeros(4), -1.0)
    with pytest.raises(InputError, match="lambda_ > 0"):
        divergences.optimal_gan_qp(jnp.square, jnp.square, jnp.zeros(4), jnp.zeros(4), 0.0)
