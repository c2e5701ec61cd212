"""DCGAN: sizes, parameter counts by hand, what each mode does to the statistics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.architectures import ARCHITECTURES, DcganDiscriminator, DcganGenerator
from ganjax.architectures._dcgan import plan
from ganjax.checks import InputError

DCGAN = ARCHITECTURES["dcgan"]


def draw(shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def count(tree):
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def shapes_of(network, *inputs):
    return jax.eval_shape(network.init, jax.random.key(0), *inputs)


def small(part, **settings):
    return getattr(DCGAN, part)((8, 8, 1), **{"channels": 4, "kernel": 3, **settings})


# --- the plan ---


def test_plans():
    assert plan(64) == (4, (2, 2, 2, 2))
    assert plan(32) == (4, (2, 2, 2))
    assert plan(28) == (7, (2, 2))
    assert plan(8) == (4, (1, 2))  # one doubling: a stride-1 layer goes before it
    assert plan(14) == (7, (1, 2))


@pytest.mark.parametrize(
    ("resolution", "neighbors"), [(30, "28 or 32"), (27, "16 or 28"), (4, "to 8"), (0, "to 8"), (48, "32 or 56")]
)
def test_impossible_resolutions_name_their_neighbors(resolution, neighbors):
    for build in (
        lambda: DcganGenerator(resolution=resolution),
        lambda: DcganDiscriminator(resolution=resolution),
        lambda: DCGAN.generator((resolution, resolution, 1)),
        lambda: DCGAN.discriminator((resolution, resolution, 1)),
    ):
        with pytest.raises(InputError, match=neighbors):
            build()


@pytest.mark.parametrize("shape", [(2,), (28, 32, 1), (28, 28)])
def test_only_square_images(shape):
    for build in DCGAN:
        with pytest.raises(InputError, match="square images"):
            build(shape)


def test_a_discriminator_names_the_images_it_takes():
    network = small("discriminator")
    with pytest.raises(InputError, match=r"Expected images \[8, 8, 1\], got \[8, 8, 3\]"):
        shapes_of(network, draw((2, 8, 8, 3)))
    with pytest.raises(InputError, match="channels >= 1"):
        small("generator", channels=0)


# --- sizes ---


@pytest.mark.parametrize(("resolution", "image_channels"), [(8, 1), (28, 1), (32, 3), (64, 3), (14, 2), (16, 1)])
def test_shapes_and_ranges(resolution, image_channels):
    shape = (resolution, resolution, image_channels)
    generator, discriminator = (build(shape, channels=2, kernel=4) for build in DCGAN)
    latents = 10 * draw((3, 6))

    @jax.jit
    def play(latents):
        samples, _ = generator.apply(generator.init(jax.random.key(0), latents), latents, train=True)
        output, _ = discriminator.apply(discriminator.init(jax.random.key(1), samples), samples, train=True)
        return samples, output

    samples, output = play(latents)
    assert samples.shape == (3, *shape)
    assert np.abs(samples).max() <= 1
    assert np.ptp(samples) > 0
    assert output.scores.shape == (3,)
    assert output.features == ()


def test_parameter_counts_at_28_pixels():
    generator, discriminator = (build((28, 28, 1)) for build in DCGAN)
    gen, disc = shapes_of(generator, draw((1, 100))), shapes_of(discriminator, draw((1, 28, 28, 1)))
    # 100 → 7·7·128, no bias; γ, β; 5·5·64·128; γ, β; 5·5·1·64 + 1
    assert count(gen.params) == 627_200 + 256 + 204_800 + 128 + 1_601
    assert count(gen.stats) == 2 * 128 + 2 * 64
    # 5·5·1·64 + 64; 5·5·64·128 without bias; γ, β; 7·7·128 + 1
    assert count(disc.params) == 1_664 + 204_800 + 256 + 6_273
    assert count(disc.stats) == 2 * 128


def test_parameter_counts_of_the_paper():
    # figure 1: 100 → 4·4·1024 → 512 → 256 → 128 → 64·64·3
    gen = shapes_of(DCGAN.generator((64, 64, 3), channels=128), draw((1, 100)))
    dense, normalizations = 100 * 16 * 1024, 2 * (1024 + 512 + 256 + 128)
    kernels = 25 * (1024 * 512 + 512 * 256 + 256 * 128 + 128 * 3)
    assert count(gen.params) == dense + normalizations + kernels + 3 == 18_855_043


def test_parameter_counts_at_8_pixels_without_normalization():
    gen = shapes_of(small("generator", normalization="none"), draw((1, 10)))
    disc = shapes_of(small("discriminator", normalization="none"), draw((1, 8, 8, 1)))
    # 10 → 4·4·8 with bias; stride 2: 9·8·4 + 4; stride 1: 9·4·1 + 1
    assert count(gen.params) == (1_280 + 128) + (288 + 4) + (36 + 1)
    # stride 1: 9·1·4 + 4; stride 2: 9·4·8 + 8; 4·4·8 + 1
    assert count(disc.params) == (36 + 4) + (288 + 8) + 129
    assert gen.stats == disc.stats == ()


def test_only_the_inner_layers_are_normalized():
    gen = shapes_of(DCGAN.generator((32, 32, 3), channels=4), draw((1, 10)))
    disc = shapes_of(DCGAN.discriminator((32, 32, 3), channels=4), draw((1, 32, 32, 3)))
    # not the generator's output (3), not the discriminator's first layer (4)
    assert [gen.params[f"BatchNorm_{i}"]["scale"].size for i in range(3)] == [16, 8, 4]
    assert [disc.params[f"BatchNorm_{i}"]["scale"].size for i in range(2)] == [8, 16]
    assert "BatchNorm_3" not in gen.params
    assert "BatchNorm_2" not in disc.params


def test_initial_kernels():
    gen = DCGAN.generator((28, 28, 1), channels=16).init(jax.random.key(0), draw((2, 50))).params
    # 50·7·7·32 = 78 400 and 5·5·16·32 = 12 800 draws: errors 5e-5 and 1.3e-4
    assert abs(float(gen["Dense_0"]["kernel"].std()) - 0.02) < 3e-4
    assert abs(float(gen["ConvTranspose_0"]["kernel"].std()) - 0.02) < 6e-4


# --- layer by layer ---


def test_the_discriminator_layer_by_layer(x64):
    del x64
    network = DcganDiscriminator(8, channels=2, image_channels=1, kernel=3, normalization=None)
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 8, 8, 1)))
    params = jax.tree.map(lambda p: 10 * p + 0.01, network.init(jax.random.key(0), x)["params"])
    h = x
    for name, strides in (("Conv_0", (1, 1)), ("Conv_1", (2, 2))):
        dimensions = ("NHWC", "HWIO", "NHWC")
        kernel = params[name]["kernel"].astype(x.dtype)
        h = jax.lax.conv_general_dilated(h, kernel, strides, "SAME", dimension_numbers=dimensions)
        h = h + params[name]["bias"][None, None, None]
        h = jnp.where(h > 0, h, 0.2 * h)
    expected = (h.reshape(2, -1) @ params["Dense_0"]["kernel"])[:, 0] + params["Dense_0"]["bias"]
    scores = network.apply({"params": params}, x).scores
    assert scores.dtype == jnp.float64
    np.testing.assert_allclose(scores, expected, rtol=1e-10)


def test_the_generator_layer_by_layer():
    network = small("generator", normalization="none")
    latents = draw((2, 5))
    variables = network.init(jax.random.key(0), latents)
    params = jax.tree.map(lambda p: 10 * p + 0.01, variables.params)
    h = (latents @ params["Dense_0"]["kernel"] + params["Dense_0"]["bias"][None]).reshape(2, 4, 4, 8)
    for name, strides in (("ConvTranspose_0", (2, 2)), ("ConvTranspose_1", (1, 1))):
        h = jax.lax.conv_transpose(jnp.maximum(h, 0), params[name]["kernel"], strides, "SAME", transpose_kernel=True)
        h = h + params[name]["bias"][None, None, None]
    samples, _ = network.apply(variables._replace(params=params), latents)
    np.testing.assert_allclose(samples, jnp.tanh(h), rtol=1e-4, atol=1e-5)
    assert np.abs(samples).max() > 0.05


# --- training and evaluation ---


@pytest.mark.parametrize("part", ["generator", "discriminator"])
def test_training_updates_the_averages_and_evaluation_does_not(part):
    network = small(part)
    inputs = 1 + draw((4, 5) if part == "generator" else (4, 8, 8, 1))
    variables = network.init(jax.random.key(0), inputs)
    _, kept = network.apply(variables, inputs)
    assert kept is variables.stats
    _, updated = network.apply(variables, inputs, train=True)
    assert jax.tree.structure(updated) == jax.tree.structure(variables.stats)
    for before, after in zip(jax.tree.leaves(variables.stats), jax.tree.leaves(updated), strict=True):
        assert np.abs(after - before).max() > 1e-6
    if part == "generator":
        # momentum .9: a tenth of the first layer's batch mean
        dense = (inputs @ variables.params["Dense_0"]["kernel"]).reshape(-1, 8)
        mean = updated["batch_stats"]["BatchNorm_0"]["mean"]
        np.testing.assert_allclose(mean, 0.1 * dense.mean(0), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("part", ["generator", "discriminator"])
def test_one_sample_evaluates_as_it_does_in_a_batch(part):
    network = small(part)
    inputs = draw((4, 5) if part == "generator" else (4, 8, 8, 1))
    variables = network.init(jax.random.key(0), inputs)
    _, stats = network.apply(variables, inputs, train=True)
    variables = variables._replace(stats=stats)
    together, alone = network.apply(variables, inputs)[0], network.apply(variables, inputs[2:3])[0]
    for a, b in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(a[2:3], b, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(("normalization", "mixes"), [("batch", True), ("layer", False), ("none", False)])
def test_what_mixes_the_batch(normalization, mixes):
    network = small("discriminator", normalization=normalization)
    x = draw((4, 8, 8, 1))
    variables = network.init(jax.random.key(0), x)
    together = network.apply(variables, x, train=True)[0].scores[:2]
    apart = network.apply(variables, x[:2], train=True)[0].scores
    assert (np.abs(together - apart).max() > 1e-4) == mixes


def test_bfloat16_computes_close_and_answers_in_float32():
    x = draw((4, 8, 8, 1))
    full, half = (small("discriminator", normalization="none", dtype=d) for d in ("float32", "bfloat16"))
    variables = full.init(jax.random.key(0), x)
    assert {p.dtype for p in jax.tree.leaves(half.init(jax.random.key(0), x))} == {jnp.dtype("float32")}
    exact, rounded = (network.apply(variables, x)[0].scores for network in (full, half))
    assert rounded.dtype == jnp.float32
    assert 0 < np.abs(exact - rounded).max() < 0.03 * np.abs(exact).max()


def test_a_penalty_trains_it():
    network = small("discriminator", normalization="none")
    x = draw((3, 8, 8, 1))
    variables = network.init(jax.random.key(0), x)
    variables = variables._replace(params=jax.tree.map(lambda p: 10 * p, variables.params))

    def r1(params):
        def score(sample):
            return network.apply(variables._replace(params=params), sample[None])[0].scores[0]

        return jnp.mean(jnp.sum(jax.vmap(jax.grad(score))(x) ** 2, (1, 2, 3)))

    gradients = jax.jit(jax.grad(r1))(variables.params)
    assert all(np.isfinite(g).all() for g in jax.tree.leaves(gradients))
    # a step against the gradient makes the penalty smaller, by the step times the squared gradient to first order
    squared = sum(float(jnp.sum(g**2)) for g in jax.tree.leaves(gradients))
    rate = 0.01 * float(r1(variables.params)) / squared
    moved = jax.tree.map(lambda p, g: p - rate * g, variables.params, gradients)
    fall = float(r1(variables.params)) - float(r1(moved))
    assert abs(fall / (rate * squared) - 1) < 0.1
