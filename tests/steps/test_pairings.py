"""Games whose parts don't fit are refused at `init`, and the message says what to change."""

import games
import jax
import jax.numpy as jnp
import optax
import pytest
from flax import linen as nn

from ganjax import objectives, populations, regularizers, steps
from ganjax.architectures import (
    ARCHITECTURES,
    MlpDiscriminator,
    autoencoder_discriminator,
    batch_norm,
    encoder_discriminator,
    from_linen,
    mlp_discriminator,
    mlp_generator,
    packed,
    posterior_discriminator,
    stateless,
)
from ganjax.checks import InputError
from ganjax.steps._pairings import OFFERED_BY
from ganjax.types import Batch, DiscriminatorOutput, Game

POINTS = jnp.ones((4, 2))
GENERATOR = mlp_generator((2,), features=(4,))
MIXING = from_linen(MlpDiscriminator((4,), normalization=batch_norm()))
COMPANY = (
    r"Batch norm under a gradient penalty.*normalization=\"none\" or \"layer\".*--discriminator.normalization none"
)


def lazy_r1(interval):
    penalty = regularizers.lazily(regularizers.r1, interval)
    return objectives.penalized(
        objectives.non_saturating(), lambda key, play: penalty(play.step, play.score_fn, play.real)
    )


PENALIZED = {
    "wgan_gp": objectives.wgan_gp(),
    "r3gan": objectives.r3gan(),
    "dragan": objectives.dragan(),
    "lazily, on some later step": lazy_r1(16),
}


def init(game, batch=POINTS, how="plain", **options):
    algorithm = steps.alternating(game, optax.sgd(0.1), optax.sgd(0.1), **options)
    wrapped = {
        "plain": algorithm.init,
        "jit": jax.jit(algorithm.init),
        "vmap": lambda key, batch: jax.vmap(algorithm.init, (0, None))(jax.random.split(key, 2), batch),
    }[how]
    return jax.eval_shape(wrapped, jax.random.key(0), batch)


def refused(match, game, batch=POINTS, **options):
    with pytest.raises(InputError, match=match):
        init(game, batch, **options)


def on_points(discriminator, objective, prior=games.NORMAL, **options):
    return Game(GENERATOR, discriminator, objective, prior, **options)


# ---------------------------------------------------------------- batch norm under a gradient penalty


@pytest.mark.parametrize("name", PENALIZED)
def test_batch_norm_under_a_gradient_penalty(name):
    refused(COMPANY, on_points(MIXING, PENALIZED[name]))


@pytest.mark.parametrize("how", ["jit", "vmap"])
def test_wherever_init_is_traced(how):
    refused(COMPANY, on_points(MIXING, objectives.wgan_gp()), how=how)


def test_with_a_traced_weight_in_a_population():
    def make(weight):
        return steps.synchronous(on_points(MIXING, objectives.wgan_gp(weight)), optax.sgd(0.1), optax.sgd(0.1))

    keys = jax.random.split(jax.random.key(0), 3)
    with pytest.raises(InputError, match=COMPANY):
        jax.eval_shape(lambda weights: populations.init(make, keys, weights, POINTS), jnp.arange(1.0, 4.0))


def test_batch_norm_without_a_penalty_is_played():
    init(on_points(MIXING, objectives.hinge()))
    init(on_points(MIXING, objectives.gan_qp()))  # pairs samples, but differentiates nothing


class Judge(nn.Module):
    """Labels, spectral norm and dropout: each sample by itself."""

    @nn.compact
    def __call__(self, x, labels, train):
        x = nn.SpectralNorm(nn.Dense(8))(x, update_stats=train)
        x = nn.Dropout(0.5, deterministic=not train)(nn.tanh(x))
        return nn.Dense(1)(x)[:, 0] + jnp.sum(nn.Embed(3, 8)(labels) * x, axis=1)


def test_scores_of_their_own_may_be_penalized():
    init(on_points(mlp_discriminator((2,), normalization="layer"), objectives.wgan_gp()))
    init(on_points(from_linen(games.AloneDiscriminator()), lazy_r1(4)), how="vmap")
    makes = from_linen(games.ConditionedGenerator((2,)))
    game = Game(makes, from_linen(Judge()), objectives.r3gan(), games.NORMAL)
    init(game, Batch(POINTS, jnp.arange(4) % 3))


def test_a_packed_discriminator_keeps_its_own_error():
    judge = packed(mlp_discriminator((4,)), 2)
    refused("gradient penalties score one sample at a time", on_points(judge, objectives.wgan_gp()))


# ---------------------------------------------------------------- what an objective needs


@pytest.mark.parametrize(
    ("objective", "rows"),
    [
        (objectives.infogan(), "posterior is offered by mlp_posterior, dcgan_posterior; --discriminator.name mlp-post"),
        (objectives.ogan(), "codes is offered by mlp_encoder, dcgan_encoder, mlp_autoencoder, dcgan_autoencoder"),
        (objectives.ebgan(), "codes is offered by mlp_encoder"),
        (objectives.acgan(), "class_logits is offered by dcgan_classifier"),
    ],
)
def test_the_mend_names_the_architectures(objective, rows):
    refused(rows, on_points(mlp_discriminator((2,)), objective))


IMAGES = (8, 8, 1)


@pytest.mark.parametrize(
    ("name", "feature"), [(name, feature) for feature, names in OFFERED_BY.items() for name in names]
)
def test_the_named_architectures_offer_it(name, feature):
    if feature == "level_scores":
        assert name in ARCHITECTURES
        return
    judge, labels = ARCHITECTURES[name].discriminator(IMAGES), [jnp.zeros(4, int)] * (name == "dcgan_classifier")
    images = jnp.zeros((4, *IMAGES))
    output = jax.eval_shape(
        lambda: judge.apply(judge.init(jax.random.key(0), images, *labels), images, *labels, train=False)[0]
    )
    assert feature in output.features


def test_a_missing_helper_is_named():
    refused("statistics_network.*--helper.name statistics", on_points(mlp_discriminator((2,)), objectives.meg()))


# ---------------------------------------------------------------- what only the objective's own evaluation shows


def test_another_number_of_codes():
    prior = games.many_headed(objectives.hinge()).prior  # 2 + 3 + 2 numbers
    judge = posterior_discriminator((2,), features=(4,), num_codes=5)
    init(on_points(judge, objectives.infogan(categories=3, continuous=2), prior))
    refused("the same codes", on_points(judge, objectives.infogan(categories=4, continuous=2), prior))
    judge = encoder_discriminator((2,), features=(4,), code_dim=3)
    refused(
        r"code_dim \(--discriminator.code-dim\) to the latent dimension", on_points(judge, objectives.ogan(), prior)
    )


def test_the_generators_loss_is_tried_too():
    judge = autoencoder_discriminator((2,), features=(4,), code_dim=3)
    init(on_points(judge, objectives.ebgan()))
    helper = stateless(lambda key, x, z: jnp.ones(()), lambda t, x, z: t * x[:, :1])
    refused(r"\[4\], got \[4, 1\]", on_points(mlp_discriminator((2,)), objectives.meg(), helper=helper))


@pytest.mark.parametrize("name", ["acgan", "projection"])
def test_labels_that_are_not_there(name):
    objective = objectives.OBJECTIVES[name]()
    classes = stateless(
        lambda key, x: jnp.ones(()),
        lambda t, x: DiscriminatorOutput(t * x[:, 0], {"class_logits": jnp.ones((x.shape[0], 3))}),
    )
    refused(r"integer labels \[4\], got \(\).*--data.condition labels", on_points(classes, objective))
