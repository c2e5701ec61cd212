"""Latent distributions: moments, ranges, shapes, keys."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from ganjax.checks import InputError
from ganjax.priors import PRIORS, linear, normal, rescaled, spherical, truncated_normal, uniform

NUM, DIM = 40_000, 4


def moments(latents):
    return [np.mean(np.asarray(latents, np.float64) ** k, 0) for k in (1, 2, 3, 4)]


def test_normal_moments():
    first, second, third, fourth = moments(normal(DIM).sample(jax.random.key(0), NUM))
    # moments 0, 1, 0, 3; their errors are √(1, 2, 15, 96)/200 = .005, .007, .019, .049: five of those
    np.testing.assert_allclose(first, 0, atol=0.025)
    np.testing.assert_allclose(second, 1, atol=0.035)
    np.testing.assert_allclose(third, 0, atol=0.1)
    np.testing.assert_allclose(fourth, 3, atol=0.25)


def test_uniform_moments_and_range():
    latents = uniform(DIM, -1.0, 3.0).sample(jax.random.key(0), NUM)
    assert latents.min() >= -1
    assert latents.max() < 3
    assert latents.min() < -0.99
    assert latents.max() > 2.99
    # mean 1, variance 4²/12
    np.testing.assert_allclose(np.mean(latents, 0), 1, atol=0.03)
    np.testing.assert_allclose(np.var(latents, 0), 16 / 12, atol=0.03)
    default = uniform(DIM).sample(jax.random.key(0), NUM)
    np.testing.assert_allclose(np.mean(default, 0), 0, atol=0.015)
    assert -1 <= default.min() < -0.99
    assert 0.99 < default.max() < 1


def test_keys_share_no_number():
    for prior in (normal(7), uniform(7)):
        assert prior.shape == (7,)
        one, other = (prior.sample(jax.random.key(seed), 5) for seed in (0, 1))
        assert not np.any(one == other)


def test_coordinates_are_independent():
    for prior in (normal(DIM), uniform(DIM)):
        correlation = np.corrcoef(prior.sample(jax.random.key(1), NUM), rowvar=False)
        np.testing.assert_allclose(correlation, np.eye(DIM), atol=0.025)


@pytest.mark.parametrize("name", PRIORS)
def test_every_prior(x64, name):
    del x64  # float32 even where float64 is enabled
    prior = PRIORS[name](7)
    one, again, other = (prior.sample(jax.random.key(seed), 5) for seed in (0, 0, 1))
    assert one.shape == (5, *prior.shape)
    assert one.dtype == jnp.float32
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    compiled = jax.jit(prior.sample, static_argnums=1)(jax.random.key(0), 5)
    np.testing.assert_allclose(one, compiled, rtol=2e-7, atol=2e-7)  # the same numbers, if not the same rounding
    assert all(p.default is not inspect.Parameter.empty for p in inspect.signature(PRIORS[name]).parameters.values())


def test_wrong_settings():
    for build in (normal, uniform):
        with pytest.raises(InputError, match="latent_dim >= 1"):
            build(0)
    for low, high in ((1.0, -1.0), (0.0, 0.0), (0.0, float("inf")), (float("nan"), 1.0)):
        with pytest.raises(InputError, match="low < high"):
            uniform(2, low, high)


@pytest.mark.parametrize("bound", [0.3, 2.0])
def test_truncated_normal(bound):
    latents = np.asarray(truncated_normal(DIM, bound).sample(jax.random.key(2), NUM), np.float64)
    assert np.abs(latents).max() <= bound
    assert latents.max() > 0.99 * bound
    assert latents.min() < -0.99 * bound
    law = stats.truncnorm(-bound, bound)
    np.testing.assert_allclose(np.var(latents, 0), law.var(), rtol=0.03)
    np.testing.assert_allclose(np.mean(latents, 0), 0, atol=5 * law.std() / NUM**0.5)
    # the whole law, at 16 × 10⁴ numbers: the distance of the distribution functions is below 1.95/√(16 × 10⁴) 999
    # times in 1000
    assert stats.kstest(latents.ravel(), law.cdf).statistic < 1.95 / latents.size**0.5


def test_a_wide_bound_changes_nothing_and_a_traced_one_works():
    wide = truncated_normal(DIM, 8.0).sample(jax.random.key(2), NUM)
    np.testing.assert_allclose(np.var(wide, 0), 1, atol=0.035)
    both = jax.vmap(lambda bound: truncated_normal(3, bound).sample(jax.random.key(0), 50))(jnp.array([0.5, 1.5]))
    np.testing.assert_allclose(both[1], truncated_normal(3, 1.5).sample(jax.random.key(0), 50), rtol=1e-6)
    assert jnp.abs(both[0]).max() <= 0.5 < jnp.abs(both[1]).max()
    with pytest.raises(InputError, match="bound > 0"):
        truncated_normal(3, 0.0)


def test_rescaled_latents_touch_both_ends():
    z = np.asarray(rescaled(5).sample(jax.random.key(3), NUM))
    np.testing.assert_array_equal(z.min(axis=1), 0)
    np.testing.assert_allclose(z.max(axis=1), 1, rtol=2e-7)  # a division by a reciprocal
    # three of the five numbers lie between the extremes, uniform there: mean (0 + 1 + 3 · ½)/5, E z² = (1 + 3/3)/5
    np.testing.assert_allclose([z.mean(), np.mean(z**2)], [0.5, 0.4], atol=0.005)
    assert rescaled(5).energy is None
    with pytest.raises(InputError, match="latent_dim >= 2"):
        rescaled(1)


def test_keys_may_be_mapped_over():
    keys = jax.random.split(jax.random.key(4), 3)
    for name in ("normal", "truncated_normal", "rescaled"):
        prior = PRIORS[name](4)
        mapped = jax.jit(jax.vmap(lambda key, sample=prior.sample: sample(key, 2)))(keys)
        np.testing.assert_allclose(mapped, [prior.sample(key, 2) for key in keys], rtol=1e-6, atol=1e-6)


# ---------------------------------------------------------------- between two latents


def slerp(a, b, t):
    """As printed: (sin((1 − t)θ) a + sin(tθ) b) / sin θ."""
    angle = np.arccos(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b))
    return (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


def test_spherical_equals_the_printed_form_where_norms_do():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 6))
    b *= np.linalg.norm(a) / np.linalg.norm(b)
    for t in (0.0, 0.2, 0.5, 0.9, 1.0):
        got = spherical(jnp.asarray(a, jnp.float32), jnp.asarray(b, jnp.float32), t)
        np.testing.assert_allclose(got, slerp(a, b, t), rtol=1e-5, atol=1e-6)


def test_spherical_by_hand():
    """From (2, 0) a third of the way to (0, 5): 30°, norm 3."""
    got = spherical(jnp.array([2.0, 0.0]), jnp.array([0.0, 5.0]), 1 / 3)
    np.testing.assert_allclose(got, [3 * 3**0.5 / 2, 1.5], rtol=1e-6)


@pytest.mark.parametrize("angle", [0.0, 1e-6, 1e-3, 1.0, np.pi - 1e-2, np.pi - 1e-4, np.pi - 1e-7, np.pi])
def test_spherical_is_stable_at_every_angle(angle):
    a = np.array([1.2, -0.4, 0.3, 2.0])
    across = np.array([0.4, 1.2, 0.0, 0.0]) / np.linalg.norm([0.4, 1.2])
    end = 1.5 * (np.cos(angle) * a + np.sin(angle) * np.linalg.norm(a) * across)
    a, b = jnp.asarray(a, jnp.float32), jnp.asarray(end, jnp.float32)
    path = np.asarray(jax.vmap(spherical, (None, None, 0))(a, b, jnp.linspace(0.0, 1.0, 21)), np.float64)
    np.testing.assert_allclose(path[0], a, atol=1e-6)
    np.testing.assert_allclose(path[-1], b, atol=2e-4 if angle > 3 else 2e-6)
    # the norm goes evenly, and so does the angle
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), np.linspace(1, 1.5, 21) * np.linalg.norm(a), rtol=1e-5)
    unit = path / np.linalg.norm(path, axis=1, keepdims=True)
    steps = 2 * np.arcsin(np.linalg.norm(np.diff(unit, axis=0), axis=1) / 2)
    np.testing.assert_allclose(steps, angle / 20, atol=2e-5)


def test_spherical_between_exact_opposites():
    """b = −2 a along an axis leaves no direction at all of b's own: still a half circle, square to a in the middle."""
    a = jnp.array([0.0, 2.0, 0.0])
    path = np.asarray(jax.vmap(spherical, (None, None, 0))(a, -2 * a, jnp.array([0.0, 0.5, 1.0])))
    np.testing.assert_allclose(path[[0, 2]], [a, -2 * a], atol=1e-6)
    np.testing.assert_allclose([np.linalg.norm(path[1]), path[1] @ a], [3, 0], atol=1e-6)


def test_spherical_without_a_direction():
    zero, one = jnp.zeros(3), jnp.array([0.0, 3.0, 4.0])
    for a, b in ((zero, one), (one, zero), (zero, zero)):
        path = np.asarray(jax.vmap(spherical, (None, None, 0))(a, b, jnp.linspace(0.0, 1.0, 5)))
        assert np.all(np.isfinite(path))
        np.testing.assert_allclose(path[[0, -1]], [a, b], atol=1e-6)
    # two opposite numbers have no circle: through 0
    path = [float(spherical(jnp.array([2.0]), jnp.array([-2.0]), t)[0]) for t in (0.0, 0.5, 1.0)]
    np.testing.assert_allclose(path, [2, 0, -2], atol=1e-6)


def test_spherical_keeps_the_prior_s_norm_and_linear_does_not():
    a, b = normal(100).sample(jax.random.key(0), 2000).reshape(2, 1000, 100)
    norms = {
        f: np.mean(np.linalg.norm(jax.vmap(lambda x, y, f=f: f(x, y, 0.5))(a, b), axis=1)) for f in (linear, spherical)
    }
    np.testing.assert_allclose(norms[spherical], 10, atol=0.1)
    np.testing.assert_allclose(norms[linear], 10 / 2**0.5, atol=0.1)
    np.testing.assert_allclose(linear(jnp.array([1.0, 2.0]), jnp.array([3.0, -2.0]), 0.25), [1.5, 1.0])


def test_latents_of_any_shape():
    a, b = normal(12).sample(jax.random.key(0), 2)
    shaped = spherical(a.reshape(3, 4, 1), b.reshape(3, 4, 1), 0.3)
    np.testing.assert_allclose(shaped.ravel(), spherical(a, b, 0.3), rtol=1e-6)
