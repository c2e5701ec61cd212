"""The tutorial programmes as presets: their settings, their schedules, and the picture of a game on the line."""

import re

import assembly
import densities
import jax
import jax.numpy as jnp
import numpy as np
import pictures
import pytest
import train
from configs import PRESETS

from ganjax.checks import InputError

TINY = ("--num-steps", "1", "--batch-size", "4")


def run_of(preset, *arguments):
    config = train.parse([preset, *TINY, *arguments])
    return config, assembly.assemble(config)


def test_the_programmes_settings():
    keras, matlab = PRESETS["tutorial-keras-mnist"], PRESETS["tutorial-matlab-mnist"]
    assert (keras.batch_size, keras.num_steps, keras.sample_every, keras.num_samples) == (32, 30_000, 200, 25)
    assert (keras.update.schedule, keras.update.ema_decay) == ("real-then-fake", None)
    assert {(o.learning_rate, o.b1, o.eps) for o in (keras.gen_optimizer, keras.disc_optimizer)} == {(2e-4, 0.5, 1e-7)}
    assert (matlab.batch_size, matlab.num_steps, matlab.prior.name) == (100, 1500, "rescaled")
    assert (matlab.update.disc_steps, matlab.update.gen_steps) == (20, 10)
    assert {(o.learning_rate, o.momentum, o.l2) for o in (matlab.gen_optimizer, matlab.disc_optimizer)} == {
        (0.01, 0.5, 1e-4)
    }
    ran = PRESETS["tutorial-matlab-mnist-as-run"]
    assert (ran.gen_optimizer.learning_rate, ran.gen_optimizer.l2, ran.disc_optimizer.learning_rate) == (2, 0, 1)
    assert (matlab.discriminator.dropout, ran.discriminator.dropout) == (0.5, 0)
    gaussian = PRESETS["tutorial-gaussian"]
    assert gaussian == PRESETS["gaussian"]
    # 20 epochs of 1000 points in batches of 8
    assert gaussian.num_steps * gaussian.batch_size == 20 * 1000
    assert (gaussian.generator.features, gaussian.discriminator.features) == ((), (5, 3))
    assert (gaussian.generator.init_std, gaussian.discriminator.init_std) == (0.02, 0.02)
    assert (gaussian.gen_optimizer.learning_rate, gaussian.disc_optimizer.learning_rate) == (0.005, 0.05)


@pytest.mark.parametrize("name", ["tutorial-keras-mnist", "tutorial-matlab-mnist"])
def test_the_programmes_can_be_assembled(name):
    """On other images than their own: MNIST is not in the repository."""
    config, run = run_of(name, "--data.name", "digits")
    assert run.source.spec.shape == (8, 8, 1)
    assert run.algorithm.num_batches == (20 if "matlab" in name else 1)
    assert (not jax.tree.leaves(assembly.template(run, config).gen_stats)) == ("matlab" in name)


def test_the_generators_moves_from_the_command_line():
    config, run = run_of("ring", "--update.gen-steps", "3", "--update.disc-steps", "2")
    assert (config.update.gen_steps, run.algorithm.num_batches) == (3, 2)
    deals = jax.eval_shape(lambda: run.algorithm.deal(jax.random.key(0), jnp.int32(0), 4))
    assert sum(deal.latents.size // 8 for deal in deals) == 2 + 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--update.schedule", "synchronous", "--update.gen-steps", "2"), "update.gen-steps 1"),
        (("--update.schedule", "real-then-fake", "--update.disc-steps", "2"), "update.disc-steps 1"),
        (("--update.schedule", "real-then-fake", "--update.gradients", "fused"), "gradients separate"),
        (("--update.schedule", "real-then-fake", "--update.accumulate", "2"), "no accumulation"),
        (("--update.gen-steps", "0"), "gen-steps >= 1"),
    ],
)
def test_schedules_that_do_not_go_together(arguments, words):
    with pytest.raises(InputError, match=re.escape(words)):
        run_of("ring", *arguments)


def test_batch_norm_under_a_gradient_penalty_is_an_error_with_its_mend():
    with pytest.raises(InputError, match=r"--discriminator\.normalization none"):
        run_of("digits", "--objective.name", "wgan-gp")
    run_of("digits", "--objective.name", "wgan-gp", "--discriminator.normalization", "none")


def test_a_game_on_the_line_is_drawn():
    config, run = run_of("tutorial-uniform-to-normal")
    state = assembly.init(run, config)
    assert densities.suits(run, config)
    frame = pictures.frame(run, config, state)
    assert frame.shape == (400, 560, 3)
    # D enters the picture: another discriminator, another dashed line
    tilted = state._replace(disc_params=jax.tree.map(lambda x: x + 1.0, state.disc_params))
    assert (pictures.frame(run, config, tilted) != frame).any(axis=2).sum() > 200
    # so do the arrows: a generator that is moved sends them elsewhere, beside q itself
    moved = state._replace(gen_params=jax.tree.map(lambda x: x + 0.2, state.gen_params))
    assert (pictures.frame(run, config, moved) != frame)[280:].any(axis=2).sum() > 100
    # without a state there are points alone
    points = np.asarray(assembly.sample(run, pictures.steps.generator_variables(state), run.sample_key, 50))
    assert pictures.picture(run, points).shape == (400, 560, 3)
    assert not densities.suits(*reversed(run_of("ring")))
