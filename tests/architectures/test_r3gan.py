"""Grouped convolution, resampling and the networks without normalization."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references_layers as reference
from jax import lax

from ganjax.architectures import ARCHITECTURES, GroupedConv, convolve_groups
from ganjax.architectures._grouped import resample
from ganjax.architectures._r3gan import R3ganBlock
from ganjax.checks import InputError
from ganjax.types import Variables

ROW = ARCHITECTURES["r3gan"]
TINY = {"channels": 4, "blocks": 1, "group_width": 4}


def draw(shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def count(tree):
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def start(network, *inputs):
    shapes = jax.eval_shape(network.init, jax.random.key(0), *inputs)
    leaves, structure = jax.tree.flatten(shapes)
    return jax.tree.unflatten(structure, [0.3 * draw(leaf.shape, seed) for seed, leaf in enumerate(leaves)])


# --- grouped convolution ---


def test_groups_against_numpy():
    x, kernel = draw((2, 3, 4, 6)), draw((3, 3, 2, 9), 1)
    # three groups: outputs 0 … 2 see inputs 0 and 1 alone, and so on
    parts = [reference.convolve(x[..., 2 * g : 2 * g + 2], kernel[..., 3 * g : 3 * g + 3]) for g in range(3)]
    np.testing.assert_allclose(convolve_groups(x, kernel, 3), np.concatenate(parts, -1), rtol=1e-3, atol=1e-4)


def native(x, kernel, groups):
    dimensions = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=dimensions, feature_group_count=groups)


def test_groups_are_the_platforms_own_inside_a_loop_under_vmap_and_to_the_second_gradient():
    x, kernels, weights = draw((2, 3, 3, 4)), draw((2, 3, 3, 2, 4), 1), draw((2, 3, 3, 4), 2)

    def slopes(form):
        def of(kernel):
            def loss(x, kernel):
                return jnp.vdot(weights, jnp.tanh(form(x, kernel, 2)))

            return jax.grad(lambda k: jnp.sum(jax.grad(loss)(x, k) ** 2))(kernel)

        return jax.jit(lambda kernels: lax.map(jax.vmap(of), jnp.stack([kernels, 2 * kernels])))

    np.testing.assert_allclose(slopes(convolve_groups)(kernels), slopes(native)(kernels), rtol=1e-3, atol=1e-3)


def test_groups_that_do_not_fit():
    with pytest.raises(InputError, match="3 equal groups, got 4 inputs"):
        convolve_groups(draw((1, 2, 2, 4)), draw((3, 3, 1, 6)), 3)
    with pytest.raises(InputError, match="5 outputs"):
        convolve_groups(draw((1, 2, 2, 4)), draw((3, 3, 2, 5)), 2)
    with pytest.raises(InputError, match="group_width a divisor of 2 · channels, got channels = 4"):
        ROW.generator((8, 8, 1), channels=4, group_width=3)


def test_the_grouped_layer_adds_its_bias():
    x, layer = draw((1, 2, 2, 4)), GroupedConv(6, (3, 3), 2)
    params = layer.init(jax.random.key(0), x)["params"]
    assert params["kernel"].shape == (3, 3, 2, 6)
    params["bias"] = draw((6,), 1)
    expected = jax.jit(native, static_argnums=2)(x, params["kernel"], 2) + params["bias"][None, None, None]
    np.testing.assert_allclose(layer.apply({"params": params}, x), expected, rtol=1e-3, atol=1e-4)


# --- resampling ---


def test_resampling_by_hand():
    row = jnp.array([1.0, 2.0, 4.0, 8.0])[None, :, None, None] * jnp.ones((1, 4, 4, 1))
    # each pixel becomes two, a quarter pixel to either side: ¾·1 + ¼·1, ¾·1 + ¼·2, ¾·2 + ¼·1, …
    enlarged = [1, 1.25, 1.75, 2.5, 3.5, 5, 7, 8]
    np.testing.assert_allclose(resample(row, 8)[0, :, 3, 0], enlarged, rtol=1e-5)
    # (·, 3, 3, 1)/7 · (·, 1, 2, 4) = 13/7 and (1, 3, 3, ·)/7 · (2, 4, 8, ·) = 38/7
    np.testing.assert_allclose(resample(row, 2)[0, :, 0, 0], [13 / 7, 38 / 7], rtol=1e-5)
    assert resample(row.astype(jnp.bfloat16), 8).dtype == jnp.bfloat16


# --- the block and the networks ---


def test_a_block_against_numpy():
    x = draw((2, 3, 2, 4))
    block = R3ganBlock(num_blocks=16, group_width=4)
    params = start(block, x)["params"]
    layers = {name: {k: np.asarray(v, np.float64) for k, v in p.items()} for name, p in params.items()}
    exact = np.asarray(x, np.float64)
    wide = reference.leaky(reference.convolve(exact, layers["widen"]["kernel"], layers["widen"]["bias"]))
    kernel, bias = layers["mix"]["kernel"], layers["mix"]["bias"]
    assert kernel.shape == (3, 3, 4, 8)
    halves = [reference.convolve(wide[..., i : i + 4], kernel[..., i : i + 4], bias[i : i + 4]) for i in (0, 4)]
    mixed = reference.leaky(np.concatenate(halves, -1))
    expected = exact + reference.convolve(mixed, layers["narrow"]["kernel"])
    np.testing.assert_allclose(jax.jit(block.apply)({"params": params}, x), expected, rtol=1e-3, atol=1e-4)


def test_a_block_starts_as_the_identity_and_small_inside():
    x = draw((2, 3, 2, 64))
    block = R3ganBlock(num_blocks=16)
    params = jax.jit(block.init)(jax.random.key(0), x)["params"]
    np.testing.assert_array_equal(block.apply({"params": params}, x), x)
    # 16^(−¼) = ½ of He's √(2 / (1.04 · fan-in)); 8192 and 18 432 draws: relative errors 1/√(2n) = .8 % and .5 %
    for name, fan_in in (("widen", 64), ("mix", 9 * 16)):
        ratio = float(params[name]["kernel"].std()) / (0.5 * np.sqrt(2 / (1.04 * fan_in)))
        assert abs(ratio - 1) < 0.04


def test_parameter_counts():
    settings = {"channels": 8, "blocks": 1, "group_width": 4}
    gen = jax.eval_shape(ROW.generator((8, 8, 1), **settings).init, jax.random.key(0), draw((1, 5)))
    disc = jax.eval_shape(ROW.discriminator((8, 8, 1), **settings).init, jax.random.key(0), draw((1, 8, 8, 1)))
    # 8 → 16 with bias; 9·4 inputs of a group · 16 with bias; 16 → 8
    block = (8 * 16 + 16) + (36 * 16 + 16) + 16 * 8
    # a basis 4·4·8, weights 5 → 8, a block at 4 and one at 8 pixels, colors
    assert count(gen.params) == 128 + 40 + 2 * block + (8 + 1)
    assert count(disc.params) == (8 + 8) + 2 * block + 128 + 8
    assert gen.stats == disc.stats == ()


def test_parameter_counts_of_the_paper_for_cifar10():
    init = ROW.generator((32, 32, 3), channels=768).init
    gen = jax.eval_shape(init, jax.random.key(0), draw((1, 64)))
    # 8 blocks: 768 → 1536, 96 groups of 16, 1536 → 768
    block = (768 * 1536 + 1536) + (9 * 16 * 1536 + 1536) + 1536 * 768
    assert count(gen.params) == 16 * 768 + 64 * 768 + 8 * block + (768 * 3 + 3) == 20_732_163


def test_the_ends_of_the_discriminator_against_numpy():
    # with the last convolutions of its blocks at 0 the network is colors, halving, projection, score
    network, x = ROW.discriminator((8, 8, 1), **TINY), draw((2, 8, 8, 1))
    params = start(network, x).params
    for name in params:
        if name.startswith("R3ganBlock"):
            params[name]["narrow"]["kernel"] = jnp.zeros_like(params[name]["narrow"]["kernel"])
    h = np.asarray(x, np.float64) * np.asarray(params["colors"]["kernel"], np.float64)[0, 0, 0]
    h = np.asarray(resample(jnp.asarray(h + np.asarray(params["colors"]["bias"]), jnp.float32), 4), np.float64)
    projected = (h * np.asarray(params["basis"], np.float64)).sum((1, 2))
    expected = projected @ np.asarray(params["score"]["kernel"], np.float64)[:, 0]
    scores = jax.jit(network.apply)(Variables(params), x)[0].scores
    np.testing.assert_allclose(scores, expected, rtol=1e-3, atol=1e-4)


def test_the_ends_of_the_generator_against_numpy():
    network, latents = ROW.generator((8, 8, 1), **TINY), draw((2, 5))
    params = start(network, latents).params
    for name in params:
        if name.startswith("R3ganBlock"):
            params[name]["narrow"]["kernel"] = jnp.zeros_like(params[name]["narrow"]["kernel"])
    weights = np.asarray(latents, np.float64) @ np.asarray(params["start"]["kernel"], np.float64)
    smallest = np.asarray(params["basis"], np.float64)[None] * weights[:, None, None]
    h = np.asarray(resample(jnp.asarray(smallest, jnp.float32), 8), np.float64)
    expected = h @ np.asarray(params["images"]["kernel"], np.float64)[0, 0] + np.asarray(params["images"]["bias"])
    samples = jax.jit(network.apply)(Variables(params), latents)[0]
    np.testing.assert_allclose(samples, expected, rtol=1e-3, atol=1e-4)


def test_samples_are_alone_in_both_modes():
    network, x = ROW.discriminator((8, 8, 1), **TINY), draw((4, 8, 8, 1))
    variables = start(network, x)
    scores = jax.jit(lambda v, x, train: network.apply(v, x, train=train)[0].scores, static_argnums=2)
    for train in (True, False):
        together, alone = scores(variables, x, train), scores(variables, x[1:2], train)
        np.testing.assert_allclose(together[1:2], alone, rtol=1e-3, atol=1e-4)
