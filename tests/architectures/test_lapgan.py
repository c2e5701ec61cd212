"""LAPGAN's networks: against NumPy, by hand counts, and each level by itself."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import references_dcgan as ref

from ganjax import objectives, priors, pyramids, steps
from ganjax.architectures import (
    ARCHITECTURES,
    MlpDiscriminator,
    MlpGenerator,
    ResidualDiscriminator,
    ResidualGenerator,
    lapgan_latent_dim,
    leaky_relu,
    stateless,
)
from ganjax.architectures._lapgan_levels import split_noise
from ganjax.checks import InputError
from ganjax.types import Batch, Game, Prior, Variables

LEVELS, SHAPE, BATCH = 3, (8, 8, 3), 3
SETTINGS = {"channels": 2, "kernel": 3, "features": (5, 4)}
COARSEST = 6
LATENT_DIM = 8 * 8 + 4 * 4 + COARSEST
LAPGAN, RESIDUAL = ARCHITECTURES["lapgan"], (ResidualGenerator, ResidualDiscriminator)
GENERATOR, DISCRIMINATOR = (
    LAPGAN.generator(SHAPE, coarsest_dim=COARSEST, **SETTINGS),
    LAPGAN.discriminator(SHAPE, **SETTINGS),
)


def draw(*shape, seed=0, dtype=np.float32):
    return jnp.asarray(np.random.default_rng(seed).normal(0.1, 0.8, shape).astype(dtype))


def drawn(network, *inputs):
    params, stats = jax.eval_shape(network.init, jax.random.key(0), *inputs)
    leaves, structure = jax.tree.flatten(params)
    rng = np.random.default_rng(3)
    return Variables(
        jax.tree.unflatten(structure, [jnp.asarray(rng.normal(0.1, 0.3, x.shape), x.dtype) for x in leaves]), stats
    )


def batch_of(dtype=np.float32):
    """(samples, condition), as `data.pyramid` gives them."""
    images = draw(BATCH, 8, 8, 1, seed=1, dtype=dtype)
    residuals = pyramids.laplacian(images, LEVELS)
    coarse = [*pyramids.coarse(images, LEVELS), jnp.zeros_like(residuals[-1])]
    return pyramids.stack(residuals), pyramids.stack(coarse)


LATENTS = draw(BATCH, LATENT_DIM, seed=2)


def count(params):
    return sum(leaf.size for leaf in jax.tree.leaves(params))


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


# --- against NumPy


def residual_by_hand(layers, coarse, noise):
    x = np.concatenate([coarse, noise], axis=3)
    x = ref.relu(ref.convolve(layers["Conv_0"], x, 1))
    return ref.convolve(layers["Conv_2"], ref.relu(ref.convolve(layers["Conv_1"], x, 1)), 1)


def smallest_by_hand(layers, z):
    x = ref.relu(ref.dense(layers["Dense_1"], ref.relu(ref.dense(layers["Dense_0"], z))))
    return np.tanh(ref.dense(layers["Dense_2"], x)).reshape(-1, 2, 2, 1)


def up(x):
    return np.asarray(pyramids.up(jnp.asarray(x, jnp.float32)), np.float64)


@pytest.mark.parametrize("given", [True, False], ids=["real coarse images", "its own"])
def test_generator_against_numpy(given):
    condition = batch_of()[1:] if given else ()
    variables = drawn(GENERATOR, LATENTS, *condition)
    samples, stats = jax.jit(GENERATOR.apply)(variables, LATENTS, *condition)
    p, z = ref.tree(variables.params), np.asarray(LATENTS, np.float64)
    smallest = smallest_by_hand(p["level_2"], z[:, 80:])
    coarse = [np.asarray(x, np.float64) for x in pyramids.unstack(*condition, LEVELS)] if given else [None, None]
    middle_coarse = coarse[1] if given else up(smallest)
    middle = residual_by_hand(p["level_1"], middle_coarse, z[:, 64:80].reshape(-1, 4, 4, 1))
    fine_coarse = coarse[0] if given else up(middle_coarse + middle)
    fine = residual_by_hand(p["level_0"], fine_coarse, z[:, :64].reshape(-1, 8, 8, 1))
    for found, expected in zip(pyramids.unstack(samples, LEVELS), [fine, middle, smallest], strict=True):
        close(found, expected)
    assert stats == ()


def test_discriminator_against_numpy():
    samples, condition = batch_of()
    samples = samples + 0.3  # no pyramid of real images
    samples = pyramids.stack(pyramids.unstack(samples, LEVELS))
    variables = drawn(DISCRIMINATOR, samples, condition)
    (scores, features), _ = jax.jit(DISCRIMINATOR.apply)(variables, samples, condition)
    p, expected = ref.tree(variables.params), []
    for k in range(LEVELS):
        image = np.asarray(samples[:, :: 2**k, :: 2**k, k] + condition[:, :: 2**k, :: 2**k, k], np.float64)
        layers = p[f"level_{k}"]
        if k == 2:
            x = image.reshape(BATCH, -1)
            x = ref.leaky(ref.dense(layers["Dense_1"], ref.leaky(ref.dense(layers["Dense_0"], x))))
            expected.append(ref.dense(layers["Dense_2"], x)[:, 0])
            continue
        x = ref.leaky(ref.convolve(layers["Conv_0"], image[..., None], 2))
        x = ref.leaky(ref.convolve(layers["Conv_1"], x, 2)).reshape(BATCH, -1)
        expected.append(ref.dense(layers["Dense_0"], x)[:, 0])
    close(features["level_scores"], np.stack(expected, axis=1))
    close(scores, np.mean(expected, axis=0))


def test_sampling_goes_from_coarse_to_fine():
    """Given the coarse images that it made itself, it makes the same again; given others, it makes others."""
    variables = drawn(GENERATOR, LATENTS)
    apply = jax.jit(lambda *inputs: GENERATOR.apply(variables, *inputs)[0])
    samples = apply(LATENTS)
    small, middle, fine = pyramids.coarse_to_fine(pyramids.unstack(samples, LEVELS))
    assert [x.shape for x in (small, middle, fine)] == [(BATCH, 2, 2, 1), (BATCH, 4, 4, 1), (BATCH, 8, 8, 1)]
    own = pyramids.stack([pyramids.up(middle), pyramids.up(small), jnp.zeros_like(small)])
    np.testing.assert_allclose(apply(LATENTS, own), samples, rtol=1e-5, atol=1e-5)
    assert np.abs(apply(LATENTS, batch_of()[1]) - samples)[..., 0].max() > 0.01
    # the smallest image's own numbers reach the finest level
    other = apply(LATENTS.at[:, 80:].add(1.0))
    assert np.abs(pyramids.unstack(other, LEVELS)[0] - pyramids.unstack(samples, LEVELS)[0]).max() > 1e-3


# --- each level by itself


def test_what_a_level_plays_for_depends_on_that_levels_networks_alone():
    samples, condition = batch_of()
    gen, disc = drawn(GENERATOR, LATENTS, condition).params, drawn(DISCRIMINATOR, samples, condition).params

    @jax.jit
    def by_level(gen, disc):
        made, _ = GENERATOR.apply(Variables(gen), LATENTS, condition)
        return DISCRIMINATOR.apply(Variables(disc), made, condition)[0].features["level_scores"]

    before = by_level(gen, disc)
    for k in range(LEVELS):
        moved = [
            player | {f"level_{k}": jax.tree.map(lambda x: x + 0.1, player[f"level_{k}"])} for player in (gen, disc)
        ]
        for after in (by_level(moved[0], disc), by_level(gen, moved[1])):
            changed = np.any(after != before, axis=0)
            assert changed.tolist() == [level == k for level in range(LEVELS)]


def one_level(k, gen, disc):
    """Level k as a game of its own, from given parameters, on its share of the same latents."""
    joint = priors.uniform(LATENT_DIM)
    if k == LEVELS - 1:
        generator = MlpGenerator((2, 2, 1), SETTINGS["features"], output_activation=jnp.tanh)
        discriminator = MlpDiscriminator(SETTINGS["features"], leaky_relu())
    else:
        generator, discriminator = (net(SETTINGS["channels"], SETTINGS["kernel"]) for net in RESIDUAL)

    def make(params, z, *coarse):
        return generator.apply({"params": params}, *coarse, z)

    def judge(params, x, *coarse):
        return discriminator.apply({"params": params}, sum(coarse, x))

    def share(key, num):
        return split_noise(joint.sample(key, num), SHAPE, LEVELS, COARSEST)[k]

    prior = Prior(share, share(jax.random.key(0), 1).shape[1:])
    return Game(stateless(lambda *_: gen, make), stateless(lambda *_: disc, judge), objectives.non_saturating(), prior)


def one_step(game, rate, state, batch):
    return steps.alternating(game, optax.sgd(rate), optax.sgd(rate)).step(state, batch)[0]


@pytest.mark.slow  # four games compiled
def test_a_joint_step_is_each_levels_own_step(x64):
    del x64
    rate, samples_and_coarse = 0.1, batch_of(np.float64)
    game = Game(GENERATOR, DISCRIMINATOR, objectives.lapgan(), priors.uniform(LATENT_DIM))
    algorithm = steps.alternating(game, optax.sgd(rate), optax.sgd(rate))
    first = jax.eval_shape(algorithm.init, jax.random.key(0), samples_and_coarse)
    leaves, structure = jax.tree.flatten((first.gen_params, first.disc_params))
    rng = np.random.default_rng(4)
    gen, disc = jax.tree.unflatten(structure, [jnp.asarray(rng.normal(0.1, 0.3, x.shape)) for x in leaves])
    key = jax.random.key(7)
    first = first._replace(step=jnp.int32(0), key=key, gen_params=gen, disc_params=disc)

    @jax.jit
    def everything(gen, disc):
        alone = []
        for k in range(LEVELS):
            residual, coarse = (pyramids.unstack(x, LEVELS)[k] for x in samples_and_coarse)
            own = gen[f"level_{k}"], disc[f"level_{k}"]
            batch = Batch(residual) if k == LEVELS - 1 else Batch(residual, coarse)
            state = first._replace(gen_params=own[0], disc_params=own[1])
            alone.append(one_step(one_level(k, *own), rate, state, batch))
        state = first._replace(gen_params=gen, disc_params=disc)
        return one_step(game, LEVELS * rate, state, Batch(*samples_and_coarse)), alone  # the joint loss is a mean

    joint, alone = everything(gen, disc)
    for k, state in enumerate(alone):
        for part, start in (("gen_params", gen), ("disc_params", disc)):
            trees = getattr(joint, part)[f"level_{k}"], getattr(state, part), start[f"level_{k}"]
            for a, b, before in zip(*map(jax.tree.leaves, trees), strict=True):
                assert a.dtype == jnp.float64
                assert np.abs(a - before).max() > 1e-5
                np.testing.assert_allclose(a - before, b - before, rtol=1e-9, atol=1e-12)


# --- sizes, types, refusals


def test_latents_by_hand():
    assert lapgan_latent_dim((28, 28, 3)) == 784 + 196 + 100
    assert lapgan_latent_dim((32, 32, 9)) == 1024 + 256 + 100
    assert lapgan_latent_dim((32, 32, 6), levels=2, coarsest_dim=7) == 1024 + 7
    assert lapgan_latent_dim((8, 8, 1), levels=1) == 100


def test_parameter_counts_for_mnist():
    images = jnp.zeros((1, 28, 28, 3))
    generator, discriminator = LAPGAN.generator((28, 28, 3)), LAPGAN.discriminator((28, 28, 3))
    gen = jax.eval_shape(generator.init, jax.random.key(0), jnp.zeros((1, 1080)), images)
    disc = jax.eval_shape(discriminator.init, jax.random.key(0), images, images)
    # 5·5·(1 + 1)·64 + 64, 5·5·64·64 + 64, 5·5·64·1 + 1 at both levels; 100 → 1200 → 1200 → 49
    residual = 3_264 + 102_464 + 1_601
    assert count(gen.params) == 2 * residual + 121_200 + 1_441_200 + 58_849
    # 5·5·1·64 + 64, 5·5·64·128 + 128, then 7·7·128 + 1 and 4·4·128 + 1; 49 → 600 → 600 → 1
    convolutions = 1_664 + 204_928
    assert count(disc.params) == 2 * convolutions + 6_273 + 2_049 + 30_000 + 360_600 + 601


@pytest.mark.parametrize("settings", [{"dtype": "bfloat16"}, {"normalization": "batch"}, {"levels": 1}])
def test_other_settings(settings):
    shape = (8, 8, 1) if "levels" in settings else SHAPE
    generator, discriminator = (build(shape, channels=2, features=(4,), **settings) for build in LAPGAN)
    latents = jnp.zeros((BATCH, lapgan_latent_dim(shape, settings.get("levels", 3))))
    samples = jnp.zeros((BATCH, *shape))
    gen = jax.eval_shape(generator.init, jax.random.key(0), latents, samples)
    disc = jax.eval_shape(discriminator.init, jax.random.key(0), samples, samples)
    made, _ = jax.eval_shape(generator.apply, gen, latents)
    output, _ = jax.eval_shape(discriminator.apply, disc, samples, samples)
    assert made.shape == samples.shape
    assert {x.dtype for x in jax.tree.leaves((gen.params, disc.params, made, output))} == {jnp.dtype("float32")}
    assert bool(gen.stats) == bool(disc.stats) == ("normalization" in settings)


def refused(network, *inputs, match):
    with pytest.raises(InputError, match=match):
        jax.eval_shape(network.init, jax.random.key(0), *inputs)


def test_what_does_not_fit_is_refused():
    samples, condition = batch_of()
    refused(
        GENERATOR, LATENTS[:, :-1], match=r"latents \[B, 86\].*2 levels, and 6 numbers.*got latents\[3, 85\].*of 86"
    )
    refused(DISCRIMINATOR, samples, match=r"coarse images \[3, 8, 8, 3\].*got none.*data\.pyramid")
    refused(DISCRIMINATOR, samples, jnp.zeros(3, int), match=r"coarse images.*got \[\(3,\)\]")
    refused(GENERATOR, LATENTS, condition[..., :1], match=r"coarse images.*got \[\(3, 8, 8, 1\)\]")
    refused(DISCRIMINATOR, samples[..., :2], condition, match=r"pyramids \[8, 8, 3\], got samples \[8, 8, 2\]")
    for build in LAPGAN:
        with pytest.raises(InputError, match=r"3 levels, \(H, W, C·3\), got samples \[8, 8, 4\]"):
            build((8, 8, 4))
        with pytest.raises(InputError, match=r"divide by 4 .* got samples \[6, 6, 3\]"):
            build((6, 6, 3))
        with pytest.raises(InputError, match="levels >= 1"):
            build(SHAPE, levels=0)
        with pytest.raises(InputError, match="channels"):
            build(SHAPE, channels=0)
