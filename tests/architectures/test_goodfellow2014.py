"""The networks of the first GAN for MNIST: their sizes, their numbers, and what dropout does in them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.architectures import goodfellow2014_discriminator, goodfellow2014_generator
from ganjax.checks import InputError
from ganjax.types import Variables

MNIST = (28, 28, 1)


def count(network, *inputs):
    return sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(network.init, jax.random.key(0), *inputs)))


def test_parameter_counts_by_hand():
    # 100·1200 + 1200;  1200·1200 + 1200;  1200·784 + 784
    assert count(goodfellow2014_generator(MNIST), jnp.zeros((2, 100))) == 121_200 + 1_441_200 + 941_584 == 2_503_984
    # five pieces of 240 units: 784·1200 + 1200;  240·1200 + 1200;  240 + 1
    assert count(goodfellow2014_discriminator(MNIST), jnp.zeros((2, *MNIST))) == 942_000 + 289_200 + 241 == 1_231_441


def test_kernels_start_uniform_on_both_sides_and_biases_at_zero():
    for network, inputs, reach in (
        (goodfellow2014_generator(MNIST, features=()), jnp.zeros((1, 100)), 0.05),
        (goodfellow2014_discriminator((8, 8, 1), features=(50,)), jnp.zeros((1, 8, 8, 1)), 0.005),
    ):
        for leaf in jax.tree.leaves(jax.jit(network.init)(jax.random.key(0), inputs).params):
            if leaf.ndim == 1:
                assert not np.any(leaf)
            elif leaf.size > 10_000:
                assert -reach <= leaf.min() < -0.999 * reach
                assert 0.999 * reach < leaf.max() <= reach
                np.testing.assert_allclose(np.std(leaf), reach / np.sqrt(3), rtol=0.02)


def test_the_generator_by_hand():
    network = goodfellow2014_generator((2, 1, 1), features=(2, 1))
    params = {
        "Dense_0": {"kernel": jnp.array([[1.0, -1.0]]), "bias": jnp.array([0.5, 0.25])},
        "Dense_1": {"kernel": jnp.array([[2.0], [3.0]]), "bias": jnp.array([-1.0])},
        "Dense_2": {"kernel": jnp.array([[1.0, -0.5]]), "bias": jnp.array([0.0, 0.1])},
    }
    images, _ = network.apply(Variables(params), jnp.array([[1.0], [-2.0]]))
    assert images.shape == (2, 2, 1, 1)
    # z = 1: (1.5, 0) -> 2 -> (2, −.9);  z = −2: (0, 2.25) -> 5.75 -> (5.75, −2.775).  2σ(x) − 1 = tanh(x/2)
    expected = np.tanh(np.array([[2.0, -0.9], [5.75, -2.775]]) / 2)
    np.testing.assert_allclose(images.reshape(2, 2), expected, rtol=1e-6)


def drawn(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def weights():
    """Of a discriminator of 4 pixels, 3 and 2 units of 2 pieces."""
    return {
        "Maxout_0": {"Dense_0": {"kernel": drawn(0, 4, 6), "bias": drawn(1, 6)}},
        "Maxout_1": {"Dense_0": {"kernel": drawn(2, 3, 4), "bias": drawn(3, 4)}},
        "Dense_0": {"kernel": drawn(4, 2, 1), "bias": drawn(5, 1)},
    }


def test_the_discriminator_against_numpy():
    network = goodfellow2014_discriminator((2, 2, 1), features=(3, 2), pieces=2)
    images = jnp.clip(drawn(6, 5, 2, 2, 1), -1, 1)
    x = (np.asarray(images, np.float64).reshape(5, 4) + 1) / 2
    params = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), weights())
    for name, width in (("Maxout_0", 3), ("Maxout_1", 2)):
        every = x @ params[name]["Dense_0"]["kernel"] + params[name]["Dense_0"]["bias"]
        x = np.maximum(every[:, :width], every[:, width:])
    expected = x @ params["Dense_0"]["kernel"][:, 0] + params["Dense_0"]["bias"]
    np.testing.assert_allclose(network.apply(Variables(weights()), images)[0].scores, expected, rtol=1e-4)


def test_how_much_is_dropped_and_where():
    """Nonnegative weights and no biases: a network of one piece is linear, so that the mean over dropout is its score,
    and the score's variance is that of the one dropout that is switched on."""
    images = jnp.array([1.0, 0.0, -0.5, 0.2]).reshape(1, 2, 2, 1)
    x = np.array([1.0, 0.5, 0.25, 0.6])
    first, last = np.abs(np.asarray(drawn(0, 4, 3))), np.abs(np.asarray(drawn(1, 3, 1)))
    params = {
        "Maxout_0": {"Dense_0": {"kernel": jnp.asarray(first), "bias": jnp.zeros(3)}},
        "Dense_0": {"kernel": jnp.asarray(last), "bias": jnp.zeros(1)},
    }
    keys = jax.random.split(jax.random.key(0), 5000)

    def scores(**rates):
        network = goodfellow2014_discriminator((2, 2, 1), features=(3,), pieces=1, **rates)
        apply = lambda key: network.apply(Variables(params), images, train=True, key=key)[0].scores[0]  # noqa: E731
        return np.asarray(jax.jit(jax.vmap(apply))(keys), np.float64)

    # a share d dropped and the rest scaled by 1/(1 − d): variance d/(1 − d) of each term's square
    pixels, hidden = x * (first @ last)[:, 0], (x @ first) * last[:, 0]
    for rates, variance in (
        ({"dropout": 0.0}, 0.25 * np.sum(pixels**2)),  # the default of .2 on pixels
        ({"input_dropout": 0.0}, 1.0 * np.sum(hidden**2)),  # the default of .5 behind it
    ):
        found = scores(**rates)
        np.testing.assert_allclose(found.mean(), pixels.sum(), atol=5 * found.std() / np.sqrt(5000))
        np.testing.assert_allclose(found.var(), variance, rtol=0.08)


def test_wrong_settings():
    for settings, words in (
        ({"pieces": 0}, "pieces > 0"),
        ({"features": (0,)}, "widths >= 1"),
        ({"dropout": 1.0}, r"dropout in \[0, 1\)"),
        ({"input_dropout": -0.1}, r"input_dropout in \[0, 1\)"),
        ({"init_range": 0.0}, "init_range > 0"),
    ):
        with pytest.raises(InputError, match=words):
            goodfellow2014_discriminator(MNIST, **settings)
    with pytest.raises(InputError, match="init_range > 0"):
        goodfellow2014_generator(MNIST, init_range=-1.0)
