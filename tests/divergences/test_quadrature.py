import itertools

import jax.numpy as jnp
import numpy as np
import pytest
import references
from scipy import integrate

from ganjax import divergences
from ganjax.divergences import DIVERGENCES

FINE = np.linspace(-14, 15, 20001)
WIDE = np.linspace(-24, 25, 20001)
BY_NAME = {
    "kl": divergences.kl,
    "reverse_kl": divergences.reverse_kl,
    "jeffreys": divergences.jeffreys,
    "total_variation": divergences.total_variation,
    "squared_hellinger": divergences.squared_hellinger,
    "pearson": divergences.pearson,
    "neyman": divergences.neyman,
    "gan": divergences.gan_value,
    "jensen_shannon": lambda p, q, grid: 2 * divergences.js(p, q, grid),
}


def normal(mean=0.0, deviation=1.0):
    return lambda x: -0.5 * ((x - mean) / deviation) ** 2 - np.log(deviation * np.sqrt(2 * np.pi))


def mixture(weights, means, deviations):
    parts = list(zip(weights, means, deviations, strict=True))
    return lambda x: np.logaddexp.reduce([np.log(w) + normal(m, s)(x) for w, m, s in parts])


def uniform(lower, upper):
    return lambda x: np.where((x >= lower) & (x < upper), -np.log(upper - lower), -np.inf)


ASYMMETRIC = {
    "normals": (normal(), normal(0.7, 1.6)),
    "swapped": (normal(0.7, 1.25), normal()),
    "mixtures": (mixture([0.3, 0.7], [-2, 1], [1.0, 1.2]), mixture([0.6, 0.4], [-1, 2.5], [1.4, 1.1])),
}


def by_quad(integrand, p, q):
    """∫ of the paper's own form of the two densities, on panels: an adaptive rule that knows nothing of the grid."""
    edges = np.linspace(-22, 23, 91)
    values = (
        integrate.quad(lambda x: integrand(np.exp(p(x)), np.exp(q(x))), a, b, epsabs=1e-13, epsrel=1e-10, limit=100)[0]
        for a, b in itertools.pairwise(edges)
    )
    return sum(values)


CASE_A = {
    "kl": 0.5,
    "reverse_kl": 0.5,
    "jeffreys": 1.0,
    "total_variation": 0.3829249226,
    "squared_hellinger": 0.2350061948,
    "pearson": np.e - 1,
    "neyman": np.e - 1,
    "gan": -1.1634513968,
    "jensen_shannon": 2 * 0.1114214822,
}


@pytest.mark.parametrize("name", BY_NAME)
def test_known_values(name):
    assert set(CASE_A) == set(DIVERGENCES)
    found = BY_NAME[name](normal(), normal(1), FINE)
    np.testing.assert_allclose(found, CASE_A[name], rtol=0, atol=2e-10)
    np.testing.assert_allclose(found, divergences.f_divergence(DIVERGENCES[name], normal(), normal(1), FINE))


def test_js_has_halves():
    np.testing.assert_allclose(divergences.js(normal(), normal(1), FINE), 0.1114214822, rtol=0, atol=1e-10)


@pytest.mark.parametrize("case", ASYMMETRIC)
@pytest.mark.parametrize("name", BY_NAME)
def test_against_an_adaptive_rule(name, case):
    if (name, case) == ("neyman", "normals"):
        pytest.skip("infinite: see below")
    p, q = ASYMMETRIC[case]
    expected = by_quad(references.F_DIVERGENCES[name].integrand, p, q)
    tolerance = 1e-8 if name == "total_variation" else 1e-9
    np.testing.assert_allclose(BY_NAME[name](p, q, WIDE), expected, rtol=tolerance)


def test_closed_forms():
    p, q = normal(), normal(0.7, 1.6)
    kl = np.log(1.6) + (1 + 0.7**2) / (2 * 1.6**2) - 0.5
    reverse = -np.log(1.6) + (1.6**2 + 0.7**2) / 2 - 0.5
    np.testing.assert_allclose(divergences.kl(p, q, WIDE), kl, rtol=1e-12)
    np.testing.assert_allclose(divergences.reverse_kl(p, q, WIDE), reverse, rtol=1e-12)
    np.testing.assert_allclose(divergences.jeffreys(p, q, WIDE), kl + reverse, rtol=1e-12)
    affinity = np.sqrt(2 * 1.6 / (1 + 1.6**2)) * np.exp(-(0.7**2) / (4 * (1 + 1.6**2)))
    np.testing.assert_allclose(divergences.squared_hellinger(p, q, WIDE), 2 - 2 * affinity, rtol=1e-11)


def test_neyman_is_infinite_where_tails_are():
    """∫ q²/p diverges for deviations 1 and 1.6: on a grid it is as large as the grid lets it be."""
    assert divergences.neyman(normal(), normal(0.7, 1.6), WIDE) > 1e30


@pytest.mark.parametrize("name", ["kl", "reverse_kl", "jeffreys", "pearson", "neyman"])
def test_infinite_on_disjoint_supports(name):
    assert BY_NAME[name](uniform(0, 1), uniform(2, 4), np.linspace(-1, 5, 6001)) == np.inf


def test_limits_on_disjoint_supports():
    p, q, grid = uniform(0, 1), uniform(2, 4), np.linspace(-1, 5, 6000)
    close = {"rtol": 0, "atol": 1e-3}  # a jump is known to within a cell
    np.testing.assert_allclose(divergences.js(p, q, grid), np.log(2), **close)
    np.testing.assert_allclose(divergences.total_variation(p, q, grid), 1, **close)
    np.testing.assert_allclose(divergences.squared_hellinger(p, q, grid), 2, **close)
    np.testing.assert_allclose(divergences.gan_value(p, q, grid), 0, atol=1e-12)


def test_one_support_inside_the_other():
    """U(0,1) against U(0,4): KL = log 4, χ² = 1·(4 − 1)²/4 + ¾ = 3, Neyman infinite."""
    p, q, grid = uniform(0, 1), uniform(0, 4), np.linspace(-1, 5, 12000)
    np.testing.assert_allclose(divergences.kl(p, q, grid), np.log(4), rtol=1e-3)
    np.testing.assert_allclose(divergences.pearson(p, q, grid), 3, rtol=1e-3)
    np.testing.assert_allclose(divergences.total_variation(p, q, grid), 0.75, rtol=1e-3)
    assert divergences.reverse_kl(p, q, grid) == np.inf
    assert divergences.neyman(p, q, grid) == np.inf


def test_ratios_beyond_the_range():
    """Densities underflow 60 apart (e^−1800), their logarithms don't: KL = 60²/2, and χ² = e^3600 is out of range."""
    p, q, grid = normal(), normal(60), np.linspace(-12, 72, 20001)
    np.testing.assert_allclose(divergences.kl(p, q, grid), 1800, rtol=1e-12)
    np.testing.assert_allclose(divergences.reverse_kl(p, q, grid), 1800, rtol=1e-12)
    np.testing.assert_allclose(divergences.jeffreys(p, q, grid), 3600, rtol=1e-12)
    np.testing.assert_allclose(divergences.js(p, q, grid), np.log(2), rtol=1e-12)
    np.testing.assert_allclose(divergences.squared_hellinger(p, q, grid), 2, rtol=1e-12)
    assert divergences.pearson(p, q, grid) == np.inf


def test_small_shifts_keep_their_digits():
    """To leading order in a shift δ: JSD = δ²/8, Hellinger δ²/4, χ² = e^{δ²} − 1, with all their digits at 1e-6."""
    delta = 1e-6
    p, q = normal(), normal(delta)
    np.testing.assert_allclose(divergences.js(p, q, FINE), delta**2 / 8, rtol=1e-8)
    np.testing.assert_allclose(divergences.squared_hellinger(p, q, FINE), delta**2 / 4, rtol=1e-8)
    np.testing.assert_allclose(divergences.pearson(p, q, FINE), delta**2, rtol=1e-8)
    np.testing.assert_allclose(divergences.jeffreys(p, q, FINE), delta**2, rtol=1e-8)


@pytest.mark.parametrize("name", DIVERGENCES)
def test_a_divergence_of_ones_own(name):
    """A row that is not the table's is integrated through its own f: the same number, and a changed f changes it."""
    row = DIVERGENCES[name]._replace(name="mine")
    p, q = ASYMMETRIC["swapped"]
    found = divergences.f_divergence(row, p, q, FINE)
    np.testing.assert_allclose(found, BY_NAME[name](p, q, FINE), rtol=1e-6)
    doubled = row._replace(f=lambda u: 2 * row.f(u))
    np.testing.assert_allclose(divergences.f_divergence(doubled, p, q, FINE), 2 * found, rtol=1e-12)


def test_limits_of_a_divergence_of_ones_own():
    row = divergences.TOTAL_VARIATION._replace(name="mine")
    found = divergences.f_divergence(row, uniform(0, 1), uniform(2, 4), np.linspace(-1, 5, 6000))
    np.testing.assert_allclose(found, 1, atol=1e-3)
    kl = divergences.KL._replace(f=lambda u: jnp.where(u > 0, u * jnp.log(u), 0.0))
    assert divergences.f_divergence(kl, uniform(0, 1), uniform(2, 4), np.linspace(-1, 5, 6000)) == np.inf


def test_an_uneven_grid():
    grid = np.sinh(np.linspace(-3.6, 3.6, 8001))
    np.testing.assert_allclose(divergences.js(normal(), normal(1), grid), 0.1114214822, rtol=0, atol=1e-7)
    np.testing.assert_allclose(divergences.total_variation(normal(), normal(1), grid), 0.3829249226, rtol=0, atol=1e-9)
