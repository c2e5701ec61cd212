"""Energies of a latent: the networks' own numbers, and the law of what the chain makes."""

import games
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax import priors, steps
from ganjax.architectures import packed, stateless
from ganjax.checks import InputError
from ganjax.samplers import generate_one, latent_energy, mala, with_prior
from ganjax.types import DiscriminatorOutput, Variables

SGD = games.sgd()


def players(game, batch):
    state = jax.jit(steps.synchronous(game, SGD, SGD).init)(jax.random.key(0), batch)
    return steps.generator_variables(state), Variables(state.disc_params, state.disc_stats)


def test_dirac_by_hand():
    """G(z) = z + 1.5, D(x) = .8 x: U(z) = −.8 (z + 1.5), slope −.8; with N(0, 1) also z²/2 and z."""
    game = games.dirac(prior=priors.normal(1))
    energy = latent_energy(game, *players(game, jnp.ones((2, 1))))
    both = with_prior(energy, game.prior)
    z = jnp.array([0.6])
    np.testing.assert_allclose(energy(z), -0.8 * 2.1, rtol=1e-6)
    np.testing.assert_allclose(jax.grad(energy)(z), [-0.8], rtol=1e-6)
    np.testing.assert_allclose(both(z), -0.8 * 2.1 + 0.18, rtol=1e-6)
    np.testing.assert_allclose(jax.grad(both)(z), [-0.2], rtol=1e-5)


def test_with_the_prior_a_log_ratio_gives_the_data_s_law():
    """G(z) = z + 1.5 has the law N(1.5, 1), and .8 x is log N(2.3, 1)/N(1.5, 1) up to a constant: G(z) must have the
    law N(2.3, 1)."""
    game = games.dirac(prior=priors.normal(1))
    generator, discriminator = players(game, jnp.ones((2, 1)))
    energy = with_prior(latent_energy(game, generator, discriminator), game.prior)
    begin = game.prior.sample(jax.random.key(1), 8000)
    latents = mala(jax.random.key(2), energy, begin, step_size=0.5, num_steps=30).latents
    made = np.asarray(jax.vmap(generate_one(game.generator, generator))(latents))
    np.testing.assert_allclose([made.mean(), made.var()], [2.3, 1.0], atol=0.06)


def test_batch_norm_is_in_evaluation_mode():
    game = games.batch_norm_game()
    generator, discriminator = players(game, jax.random.normal(jax.random.key(3), (8, 2)))
    latents = game.prior.sample(jax.random.key(4), 6)
    made, _ = game.generator.apply(generator, latents)
    scores, _ = game.discriminator.apply(discriminator, made)
    one = jax.jit(jax.vmap(generate_one(game.generator, generator)))(latents)
    np.testing.assert_allclose(one, made, rtol=1e-5, atol=1e-6)
    energies = jax.jit(jax.vmap(latent_energy(game, generator, discriminator)))(latents)
    np.testing.assert_allclose(energies, -scores, rtol=1e-5, atol=1e-6)


def test_each_sample_s_own_condition():
    """G(z, y) = y z + 1, D(x, y) = x − 10 y: U = 10 y − y z − 1."""
    game = games.dirac(prior=priors.normal(1))._replace(
        generator=stateless(lambda key, z, y: (), lambda params, z, y: y[:, None] * z + 1),
        discriminator=stateless(lambda key, x, y: (), lambda params, x, y: DiscriminatorOutput(x[:, 0] - 10 * y)),
    )
    for y, z in ((0, 0.5), (3, 0.5), (1, -2.0)):
        energy = latent_energy(game, Variables(()), Variables(()), jnp.int32(y))
        np.testing.assert_allclose(energy(jnp.array([z])), 10 * y - y * z - 1, rtol=1e-6)


def test_every_energy_of_a_prior_is_its_log_density():
    """Differences of log densities, written out; infinite outside; none where there is no density."""
    a, b = jnp.array([0.5, -1.0]), jnp.array([0.2, 0.3])
    normal, truncated, uniform = priors.normal(2), priors.truncated_normal(2, 1.2), priors.uniform(2, -1.0, 0.5)
    for prior in (normal, truncated):
        # (.25 + 1 − .04 − .09) / 2
        np.testing.assert_allclose(prior.energy(a) - prior.energy(b), 0.56, rtol=1e-6)
    assert uniform.energy(a) == uniform.energy(b) == 0
    for prior in (truncated, uniform):
        assert prior.energy(jnp.array([0.1, -1.3])) == np.inf
        assert prior.energy(jnp.array([1.3, 0.1])) == np.inf
    assert normal.energy(jnp.array([0.0, -30.0])) == 450


def test_what_has_no_energy_is_refused():
    game = games.dirac(prior=priors.coded(1, 2, 0))
    with pytest.raises(InputError, match="with a density"):
        with_prior(lambda z: z.sum(), game.prior)
    packs = game._replace(discriminator=packed(game.discriminator, 2))
    with pytest.raises(InputError, match="packs of 2"):
        latent_energy(packs, Variables(()), Variables(()))
