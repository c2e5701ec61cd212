import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from ganjax import divergences
from ganjax.checks import InputError

FINE = np.linspace(-14, 15, 20001)


def normal(mean=0.0, deviation=1.0):
    return lambda x: -0.5 * ((x - mean) / deviation) ** 2 - np.log(deviation * np.sqrt(2 * np.pi))


def test_samples_by_hand():
    # 0, 1, 5 onto 2, 4, 4 in order: 2 + 3 + 1
    assert divergences.wasserstein_1d([5.0, 0.0, 1.0], [4.0, 2.0, 4.0]) == pytest.approx(2)
    assert divergences.wasserstein_1d([5.0, 0.0, 1.0], [4.0, 2.0, 4.0], p=2) == pytest.approx(np.sqrt(14 / 3))
    # 0, 3 onto 1, 1, 4: ⅓ goes 1, ⅙ goes 1, ⅙ goes 2, ⅓ goes 1
    assert divergences.wasserstein_1d([0, 3], [1, 4, 1]) == pytest.approx(7 / 6)
    assert divergences.wasserstein_1d([0, 3], [1, 4, 1], 2) == pytest.approx(np.sqrt(1 / 2 + 4 / 6 + 1 / 3))


@pytest.mark.parametrize(("first", "second"), [(7, 7), (6, 9), (5, 8), (1, 4)])
@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
def test_samples_against_the_linear_programme(first, second, p):
    random = np.random.default_rng(first * second)
    x, y = random.normal(size=first), 0.5 + random.exponential(size=second)
    cost = np.abs(x[:, None] - y) ** p
    value = divergences.transport_primal(cost, np.full(first, 1 / first), np.full(second, 1 / second)).value
    np.testing.assert_allclose(divergences.wasserstein_1d(x, y, p), value ** (1 / p), rtol=1e-9)


def test_samples_against_scipy_in_float64():
    random = np.random.default_rng(0)
    x, y = random.normal(size=1001), random.gamma(2, size=777)
    found = divergences.wasserstein_1d(x, y)
    assert isinstance(found, np.float64)
    np.testing.assert_allclose(found, stats.wasserstein_distance(x, y), rtol=1e-12)


def test_samples_gradient():
    """∂W1/∂x_i = sign(x_i − its partner)/N, and 0 rather than NaN where the samples agree."""
    slope = jax.jit(jax.grad(divergences.wasserstein_1d))(jnp.array([5.0, 0.0, 1.0]), jnp.array([4.0, 2.0, 4.0]))
    np.testing.assert_allclose(slope, np.array([1, -1, -1]) / 3, rtol=1e-6)
    same = jnp.array([1.0, 2.0])
    np.testing.assert_array_equal(jax.grad(lambda x: divergences.wasserstein_1d(x, same, 2))(same), 0)


def test_sliced():
    """A shift by δ moves every projection by ⟨θ, δ⟩: W2 → ‖δ‖/√D. One dimension is exact."""
    x = np.random.default_rng(1).normal(size=(50, 3))
    shift = np.array([1.0, -2.0, 0.5])
    found = divergences.sliced_wasserstein(jax.random.key(0), x, x + shift, 4_000)
    # the mean of ⟨θ, δ⟩² has a relative standard error √(4/5)/√4000 ≈ 1.4 %, its root half of it
    np.testing.assert_allclose(found, np.linalg.norm(shift) / np.sqrt(3), rtol=0.025)
    found = divergences.sliced_wasserstein(jax.random.key(0), x, x + shift, 4_000, p=1)
    np.testing.assert_allclose(found, np.linalg.norm(shift) / 2, rtol=0.03)  # E|cos| = ½ on the sphere in 3-D
    line, other = x[:, :1], np.random.default_rng(2).exponential(size=(30, 1))
    np.testing.assert_allclose(
        divergences.sliced_wasserstein(jax.random.key(0), line, other, 5),
        divergences.wasserstein_1d(line[:, 0], other[:, 0], 2),
        rtol=1e-12,
    )


def test_distribution_gap_keeps_its_digits_in_both_tails():
    gap = divergences.distribution_gap(normal(), normal(0.7, 1.25), FINE)
    lower = stats.norm.cdf(FINE) - stats.norm.cdf(FINE, 0.7, 1.25)
    upper = stats.norm.sf(FINE, 0.7, 1.25) - stats.norm.sf(FINE)
    expected = np.where(FINE < 0.3, lower, upper)
    inside = (np.abs(FINE) < 9) & (np.abs(expected) > 1e-30)
    assert expected[inside].min() < -1e-4
    assert np.abs(expected[inside]).min() < 1e-10
    away = inside & (np.abs(FINE + 2.8) > 0.05)  # F_p = F_q at −2.8
    np.testing.assert_allclose(gap[away], expected[away], rtol=1e-7)


@pytest.mark.parametrize(("mean", "deviation"), [(1.0, 1.0), (0.7, 1.6), (-0.4, 0.3)])
def test_densities(mean, deviation):
    grid = np.linspace(-20, 21, 20001)
    crossing = [mean / (1 - deviation)] if deviation != 1 else [0.5]

    def gap(x):
        return abs(stats.norm.cdf(x) - stats.norm.cdf(x, mean, deviation))

    expected = integrate.quad(gap, -20, 21, points=[*crossing, 0.0], limit=500, epsabs=1e-13)[0]
    found = divergences.wasserstein_1d_densities(normal(), normal(mean, deviation), grid)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def test_densities_with_jumps():
    """U(0,1) to U(2,4): the mean moves by 2.5, and everything moves one way."""

    def uniform(lower, upper):
        return lambda x: np.where((x >= lower) & (x < upper), -np.log(upper - lower), -np.inf)

    found = divergences.wasserstein_1d_densities(uniform(0, 1), uniform(2, 4), np.linspace(-1, 5, 6000))
    np.testing.assert_allclose(found, 2.5, rtol=2e-3)


def entropic(seed=4):
    random = np.random.default_rng(seed)
    return random.uniform(size=(5, 4)), random.dirichlet(np.ones(5)), random.dirichlet(np.ones(4))


@pytest.mark.parametrize("epsilon", [1.0, 0.1, 0.02])
def test_sinkhorn_is_the_entropic_plan(epsilon):
    """The one plan of the form u_i K_ij v_j with these sums; its primal value is its dual value."""
    cost, a, b = entropic()
    found = divergences.sinkhorn(cost, a, b, epsilon)
    assert found.error <= 1e-9
    np.testing.assert_allclose(found.plan.sum(axis=1), a, atol=2e-9)
    np.testing.assert_allclose(found.plan.sum(axis=0), b, atol=1e-12)
    np.testing.assert_allclose(found.plan, np.exp((found.f[:, None] + found.g - cost) / epsilon), rtol=1e-10)
    np.testing.assert_allclose(found.value, np.sum(found.plan * cost), rtol=1e-12)
    entropy = np.sum(found.plan * np.log(found.plan))
    np.testing.assert_allclose(found.dual, found.value + epsilon * entropy, atol=1e-8)


def test_sinkhorn_tends_to_the_transport_cost():
    cost, a, b = entropic()
    exact = divergences.transport_primal(cost, a, b).value
    gaps = [divergences.sinkhorn(cost, a, b, epsilon).value - exact for epsilon in (1.0, 0.1, 0.01)]
    assert gaps[0] > gaps[1] > gaps[2] > -1e-9
    assert gaps[2] < 1e-3


def test_sinkhorn_at_masses_of_zero_and_at_small_epsilon():
    cost, a, b = entropic()
    some = np.array([0.5, 0.0, 0.3, 0.2, 0.0])
    found = divergences.sinkhorn(cost, some, b, 0.05)
    kept = divergences.sinkhorn(cost[some > 0], some[some > 0], b, 0.05)
    np.testing.assert_allclose(found.value, kept.value, rtol=1e-9)
    np.testing.assert_allclose(found.dual, kept.dual, rtol=1e-7)
    assert np.all(found.plan[1] == 0)
    tiny = divergences.sinkhorn(100 * cost, a, b, 0.05, max_iterations=300)  # exp(−2000) underflows
    assert np.all(np.isfinite(tiny.plan))
    assert np.isfinite(tiny.dual)


def test_sinkhorn_against_ott():
    geometry = pytest.importorskip("ott.geometry.geometry")
    linear = pytest.importorskip("ott.solvers.linear")
    cost, a, b = entropic()
    out = linear.solve(geometry.Geometry(jnp.asarray(cost), epsilon=0.1), jnp.asarray(a), jnp.asarray(b))
    np.testing.assert_allclose(divergences.sinkhorn(cost, a, b, 0.1).plan, out.matrix, atol=1e-3)


def test_refusals():
    with pytest.raises(InputError, match="1 <= p"):
        divergences.wasserstein_1d([1.0], [2.0], p=0.5)
    with pytest.raises(InputError, match=r"samples_q with 1 axes .*got samples_q\[0\]"):
        divergences.wasserstein_1d([1.0], [])
    with pytest.raises(InputError, match=r"samples_p\[2, 1\]"):
        divergences.wasserstein_1d([[1.0], [2.0]], [2.0])
    with pytest.raises(InputError, match="2 and 3 columns"):
        divergences.sliced_wasserstein(jax.random.key(0), np.zeros((4, 2)), np.zeros((4, 3)), 5)
    with pytest.raises(InputError, match="num_projections > 0"):
        divergences.sliced_wasserstein(jax.random.key(0), np.zeros((4, 2)), np.zeros((4, 2)), 0)
    with pytest.raises(InputError, match="epsilon > 0"):
        divergences.sinkhorn([[1.0]], [1.0], [1.0], 0.0)
    with pytest.raises(InputError, match="one positive sum"):
        divergences.sinkhorn([[1.0]], [1.0], [2.0], 1.0)
