"""DCGAN: sizes, parameter counts by hand, what each mode does to the statistics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.architectures import ARCHITECTURES, DcganDiscriminator, DcganGenerator
from ganjax.architectures._dcgan_layers import plan
from ganjax.checks import InputError
from ganjax.types import Variables

DCGAN = ARCHITECTURES["dcgan"]


def draw(shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def count(tree):
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def shapes_of(network, *inputs):
    return jax.eval_shape(network.init, jax.random.key(0), *inputs)


def start(network, *inputs):
    """Variables drawn by NumPy, statistics positive: a compiled initialization takes longer than these tests."""
    params, stats = shapes_of(network, *inputs)

    def drawn(shapes):
        leaves, structure = jax.tree.flatten(shapes)
        return jax.tree.unflatten(structure, [0.2 * draw(leaf.shape, seed) for seed, leaf in enumerate(leaves)])

    return Variables(drawn(params), jax.tree.map(lambda x: jnp.abs(x) + 0.5, drawn(stats)))


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
    latents = draw((3, 6))
    gen = start(generator, latents)
    disc = start(discriminator, draw((3, *shape)))

    @jax.jit
    def play(gen, disc, latents):
        samples, _ = generator.apply(gen, latents, train=True)
        output, _ = discriminator.apply(disc, samples, train=True)
        return samples, output

    samples, output = play(gen, disc, latents)
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
    network = small("discriminator", normalization="none")
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 8, 8, 1)))
    variables = start(network, x)

    def by_hand(params, h):
        for name, strides in (("Conv_0", (1, 1)), ("Conv_1", (2, 2))):
            dimensions = ("NHWC", "HWIO", "NHWC")
            kernel = params[name]["kernel"].astype(x.dtype)
            h = jax.lax.conv_general_dilated(h, kernel, strides, "SAME", dimension_numbers=dimensions)
            h = h + params[name]["bias"][None, None, None]
            h = jnp.where(h > 0, h, 0.2 * h)
        return (h.reshape(2, -1) @ params["Dense_0"]["kernel"])[:, 0] + params["Dense_0"]["bias"]

    scores = jax.jit(network.apply)(variables, x)[0].scores
    assert scores.dtype == jnp.float64
    np.testing.assert_allclose(scores, jax.jit(by_hand)(variables.params, x), rtol=1e-10)


def test_the_generator_layer_by_layer():
    network = small("generator", normalization="none")
    latents = draw((2, 5))
    variables = start(network, latents)

    def by_hand(params, z):
        h = (z @ params["Dense_0"]["kernel"] + params["Dense_0"]["bias"][None]).reshape(2, 4, 4, 8)
        for name, strides in (("ConvTranspose_0", (2, 2)), ("ConvTranspose_1", (1, 1))):
            kernel = params[name]["kernel"]
            h = jax.lax.conv_transpose(jnp.maximum(h, 0), kernel, strides, "SAME", transpose_kernel=True)
            h = h + params[name]["bias"][None, None, None]
        return jnp.tanh(h)

    samples, _ = jax.jit(network.apply)(variables, latents)
    np.testing.assert_allclose(samples, jax.jit(by_hand)(variables.params, latents), rtol=1e-4, atol=1e-5)


# --- training and evaluation ---


@pytest.mark.parametrize("part", ["generator", "discriminator"])
def test_training_updates_the_averages_and_evaluation_does_not(part):
    network = small(part)
    inputs = 1 + draw((4, 5) if part == "generator" else (4, 8, 8, 1))
    variables = start(network, inputs)
    _, kept = network.apply(variables, inputs)
    assert kept is variables.stats
    _, updated = jax.jit(network.apply, static_argnames="train")(variables, inputs, train=True)
    assert jax.tree.structure(updated) == jax.tree.structure(variables.stats)
    for before, after in zip(jax.tree.leaves(variables.stats), jax.tree.leaves(updated), strict=True):
        assert np.abs(after - before).max() > 1e-3
    if part == "generator":
        # momentum .9: nine tenths of the old mean, a tenth of the first layer's batch mean
        dense = (np.asarray(inputs) @ np.asarray(variables.params["Dense_0"]["kernel"])).reshape(-1, 8)
        before, after = (stats["batch_stats"]["BatchNorm_0"]["mean"] for stats in (variables.stats, updated))
        np.testing.assert_allclose(after, 0.9 * np.asarray(before) + 0.1 * dense.mean(0), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("part", ["generator", "discriminator"])
def test_one_sample_evaluates_as_it_does_in_a_batch(part):
    network = small(part)
    inputs = draw((4, 5) if part == "generator" else (4, 8, 8, 1))
    apply = jax.jit(lambda variables, inputs: network.apply(variables, inputs)[0])
    variables = start(network, inputs)
    together, alone = apply(variables, inputs), apply(variables, inputs[2:3])
    for a, b in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(a[2:3], b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("normalization", "mixes"), [("batch", True), ("layer", False), ("none", False)])
def test_what_mixes_the_batch(normalization, mixes):
    network = small("discriminator", normalization=normalization)
    x = draw((4, 8, 8, 1))
    apply = jax.jit(lambda variables, x: network.apply(variables, x, train=True)[0].scores)
    variables = start(network, x)
    assert (np.abs(apply(variables, x)[:2] - apply(variables, x[:2])).max() > 1e-3) == mixes


def test_bfloat16_computes_close_and_answers_in_float32():
    x = draw((4, 8, 8, 1))
    full, half = (small("discriminator", normalization="none", dtype=d) for d in ("float32", "bfloat16"))
    assert {leaf.dtype for leaf in jax.tree.leaves(shapes_of(half, x))} == {jnp.dtype("float32")}
    variables = start(full, x)
    exact, rounded = (jax.jit(network.apply)(variables, x)[0].scores for network in (full, half))
    assert rounded.dtype == jnp.float32
    assert 0 < np.abs(exact - rounded).max() < 0.03 * np.abs(exact).max()


def test_a_penalty_trains_it():
    network = small("discriminator", normalization="none")
    x = draw((3, 8, 8, 1))
    variables = start(network, x)

    def r1(params):
        def score(sample):
            return network.apply(variables._replace(params=params), sample[None])[0].scores[0]

        return jnp.mean(jnp.sum(jax.vmap(jax.grad(score))(x) ** 2, (1, 2, 3)))

    both = jax.jit(jax.value_and_grad(r1))
    value, gradients = both(variables.params)
    # a step against the gradient makes the penalty smaller, by the step times the squared gradient to first order
    squared = sum(float(jnp.sum(g**2)) for g in jax.tree.leaves(gradients))
    rate = 0.001 * float(value) / squared
    moved = jax.tree.map(lambda p, g: p - rate * g, variables.params, gradients)
    fall = float(value) - float(both(moved)[0])
    assert abs(fall / (rate * squared) - 1) < 0.05
