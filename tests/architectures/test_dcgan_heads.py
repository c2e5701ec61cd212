"""Heads on the DCGAN's convolutions, against NumPy, with parameter counts by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references_dcgan as ref

from ganjax.architectures import ARCHITECTURES, HELPERS
from ganjax.checks import InputError
from ganjax.types import Variables

IMAGES, LABELS = (8, 8, 2), jnp.array([2, 0, 1])
HEADS = {
    "dcgan_posterior": {"num_codes": 5},
    "dcgan_encoder": {"code_dim": 4},
    "dcgan_autoencoder": {"code_dim": 3},
    "dcgan_conditional": {"num_classes": 4},
    "dcgan_classifier": {"num_classes": 4},
    "dcgan_projection": {"num_classes": 4},
}
LABELED = {"dcgan_conditional", "dcgan_projection"}
every_head = pytest.mark.parametrize("name", HEADS)


def draw(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(0.2, 1.0, shape), jnp.float32)


def count(network, *inputs):
    shapes = jax.eval_shape(network.init, jax.random.key(0), *inputs)
    return sum(leaf.size for leaf in jax.tree.leaves(shapes.params))


def drawn(network, *inputs):
    """Variables with nothing zero and no two alike; statistics positive."""
    params, stats = jax.eval_shape(network.init, jax.random.key(0), *inputs)
    leaves, structure = jax.tree.flatten(params)
    rng = np.random.default_rng(3)
    params = jax.tree.unflatten(structure, [jnp.asarray(rng.normal(0.1, 0.4, x.shape), x.dtype) for x in leaves])
    return Variables(params, jax.tree.map(lambda x: jnp.full(x.shape, 0.7, x.dtype), stats))


def small(name, part="discriminator", **settings):
    given = {"channels": 2, "kernel": 3} | (HEADS[name] if part == "discriminator" else {}) | settings
    return getattr(ARCHITECTURES[name], part)(IMAGES, **given)


def played(name, **settings):
    """(parameters in float64, images, the discriminator's output) in training mode."""
    network, x = small(name, **settings), draw(3, *IMAGES)
    given = (LABELS,) if name in LABELED else ()
    variables = drawn(network, x, *given)
    output, _ = jax.jit(lambda v, *inputs: network.apply(v, *inputs, train=True))(variables, x, *given)
    return ref.tree(variables.params), np.asarray(x, np.float64), output


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


# --- layer by layer, batch norm and all


def test_posterior_against_numpy():
    p, x, (scores, features) = played("dcgan_posterior")
    shared = ref.trunk(p, x)  # one trunk, two heads
    close(scores, ref.dense(p["score"], shared)[:, 0])
    hidden = ref.leaky(ref.batch_norm(p["BatchNorm_1"], ref.dense(p["posterior_hidden"], shared)))
    close(features["posterior"], ref.dense(p["posterior"], hidden))
    assert features["posterior"].shape == (3, 5)


def test_encoder_against_numpy():
    p, x, (scores, features) = played("dcgan_encoder")
    codes = ref.dense(p["codes"], ref.trunk(p, x))
    close(features["codes"], codes)
    close(scores, codes.mean(axis=1))


@pytest.mark.parametrize("output", ["tanh", "linear"])
def test_autoencoder_against_numpy(output):
    p, x, (scores, features) = played("dcgan_autoencoder", output=output)
    codes = ref.dense(p["codes"], ref.trunk(p, x))
    decoded = ref.images(p, codes, first_norm=1)
    reconstruction = np.tanh(decoded) if output == "tanh" else decoded
    close(features["codes"], codes)
    close(features["reconstruction"], reconstruction)
    close(scores, -np.sqrt(((reconstruction - x) ** 2).sum(axis=(1, 2, 3))))
    assert np.abs(decoded).max() > 1  # so that tanh is seen


def test_conditional_discriminator_against_numpy():
    p, x, (scores, features) = played("dcgan_conditional")
    planes = np.zeros((3, 8, 8, 4))
    for i, label in enumerate(LABELS):
        planes[i, :, :, int(label)] = 1.0
    close(scores, ref.dense(p["Dense_0"], ref.trunk(p, np.concatenate([x, planes], axis=3)))[:, 0])
    assert features == ()


def test_conditional_generator_against_numpy():
    network, z = small("dcgan_conditional", "generator", num_classes=4), draw(3, 5)
    variables = drawn(network, z, LABELS)
    samples, _ = jax.jit(lambda v, *inputs: network.apply(v, *inputs, train=True))(variables, z, LABELS)
    both = np.concatenate([z, np.eye(4)[np.asarray(LABELS)]], axis=1)
    close(samples, np.tanh(ref.images(ref.tree(variables.params), both)))


def test_classifier_against_numpy():
    p, x, (scores, features) = played("dcgan_classifier")
    shared = ref.trunk(p, x)
    close(scores, ref.dense(p["score"], shared)[:, 0])
    close(features["class_logits"], ref.dense(p["class_logits"], shared))


def test_a_classifier_is_not_told_the_label():
    network, x = small("dcgan_classifier"), draw(3, *IMAGES)
    variables = drawn(network, x, LABELS)
    told, untold = network.apply(variables, x, LABELS)[0], network.apply(variables, x)[0]
    jax.tree.map(np.testing.assert_array_equal, told, untold)


def test_projection_against_numpy():
    p, x, (scores, _) = played("dcgan_projection")
    shared = ref.trunk(p, x)
    projected = [row @ p["embedding"]["kernel"][int(y)] for row, y in zip(shared, LABELS, strict=True)]
    close(scores, ref.dense(p["score"], shared)[:, 0] + np.array(projected))


def test_statistics_against_numpy():
    network = HELPERS["dcgan_statistics"](channels=2, kernel=3, features=(6, 5))
    x, z = draw(3, *IMAGES), draw(3, 4, seed=1)
    variables = drawn(network, x, z)
    values, stats = jax.jit(lambda v, *inputs: network.apply(v, *inputs, train=True))(variables, x, z)
    p = ref.tree(variables.params)
    both = np.concatenate([ref.trunk(p, np.asarray(x, np.float64)), z], axis=1)  # samples, then latents
    hidden = ref.leaky(ref.dense(p["Dense_1"], ref.leaky(ref.dense(p["Dense_0"], both))))
    close(values, ref.dense(p["Dense_2"], hidden)[:, 0])
    assert stats == ()
    assert not any(layer.startswith("BatchNorm") for layer in p)


# --- sizes


def test_parameter_counts_at_28_pixels():
    x, z, y = draw(1, 28, 28, 1), draw(1, 100), jnp.zeros(1, int)
    made = {name: ARCHITECTURES[name].discriminator((28, 28, 1)) for name in HEADS}
    # 5·5·1·64 + 64; 5·5·64·128 without bias; γ, β
    trunk, flat = 1_664 + 204_800 + 256, 7 * 7 * 128
    score = flat + 1
    assert count(made["dcgan_posterior"], x) == trunk + score + (flat * 128 + 256) + (128 * 12 + 12)
    assert count(made["dcgan_encoder"], x) == trunk + flat * 128 + 128
    # 64 → 7·7·128, γ, β, 5·5·64·128, γ, β, 5·5·1·64 + 1
    decoder = 64 * flat + 256 + 204_800 + 128 + 1_601
    assert count(made["dcgan_autoencoder"], x) == trunk + (flat * 64 + 64) + decoder
    assert count(made["dcgan_conditional"], x, y) == trunk + 25 * 10 * 64 + score  # ten planes more
    assert count(made["dcgan_classifier"], x, y) == trunk + score + flat * 10 + 10
    assert count(made["dcgan_projection"], x, y) == trunk + score + flat * 10
    statistics = (1_664 + 204_800 + 128) + ((flat + 100) * 256 + 256) + 257
    assert count(HELPERS["dcgan_statistics"](), x, z) == statistics
    generator = ARCHITECTURES["dcgan_conditional"].generator((28, 28, 1))
    assert count(generator, z, y) == 110 * flat + 256 + 204_800 + 128 + 1_601


@every_head
def test_bfloat16_answers_in_float32_and_keeps_float32_parameters(name):
    network, x = small(name, dtype="bfloat16"), draw(3, *IMAGES)
    given = (LABELS,) if name in LABELED else ()
    variables = jax.eval_shape(network.init, jax.random.key(0), x, *given)
    output, _ = jax.eval_shape(network.apply, variables, x, *given)
    assert {leaf.dtype for leaf in jax.tree.leaves((variables.params, output))} == {jnp.dtype("float32")}


@pytest.mark.parametrize("name", ["dcgan_posterior", "dcgan_projection"])
def test_bfloat16_computes_close(name):
    _, _, full = played(name, normalization="none")
    _, _, half = played(name, normalization="none", dtype="bfloat16")
    for exact, rounded in zip(jax.tree.leaves(full), jax.tree.leaves(half), strict=True):
        assert 0 < np.abs(exact - rounded).max() < 0.05 * np.abs(exact).max()


# --- what is refused


@every_head
def test_other_images_are_refused(name):
    network, x = small(name), draw(3, 8, 8, 1)
    with pytest.raises(InputError, match=r"Expected images \[8, 8, 2\], got \[8, 8, 1\]"):
        jax.eval_shape(network.init, jax.random.key(0), x, *((LABELS,) if name in LABELED else ()))


@pytest.mark.parametrize("name", ["dcgan_posterior", "dcgan_encoder", "dcgan_autoencoder"])
def test_unconditional_heads_refuse_a_condition(name):
    with pytest.raises(InputError, match="unconditional"):
        jax.eval_shape(small(name).init, jax.random.key(0), draw(3, *IMAGES), LABELS)


@pytest.mark.parametrize(
    ("condition", "got"),
    [
        ((), "got 0 conditions"),
        ((LABELS, LABELS), "got 2 conditions"),
        ((LABELS.astype(float),), r"got float32\[3\]"),
        ((LABELS[:2],), r"got int32\[2\]"),
        ((jnp.eye(4, dtype=int)[:3],), r"got int32\[3, 4\]"),
    ],
)
def test_what_is_no_label_is_refused(condition, got):
    for name, part, x in (
        ("dcgan_conditional", "generator", draw(3, 5)),
        ("dcgan_conditional", "discriminator", draw(3, *IMAGES)),
        ("dcgan_projection", "discriminator", draw(3, *IMAGES)),
    ):
        with pytest.raises(InputError, match=rf"integer labels \[3\].*{got}.*\(samples, labels\)"):
            jax.eval_shape(small(name, part).init, jax.random.key(0), x, *condition)


def test_settings_that_make_no_network_are_refused():
    for name, setting in (
        ("dcgan_posterior", "num_codes"),
        ("dcgan_encoder", "code_dim"),
        ("dcgan_autoencoder", "code_dim"),
        ("dcgan_classifier", "num_classes"),
        ("dcgan_projection", "channels"),
    ):
        with pytest.raises(InputError, match=f"{setting}.*0"):
            small(name, **{setting: 0})
        with pytest.raises(InputError, match="square images"):
            ARCHITECTURES[name].discriminator((8, 4, 1))
    with pytest.raises(InputError, match="channels"):
        HELPERS["dcgan_statistics"](channels=0)
    helper = HELPERS["dcgan_statistics"](channels=2)
    with pytest.raises(InputError, match=r"square images.*got samples\[3, 2\].*statistics helper"):
        jax.eval_shape(helper.init, jax.random.key(0), draw(3, 2), draw(3, 4))
