"""The residual networks: blocks against NumPy, parameter counts by hand, what mixes samples and what does not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references_layers as reference
from flax import linen as nn

from ganjax.architectures import ARCHITECTURES, batch_norm, from_linen
from ganjax.architectures._residual_blocks import DownBlock, FirstBlock, UpBlock, paper_widths, sizes
from ganjax.checks import InputError
from ganjax.types import Variables

RESNET, PROJECTION = ARCHITECTURES["resnet"], ARCHITECTURES["resnet_projection"]
LABELS = jnp.array([2, 0, 2, 1])


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

    return Variables(drawn(params), jax.tree.map(lambda x: jnp.abs(x) + 0.02, drawn(stats)))


# --- sizes ---


def test_sizes():
    # (smallest image of G, up-blocks, halvings of D): as in the paper's tables at 32, 48 and 128 pixels
    assert sizes(32)[:2] == (4, 3)
    assert sizes(48) == (6, 3, 4)
    assert sizes(128) == (4, 5, 5)
    assert sizes(28) == (7, 2, 2)
    assert sizes(8) == (4, 1, 1)


def test_widths():
    assert paper_widths(32, 256, 4) == (256, 256, 256, 256)
    assert paper_widths(48, 64, 4) == (64, 128, 256, 512)
    assert paper_widths(128, 64, 6) == (64, 128, 256, 512, 1024, 1024)


@pytest.mark.parametrize(("resolution", "neighbors"), [(30, "28 or 32"), (20, "16 or 24"), (4, "to 8"), (0, "to 8")])
def test_impossible_resolutions_name_their_neighbors(resolution, neighbors):
    for name in ("resnet", "resnet_projection", "r3gan"):
        for build in ARCHITECTURES[name]:
            with pytest.raises(InputError, match=neighbors):
                build((resolution, resolution, 1))


def test_what_is_refused():
    for name in ("resnet", "resnet_projection", "r3gan"):
        for build in ARCHITECTURES[name]:
            with pytest.raises(InputError, match="square images"):
                build((28, 32, 1))
            with pytest.raises(InputError, match=r"channels >= 1|channels, blocks and group_width >= 1"):
                build((8, 8, 1), channels=0)
    with pytest.raises(InputError, match=r"Expected images \[8, 8, 1\], got \[8, 8, 3\]"):
        shapes_of(RESNET.discriminator((8, 8, 1), channels=2), draw((2, 8, 8, 3)))
    with pytest.raises(InputError, match="group_size > 0"):
        RESNET.discriminator((8, 8, 1), group_size=0)
    with pytest.raises(InputError, match="num_classes > 0"):
        PROJECTION.generator((8, 8, 1), num_classes=0)


def test_a_network_of_classes_wants_labels():
    images, latents = draw((4, 8, 8, 1)), draw((4, 5))
    for build, inputs in ((PROJECTION.generator, latents), (PROJECTION.discriminator, images)):
        with pytest.raises(InputError, match=r"integer labels \[4\] .* got 0 conditions"):
            shapes_of(build((8, 8, 1), channels=2), inputs)
        with pytest.raises(InputError, match=r"integer labels \[4\] .* got float32\[4\]"):
            shapes_of(build((8, 8, 1), channels=2), inputs, draw((4,)))


# --- parameter counts ---


def test_parameter_counts_of_the_paper_at_32_pixels():
    gen = shapes_of(RESNET.generator((32, 32, 3)), draw((1, 128)))
    # 128 → 4·4·256 with bias; an up-block: 9·256·256 twice, 256·256, γ and β twice, no biases before a norm
    dense, block = 128 * 4096 + 4096, 2 * 589_824 + 65_536 + 4 * 256
    # then γ, β; 9·256·3 + 3
    assert count(gen.params) == dense + 3 * block + 512 + 6_915 == 4_274_435
    assert count(gen.stats) == 7 * 2 * 256
    disc = shapes_of(RESNET.discriminator((32, 32, 3)), draw((1, 32, 32, 3)))
    first = (9 * 3 * 128 + 128) + (9 * 128 * 128 + 128) + (3 * 128 + 128)
    down, plain = 2 * 147_584 + (128 * 128 + 128), 2 * 147_584  # the shortcut of a plain block is x itself
    assert count(disc.params) == first + down + 2 * plain + 129 == 1_053_825
    # of 3 + 3 + 2 + 2 + 1 kernels u as long as their outputs are many, and σ
    assert count(disc.stats) == 10 * (128 + 1) + (1 + 1)


def test_parameter_counts_with_classes_and_minibatch_std():
    gen = shapes_of(PROJECTION.generator((8, 8, 1), channels=4, num_classes=3), draw((1, 5)), LABELS[:1])
    # 5 → 4·4·4; one block 9·4·4 twice, 4·4; three norms with two tables of 3·4 each; 9·4 + 1
    assert count(gen.params) == (5 * 64 + 64) + (144 * 2 + 16) + 3 * 2 * 12 + 37
    plain, classes, grouped = (
        shapes_of(build((8, 8, 1), channels=4, **settings), draw((2, 8, 8, 1)), *labels)
        for build, settings, labels in (
            (RESNET.discriminator, {}, ()),
            (PROJECTION.discriminator, {"num_classes": 3}, (LABELS[:2],)),
            (RESNET.discriminator, {"group_size": 2}, ()),
        )
    )
    assert count(classes.params) - count(plain.params) == 3 * 4
    # the last block gets 5 channels: 9·5·5 + 5 and 9·5·4 + 4 for twice 9·4·4 + 4, and a shortcut 5·4 + 4
    assert count(grouped.params) - count(plain.params) == (230 + 184 + 24) - 2 * 148


@pytest.mark.parametrize(("shape", "dtype"), [((32, 32, 3), "bfloat16"), ((48, 48, 1), "float32")])
def test_shapes_and_types(shape, dtype):
    for row, labels in ((RESNET, ()), (PROJECTION, (LABELS,)), (ARCHITECTURES["r3gan"], ())):
        settings = {"channels": 2, "dtype": dtype} | ({"group_width": 2} if row is ARCHITECTURES["r3gan"] else {})
        generator, discriminator = (build(shape, **settings) for build in row)

        def play(generator=generator, discriminator=discriminator, labels=labels):
            latents = jnp.zeros((4, 6))
            gen = generator.init(jax.random.key(0), latents, *labels)
            samples, _ = generator.apply(gen, latents, *labels, train=True)
            disc = discriminator.init(jax.random.key(0), samples, *labels)
            return gen, disc, samples, discriminator.apply(disc, samples, *labels, train=True)[0]

        gen, disc, samples, output = jax.eval_shape(play)
        assert (samples.shape, samples.dtype) == ((4, *shape), jnp.float32)
        assert (output.scores.shape, output.scores.dtype) == ((4,), jnp.float32)
        assert {leaf.dtype for leaf in jax.tree.leaves((gen, disc))} == {jnp.dtype("float32")}


# --- block by block ---


class Up(nn.Module):
    """An up-block with batch norm, called as `from_linen` calls."""

    @nn.compact
    def __call__(self, x, train=False):
        return UpBlock(5)(x, batch_norm(), train)


def by_name(params):
    return {name: {k: np.asarray(v, np.float64) for k, v in layer.items()} for name, layer in params.items()}


def conv(layer, x):
    return reference.convolve(x, layer["kernel"], layer.get("bias", 0.0))


def test_an_up_block_against_numpy():
    x = draw((3, 2, 3, 4)) + 0.5
    network = from_linen(Up())
    variables = start(network, x)
    layers = by_name(variables.params["UpBlock_0"])
    assert not any("bias" in layer for name, layer in layers.items() if "Batch" not in name)

    def norm(layer, h):
        return reference.standardize_channels(h) * layer["scale"] + layer["bias"]

    exact = np.asarray(x, np.float64)
    h = conv(layers["first"], reference.enlarge(reference.relu(norm(layers["BatchNorm_0"], exact))))
    h = conv(layers["second"], reference.relu(norm(layers["BatchNorm_1"], h)))
    expected = h + conv(layers["shortcut"], reference.enlarge(exact))
    y, _ = jax.jit(lambda v, x: network.apply(v, x, train=True))(variables, x)
    np.testing.assert_allclose(y, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("features", "halve"), [(5, True), (4, True), (5, False), (4, False)])
def test_a_down_block_against_numpy(features, halve):
    x = draw((2, 4, 2, 4))
    network = from_linen(DownBlock(features, halve))
    variables = start(network, x)
    layers, exact = by_name(variables.params), np.asarray(x, np.float64)
    h = conv(layers["second"], reference.relu(conv(layers["first"], reference.relu(exact))))
    assert layers["first"]["kernel"].shape == (3, 3, 4, 4)
    shortcut = conv(layers["shortcut"], exact) if halve or features != 4 else exact
    expected = reference.halve(h + shortcut) if halve else h + shortcut
    np.testing.assert_allclose(jax.jit(network.apply)(variables, x)[0], expected, rtol=1e-3, atol=1e-4)


def test_the_first_block_against_numpy():
    x = draw((2, 4, 2, 3))
    network = from_linen(FirstBlock(5))
    variables = start(network, x)
    layers, exact = by_name(variables.params), np.asarray(x, np.float64)
    h = conv(layers["second"], reference.relu(conv(layers["first"], exact))) + conv(layers["shortcut"], exact)
    np.testing.assert_allclose(jax.jit(network.apply)(variables, x)[0], reference.halve(h), rtol=1e-3, atol=1e-4)


# --- what a score depends on ---


@pytest.mark.parametrize(
    ("settings", "mixes"),
    [({}, False), ({"normalization": "layer"}, False), ({"normalization": "none", "group_size": 2}, True)],
)
def test_whose_company_a_score_depends_on(settings, mixes):
    network, x = RESNET.discriminator((8, 8, 1), channels=3, **settings), draw((4, 8, 8, 1))
    variables = start(network, x)
    scores = jax.jit(lambda variables, x: network.apply(variables, x, train=True)[0].scores)
    first, second = scores(variables, x), scores(variables, x.at[3].set(2 * x[3]))
    assert np.abs(first[3] - second[3]) > 1e-3
    np.testing.assert_allclose(first[:2], second[:2], rtol=1e-4, atol=1e-6)  # another group than sample 3's
    assert (abs(float(first[2] - second[2])) > 1e-3 * abs(float(first[2]))) == mixes


def test_labels_reach_both_players():
    latents, images = draw((4, 5)), draw((4, 8, 8, 1))
    for build, inputs in ((PROJECTION.generator, latents), (PROJECTION.discriminator, images)):
        network = build((8, 8, 1), channels=3, num_classes=3)
        variables = start(network, inputs, LABELS)
        apply = jax.jit(lambda v, labels, network=network, inputs=inputs: network.apply(v, inputs, labels)[0])
        one, other = (jax.tree.leaves(apply(variables, labels))[0] for labels in (LABELS, LABELS.at[1].set(2)))
        assert np.abs(one - other)[1].max() > 1e-3
        np.testing.assert_allclose(one[jnp.array([0, 2, 3])], other[jnp.array([0, 2, 3])], rtol=1e-4, atol=1e-5)


# not under spectral norm, whose gradient holds its vectors constant
@pytest.mark.parametrize(
    ("name", "settings"), [("resnet", {"normalization": "layer"}), ("r3gan", {"group_width": 2, "blocks": 1})]
)
def test_the_gradient_of_a_penalty_by_finite_differences(x64, name, settings):
    del x64
    network, x = ARCHITECTURES[name].discriminator((8, 8, 1), channels=2, **settings), jnp.float64(draw((2, 8, 8, 1)))
    params, stats = jax.tree.map(jnp.float64, start(network, x))

    def r1(params):
        def score(sample):
            return network.apply(Variables(params, stats), sample[None])[0].scores[0]

        return jnp.mean(jnp.sum(jax.vmap(jax.grad(score))(x) ** 2, (1, 2, 3)))

    both = jax.jit(jax.value_and_grad(r1))
    _, gradients = both(params)
    along = jax.tree.map(lambda p: jnp.cos(jnp.arange(p.size, dtype=p.dtype)).reshape(p.shape), params)
    # so near that no ReLU changes its mind: then the score's slope jumps
    ahead, behind = (both(jax.tree.map(lambda p, d, e=e: p + e * d, params, along))[0] for e in (1e-7, -1e-7))
    slope = sum(jnp.vdot(g, d) for g, d in zip(jax.tree.leaves(gradients), jax.tree.leaves(along), strict=True))
    np.testing.assert_allclose((ahead - behind) / 2e-7, slope, rtol=1e-5)
    assert abs(float(slope)) > 1e-3


def test_bfloat16_computes_close():
    x = draw((4, 8, 8, 1))
    full, half = (RESNET.discriminator((8, 8, 1), channels=4, dtype=d) for d in ("float32", "bfloat16"))
    variables = start(full, x)
    exact, rounded = (jax.jit(network.apply)(variables, x)[0].scores for network in (full, half))
    assert 0 < np.abs(exact - rounded).max() < 0.05 * np.abs(exact).max()
