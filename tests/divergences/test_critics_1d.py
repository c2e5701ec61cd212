import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats

from ganjax import divergences
from ganjax.checks import InputError
from ganjax.divergences._interpolates import log_interpolates

FINE = np.linspace(-14, 15, 20001)


def normal(mean=0.0, deviation=1.0, numbers=np):
    return lambda x: -0.5 * ((x - mean) / deviation) ** 2 - numbers.log(deviation * numbers.sqrt(2 * numbers.pi))


def uniform(lower, upper):
    return lambda x: np.where((x >= lower) & (x < upper), -np.log(upper - lower), -np.inf)


P, Q = normal(0.7, 1.25), normal(-0.6)
GRID = np.linspace(-9, 10, 4001)


def test_known_values():
    p, q = normal(), normal(1)
    np.testing.assert_allclose(divergences.w_divergence_1d(p, q, FINE, 0.5, 2), 0.5048638364, rtol=0, atol=1e-10)
    np.testing.assert_allclose(divergences.w_divergence_1d(p, q, FINE, 2, 6), 0.5075901079, rtol=0, atol=1e-10)


def best_critic(penalty, p, q, log_r):
    """max_D of E_p D − E_q D − E_ρ penalty(D′), over critics that are straight between 121 points.

    A change of one slope lifts every value to its right, so each slope is searched for on its own. Returns (value,
    gap, the middles of the pieces, their slopes).
    """
    nodes = np.linspace(-6, 7, 121)
    step = nodes[1] - nodes[0]
    middles = 0.5 * (nodes[1:] + nodes[:-1])
    density = np.exp(log_r(middles)) * step
    # mass of p − q on hat functions, by the midpoint rule on a finer grid
    fine = np.linspace(-6, 7, 24001)
    fine = 0.5 * (fine[1:] + fine[:-1])
    difference = (np.exp(p(fine)) - np.exp(q(fine))) * (13 / 24000)
    left = np.clip(((fine + 6) / step).astype(int), 0, 119)
    share = (fine + 6) / step - left
    load = np.bincount(left, difference * (1 - share), 121) + np.bincount(left + 1, difference * share, 121)
    lifted = np.cumsum(load[::-1])[::-1][1:] * step
    slopes = np.array(
        [
            optimize.minimize_scalar(
                lambda s, a=a, r=r: (r * penalty(s) - a * s) / max(r, abs(a)),
                bounds=(0, 60),  # p lies to the right of q
                options={"xatol": 1e-8},
            ).x
            for a, r in zip(lifted, density, strict=True)
        ]
    )
    critic = np.append(0, np.cumsum(slopes * step))
    return load @ critic - density @ penalty(slopes), load @ critic, middles, slopes


def power_penalty(k, p):
    return lambda s: k * np.abs(s) ** p


def mixture(x):
    return np.logaddexp(P(x), Q(x)) - np.log(2)


@pytest.mark.parametrize("log_r", [None, normal(0.3, 2.0)], ids=["mixture", "given"])
@pytest.mark.parametrize(("k", "p"), [(0.5, 2), (2, 2), (1.5, 3), (2, 6)])
def test_w_divergence_is_the_best_critics(k, p, log_r):
    value, gap, middles, slopes = best_critic(power_penalty(k, p), P, Q, log_r or mixture)
    found = divergences.w_divergence_1d(P, Q, GRID, k, p, log_r=log_r)
    np.testing.assert_allclose(found, value, rtol=1e-3)
    np.testing.assert_allclose(p / (p - 1) * found, gap, rtol=1e-3)
    critic = divergences.w_divergence_critic_1d(P, Q, GRID, k, p, log_r=log_r)
    inside = np.abs(middles) < 2.5
    np.testing.assert_allclose(np.interp(middles, GRID, critic)[inside], slopes[inside], rtol=0.02, atol=0.01)


def test_w_divergence_critic_reaches_its_value():
    """E_p D − E_q D − kE|D′|^p at the returned slope, with D its integral: power 6, where a search is slow."""
    k, p = 2, 6
    slope = divergences.w_divergence_critic_1d(P, Q, GRID, k, p)
    step = GRID[1] - GRID[0]
    critic = np.append(0, np.cumsum(0.5 * (slope[1:] + slope[:-1]) * step))
    gap = np.sum((np.exp(P(GRID)) - np.exp(Q(GRID))) * critic) * step
    value = gap - k * np.sum(np.exp(mixture(GRID)) * np.abs(slope) ** p) * step
    found = divergences.w_divergence_1d(P, Q, GRID, k, p)
    np.testing.assert_allclose(found, value, rtol=1e-5)
    np.testing.assert_allclose(1.2 * found, gap, rtol=1e-5)


def test_kantorovichs_critic_only_for_its_own_density():
    """A normal gap ΔF has no multiple of ±1 as its slope, except under ρ ∝ |ΔF|."""
    p, q = normal(), normal(1)
    gap = stats.norm.cdf(GRID) - stats.norm.cdf(GRID, 1)  # integrates to 1: the shift

    def own(x):
        return np.log(stats.norm.cdf(x) - stats.norm.cdf(x, 1) + 1e-300)

    slope = divergences.w_divergence_critic_1d(p, q, GRID, 0.5, 2, log_r=own)
    inside = gap > 1e-6
    np.testing.assert_allclose(slope[inside], -1, rtol=1e-6)  # high on the left, where p is
    usual = divergences.w_divergence_critic_1d(p, q, GRID, 0.5, 2)[inside]
    assert usual.max() < 0
    assert usual.min() < 1.3 * usual.max()


def test_w_divergence_where_no_mass_is_penalised():
    p, q, grid = uniform(0, 1), uniform(2, 4), np.linspace(-1, 5, 3000)
    assert divergences.w_divergence_1d(p, q, grid, 2, 6) == np.inf
    assert np.isfinite(divergences.w_divergence_1d(uniform(0, 2), uniform(1, 4), grid, 2, 6))


def test_narrow_densities_on_a_wide_grid():
    """Where both densities underflow nothing is made of 0/0: the value scales as the width, ∫ΔF²/ρ does."""
    narrow = divergences.w_divergence_1d(normal(0, 0.02), normal(0.02, 0.02), np.linspace(-3, 3, 60001), 0.5, 2)
    np.testing.assert_allclose(narrow, 0.02**2 * 0.5048638364, rtol=1e-7)


def gaussian_interpolates(x, first, second):
    """The density of εx + (1−ε)y for two normals: a mixture over ε of normals."""
    shares, weights = np.polynomial.legendre.leggauss(200)
    shares, weights = 0.5 * (shares + 1), 0.5 * weights
    means = shares * first[0] + (1 - shares) * second[0]
    deviations = np.sqrt((shares * first[1]) ** 2 + ((1 - shares) * second[1]) ** 2)
    return stats.norm.pdf(x[:, None], means, deviations) @ weights


@pytest.mark.parametrize(("first", "second"), [((0.7, 1.25), (-0.6, 1)), ((-3, 0.3), (4, 1)), ((0, 0.1), (2, 0.1))])
def test_interpolates(first, second, x64):
    found = np.exp(log_interpolates(normal(*first), normal(*second), FINE))
    expected = gaussian_interpolates(FINE, first, second)
    some = expected > 1e-8
    np.testing.assert_allclose(found[some], expected[some], rtol=1e-4)
    np.testing.assert_allclose(np.sum(found) * (FINE[1] - FINE[0]), 1, rtol=1e-5)


def test_interpolates_across_a_gap(x64):
    """Between U(0,1) and U(2,4) the density is not 0; against samples."""
    grid = np.linspace(-1, 5, 3001)
    found = np.exp(log_interpolates(uniform(0, 1), uniform(2, 4), grid))
    random = np.random.default_rng(0)
    share, count = random.uniform(size=400_000), 400_000
    points = share * random.uniform(0, 1, count) + (1 - share) * random.uniform(2, 4, count)
    for low, high in [(0.25, 0.75), (1.2, 1.8), (2.5, 3.5)]:
        inside = np.mean((points >= low) & (points < high))
        mass = np.sum(found[(grid >= low) & (grid < high)]) * (grid[1] - grid[0])
        np.testing.assert_allclose(mass, inside, atol=3 * np.sqrt(inside / count) + 1e-3)


def test_wgan_gp_is_the_best_critics():
    """Gap of the critic found by a search, penalty averaged over the normals' interpolates in closed form."""
    weight = 2.0

    def penalty(s):
        return weight * (np.abs(s) - 1) ** 2

    def log_r(x):
        return np.log(gaussian_interpolates(x, (0.7, 1.25), (-0.6, 1)))

    # F_p = F_q at −5.8, where nothing is: the slope is positive throughout
    _, gap, middles, slopes = best_critic(penalty, P, Q, log_r)
    np.testing.assert_allclose(divergences.wgan_gp_1d(P, Q, GRID, weight), gap, rtol=1e-3)
    critic = divergences.wgan_gp_critic_1d(P, Q, GRID, weight)
    inside = np.abs(middles) < 2.5
    np.testing.assert_allclose(np.interp(middles, GRID, critic)[inside], slopes[inside], rtol=0.02)


def test_wgan_gp_by_quadrature():
    gap = stats.norm.cdf(FINE, 0.7, 1.25) - stats.norm.cdf(FINE, -0.6)
    some = np.abs(gap) > 1e-13
    density = gaussian_interpolates(FINE[some], (0.7, 1.25), (-0.6, 1))
    step = FINE[1] - FINE[0]
    expected = np.sum(np.abs(gap)) * step + np.sum(gap[some] ** 2 / density) * step / (2 * 10)
    np.testing.assert_allclose(divergences.wgan_gp_1d(P, Q, FINE, 10.0), expected, rtol=1e-7)
    own = divergences.wgan_gp_1d(P, Q, FINE, 10.0, log_r=normal(0, 2))
    expected = (np.sum(np.abs(gap)) + np.sum(gap**2 / np.exp(normal(0, 2)(FINE))) / 20) * step
    np.testing.assert_allclose(own, expected, rtol=1e-7)


@pytest.mark.slow
def test_wgan_gp_gradient(x64):
    def of(mean):
        return divergences.wgan_gp_1d(P, normal(mean, 1.0, jnp), np.linspace(-9, 10, 301), 2.0)

    np.testing.assert_allclose(jax.grad(of)(-0.6), (of(-0.599) - of(-0.601)) / 0.002, rtol=1e-3)


def test_r1_energy_slope():
    """E_p U − E_q U + λE_p U′² is least at (F_p − F_q)/(2λp): by a search over −U."""
    weight = 0.8

    def penalty(s):
        return weight * s**2

    _, _, middles, slopes = best_critic(penalty, P, Q, P)
    found = divergences.r1_energy_slope_1d(P, Q, GRID, weight)
    inside = (middles > -1) & (middles < 3)
    np.testing.assert_allclose(np.interp(middles, GRID, found)[inside], -slopes[inside], rtol=0.02)


def test_refusals():
    for k, p, match in [(0, 2, "k > 0"), (1, 1, "1 < p < inf"), (1, np.inf, "1 < p < inf")]:
        with pytest.raises(InputError, match=match):
            divergences.w_divergence_1d(P, Q, GRID, k, p)
    with pytest.raises(InputError, match="weight > 0"):
        divergences.wgan_gp_1d(P, Q, GRID, 0.0)
    with pytest.raises(InputError, match="log_r to integrate to 1"):
        divergences.w_divergence_1d(P, Q, GRID, 2, 6, log_r=lambda x: P(x) + 1)


@pytest.mark.parametrize(
    ("p", "q", "grid", "excess"),
    [
        # far and narrow: F_p − F_q = 1 between them, where ρ = 1/d: the excess over W1 = d is d · d/(2λ)
        (normal(0, 0.1), normal(10, 0.1), np.linspace(-2, 12, 4001), 5.0),
        (normal(0, 0.1), normal(20, 0.1), np.linspace(-2, 22, 4001), 20.0),
    ],
)
def test_interpolates_of_narrow_densities(p, q, grid, excess):
    distance = divergences.wasserstein_1d_densities(p, q, grid)
    found = divergences.wgan_gp_1d(p, q, grid, 10.0)
    np.testing.assert_allclose(found - distance, excess, rtol=2e-5)
    slopes = divergences.wgan_gp_critic_1d(p, q, grid, 10.0)
    middle = np.abs(grid - distance / 2) < distance / 4
    rho = (1 + 2 * 0.1**2 / distance**2) / distance  # E[1/(y − x)], to the second order of the widths
    np.testing.assert_allclose(np.abs(slopes[middle]), 1 + 1 / (20 * rho), rtol=2e-5)


def test_interpolates_of_disjoint_uniforms():
    """ρ(z) by hand: E[1/(y − x)] between them, x ~ U(0, 1), y ~ U(2, 3), is 3 log 3 − 4 log 2; nothing is infinite."""
    p, q, grid = uniform(0, 1), uniform(2, 3), np.linspace(-1, 4, 2001)
    found = np.exp(log_interpolates(p, q, grid))
    middle = (grid > 1.01) & (grid < 1.99)
    np.testing.assert_allclose(found[middle], 3 * np.log(3) - 4 * np.log(2), rtol=1e-2)
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 1, 4000), rng.uniform(2, 3, 4000)
    z = np.linspace(0.0005, 2.9995, 3000)
    rho = np.array([np.mean(((x < each) & (each < y)) / (y - x)) for each in z])
    gap = np.clip(z, 0, 1) - np.clip(z - 2, 0, 1)
    expected = 2 + np.sum(gap**2 / (20 * rho)) * 0.001
    np.testing.assert_allclose(divergences.wgan_gp_1d(p, q, grid, 10.0), expected, rtol=1e-2)
