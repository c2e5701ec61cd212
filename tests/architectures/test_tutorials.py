"""The tutorial programmes' networks: their published sizes, and what is odd in them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.architectures import (
    ARCHITECTURES,
    keras_discriminator,
    keras_generator,
    matlab_discriminator,
    matlab_generator,
)
from ganjax.checks import InputError
from ganjax.types import Variables

MNIST = (28, 28, 1)


def count(tree):
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def shapes(network, *inputs):
    return jax.eval_shape(network.init, jax.random.key(0), *inputs)


def test_the_published_parameter_counts():
    z, x = jnp.zeros((2, 100)), jnp.zeros((2, *MNIST))
    gen, disc = shapes(keras_generator(MNIST), z), shapes(keras_discriminator(MNIST), x)
    # Keras' summary counts batch norm's averages among a model's parameters: 2 · (256 + 512 + 1024) of them
    assert (count(gen.params), count(gen.stats)) == (1_489_936, 3_584)
    assert count(gen) == 1_493_520
    assert (count(disc.params), count(disc.stats)) == (533_505, 0)
    # 100 · 784 + 784; 784 · 100 + 100 + 100 + 1
    assert count(shapes(matlab_generator(MNIST), z)) == 79_184
    assert count(shapes(matlab_discriminator(MNIST), x)) == 78_601


def test_keras_generator_normalizes_what_it_activated():
    """Batch norm last: before each further layer, every unit has mean β = 0 and variance v/(v + .001)."""
    network = keras_generator((2, 2, 1))
    z = jax.random.normal(jax.random.key(1), (64, 5))
    gen = jax.jit(network.init)(jax.random.key(0), z)
    # a last layer that passes four units of the last hidden layer on; tanh ends it
    last = gen.params["Dense_3"]
    params = gen.params | {"Dense_3": {"kernel": jnp.eye(*last["kernel"].shape), "bias": jnp.zeros_like(last["bias"])}}
    images, stats = jax.jit(lambda v, z: network.apply(v, z, train=True))(Variables(params, gen.stats), z)
    units = np.arctanh(np.asarray(images, np.float64)).reshape(64, 4)
    np.testing.assert_allclose(units.mean(axis=0), 0, atol=1e-5)
    variances = (np.asarray(stats["batch_stats"]["BatchNorm_2"]["var"])[:4] - 0.8) / 0.2  # momentum .8, from 1
    np.testing.assert_allclose(units.var(axis=0), variances / (variances + 1e-3), rtol=1e-3)
    # slope .2 below zero, then normalized: no unit's least value is 0, as it would be with the activation last
    assert (units.min(axis=0) < -0.1).all()


def test_kernels_start_at_their_published_width():
    for network, inputs, factor in (
        (keras_discriminator(MNIST), jnp.zeros((1, *MNIST)), 1),
        (matlab_discriminator(MNIST), jnp.zeros((1, *MNIST)), 4),
        (matlab_generator(MNIST), jnp.zeros((1, 100)), 4),
    ):
        params = jax.jit(network.init)(jax.random.key(0), inputs).params
        kernel = params["Dense_0"]["kernel"]
        width = factor * np.sqrt(6 / sum(kernel.shape))
        assert 0.99 * width < np.max(np.abs(kernel)) <= width
        np.testing.assert_allclose(np.std(kernel), width / np.sqrt(3), rtol=0.02)
        assert not np.any(params["Dense_0"]["bias"])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_matlab_networks_by_hand():
    gen, disc = matlab_generator((2, 1, 1)), matlab_discriminator((2, 1, 1))
    weights = {"Dense_0": {"kernel": jnp.array([[1.0, -2.0]]), "bias": jnp.array([0.5, 0.0])}}
    images, _ = gen.apply(Variables(weights), jnp.array([[3.0]]))
    np.testing.assert_allclose(images.ravel(), [2 * sigmoid(3.5) - 1, 2 * sigmoid(-6.0) - 1], rtol=1e-5)
    hidden = np.random.default_rng(0).normal(size=(2, 100)).astype(np.float32)
    out = np.random.default_rng(1).normal(size=(100, 1)).astype(np.float32)
    judge = Variables(
        {
            "Dense_0": {"kernel": jnp.asarray(hidden), "bias": jnp.zeros(100)},
            "Dense_1": {"kernel": jnp.asarray(out), "bias": jnp.array([0.25])},
        }
    )
    # pixels −1 and ½ are 0 and ¾ inside
    expected = sigmoid(0.75 * hidden[1]) @ out[:, 0] + 0.25
    image = jnp.array([-1.0, 0.5]).reshape(1, 2, 1, 1)
    np.testing.assert_allclose(disc.apply(judge, image)[0].scores, [expected], rtol=1e-4)
    # half of the units drop out in training, each pass others, and the mean over passes is the score without dropout
    keys = jax.random.split(jax.random.key(0), 4000)
    scores = jax.vmap(lambda key: disc.apply(judge, image, train=True, key=key)[0].scores[0])(keys)
    assert len(np.unique(scores)) > 3900
    np.testing.assert_allclose(scores.mean(), expected, atol=5 * scores.std() / np.sqrt(4000))
    terms = sigmoid(0.75 * hidden[1]) * out[:, 0]
    np.testing.assert_allclose(scores.std(), np.sqrt(np.sum(terms**2)), rtol=0.06)  # √(p(1 − p))/(1 − p) = 1 at ½


@pytest.mark.parametrize("name", ["tutorial_keras", "tutorial_matlab"])
def test_rows_and_labels(name):
    row = ARCHITECTURES[name]
    for network, inputs in ((row.generator(MNIST), (1, 100)), (row.discriminator(MNIST), (1, *MNIST))):
        with pytest.raises(InputError, match="unconditional"):
            jax.eval_shape(network.init, jax.random.key(0), jnp.zeros(inputs), jnp.zeros(1, int))
