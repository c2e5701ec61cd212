"""Laws of every objective: a new row of OBJECTIVES earns them all by existing, on the ring with an MLP.

A row that needs more than a score, or a condition, names its networks in FITTINGS.
"""

import functools
import inspect
import re
import types
import typing

import games
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from ganjax import priors, steps
from ganjax.architectures import ARCHITECTURES, HELPERS, stateless
from ganjax.checks import InputError
from ganjax.data import TOYS
from ganjax.objectives import OBJECTIVES, SETTINGS, Settings
from ganjax.types import DiscriminatorOutput, Game, Play

BATCH, LATENT_DIM, MODES = 12, 4, 8
WIDTHS = (10,)
RATE = 0.002
UNOPTIMIZED = {"xla_backend_optimization_level": 0}


def networks(architecture="mlp", **discriminator):
    generator, disc = ARCHITECTURES[architecture]
    return generator((2,), features=WIDTHS), disc((2,), features=WIDTHS, **discriminator)


def plain(objective):
    return Game(*networks(), objective, priors.normal(LATENT_DIM))


def autoencoding(objective):
    return Game(*networks("mlp_autoencoder", code_dim=3), objective, priors.normal(LATENT_DIM))


def coded(objective):
    return Game(*networks("mlp_posterior", num_codes=MODES), objective, priors.coded(2, MODES, 0))


def encoding(objective):
    return Game(*networks("mlp_encoder", code_dim=LATENT_DIM), objective, priors.normal(LATENT_DIM))


def helped(objective):
    return plain(objective)._replace(helper=HELPERS["statistics"](features=WIDTHS))


def leveled(objective):
    """A score for each of three levels, and their mean."""
    generator, discriminator = networks("mlp_encoder", code_dim=3)

    def apply(variables, *inputs, **options):
        (scores, features), stats = discriminator.apply(variables, *inputs, **options)
        return DiscriminatorOutput(scores, {"level_scores": features["codes"]}), stats

    return Game(generator, discriminator._replace(apply=apply), objective, priors.normal(LATENT_DIM))


def normal(key, *shape):
    return 0.5 * jax.random.normal(key, shape)


def make_points(params, latents, labels):
    return jnp.tanh(latents @ params["latents"] + params["labels"][labels])


def judge_points(params, points, labels):
    """Projection conditioning, and a classifier on the same features."""
    features = jnp.tanh(points @ params["features"])
    scores = features @ params["score"] + jnp.sum(features * params["labels"][labels], axis=1)
    return DiscriminatorOutput(scores, {"class_logits": features @ params["classes"]})


def init_maker(key, latents, labels):
    latent_key, label_key = jax.random.split(key)
    return {"latents": normal(latent_key, LATENT_DIM, 2), "labels": normal(label_key, MODES, 2)}


def init_judge(key, points, labels):
    shapes = {"features": (2, 10), "score": (10,), "labels": (MODES, 10), "classes": (10, MODES)}
    keys = jax.random.split(key, len(shapes))
    return {name: normal(key, *shape) for key, (name, shape) in zip(keys, shapes.items(), strict=True)}


def conditional(objective):
    return Game(
        stateless(init_maker, make_points), stateless(init_judge, judge_points), objective, priors.normal(LATENT_DIM)
    )


FITTINGS = {
    "ebgan": autoencoding,
    "infogan": coded,
    "ogan": encoding,
    "meg": helped,
    "acgan": conditional,
    "projection": conditional,
    "lapgan": leveled,
}
SMALL = {"infogan": {"categories": MODES, "continuous": 0}}


def built(name):
    return OBJECTIVES[name](**SMALL.get(name, {}))


def declared_only(discriminator, needs):
    """The discriminator without the features that the objective doesn't declare: reading one is a KeyError."""

    def apply(variables, *inputs, **options):
        output, stats = discriminator.apply(variables, *inputs, **options)
        return output._replace(features={name: output.features[name] for name in needs}), stats

    return discriminator._replace(apply=apply)


def game_of(name):
    objective = built(name)
    game = FITTINGS.get(name, plain)(objective)
    if objective.needs:
        game = game._replace(discriminator=declared_only(game.discriminator, objective.needs))
    assert (game.helper is not None) == objective.needs_helper
    return game


def batch_of(name, num=BATCH, seed=5):
    points = TOYS["ring"]().sample(jax.random.key(seed), num)
    labels = jnp.asarray(np.random.default_rng(seed).integers(0, MODES, num), jnp.int32)
    return (points, labels) if FITTINGS.get(name) is conditional else points


def adjustable():
    """Stochastic gradient descent whose rate is part of its state: a player is frozen without a new trace."""
    return optax.inject_hyperparams(optax.sgd)(learning_rate=RATE)


def at_rate(state, *, gen, disc):
    """The state with both rates set."""

    def set_rate(opt_state, rate):
        return opt_state._replace(hyperparams={"learning_rate": jnp.asarray(rate, jnp.float32)})

    return state._replace(
        gen_opt_state=set_rate(state.gen_opt_state, gen), disc_opt_state=set_rate(state.disc_opt_state, disc)
    )


class LaidOut(typing.NamedTuple):
    """One row's game, laid out: its first state, its jitted step, and how often that was traced."""

    state: typing.Any
    step: typing.Any
    traces: list


@functools.cache
def laid_out(name):
    algorithm, batch, traces = steps.alternating(game_of(name), adjustable(), adjustable()), batch_of(name), []

    def step(state):
        traces.append(None)
        return algorithm.step(state, batch)

    state = games.first_state(algorithm, batch)
    # there are many rows, and the laws ask for no speed
    return LaidOut(at_rate(state, gen=RATE, disc=RATE), jax.jit(step, compiler_options=UNOPTIMIZED), traces)


def same(tree, other):
    return all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(tree), jax.tree.leaves(other), strict=True))


def finite(tree):
    return all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(tree))


every_row = pytest.mark.parametrize("name", OBJECTIVES)


# --- the game is played


@every_row
def test_ten_steps_are_one_trace_finite_and_move_both_players(name):
    table = laid_out(name)
    state = table.state
    for _ in range(10):
        state, info = table.step(state)
        assert finite(info)
    assert len(table.traces) == 1
    assert state.step == 10
    for part in ("gen_params", "disc_params", "helper_params"):
        before, after = getattr(table.state, part), getattr(state, part)
        assert finite(after)
        assert not jax.tree.leaves(before) or not same(before, after), part


@every_row
def test_nothing_leaks_into_the_player_whose_turn_it_is_not(name):
    table = laid_out(name)
    disc_moved, _ = table.step(at_rate(table.state, gen=0.0, disc=RATE))
    assert same(disc_moved.gen_params, table.state.gen_params)
    assert same(disc_moved.helper_params, table.state.helper_params)
    assert not same(disc_moved.disc_params, table.state.disc_params)
    gen_moved, _ = table.step(at_rate(table.state, gen=RATE, disc=0.0))
    assert same(gen_moved.disc_params, table.state.disc_params)
    assert not same(gen_moved.gen_params, table.state.gen_params)
    assert same(gen_moved.helper_params, table.state.helper_params) == (not built(name).needs_helper)


@every_row
def test_both_players_start_from_the_same_parameters_whatever_the_rates(name):
    """The discriminator's move does not depend on the generator's: it is first."""
    table = laid_out(name)
    alone, _ = table.step(at_rate(table.state, gen=0.0, disc=RATE))
    together, _ = table.step(table.state)
    assert same(alone.disc_params, together.disc_params)


# --- signs


def scored(name, real_scores, fake_scores):
    """A play with chosen scores, and features that any network could have given."""
    rng = np.random.default_rng(1)
    num = len(real_scores)

    def array(*shape):
        return jnp.asarray(rng.normal(0.2, 1.0, shape), jnp.float32)

    features = {need: array(num, MODES) for need in built(name).needs if need != "level_scores"}

    def output(scores):
        return DiscriminatorOutput(scores, features | {"level_scores": scores[:, None] * jnp.ones((num, 3))})

    latents = priors.coded(0, MODES, 0).sample(jax.random.key(2), num)
    labels = jnp.arange(num)
    return Play(
        real=array(num, 2),
        fake=array(num, 2) - 1.0,
        latents=latents,
        condition=labels if FITTINGS.get(name) is conditional else (),
        real_output=output(real_scores),
        fake_output=output(fake_scores),
        score_fn=lambda x, *condition: jnp.sin(x[0]) + 0.3 * x[1],
        helper_fn=lambda x, z: x[:, 0] * z[:, 1],
    )


@every_row
def test_real_comes_first_and_scores_high(name):
    """Between 0 and 1 the discriminator raises real scores and lowers fake ones; the generator raises its own."""
    real, fake = jnp.array([0.61, 0.52, 0.45]), jnp.array([0.34, 0.27, 0.48])
    objective = built(name)

    def total(player):
        return lambda r, f: jnp.sum(getattr(objective, player)(jax.random.key(0), scored(name, r, f)))

    on_real, on_fake = jax.grad(total("discriminator"), argnums=(0, 1))(real, fake)
    assert (on_real < 0).all()
    assert (on_fake > 0).all()
    assert (jax.grad(total("generator"), argnums=1)(real, fake) < 0).all()


@every_row
def test_losses_are_not_reduced(name):
    real, fake = jnp.array([0.3, 0.02, -0.5, 0.1]), jnp.array([0.04, -0.7, 0.8, -0.2])
    objective, key = built(name), jax.random.key(0)
    shown = scored(name, real, fake)
    assert objective.discriminator(key, shown).shape == objective.generator(key, shown).shape == (4,)
    assert objective.discriminator(key, shown).dtype == objective.generator(key, shown).dtype == jnp.float32


# --- what does not fit is refused at the start


def refused(game, batch, match):
    with pytest.raises(InputError, match=match):
        steps.alternating(game, adjustable(), adjustable()).init(jax.random.key(0), batch)


@every_row
def test_a_discriminator_without_the_needed_outputs_is_refused_at_init(name):
    game = game_of(name)
    for need in game.objective.needs:
        bare = declared_only(game.discriminator, [other for other in game.objective.needs if other != need])
        refused(game._replace(discriminator=bare), batch_of(name), f"features {need}, got none: use a discriminator")


@every_row
def test_a_game_without_the_needed_helper_is_refused_at_init(name):
    game = game_of(name)
    if game.objective.needs_helper:
        refused(game._replace(helper=None), batch_of(name), r"helper network.*Game\(\.\.\., helper=")


# --- the row itself


def test_settings_know_the_same_rows():
    assert set(SETTINGS) == set(OBJECTIVES)


@every_row
def test_settings_can_be_run(name):
    settings = SETTINGS[name]
    assert isinstance(settings, Settings)
    assert settings.optimizer in {"adam", "rmsprop"}
    assert 0 < settings.disc_learning_rate < 0.01
    assert 0 < settings.gen_learning_rate < 0.01
    assert 0 <= settings.b1 < settings.b2 < 1
    assert settings.disc_steps >= 1
    assert settings.clip is None or settings.clip > 0
    assert (settings.clip is not None) == (name == "wgan")  # who clips is no better than who doesn't


@every_row
def test_the_docstring_has_its_formula_and_its_source(name):
    text = inspect.getdoc(OBJECTIVES[name])
    assert ("L_D" in text and "L_G" in text) or "hinge's own" in text
    assert re.search(r"arXiv:\d{4}\.\d{4,5}", text) or re.search(r"[A-Z]\w+ (19|20)\d\d", text)
    assert re.search(r"[A-Z]\S+.* (19|20)\d\d", text)


def is_plain(hint):
    if typing.get_origin(hint) is typing.Literal:
        return all(isinstance(value, str) for value in typing.get_args(hint))
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return all(arg is type(None) or is_plain(arg) for arg in typing.get_args(hint))
    return hint in (int, float, bool, str)


@every_row
def test_hyperparameters_are_plain_documented_and_have_defaults(name):
    builder = OBJECTIVES[name]
    hints = typing.get_type_hints(builder)
    for setting in inspect.signature(builder).parameters.values():
        assert setting.default is not inspect.Parameter.empty
        assert is_plain(hints[setting.name]), setting
        assert f"{setting.name}:" in inspect.getdoc(builder)


@every_row
def test_a_misspelt_hyperparameter_is_not_silent(name):
    with pytest.raises(TypeError):
        OBJECTIVES[name](wieght=1.0)
