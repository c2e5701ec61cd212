import jax
import jax.numpy as jnp
import laws
import numpy as np
import pytest
import references
from scipy import optimize

from ganjax import divergences
from ganjax.divergences import DIVERGENCES

RATIOS = np.array([0.02, 0.3, 0.9, 1.4, 3.0, 25.0])  # p/q, off total variation's kink at 1
V = np.linspace(-8, 8, 33)
PARTS = ("activation", "conjugate_of_activation")


@pytest.fixture(params=DIVERGENCES)
def name(request):
    return request.param


def slope(fn, at):
    return jax.vmap(jax.grad(fn))(jnp.asarray(at))


def test_table():
    assert list(DIVERGENCES) == list(references.F_DIVERGENCES)
    for name, row in DIVERGENCES.items():
        assert row.name == name
        assert row is getattr(divergences, name.upper())
    laws.lists_near_names(DIVERGENCES)


def test_f_by_hand(x64):
    value = {name: float(row.f(jnp.array(4.0))) for name, row in DIVERGENCES.items()}
    log2 = np.log(2)
    np.testing.assert_allclose(value["total_variation"], 1.5)  # ½·3
    np.testing.assert_allclose(value["kl"], 8 * log2)  # 4 log 4
    np.testing.assert_allclose(value["reverse_kl"], -2 * log2)
    np.testing.assert_allclose(value["pearson"], 9.0)  # 3²
    np.testing.assert_allclose(value["neyman"], 9 / 4)
    np.testing.assert_allclose(value["squared_hellinger"], 1.0)  # (2 − 1)²
    np.testing.assert_allclose(value["jeffreys"], 6 * log2)  # 3 log 4
    np.testing.assert_allclose(value["jensen_shannon"], 8 * log2 - 5 * np.log(2.5))
    np.testing.assert_allclose(value["gan"], 8 * log2 - 5 * np.log(5))


def test_f_at_one_and_at_zero(name, x64):
    row = DIVERGENCES[name]
    np.testing.assert_allclose(row.f(jnp.array(1.0)), references.F_DIVERGENCES[name].at_one, atol=1e-15)
    limits = {"total_variation": 0.5, "kl": 0, "pearson": 1, "squared_hellinger": 1, "jensen_shannon": np.log(2)}
    limits |= {"gan": 0, "reverse_kl": np.inf, "neyman": np.inf, "jeffreys": np.inf}
    np.testing.assert_allclose(row.f(jnp.array(0.0)), limits[name], atol=1e-15)


def test_every_part_is_the_papers(name, x64):
    row, reference = DIVERGENCES[name], references.F_DIVERGENCES[name]
    np.testing.assert_allclose(row.f(jnp.asarray(RATIOS)), reference.f(RATIOS), rtol=1e-6)
    critic = row.optimal_critic(jnp.log(RATIOS))
    np.testing.assert_allclose(critic, reference.critic(RATIOS), rtol=1e-6)
    np.testing.assert_allclose(row.conjugate(critic), reference.conjugate(reference.critic(RATIOS)), rtol=1e-6)
    np.testing.assert_allclose(row.activation(jnp.asarray(V)), reference.activation(V), rtol=1e-6)


def test_f_integrates_to_the_divergence(name, x64):
    """∫ q f(p/q) against the divergence written from its densities, and against the known value for N(0,1), N(1,1)."""
    x, weights = references.panels(-11.5, 0.5, 12.5)
    p, q = references.normal_density(x), references.normal_density(x, 1.0)
    reference = references.F_DIVERGENCES[name]
    found = np.sum(weights * q * DIVERGENCES[name].f(jnp.asarray(p / q)))
    np.testing.assert_allclose(found, np.sum(weights * reference.integrand(p, q)), rtol=1e-9)
    np.testing.assert_allclose(found, reference.shift, atol=1e-9)


def test_optimal_critic_is_the_derivative_of_f(name, x64):
    row = DIVERGENCES[name]
    np.testing.assert_allclose(row.optimal_critic(jnp.log(RATIOS)), slope(row.f, RATIOS), rtol=1e-9)


def test_fenchel_equality(name, x64):
    """f(u) + f*(f′(u)) = u f′(u), and f*′(f′(u)) = u."""
    row = DIVERGENCES[name]
    t = slope(row.f, RATIOS)
    np.testing.assert_allclose(row.f(jnp.asarray(RATIOS)) + row.conjugate(t), RATIOS * t, rtol=1e-9, atol=1e-12)
    if name != "total_variation":  # whose f′ takes two values
        np.testing.assert_allclose(slope(row.conjugate, t), RATIOS, rtol=1e-9)


def test_conjugate_is_the_supremum(name, x64):
    f = references.F_DIVERGENCES[name].f
    row = DIVERGENCES[name]
    for ratio in (0.05, 0.4, 0.99, 2.3, 11.0):
        t = float(row.optimal_critic(jnp.log(ratio)))
        t = 0.7 * t if name == "total_variation" else t  # inside the domain, where u = 1 is best
        found = optimize.minimize_scalar(lambda s, t=t: f(np.exp(s)) - t * np.exp(s), bounds=(-5, 4), method="bounded")
        np.testing.assert_allclose(row.conjugate(jnp.array(t)), -found.fun, rtol=1e-5, atol=1e-5)
        best = optimize.minimize_scalar(
            lambda s, t=t: f(np.exp(s)) - t * np.exp(s),
            bounds=(found.x - 0.1, found.x + 0.1),
            method="bounded",
            options={"xatol": 1e-10},
        )
        np.testing.assert_allclose(row.conjugate(jnp.array(t)), -best.fun, rtol=1e-9, atol=1e-9)


def test_conjugate_is_infinite_outside_its_domain(name):
    row = DIVERGENCES[name]
    lower, upper = row.domain
    for end, outside in ((lower, -0.1), (upper, 0.1)):
        if np.isfinite(end):
            assert row.conjugate(jnp.array(end + outside)) == np.inf
            assert np.isfinite(row.conjugate(jnp.array(end - outside)))
            assert np.isfinite(jax.grad(row.conjugate)(jnp.array(end - outside)))
            assert not np.isnan(jax.grad(row.conjugate)(jnp.array(end + outside)))
    assert np.isnan(row.conjugate(jnp.array(np.nan)))


def test_composition_is_its_stable_form(name, x64):
    row = DIVERGENCES[name]
    composed = row.conjugate(row.activation(jnp.asarray(V)))
    np.testing.assert_allclose(row.conjugate_of_activation(jnp.asarray(V)), composed, rtol=1e-9, atol=1e-12)
    slopes = slope(lambda v: row.conjugate(row.activation(v)), V)
    np.testing.assert_allclose(slope(row.conjugate_of_activation, V), slopes, rtol=1e-8)


def test_activation_stays_inside_the_domain_and_rises(name, x64):
    row = DIVERGENCES[name]
    v = jnp.linspace(-15, 15, 301)
    t = row.activation(v)
    assert np.all((row.domain[0] < t) & (t < row.domain[1]))
    assert np.all(np.diff(t) > 0)
    far = row.activation(jnp.array([-1e4, -70.0, 70.0, 1e4], jnp.float32))
    assert np.all((row.domain[0] <= far) & (far <= row.domain[1]))


def test_activation_reaches_the_optimal_critic(name, x64):
    row, reference = DIVERGENCES[name], references.F_DIVERGENCES[name]
    log_ratio = np.log(RATIOS)
    reached = row.activation(jnp.asarray(reference.score(log_ratio)))
    np.testing.assert_allclose(reached, row.optimal_critic(jnp.asarray(log_ratio)), rtol=1e-9)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float32])
def test_dtypes(name, dtype):
    row = DIVERGENCES[name]
    inside, ratio = jnp.array([-0.4, -0.1], dtype), jnp.array([0.4, 2.0], dtype)
    for part in (row.activation, row.conjugate_of_activation, row.conjugate, row.optimal_critic):
        laws.keeps_shape_and_dtype(part, inside)
    laws.keeps_shape_and_dtype(row.f, ratio)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float32])
def test_finite_at_ten_thousand(dtype):
    @jax.jit  # all rows in one program: one compilation
    def everything(v):
        parts = {(row.name, part): getattr(row, part) for row in DIVERGENCES.values() for part in PARTS}
        return {str(which): (fn(v), jax.grad(lambda v, fn=fn: jnp.sum(fn(v)))(v)) for which, fn in parts.items()}

    for which, arrays in everything(jnp.array([-1e4, -31.0, -30.0, 0.0, 0.3, 30.0, 31.0, 1e4], dtype)).items():
        assert np.all(np.isfinite(np.asarray(arrays, np.float64))), which


@pytest.mark.parametrize(
    ("name", "part", "end"),
    [
        ("kl", "conjugate_of_activation", 30),
        ("reverse_kl", "activation", -30),
        ("neyman", "activation", -30),
        ("neyman", "conjugate_of_activation", -30),
        ("squared_hellinger", "activation", -30),
        ("squared_hellinger", "conjugate_of_activation", 30),
        ("jeffreys", "conjugate_of_activation", 30),
    ],
)
def test_exponentials_are_exact_up_to_thirty_and_then_tangents(name, part, end, x64):
    fn, reference = getattr(DIVERGENCES[name], part), references.F_DIVERGENCES[name]
    plain = {
        "activation": reference.activation,
        "conjugate_of_activation": lambda v: reference.conjugate(reference.activation(v)),
    }[part]
    step = np.sign(end)
    near = np.array([0.5 * end, end - step, end])
    if (name, part) == ("squared_hellinger", "conjugate_of_activation"):
        plain = np.expm1  # t/(1 − t) at t = 1 − e^−30 has three digits left
    np.testing.assert_allclose(fn(jnp.asarray(near)), plain(near), rtol=1e-6)
    top, top_slope = fn(jnp.array(float(end))), jax.grad(fn)(jnp.array(float(end)))
    np.testing.assert_allclose(top_slope, jax.grad(fn)(jnp.array(end - 1e-9 * step)), rtol=1e-6)
    far = jnp.array([end + 3.0 * step, end + 400.0 * step])
    np.testing.assert_allclose(fn(far), top + top_slope * (far - end), rtol=1e-9)
    np.testing.assert_allclose(slope(fn, far), top_slope, rtol=1e-9)


def test_jeffreys_is_right_far_out():
    """f* → e^{t−1} upwards and −log(1 − t) − 1 + … downwards, without overflow of e^{1−t}."""
    row = divergences.JEFFREYS
    assert np.isfinite(row.conjugate(jnp.array(-1e4)))
    # w + log w = 1 + 1e4 has w = 1e4 − 8.2094… : f* = 1/w − log w − 1
    w = optimize.brentq(lambda w: w + np.log(w) - 10001, 9000, 10001)
    np.testing.assert_allclose(row.conjugate(jnp.array(-1e4)), 1 / w - np.log(w) - 1, rtol=1e-6)
    np.testing.assert_allclose(jax.grad(row.conjugate)(jnp.array(-1e4)), 1 / w, rtol=1e-5)
    np.testing.assert_allclose(row.conjugate(jnp.array(25.0)), np.exp(24.0), rtol=1e-4)
