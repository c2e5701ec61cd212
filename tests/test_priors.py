"""Latent distributions: moments, ranges, shapes, keys."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.checks import InputError
from ganjax.priors import PRIORS, normal, uniform

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
    np.testing.assert_array_equal(one, jax.jit(prior.sample, static_argnums=1)(jax.random.key(0), 5))
    assert all(p.default is not inspect.Parameter.empty for p in inspect.signature(PRIORS[name]).parameters.values())


def test_wrong_settings():
    for build in (normal, uniform):
        with pytest.raises(InputError, match="latent_dim >= 1"):
            build(0)
    for low, high in ((1.0, -1.0), (0.0, 0.0), (0.0, float("inf")), (float("nan"), 1.0)):
        with pytest.raises(InputError, match="low < high"):
            uniform(2, low, high)
