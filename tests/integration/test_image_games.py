"""Every image game that asks for more than scores is played with its own networks: scanned steps on real data."""

import games
import jax
import numpy as np
import optax
import pytest

from ganjax import data, objectives, priors, steps
from ganjax.architectures import ARCHITECTURES, HELPERS, lapgan_latent_dim
from ganjax.types import Game

BATCH, STEPS, LATENT_DIM = 4, 3, 6
NARROW = {"channels": 2, "kernel": 3}


def digits():
    """Eight-pixel digits, 0 to 9."""
    return data.digits()


def game_of(row, objective, prior, shape, *, disc=None, helper=None, **shared):
    architecture = ARCHITECTURES[row]
    return Game(
        architecture.generator(shape, **NARROW, **shared),
        architecture.discriminator(shape, **NARROW, **shared, **(disc or {})),
        objective,
        prior,
        helper,
    )


def plain(row, objective, **settings):
    source = digits()
    return game_of(row, objective, priors.normal(LATENT_DIM), source.spec.shape, **settings), source


def labeled(row, objective):
    source = data.labelled(digits())
    return game_of(row, objective, priors.normal(LATENT_DIM), source.spec.shape), source


def coded():
    source = digits()
    prior = priors.coded(4, categories=3, continuous=2)
    objective = objectives.infogan(categories=3, continuous=2)
    return game_of("dcgan_posterior", objective, prior, source.spec.shape, disc={"num_codes": 5}), source


def of_levels():
    source = data.pyramid(digits(), 2)
    shape = source.spec.shape
    prior = priors.uniform(lapgan_latent_dim(shape, 2, coarsest_dim=3))
    architecture = ARCHITECTURES["lapgan"]
    generator = architecture.generator(shape, levels=2, coarsest_dim=3, features=(4,), **NARROW)
    discriminator = architecture.discriminator(shape, levels=2, features=(4,), **NARROW)
    return Game(generator, discriminator, objectives.lapgan(), prior), source


def of_maximum_entropy():
    helper = HELPERS["dcgan_statistics"](features=(5,), **NARROW)
    return plain("dcgan", objectives.meg(), disc={"normalization": "none"}, helper=helper)


GAMES = {
    "infogan": coded,
    "ogan": lambda: plain("dcgan_encoder", objectives.ogan(), disc={"code_dim": LATENT_DIM}),
    "ebgan": lambda: plain("dcgan_autoencoder", objectives.ebgan(), disc={"code_dim": 3}),
    "meg": of_maximum_entropy,
    "conditional": lambda: labeled("dcgan_conditional", objectives.non_saturating()),
    "acgan": lambda: labeled("dcgan_classifier", objectives.acgan()),
    "projection": lambda: labeled("dcgan_projection", objectives.projection()),
    "lapgan": of_levels,
}
FAST = {"lapgan"}


@pytest.mark.parametrize("name", [x if x in FAST else pytest.param(x, marks=pytest.mark.slow) for x in GAMES])
def test_it_is_played_inside_a_scan(name):
    game, source = GAMES[name]()
    algorithm = steps.alternating(game, optax.sgd(0.01), optax.sgd(0.01))
    data_key = jax.random.key(1)
    # drawn by NumPy: a compiled initialization takes longer than the steps
    first = games.first_state(algorithm, jax.eval_shape(lambda: data.batch_at(source, data_key, 0, BATCH)))
    chunk = steps.chunk(algorithm, source.draw, source.gather, BATCH, STEPS)
    state, info = jax.jit(chunk)(first, data_key, source.arrays)
    assert state.step == STEPS
    assert all(np.isfinite(x) for x in info)
    for part in ("gen_params", "disc_params", "helper_params"):
        for before, after in zip(*(jax.tree.leaves(getattr(s, part)) for s in (first, state)), strict=True):
            assert np.isfinite(after).all()
            # every layer of every player has moved; a last bias may cancel out of real − fake
            assert np.any(before != after) or before.shape == (1,)
