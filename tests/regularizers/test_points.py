import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references_regularizers as ref

from ganjax import regularizers
from ganjax.checks import InputError

KEY = jax.random.key(3)


def images(seed, shape=(4, 2, 3, 1)):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def test_interpolates_weigh_the_real_sample_by_epsilon():
    real, fake = images(0), images(1)
    epsilon = np.asarray(jax.random.uniform(KEY, (4, 1, 1, 1))).reshape(-1)
    points = regularizers.interpolates(KEY, real, fake)
    np.testing.assert_allclose(points, ref.mixed(epsilon, real, fake), rtol=1e-5, atol=1e-6)
    # two ends by hand: real 1, fake 0 gives ε itself, in (0, 1) and different for each sample
    ends = regularizers.interpolates(KEY, jnp.ones((4, 2, 3, 1)), jnp.zeros((4, 2, 3, 1)))
    np.testing.assert_array_equal(ends[:, 0, 0, 0], epsilon)
    np.testing.assert_array_equal(ends, np.broadcast_to(epsilon[:, None, None, None], ends.shape))
    assert len(set(epsilon.tolist())) == 4


def test_epsilon_is_uniform_between_zero_and_one():
    # 20 000 draws: the mean of U(0, 1) is ½ ± 4·.2887/√20000 = .008, the variance 1/12 = .0833
    points = np.asarray(regularizers.interpolates(KEY, jnp.ones((20_000, 1)), jnp.zeros((20_000, 1))))
    assert 0 <= points.min() < 0.001
    assert 0.999 < points.max() < 1
    assert abs(points.mean() - 0.5) < 0.008
    assert abs(points.var() - 1 / 12) < 0.003


def test_half_precision_keeps_its_dtype_and_its_epsilon():
    real, fake = images(0), images(1)
    low = regularizers.interpolates(KEY, real.astype(jnp.bfloat16), fake.astype(jnp.bfloat16))
    assert low.dtype == jnp.bfloat16
    full = regularizers.interpolates(KEY, real, fake)
    np.testing.assert_allclose(low.astype(jnp.float32), full, rtol=0.02, atol=0.02)


def test_float64_draws_in_float64(x64):
    real, fake = jnp.ones((3, 2)), jnp.zeros((3, 2))
    points = regularizers.interpolates(KEY, real, fake)
    assert points.dtype == jnp.float64
    np.testing.assert_array_equal(points[:, :1], jax.random.uniform(KEY, (3, 1)))


def test_end_points_are_real_then_fake():
    real, fake = images(0), images(1)
    np.testing.assert_array_equal(regularizers.end_points(real, fake), np.concatenate([real, fake]))


def test_shuffled_interpolates_join_samples_of_one_batch():
    # one-hot rows: a point between rows i and j has weight ε at i and 1 − ε at j, nothing elsewhere
    rows = jnp.eye(6)
    points = np.asarray(regularizers.shuffled_interpolates(KEY, rows))
    np.testing.assert_allclose(points.sum(axis=1), 1, rtol=1e-6)
    assert ((points > 0).sum(axis=1) <= 2).all()
    assert (points.diagonal() > 0).all()  # the i-th point starts from the i-th sample
    partners = [int(np.argmax(np.where(np.arange(6) == i, 0, row))) for i, row in enumerate(points)]
    moved = [i for i in range(6) if points[i, i] < 1]
    assert len(moved) >= 2
    assert len({partners[i] for i in moved}) == len(moved)  # a permutation: nobody is met twice


def test_perturbed_follows_the_whole_batch():
    real = jnp.array([[0.0, 2.0], [4.0, 10.0]])
    # mean 4, squared deviations 16 + 4 + 0 + 36 = 56, biased variance 14
    noise = jax.random.uniform(KEY, (2, 2))
    points = regularizers.perturbed(KEY, real)
    np.testing.assert_allclose(points, real + 0.5 * np.sqrt(14.0) * noise, rtol=1e-6)
    np.testing.assert_allclose(points, ref.neighborhood(np.asarray(noise), np.asarray(real)), rtol=1e-6)
    assert (points >= real).all()  # one-sided, as the authors' programme has it
    assert len(np.unique(np.asarray(points - real))) == 4  # a number for each entry


def test_perturbed_leaves_a_constant_batch_alone():
    constant = jnp.full((3, 2), 0.25)
    np.testing.assert_array_equal(regularizers.perturbed(KEY, constant), constant)


def test_shapes_are_checked_at_the_door():
    for points in (lambda x, y: regularizers.interpolates(KEY, x, y), regularizers.end_points):
        with pytest.raises(InputError, match=r"Expected equal shapes, got real\[4, 2\], fake\[3, 2\]"):
            points(jnp.ones((4, 2)), jnp.ones((3, 2)))
    with pytest.raises(InputError, match="at least one sample"):
        regularizers.perturbed(KEY, jnp.ones((0, 2)))
