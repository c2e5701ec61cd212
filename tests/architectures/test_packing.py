"""A packed discriminator is the discriminator on samples concatenated by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from ganjax import objectives, steps
from ganjax.architectures import ARCHITECTURES, maxout_discriminator, mlp_generator, pack, packed, packed_shape
from ganjax.checks import InputError
from ganjax.priors import normal
from ganjax.types import Game, Variables


def draw(shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def discriminator(name="mlp", shape=(2,), size=2):
    return ARCHITECTURES[name].discriminator(packed_shape(shape, size))


def game(objective, size=2):
    maxout = maxout_discriminator((2 * size,), features=(8, 8), pieces=2)
    return Game(mlp_generator((2,), features=(8,)), packed(maxout, size), objective, normal(2))


def test_points_by_hand():
    samples = jnp.array([[1.0, 2], [3, 4], [5, 6], [7, 8], [9, 10], [11, 12]])
    np.testing.assert_array_equal(pack(samples, size=2), [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]])
    np.testing.assert_array_equal(pack(samples, size=3), [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]])


def test_images_are_stacked_as_channels():
    images = draw((6, 4, 5, 3))
    packs = pack(images, size=2)
    assert packs.shape == (3, *packed_shape((4, 5, 3), 2)) == (3, 4, 5, 6)
    np.testing.assert_array_equal(packs[1], np.concatenate([images[2], images[3]], axis=-1))


@pytest.mark.parametrize(("name", "shape"), [("mlp", (2,)), ("mlp_maxout", (2,)), ("dcgan", (8, 8, 1))])
@pytest.mark.parametrize("size", [2, 3])
def test_scores_are_those_of_the_concatenated_samples(name, shape, size):
    inner, samples = discriminator(name, shape, size), draw((6, *shape))
    network = packed(inner, size)
    together = jnp.concatenate([samples[i::size] for i in range(size)], axis=-1)
    variables = network.init(jax.random.key(0), samples)
    expected = inner.init(jax.random.key(0), together)
    jax.tree.map(np.testing.assert_array_equal, variables, expected)
    for train in (False, True):
        output, stats = network.apply(variables, samples, train=train)
        explicit, explicit_stats = inner.apply(variables, together, train=train)
        assert output.scores.shape == (6 // size,)
        np.testing.assert_allclose(output.scores, explicit.scores, rtol=1e-6)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), stats, explicit_stats)


def test_what_moves_between_packs_changes_scores_and_whole_packs_may_change_places():
    network, samples = packed(discriminator(size=2), 2), draw((6, 2))
    variables = network.init(jax.random.key(0), samples)

    def scores(order):
        return np.asarray(network.apply(variables, samples[jnp.array(order)])[0].scores)

    before = scores([0, 1, 2, 3, 4, 5])
    across = scores([0, 2, 1, 3, 4, 5])
    assert abs(across - before)[:2].min() > 1e-3
    np.testing.assert_allclose(across[2], before[2], rtol=1e-6)
    np.testing.assert_allclose(scores([2, 3, 0, 1, 4, 5]), before[[1, 0, 2]], rtol=1e-6)


def test_one_sample_a_pack_is_the_discriminator_itself():
    inner = discriminator(size=1)
    assert packed(inner, 1) is inner
    assert inner.samples_per_score == 1
    assert packed(packed(discriminator(size=4), 2), 2).samples_per_score == 4


def test_gradients_against_finite_differences(x64):
    del x64
    network = packed(maxout_discriminator((4,), features=(4,), pieces=2), 2)
    samples = draw((6, 2)).astype(jnp.float64)
    params = jax.tree.map(lambda p: p.astype(jnp.float64), network.init(jax.random.key(0), samples).params)

    def total(samples):
        return jnp.vdot(jnp.array([1.0, -2.0, 3.0]), network.apply(Variables(params), samples)[0].scores)

    direction, step = draw((6, 2), seed=1).astype(jnp.float64), 1e-6
    difference = (total(samples + step * direction) - total(samples - step * direction)) / (2 * step)
    np.testing.assert_allclose(difference, jnp.vdot(jax.grad(total)(samples), direction), rtol=1e-7)


@pytest.mark.parametrize("gradients", [steps.separate, steps.shared_forward, steps.single_loss()])
def test_a_packed_game_is_played(gradients):
    algorithm = steps.alternating(
        game(objectives.relativistic()), optax.sgd(0.1), optax.sgd(0.1), disc_steps=2, gradients=gradients
    )
    real = draw((24, 2))
    state = algorithm.init(jax.random.key(0), real)
    after, info = jax.jit(algorithm.step)(state, real)
    assert all(np.isfinite(value) for value in info)
    for name in ("gen_params", "disc_params"):
        before, now = (jax.tree.leaves(getattr(each, name)) for each in (state, after))
        assert any(np.abs(a - b).max() > 1e-6 for a, b in zip(before, now, strict=True))


def test_what_cannot_be_packed_is_refused():
    network, samples = packed(discriminator(), 2), draw((6, 2))
    with pytest.raises(InputError, match=r"packs of 2, got 5 samples: take a batch size of 6"):
        network.init(jax.random.key(0), samples[:5])
    with pytest.raises(InputError, match="one condition"):
        network.init(jax.random.key(0), samples, jnp.zeros(6, int))
    with pytest.raises(InputError, match="size > 0"):
        packed(discriminator(), 0)


@pytest.mark.parametrize("objective", [objectives.wgan_gp(), objectives.r3gan(), objectives.dragan()])
def test_penalties_on_the_slope_are_refused_with_the_reason(objective):
    algorithm = steps.alternating(game(objective), optax.sgd(0.1), optax.sgd(0.1))
    with pytest.raises(InputError, match="gradient penalties score one sample at a time"):
        jax.eval_shape(algorithm.init, jax.random.key(0), draw((6, 2)))


@pytest.mark.parametrize("size", [2, 3, 4, 8])
def test_fused_refuses_packing_whatever_the_size(size):
    algorithm = steps.synchronous(game(objectives.non_saturating(), size), optax.sgd(0.1), optax.sgd(0.1), steps.fused)
    with pytest.raises(InputError, match=r"steps\.fused needs .* packing"):
        algorithm.init(jax.random.key(0), draw((24, 2)))
