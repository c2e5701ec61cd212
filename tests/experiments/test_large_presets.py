"""The presets that are sized for an accelerator, at tiny widths: they are games, and they move."""

from dataclasses import replace

import assembly
import games
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import PRESETS

CASES = {
    "cifar10-dcgan": {"channels": 2},
    "cifar10-sngan": {"channels": 2},
    "cifar10-r3gan": {"channels": 2, "blocks": 1, "group_width": 2},
    "celeba64-dcgan": {"channels": 1},
}


def game_of(name, shape):
    """(config, game) of a narrow network with batches of two."""
    config = PRESETS[name]
    players = {part: replace(getattr(config, part), **CASES[name]) for part in ("generator", "discriminator")}
    config = replace(config, **players, batch_size=2)
    return config, assembly.build_game(config, shape)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cifar10-sngan", "cifar10-r3gan"])
def test_two_steps_in_one_scan_move_both_players(name):
    config, game = game_of(name, (8, 8, 3))  # compiled in a third of the time of 32 pixels
    algorithm = assembly.build_algorithm(config, game)
    rng = np.random.default_rng(0)
    real = jnp.asarray(rng.uniform(-1, 1, (2, config.batch_size * algorithm.num_batches, 8, 8, 3)), jnp.float32)
    # an initialization would take as long to compile as the steps; with seed 0 all scores lie within the hinge's
    # margin, where the last bias feels nothing
    state = games.first_state(algorithm, real[0], seed=1)
    after, info = jax.jit(lambda state: jax.lax.scan(algorithm.step, state, real))(state)
    assert int(after.step) == 2
    for player in ("gen_params", "disc_params"):
        before, moved = (jax.tree.leaves(getattr(s, player)) for s in (state, after))
        assert all(np.isfinite(leaf).all() for leaf in moved)
        # two Adam steps of 2e-4 move every tensor; the second moves what the first gave a gradient
        assert all(np.abs(a - b).max() > 1e-5 for a, b in zip(before, moved, strict=True))
    assert all(np.isfinite(leaf).all() for leaf in info)


@pytest.mark.parametrize(
    ("name", "pixels"),
    [
        ("cifar10-dcgan", 32),
        ("cifar10-sngan", 32),
        ("cifar10-r3gan", 8),
        ("celeba64-dcgan", 64),
        pytest.param("cifar10-r3gan", 32, marks=pytest.mark.slow),  # traced for ten seconds
    ],
)
def test_a_step_in_shapes(name, pixels):
    shape = (pixels, pixels, 3)
    config, game = game_of(name, shape)
    algorithm = assembly.build_algorithm(config, game)
    real = jax.ShapeDtypeStruct((config.batch_size * algorithm.num_batches, *shape), jnp.float32)
    state = jax.eval_shape(algorithm.init, jax.random.key(0), real)
    after, _ = jax.eval_shape(algorithm.step, state, real)
    assert jax.tree.structure(after) == jax.tree.structure(state)
    assert jax.tree.map(lambda x: x.shape, after) == jax.tree.map(lambda x: x.shape, state)


def test_the_papers_settings():
    celeba = PRESETS["celeba64-dcgan"]
    # z 100 → 4·4·1024 → … → 64·64·3 (Radford et al. 2015, figure 1), batches of 128
    game = assembly.build_game(celeba, (64, 64, 3))
    latents = jax.eval_shape(lambda: game.prior.sample(jax.random.key(0), 1))
    variables = jax.eval_shape(game.generator.init, jax.random.key(0), latents)
    assert sum(leaf.size for leaf in jax.tree.leaves(variables.params)) == 18_855_043
    assert (celeba.batch_size, celeba.data.resolution) == (128, 64)
    # Miyato et al. 2018, appendix B: β 0 and .9, five discriminator steps, 100 000 generator steps
    sngan = PRESETS["cifar10-sngan"]
    assert (sngan.disc_optimizer.b1, sngan.disc_optimizer.b2, sngan.update.disc_steps) == (0.0, 0.9, 5)
    assert (sngan.batch_size, sngan.num_steps, sngan.discriminator.normalization) == (64, 100_000, "spectral")
