import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize

from ganjax import divergences
from ganjax.checks import InputError

FINE = np.linspace(-14, 15, 20001)
GRID = np.linspace(-13, 13, 2001)


def normal(mean=0.0, deviation=1.0):
    return lambda x: -0.5 * ((x - mean) / deviation) ** 2 - np.log(deviation * np.sqrt(2 * np.pi))


def uniform(lower, upper):
    return lambda x: np.where((x >= lower) & (x < upper), -np.log(upper - lower), -np.inf)


P, Q = normal(0.7, 1.25), normal(-0.2)


def points(p, q, nodes=300):
    """Gauss–Legendre points on a finite interval, with the densities there."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    return 13 * x, 13 * w, np.exp(p(13 * x)), np.exp(q(13 * x))


def test_known_values():
    close = {"rtol": 0, "atol": 2e-10}
    p, q = normal(), normal(1)
    np.testing.assert_allclose(divergences.hinge(p, q, FINE), 1.2341501548, **close)
    np.testing.assert_allclose(divergences.ebgan(p, q, FINE, 1.0), 0.6170750774, **close)
    np.testing.assert_allclose(divergences.ebgan(p, q, FINE, 10), 6.170750774, rtol=0, atol=2e-9)
    np.testing.assert_allclose(divergences.least_squares(p, q, FINE), 0.4081085313, **close)
    np.testing.assert_allclose(divergences.relativistic(p, q, FINE), 0.4918017090, **close)
    np.testing.assert_allclose(divergences.relativistic_generator(p, q, FINE), 1.4918017090, **close)
    np.testing.assert_allclose(divergences.gan_qp(p, q, FINE), 0.3899088730, **close)
    np.testing.assert_allclose(divergences.gan_qp_generator(p, q, FINE), 0.7798177460, **close)


def best_of(loss, p, q):
    """min over a score at every point of ∫ loss: a bounded scalar search, not the formula."""
    _x, w, real, fake = points(p, q, nodes=120)
    found = [
        optimize.minimize_scalar(lambda s, a=a, b=b: loss(s, a, b), bounds=(-2, 2), options={"xatol": 1e-9}).fun
        for a, b in zip(real, fake, strict=True)
    ]
    return np.sum(w * found)


def test_hinge_is_the_best_discriminators():
    best = best_of(lambda s, p, q: p * max(0, 1 - s) + q * max(0, 1 + s), P, Q)
    np.testing.assert_allclose(divergences.hinge(P, Q, GRID), best, rtol=5e-3)  # corners between 120 nodes


def test_ebgan_is_the_best_energys():
    best = best_of(lambda s, p, q: p * (s + 2) + q * max(0, 1.5 - (s + 2)), P, Q)  # energies s + 2 in [0, 4]
    np.testing.assert_allclose(divergences.ebgan(P, Q, GRID, 1.5), best, rtol=5e-3)
    assert divergences.ebgan(P, P, GRID, 1.5) == pytest.approx(1.5, rel=1e-12)


def test_least_squares_is_the_best_discriminators():
    """L_G with c = 0 at the D that minimises L_D, targets −1 and 1: ½∫(p + q)D² is half of it."""
    _x, w, p, q = points(P, Q)
    best = [
        optimize.minimize_scalar(lambda s, a=a, b=b: a * (s - 1) ** 2 + b * (s + 1) ** 2, bounds=(-2, 2)).x
        for a, b in zip(p, q, strict=True)
        if a + b > 1e-12
    ]
    some = p + q > 1e-12
    value = np.sum((w * (p + q))[some] * np.square(best))
    np.testing.assert_allclose(divergences.least_squares(P, Q, GRID), value, rtol=1e-7)


def pair_sum(integrand, p, q):
    """∬ over both triangles by Gauss–Legendre in (y, share): x = −13 + share·(y + 13) below the diagonal."""
    x, w = np.polynomial.legendre.leggauss(160)
    outer, outer_weight = 13 * x, 13 * w
    share, share_weight = 0.5 * (x + 1), 0.5 * w
    total = 0.0
    for y, weight in zip(outer, outer_weight, strict=True):
        for edge in (-13.0, 13.0):
            inner = edge + share * (y - edge)
            inner_weight = share_weight * abs(y - edge)
            forward = np.exp(p(inner) + q(y))
            backward = np.exp(q(inner) + p(y))
            total += weight * np.sum(inner_weight * integrand(np.abs(inner - y), forward, backward))
    return total


def test_gan_qp_against_a_double_sum():
    expected = 2.5 / 4 * pair_sum(lambda d, P, Q: d * (P - Q) ** 2 / (P + Q), P, Q)
    np.testing.assert_allclose(divergences.gan_qp(P, Q, GRID, lambda_=2.5), expected, rtol=1e-8)
    np.testing.assert_allclose(divergences.gan_qp_generator(P, Q, GRID, 2.5), 2 * expected, rtol=1e-8)


def test_gan_qp_is_the_best_critics():
    """E[Δ − Δ²/(2λd)] over antisymmetric Δ, maximised by brute force on three points."""
    places, p, q = np.array([0.0, 1.0, 3.0]), np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.3, 0.6])

    def value(delta):
        table = np.array([[0, delta[0], delta[1]], [-delta[0], 0, delta[2]], [-delta[1], -delta[2], 0]])
        distance = np.abs(places[:, None] - places) + np.eye(3)
        return -np.sum(np.outer(p, q) * (table - table**2 / (2 * 1.7 * distance)))

    best = -optimize.minimize(value, np.zeros(3), tol=1e-12).fun
    # the same three masses as narrow bumps; their width enters at its square
    width = 1e-3
    grid = np.unique(np.concatenate([place + np.linspace(-8, 8, 161) * width for place in places]))

    def bumps(masses):
        def log_density(x):
            parts = [np.log(m) + normal(a, width)(x) for m, a in zip(masses, places, strict=True)]
            return np.logaddexp.reduce(parts)

        return log_density

    np.testing.assert_allclose(divergences.gan_qp(bumps(p), bumps(q), grid, 1.7), best, rtol=1e-5)


def test_gan_qp_of_point_masses():
    assert divergences.gan_qp_points(3.0, 0.5) == 0.75
    narrow = np.linspace(-0.1, 7.1, 7201)
    for distance in (1.0, 6.0):  # far apart, and it goes on growing
        value = divergences.gan_qp(normal(0, 0.01), normal(distance, 0.01), narrow, lambda_=2)
        np.testing.assert_allclose(value, divergences.gan_qp_points(distance, 2), rtol=1e-6)


def test_relativistic_against_a_double_sum():
    value = pair_sum(lambda d, P, Q: P * np.log1p(Q / P), P, Q)
    np.testing.assert_allclose(divergences.relativistic(P, Q, GRID), value, rtol=1e-8)
    value = pair_sum(lambda d, P, Q: P * np.log1p(P / Q), P, Q)
    np.testing.assert_allclose(divergences.relativistic_generator(P, Q, GRID), value, rtol=1e-8)


def test_relativistic_identities():
    low, high = divergences.relativistic(P, Q, GRID), divergences.relativistic_generator(P, Q, GRID)
    np.testing.assert_allclose(high - low, divergences.jeffreys(P, Q, GRID), rtol=1e-8)
    np.testing.assert_allclose(divergences.relativistic(P, P, GRID), np.log(2), rtol=1e-8)
    grid = np.linspace(-1, 5, 3000)
    assert divergences.relativistic(uniform(0, 1), uniform(2, 4), grid) == 0  # it saturates
    assert divergences.relativistic_generator(uniform(0, 1), uniform(2, 4), grid) == np.inf


def test_a_thinned_grid_is_not_trusted_before_it_settles():
    """Bumps that every 16th of the points would miss: the strides go on until two of them agree."""
    grid = np.linspace(0, 1, 20001)
    found = divergences.gan_qp(normal(0.300037, 2e-4), normal(0.6, 2e-4), grid)
    np.testing.assert_allclose(found, 0.5 * 0.299963, rtol=1e-8)


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.inf])
def test_refusals(wrong):
    with pytest.raises(InputError, match="margin > 0"):
        divergences.ebgan(P, Q, GRID, wrong)
    with pytest.raises(InputError, match="lambda_ > 0"):
        divergences.gan_qp(P, Q, GRID, wrong)
    with pytest.raises(InputError, match="lambda_ > 0"):
        divergences.gan_qp_points(1.0, wrong)
    with pytest.raises(InputError, match="distance >= 0"):
        divergences.gan_qp_points(-1.0)


@pytest.mark.parametrize("center", [0.01, 0.013, 0.0])
def test_densities_that_a_thinned_grid_misses(center):
    """Two bumps a distance 1 apart are two points to GAN-QP, ½ λ d; a bump and itself are alike to the relativistic."""
    grid = np.linspace(-4, 4, 8001)
    p, q = normal(center, 0.004), normal(center + 1, 0.004)
    np.testing.assert_allclose(divergences.gan_qp(p, q, grid), 0.5, rtol=1e-6)
    np.testing.assert_allclose(divergences.relativistic(p, p, grid), np.log(2), rtol=1e-6)


def test_the_derivative_where_densities_underflow():
    grid, step = np.linspace(-8, 9, 501), 1e-3

    def value(mean):
        return divergences.gan_qp(gaussian(0.0), gaussian(mean), grid)

    def gaussian(mean):
        return lambda x: -0.5 * (x - mean) ** 2 - 0.5 * jnp.log(2 * jnp.pi)

    expected = (value(1 + step) - value(1 - step)) / (2 * step)
    np.testing.assert_allclose(jax.grad(value)(1.0), expected, rtol=1e-4)
