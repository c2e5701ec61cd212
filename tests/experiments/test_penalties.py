"""Penalties by name: their numbers by hand, and their way into a game."""

from dataclasses import replace

import assembly
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from choices import build, choose
from configs import PRESETS
from penalties import PENALTIES

from ganjax.types import DiscriminatorOutput, Play

# D(x) = 3 x₀ + 4 x₁ + ½ x₀²: ∇D(x) = (3 + x₀, 4)
REAL = jnp.array([[0.0, 1.0], [1.0, 2.0]])  # ‖∇D‖² = 9 + 16 = 25 and 16 + 16 = 32
FAKE = jnp.array([[-3.0, 0.0], [0.0, 5.0]])  # ‖∇D‖² = 16 and 25


def play(real=REAL, fake=FAKE):
    output = DiscriminatorOutput(jnp.zeros(2))
    return Play(real, fake, fake, (), output, output, lambda x: 3 * x[0] + 4 * x[1] + 0.5 * x[0] ** 2)


BY_HAND = {"r1": [25, 32], "r2": [16, 25], "r1-r2": [41, 57]}


@pytest.mark.parametrize("name", BY_HAND)
def test_at_the_samples_by_hand(name):
    penalty = build("penalty", choose("penalty", name, weight=0.5))
    np.testing.assert_allclose(penalty(jax.random.key(0), play()), 0.5 * np.array(BY_HAND[name]), rtol=1e-6)


def test_between_the_samples_by_hand():
    # both ends in one place: whatever ε is, x̂ = x, where ‖∇D‖ is 5 and √32
    here = play(fake=REAL)
    penalty = build("penalty", choose("penalty", "wgan-gp", weight=0.1))
    np.testing.assert_allclose(penalty(jax.random.key(0), here), [1.6, 0.1 * (32**0.5 - 1) ** 2], rtol=1e-5)
    penalty = build("penalty", choose("penalty", "zero-centered", weight=2.0))
    np.testing.assert_allclose(penalty(jax.random.key(0), here), [50, 64], rtol=1e-5)


def test_dragan_looks_around_the_real_samples_alone():
    penalty = build("penalty", choose("penalty", "dragan", weight=1.0))
    value = penalty(jax.random.key(0), play())
    np.testing.assert_array_equal(penalty(jax.random.key(0), play(fake=FAKE + 7)), value)
    # ½·std·U ≤ .36: ‖∇D‖ between those at x and at x₀ + .36
    assert np.all((np.array([5, 32**0.5]) - 1) ** 2 <= value)
    assert np.all(value <= (np.hypot(np.array([3.36, 4.36]), 4) - 1) ** 2)


@pytest.mark.parametrize("name", PENALTIES)
def test_every_penalty_joins_every_kind_of_objective(name):
    for objective in ("hinge", "relativistic"):
        base = replace(PRESETS["ring"], batch_size=8, objective=choose("objective", objective))
        run = assembly.assemble(replace(base, penalty=choose("penalty", name)))
        plain = assembly.assemble(base)
        losses = [each.game.objective.discriminator(jax.random.key(0), play()) for each in (run, plain)]
        assert (np.abs(losses[0] - losses[1]) > 0.1).all() == (name != "none")
        generator = [each.game.objective.generator(jax.random.key(0), play()) for each in (run, plain)]
        np.testing.assert_array_equal(*generator)


def test_r3gan_is_the_relativistic_game_with_both_penalties():
    base = replace(PRESETS["ring"], batch_size=8)
    r3gan = assembly.build_objective(replace(base, objective=choose("objective", "r3gan", gamma=0.5)))
    same = replace(base, objective=choose("objective", "relativistic"), penalty=choose("penalty", "r1-r2", weight=0.25))
    for key in (jax.random.key(0), jax.random.key(1)):
        np.testing.assert_allclose(
            assembly.build_objective(same).discriminator(key, play()), r3gan.discriminator(key, play()), rtol=1e-6
        )
