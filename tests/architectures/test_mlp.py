"""Fully connected networks: parameter counts by hand, layers in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from ganjax.architectures import (
    ARCHITECTURES,
    MlpGenerator,
    activate_first,
    batch_norm,
    from_linen,
    leaky_relu,
    normalize_first,
)
from ganjax.checks import InputError
from ganjax.types import DiscriminatorOutput

MLP = ARCHITECTURES["mlp"]


def draw(shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def count(tree):
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def test_the_keras_programme_has_its_published_parameter_counts():
    generator = from_linen(
        MlpGenerator(
            (28, 28, 1),
            (256, 512, 1024),
            activation=leaky_relu(0.2),
            normalization=batch_norm(momentum=0.8, epsilon=1e-3),
            order=activate_first,
            output_activation=nn.tanh,
        )
    )
    variables = jax.eval_shape(generator.init, jax.random.key(0), draw((1, 100)))
    # dense: 100·256 + 256, 256·512 + 512, 512·1024 + 1024, 1024·784 + 784 = 25 856 + 131 584 + 525 312 + 803 600
    # γ and β: 2·(256 + 512 + 1024) = 3584
    assert count(variables.params) == 1_486_352 + 3_584
    # the published 1 493 520 counts the moving averages with them: as many again, though nothing trains them
    assert count(variables.stats) == 3_584
    assert count(variables) == 1_493_520
    discriminator = MLP.discriminator((28, 28, 1), features=(512, 256))
    variables = jax.eval_shape(discriminator.init, jax.random.key(0), draw((1, 28, 28, 1)))
    # 784·512 + 512, 512·256 + 256, 256 + 1
    assert count(variables) == 401_920 + 131_328 + 257 == 533_505


def test_the_gaussian_game():
    generator = MLP.generator((2,), features=(), init_std=0.02)
    discriminator = MLP.discriminator((2,), features=(5, 3), activation="tanh", init_std=0.02)
    latents = draw((7, 2))
    gen = generator.init(jax.random.key(0), latents)
    disc = discriminator.init(jax.random.key(1), latents)
    assert (count(gen), count(disc)) == (2 * 2 + 2, (2 * 5 + 5) + (5 * 3 + 3) + (3 + 1))
    fake, _ = generator.apply(gen, latents)
    dense = gen.params["Dense_0"]
    np.testing.assert_allclose(fake, latents @ dense["kernel"] + dense["bias"][None], rtol=1e-5)
    assert np.all(dense["bias"] != 0)  # biases are drawn too
    h = np.asarray(latents, np.float64)
    for name in ("Dense_0", "Dense_1"):
        h = np.tanh(h @ np.asarray(disc.params[name]["kernel"]) + np.asarray(disc.params[name]["bias"]))
    scores = h @ np.asarray(disc.params["Dense_2"]["kernel"]) + np.asarray(disc.params["Dense_2"]["bias"])
    output, _ = discriminator.apply(disc, latents)
    assert isinstance(output, DiscriminatorOutput)
    assert output.features == ()
    np.testing.assert_allclose(output.scores, scores[:, 0], rtol=1e-4)


def test_initial_parameters():
    latents = draw((2, 100))
    drawn = MLP.generator((400,), features=(), init_std=0.5).init(jax.random.key(0), latents).params["Dense_0"]
    # 40 000 draws of standard deviation 0.5: error 0.5/√80 000 = .002; 400 biases: .018
    assert abs(float(drawn["kernel"].std()) - 0.5) < 0.01
    assert abs(float(drawn["bias"].std()) - 0.5) < 0.08
    by_fan_in = MLP.generator((400,), features=()).init(jax.random.key(0), latents).params["Dense_0"]
    assert abs(float(by_fan_in["kernel"].std()) - 0.1) < 0.003  # 1/√100
    assert not by_fan_in["bias"].any()


@pytest.mark.parametrize(("order", "first"), [(normalize_first, "norm"), (activate_first, "act")])
def test_order_of_normalization_and_activation(order, first):
    latents = draw((9, 3))
    network = from_linen(MlpGenerator((2,), (4,), leaky_relu(0.2), normalization=batch_norm(), order=order))
    variables = network.init(jax.random.key(0), latents)
    h = np.asarray(latents, np.float64) @ np.asarray(variables.params["Dense_0"]["kernel"])

    def normalize(h):
        return (h - h.mean(0)) / np.sqrt(h.var(0) + 1e-5)

    def activate(h):
        return np.where(h > 0, h, 0.2 * h)

    h = activate(normalize(h)) if first == "norm" else normalize(activate(h))
    expected = h @ np.asarray(variables.params["Dense_1"]["kernel"])
    np.testing.assert_allclose(network.apply(variables, latents, train=True)[0], expected, rtol=1e-3, atol=1e-5)


def test_images_end_in_tanh_and_points_do_not():
    latents = 100 * draw((3, 5))
    for shape, output, bounded in (
        ((4, 4, 1), "auto", True),
        ((2,), "auto", False),
        ((2,), "tanh", True),
        ((4, 4, 1), "linear", False),
    ):
        network = MLP.generator(shape, features=(8,), output=output)
        samples, stats = network.apply(network.init(jax.random.key(0), latents), latents)
        assert samples.shape == (3, *shape)
        assert (np.abs(samples).max() <= 1) == bounded
        assert stats == ()


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "tanh"])
def test_activations_by_name(activation):
    x = draw((4, 3))
    network = MLP.discriminator((3,), features=(6,), activation=activation)
    variables = network.init(jax.random.key(0), x)
    h = np.asarray(x @ variables.params["Dense_0"]["kernel"])
    h = {"relu": np.maximum(h, 0), "leaky_relu": np.where(h > 0, h, 0.2 * h), "tanh": np.tanh(h)}[activation]
    expected = (h @ np.asarray(variables.params["Dense_1"]["kernel"]))[:, 0]
    np.testing.assert_allclose(network.apply(variables, x)[0].scores, expected, rtol=1e-4, atol=1e-6)


def test_wrong_settings():
    with pytest.raises(InputError, match="widths >= 1"):
        MLP.generator((2,), features=(128, 0))
    with pytest.raises(InputError, match="init_std > 0"):
        MLP.discriminator((2,), init_std=-0.02)
