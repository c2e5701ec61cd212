"""Which pass updates which statistics, and what an objective is shown."""

import games
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax import objectives, steps
from ganjax.architectures import stateless
from ganjax.checks import InputError
from ganjax.types import DiscriminatorOutput, Game, Objective, Variables


def running_mean(stats):
    return stats["batch_stats"]["BatchNorm_0"]["mean"]


def dense(params, x):
    return x @ params["Dense_0"]["kernel"] + params["Dense_0"]["bias"][None]


def test_a_turn_updates_the_mover_alone():
    """The discriminator: real batch, then fake; the generator: its one pass. Momentum ½ makes it easy by hand."""
    game = games.batch_norm_game()
    algorithm = steps.synchronous(game, games.sgd(0.0), games.sgd(0.0))
    real = jax.random.normal(jax.random.key(1), (16, 2)) * 3 + 1
    state = algorithm.init(jax.random.key(0), real)
    after, _ = algorithm.step(state, real)
    latents = algorithm.deal(state.key, state.step, 16).latents
    np.testing.assert_allclose(
        running_mean(after.gen_stats), 0.5 * dense(state.gen_params, latents).mean(0), rtol=1e-4, atol=1e-6
    )
    fake, _ = game.generator.apply(Variables(state.gen_params, state.gen_stats), latents, train=True)
    real_mean, fake_mean = dense(state.disc_params, real).mean(0), dense(state.disc_params, fake).mean(0)
    np.testing.assert_allclose(
        running_mean(after.disc_stats), 0.5 * (0.5 * real_mean) + 0.5 * fake_mean, rtol=1e-4, atol=1e-6
    )


def test_alternating_updates_each_players_statistics_once_a_turn():
    game = games.batch_norm_game()
    algorithm = steps.alternating(game, games.sgd(0.0), games.sgd(0.0), disc_steps=2)
    real = jax.random.normal(jax.random.key(1), (32, 2))
    state = algorithm.init(jax.random.key(0), real)
    after, _ = algorithm.step(state, real)
    _, gen_deal = algorithm.deal(state.key, state.step, 16)
    # only the generator's own turn counts, although its samples were made in two discriminator turns before
    np.testing.assert_allclose(
        running_mean(after.gen_stats), 0.5 * dense(state.gen_params, gen_deal.latents).mean(0), rtol=1e-4, atol=1e-6
    )


def test_nothing_leaks_into_the_other_player():
    """A discriminator loss that depends on the fake batch moves no generator parameter, and the other way round."""
    only_disc = Objective(lambda key, play: play.fake_scores, lambda key, play: 0 * play.fake_scores)
    only_gen = Objective(lambda key, play: 0 * play.fake_scores, lambda key, play: play.fake_scores * play.real_scores)
    for objective, moved in ((only_disc, "disc"), (only_gen, "gen")):
        algorithm = steps.synchronous(games.dirac(objective), games.sgd(), games.sgd())
        state = algorithm.init(jax.random.key(0), jnp.ones((2, 1)))
        after, _ = algorithm.step(state, jnp.ones((2, 1)))
        assert (after.gen_params != state.gen_params) == (moved == "gen")
        assert (after.disc_params != state.disc_params) == (moved == "disc")


def test_the_score_function_scores_one_sample_without_training_mode():
    shown = {}

    def look(key, play):
        shown["one"] = jax.vmap(play.score_fn)(play.real)
        shown["play"] = play
        return play.fake_scores

    game = games.batch_norm_game()
    algorithm = steps.synchronous(game._replace(objective=Objective(look, look)), games.sgd(0.0), games.sgd(0.0))
    real = jax.random.normal(jax.random.key(1), (8, 2))
    # `init` refuses to score single samples of a game with batch norm: it begins as another game
    state = steps.synchronous(game, games.sgd(0.0), games.sgd(0.0)).init(jax.random.key(0), real)
    with jax.disable_jit():
        after, _ = algorithm.step(state, real)
    expected, _ = game.discriminator.apply(Variables(state.disc_params, after.disc_stats), real)
    np.testing.assert_allclose(jax.lax.stop_gradient(shown["one"]), expected, rtol=1e-4, atol=1e-6)


def test_a_helper_moves_with_the_generator():
    helper = stateless(lambda key, x, z: jnp.asarray(2.0), lambda t, x: t * x[:, 0])
    objective = Objective(
        lambda key, play: 0 * play.fake_scores, lambda key, play: play.helper_fn(play.fake) + 0 * play.fake_scores
    )
    game = games.dirac(objective)._replace(helper=helper)
    algorithm = steps.alternating(game, games.sgd(0.1), games.sgd(0.1))
    state = algorithm.init(jax.random.key(0), jnp.ones((2, 1)))
    after, _ = algorithm.step(state, jnp.ones((2, 1)))
    # L_G = t θ at t = 2, θ = 1.5
    np.testing.assert_allclose(after.gen_params, 1.5 - 0.1 * 2.0, rtol=1e-6)
    np.testing.assert_allclose(after.helper_params, 2.0 - 0.1 * 1.5, rtol=1e-6)
    assert after.disc_params == state.disc_params


def test_bare_scores_will_do_for_a_discriminator():
    plain = stateless(lambda key, x: jnp.asarray(0.8), lambda phi, x: phi * x[:, 0])
    game = games.dirac()._replace(discriminator=plain)
    algorithm = steps.synchronous(game, games.sgd(), games.sgd())
    algorithm.step(algorithm.init(jax.random.key(0), jnp.ones((2, 1))), jnp.ones((2, 1)))


def refused(game, batch, match):
    with pytest.raises(InputError, match=match):
        steps.alternating(game, games.sgd(), games.sgd()).init(jax.random.key(0), batch)


def test_pairings_that_cannot_work_are_refused_at_init():
    column = stateless(lambda key, x: jnp.ones(()), lambda phi, x: DiscriminatorOutput(phi * x))
    refused(games.dirac()._replace(discriminator=column), jnp.ones((4, 1)), r"scores\[4\], got scores\[4, 1\]: squeeze")
    wide = stateless(lambda key, z: jnp.ones(()), lambda theta, z: theta * jnp.ones((z.shape[0], 3)))
    refused(games.dirac()._replace(generator=wide), jnp.ones((4, 1)), r"shape \[4, 1\], got \[4, 3\]")
    needy = objectives.hinge()._replace(needs=("codes",))
    refused(
        games.dirac(needy),
        jnp.ones((4, 1)),
        "needs the discriminator's features codes, got none: use a discriminator .* mlp_encoder, dcgan_e",
    )
    with_statistics = games.batch_norm_game().generator
    helped = Game(*games.dirac()[:4], helper=with_statistics._replace(init=lambda key, x, z: Variables((), {"a": z})))
    refused(helped, jnp.ones((4, 1)), "helper network without statistics")
