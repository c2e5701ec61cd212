"""Discriminators that give more than a score, against their layers multiplied out by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.architectures import (
    HELPERS,
    AutoencoderDiscriminator,
    autoencoder_discriminator,
    encoder_discriminator,
    posterior_discriminator,
    statistics_network,
)
from ganjax.checks import InputError, UnknownNameError
from ganjax.types import Variables

DISCRIMINATORS = {
    "autoencoder": (autoencoder_discriminator, {"code_dim": 3}),
    "posterior": (posterior_discriminator, {"num_codes": 3}),
    "encoder": (encoder_discriminator, {"code_dim": 3}),
}


def random_points(shape=(5, 4), seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(0.4, 1.0, shape), jnp.float32)


def made(name, samples=None, **settings):
    """The network and variables with nonzero biases."""
    builder, defaults = DISCRIMINATORS[name]
    samples = random_points() if samples is None else samples
    network = builder(samples.shape[1:], features=(6, 5), **(defaults | settings))
    variables = network.init(jax.random.key(1), samples)
    return network, Variables(jax.tree.map(lambda p: p + 0.1, variables.params), variables.stats)


def dense(layer, x):
    return x @ np.asarray(layer["kernel"], np.float64) + np.asarray(layer["bias"], np.float64)


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def trunk(layers, x):
    for name in sorted(layers):
        x = leaky(dense(layers[name], x))
    return x


def test_autoencoder_by_hand():
    x = random_points()
    network, variables = made("autoencoder")
    (scores, features), _ = network.apply(variables, x)
    p = variables.params
    codes = dense(p["Dense_0"], trunk(p["Trunk_0"], np.asarray(x)))
    decoded = dense(p["Dense_1"], trunk(p["Trunk_1"], leaky(codes)))
    np.testing.assert_allclose(features["codes"], codes, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(features["reconstruction"], decoded, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(scores, -np.linalg.norm(decoded - np.asarray(x), axis=1), rtol=1e-4)
    assert p["Trunk_1"]["Dense_0"]["kernel"].shape == (3, 5)  # the decoder's widths are the encoder's, backwards
    assert p["Trunk_1"]["Dense_1"]["kernel"].shape == (5, 6)


def test_autoencoder_gives_images_back_as_images():
    images = random_points((3, 4, 2, 1))
    network, variables = made("autoencoder", images)
    (scores, features), _ = network.apply(variables, images)
    assert features["reconstruction"].shape == images.shape
    errors = np.sqrt(np.sum(np.square(features["reconstruction"] - images), axis=(1, 2, 3)))
    np.testing.assert_allclose(scores, -errors, rtol=1e-5)


def test_a_perfect_reconstruction_has_score_zero_and_a_finite_gradient():
    network = autoencoder_discriminator((2,), features=(4,), code_dim=2)
    nothing = jnp.zeros((1, 2))
    variables = network.init(jax.random.key(0), nothing)  # biases start at 0: zeros are reconstructed as zeros

    def score(params):
        return network.apply(variables._replace(params=params), nothing)[0].scores[0]

    value, gradient = jax.value_and_grad(score)(variables.params)
    assert value == 0
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))


def test_posterior_by_hand():
    x = random_points()
    network, variables = made("posterior")
    (scores, features), _ = network.apply(variables, x)
    p = variables.params
    shared = trunk(p["Trunk_0"], np.asarray(x))  # one trunk, two heads
    np.testing.assert_allclose(scores, dense(p["score"], shared)[:, 0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(features["posterior"], dense(p["posterior"], shared), rtol=1e-4, atol=1e-5)
    assert set(p) == {"Trunk_0", "score", "posterior"}


def test_encoder_by_hand():
    x = random_points()
    network, variables = made("encoder")
    (scores, features), _ = network.apply(variables, x)
    p = variables.params
    codes = dense(p["Dense_0"], trunk(p["Trunk_0"], np.asarray(x)))
    np.testing.assert_allclose(features["codes"], codes, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(scores, codes.mean(axis=1), rtol=1e-4, atol=1e-5)


def test_statistics_by_hand():
    x, z = random_points(), random_points((5, 2), seed=1)
    network = statistics_network(features=(6, 5))
    variables = network.init(jax.random.key(0), x, z)
    values, stats = network.apply(variables, x, z, train=True)
    p = variables.params
    both = np.concatenate([x, z], axis=1)  # samples, then latents
    np.testing.assert_allclose(values, dense(p["Dense_0"], trunk(p["Trunk_0"], both))[:, 0], rtol=1e-4, atol=1e-5)
    assert stats == ()
    images = x.reshape(5, 2, 2, 1)
    np.testing.assert_allclose(network.apply(variables, images, z)[0], values, rtol=1e-6)


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_every_sample_is_judged_alone(name):
    x = random_points()
    network, variables = made(name)
    whole, stats = network.apply(variables, x, train=True)
    alone = [network.apply(variables, row[None])[0] for row in x]
    joined = jax.tree.map(lambda *rows: jnp.concatenate(rows), *alone)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), whole, joined)
    assert stats == ()


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_a_condition_is_refused(name):
    network, variables = made(name)
    with pytest.raises(InputError, match="unconditional"):
        network.apply(variables, random_points(), jnp.zeros(5, int))


def test_helpers_by_name():
    assert HELPERS["statistics"] is statistics_network
    with pytest.raises(UnknownNameError, match="Did you mean 'statistics'"):
        HELPERS["statistic"]


def test_defaults_are_the_builders():
    assert AutoencoderDiscriminator().code_dim == 16
    assert AutoencoderDiscriminator().features == (128, 128)
