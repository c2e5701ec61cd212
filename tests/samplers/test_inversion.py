"""Latent inversion: on a linear generator the answer is least squares."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from ganjax import priors
from ganjax.checks import InputError
from ganjax.samplers import invert

RNG = np.random.default_rng(1)
WEIGHT, BIAS = RNG.normal(size=(6, 2)), RNG.normal(size=6)
TARGETS = RNG.normal(size=(5, 6)) + 0.5
STARTS = RNG.normal(size=(5, 2))
ADAM = optax.adam(optax.cosine_decay_schedule(0.1, 400))


def generate(z):
    return (jnp.asarray(WEIGHT) @ z + jnp.asarray(BIAS)).reshape(3, 2)


def targets():
    return jnp.asarray(TARGETS).reshape(5, 3, 2)


def solved(ridge=0.0):
    """The minimum of ‖W z + b − x‖² + ridge ‖z‖²."""
    return np.linalg.solve(WEIGHT.T @ WEIGHT + ridge * np.eye(2), WEIGHT.T @ (TARGETS - BIAS).T).T


def test_least_squares(x64):
    del x64
    got = invert(generate, targets(), jnp.asarray(STARTS), ADAM, num_steps=400)
    np.testing.assert_allclose(got.latents, solved(), atol=1e-6)
    np.testing.assert_allclose(got.errors, np.sum((solved() @ WEIGHT.T + BIAS - TARGETS) ** 2, axis=1), rtol=1e-6)


def test_the_prior_s_energy_as_penalty(x64):
    """2σ² · ‖z‖²/2 with σ = .8: a ridge of .64."""
    del x64
    prior = priors.normal(2)
    assert prior.energy is not None
    got = invert(
        generate,
        targets(),
        jnp.asarray(STARTS),
        ADAM,
        num_steps=400,
        penalty=lambda z: 2 * 0.8**2 * prior.energy(z),
    )
    np.testing.assert_allclose(got.latents, solved(0.64), atol=1e-6)
    # the error alone, without the penalty
    np.testing.assert_allclose(got.errors, np.sum((solved(0.64) @ WEIGHT.T + BIAS - TARGETS) ** 2, axis=1), rtol=1e-6)


def test_one_step_by_hand(x64):
    """z − .01 · 2 Wᵀ (W z + b − x)."""
    del x64
    got = jax.jit(lambda x, z: invert(generate, x, z, optax.sgd(0.01), num_steps=1))(targets(), jnp.asarray(STARTS))
    expected = STARTS - 0.02 * (STARTS @ WEIGHT.T + BIAS - TARGETS) @ WEIGHT
    np.testing.assert_allclose(got.latents, expected, rtol=1e-10)


def test_each_sample_by_itself(x64):
    """Gradients clipped to the norm of the whole batch's would couple them."""
    del x64
    optimizer = optax.chain(optax.clip_by_global_norm(0.5), optax.adam(optax.cosine_decay_schedule(0.1, 20)))
    whole = invert(generate, targets(), jnp.asarray(STARTS), optimizer, num_steps=20)
    for i in range(5):
        alone = invert(generate, targets()[i : i + 1], jnp.asarray(STARTS)[i : i + 1], optimizer, num_steps=20)
        np.testing.assert_allclose(alone.latents[0], whole.latents[i], rtol=1e-10)


def test_wrong_input(x64):
    del x64
    x, z = jnp.zeros((5, 3, 2)), jnp.zeros((5, 2))
    with pytest.raises(InputError, match="one latent for each target"):
        invert(generate, x, z[:4], optax.sgd(0.1))
    with pytest.raises(InputError, match=r"generator's shape \[3, 2\], got \[6\]"):
        invert(generate, x.reshape(5, 6), z, optax.sgd(0.1))
    with pytest.raises(InputError, match="num_steps >= 1"):
        invert(generate, x, z, optax.sgd(0.1), num_steps=0)
