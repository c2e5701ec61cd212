"""Each toy has the moments, modes and curves that its formula says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax import data
from ganjax.checks import InputError, UnknownNameError

KEY = jax.random.key(8)


@pytest.mark.parametrize("name", list(data.TOYS))
def test_every_toy_samples_points(name):
    toy = data.TOYS[name]()
    points = toy.sample(KEY, 7)
    assert points.shape == (7, toy.dim)
    assert points.dtype == jnp.float32
    np.testing.assert_array_equal(points, toy.sample(KEY, 7))
    assert np.all(np.abs(points - toy.sample(jax.random.fold_in(KEY, 1), 7)).sum(axis=1) > 0)
    np.testing.assert_allclose(points, jax.jit(lambda key: toy.sample(key, 7))(KEY), atol=1e-6)
    assert (toy.centers is None) == (toy.std is None)


def test_float32_also_in_double_precision_mode(x64):
    del x64
    assert {data.TOYS[name]().sample(KEY, 3).dtype for name in data.TOYS} == {np.dtype("float32")}


def test_gaussian_moments():
    num = 100_000
    points = np.asarray(data.gaussian().sample(KEY, num), np.float64)
    # AᵀA with A = [[1, 2], [−.1, .5]]: 1 + .01, 2 − .05, 4 + .25
    covariance = np.array([[1.01, 1.95], [1.95, 4.25]])
    spread = np.sqrt(np.diag(covariance) / num)
    assert np.all(np.abs(points.mean(axis=0) - [1, 2]) < 5 * spread)
    # Var of a sample covariance: (Σ_ii Σ_jj + Σ_ij²)/n
    errors = np.sqrt((np.outer(np.diag(covariance), np.diag(covariance)) + covariance**2) / num)
    assert np.all(np.abs(np.cov(points.T) - covariance) < 5 * errors)
    # solving for ε again: two independent standard normals
    noise = (points - [1, 2]) @ np.linalg.inv([[1, 2], [-0.1, 0.5]])
    assert np.all(np.abs(np.cov(noise.T) - np.eye(2)) < 5 * np.sqrt(2 / num))


def test_normal_moments_and_density():
    num, toy = 100_000, data.normal(-1.5, 0.3)
    points = np.asarray(toy.sample(KEY, num), np.float64)
    assert points.shape == (num, 1)
    assert abs(points.mean() + 1.5) < 5 * 0.3 / np.sqrt(num)
    assert abs(points.std() - 0.3) < 5 * 0.3 / np.sqrt(2 * num)
    # at the mean 1/(.3 √2π) = 1.329808, a standard deviation off e^−½ of it
    np.testing.assert_allclose(
        np.exp(toy.log_density(jnp.array([[-1.5], [-1.2]]))), 1.3298076 * np.array([1, np.exp(-0.5)]), rtol=1e-5
    )
    assert data.load("normal").spec.shape == (1,)
    assert data.load("normal:50").arrays.samples.shape == (50, 1)
    with pytest.raises(InputError, match="std > 0"):
        data.normal(std=0.0)


def test_ring_centers_by_hand():
    half = np.sqrt(0.5)
    expected = [[1, 0], [half, half], [0, 1], [-half, half], [-1, 0], [-half, -half], [0, -1], [half, -half]]
    np.testing.assert_allclose(data.ring_centers(), expected, atol=1e-7)
    np.testing.assert_allclose(data.ring_centers(2, 3.0), [[3, 0], [-3, 0]], atol=1e-6)
    assert data.ring_centers().dtype == np.float32


def test_grid_centers_by_hand():
    np.testing.assert_array_equal(data.grid_centers(2, 2.0), [[-1, -1], [-1, 1], [1, -1], [1, 1]])
    centers = data.grid_centers()
    assert centers.shape == (25, 2)
    assert sorted({float(x) for x in centers.ravel()}) == [-4, -2, 0, 2, 4]
    assert len(np.unique(centers, axis=0)) == 25


@pytest.mark.parametrize(
    ("toy", "modes", "std"),
    [
        (data.ring(), 8, 0.01),
        (data.grid(), 25, 0.05),
        (data.ring(3, 2.0, 0.1), 3, 0.1),
        (data.grid(2, 1.0, 0.02), 4, 0.02),
    ],
)
def test_mixtures_have_equal_modes_of_the_given_width(toy, modes, std):
    num = 40_000
    points = np.asarray(toy.sample(KEY, num), np.float64)
    assert toy.std == std
    assert toy.centers.shape == (modes, 2)
    nearest = np.argmin(((points[:, None] - toy.centers[None]) ** 2).sum(axis=-1), axis=1)
    counts = np.bincount(nearest, minlength=modes)
    chi = np.sum((counts - num / modes) ** 2 / (num / modes))
    assert chi < modes - 1 + 5 * np.sqrt(2 * (modes - 1))
    noise = (points - toy.centers[nearest]) / std
    assert np.all(np.abs(noise.mean(axis=0)) < 5 / np.sqrt(num))
    assert np.all(np.abs(np.cov(noise.T) - np.eye(2)) < 5 * np.sqrt(2 / num))
    # the noise does not depend on the mode: a key that is used twice shows here
    for mode in range(modes):
        here = noise[nearest == mode]
        assert np.all(np.abs(here.mean(axis=0)) < 5 / np.sqrt(len(here)))


def test_swiss_roll_lies_on_its_spiral():
    points = np.asarray(data.swiss_roll(std=0.0).sample(KEY, 20_000), np.float64)
    radius = np.hypot(*points.T)
    expected = radius[:, None] * np.stack([np.cos(4.5 * np.pi * radius), np.sin(4.5 * np.pi * radius)], axis=1)
    np.testing.assert_allclose(points, expected, atol=2e-5)
    # uniform on [1/3, 1]: mean 2/3, variance (2/3)²/12
    assert abs(radius.mean() - 2 / 3) < 5 * np.sqrt(4 / 9 / 12 / len(radius))
    assert radius.min() > 1 / 3 - 1e-6
    assert radius.max() < 1 + 1e-6
    assert radius.min() < 0.335
    assert radius.max() > 0.998


def test_two_moons_lie_on_their_circles():
    points = np.asarray(data.two_moons(std=0.0).sample(KEY, 20_000), np.float64)
    # the upper moon: center (−½, −¼), y ≥ −¼; the lower is its image under x → −x
    on_upper = np.isclose(np.hypot(points[:, 0] + 0.5, points[:, 1] + 0.25), 1, atol=1e-5) & (points[:, 1] > -0.2501)
    on_lower = np.isclose(np.hypot(points[:, 0] - 0.5, points[:, 1] - 0.25), 1, atol=1e-5) & (points[:, 1] < 0.2501)
    assert np.all(on_upper | on_lower)
    assert abs(on_upper.mean() - 0.5) < 5 * 0.5 / np.sqrt(len(points)) + 1e-3
    upper = points[on_upper]
    angle = np.arctan2(upper[:, 1] + 0.25, upper[:, 0] + 0.5)
    # uniform on [0, π]: variance π²/12
    assert abs(angle.mean() - np.pi / 2) < 5 * np.pi / np.sqrt(12 * len(angle))
    assert abs(angle.var() - np.pi**2 / 12) < 0.05


@pytest.mark.parametrize(("name", "std"), [("swiss_roll", 0.3), ("two_moons", 0.3)])
def test_noise_of_the_curves(name, std):
    # the same key with and without noise: the difference is the noise
    smooth, noisy = data.TOYS[name](std=0.0).sample(KEY, 40_000), data.TOYS[name](std=std).sample(KEY, 40_000)
    noise = np.asarray(noisy - smooth, np.float64) / std
    assert np.all(np.abs(np.cov(noise.T) - np.eye(2)) < 5 * np.sqrt(2 / 40_000))
    # neither the point's own noise nor, where a key is spent twice, the noise made of the same random bits
    for other in (noise, noise.reshape(2, -1).T, noise.ravel()[:40_000, None]):
        correlation = np.corrcoef(other.T, np.concatenate([smooth, np.hypot(*smooth.T)[:, None]], axis=1).T)
        assert np.all(np.abs(correlation[: other.shape[1], other.shape[1] :]) < 5 / np.sqrt(40_000))


def test_endless_source_draws_afresh_each_step():
    source = data.toy_source("grid")
    assert source.spec == data.Spec("grid", (2,), None, None, None)
    assert source.arrays == ()
    batch = data.batch_at(source, KEY, 3, 6)
    assert batch.condition == ()
    np.testing.assert_array_equal(batch.samples, data.grid().sample(jax.random.fold_in(KEY, 3), 6))
    assert np.all(batch.samples != data.batch_at(source, KEY, 4, 6).samples)
    data.batch_at(source, KEY, 2**31 + 1, 6)


def test_fixed_set_is_shown_in_epochs():
    source = data.toy_dataset("gaussian", KEY, 10)
    points = data.gaussian().sample(KEY, 10)
    np.testing.assert_array_equal(source.arrays.samples, points)
    assert source.spec.num_samples == 10
    shown = np.concatenate([data.batch_at(source, jax.random.key(0), step, 5).samples for step in range(2)])
    np.testing.assert_array_equal(np.sort(shown, axis=0), np.sort(points, axis=0))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: data.ring(0), "modes >= 1, got modes = 0"),
        (lambda: data.ring(radius=-1.0), "radius > 0"),
        (lambda: data.ring(std=-0.1), "std >= 0"),
        (lambda: data.grid(-2), "side >= 1, got side = -2"),
        (lambda: data.grid(spacing=0.0), "spacing > 0"),
        (lambda: data.swiss_roll(std=float("nan")), "std >= 0"),
        (lambda: data.two_moons(std=-1.0), "std >= 0"),
        (lambda: data.toy_dataset("ring", KEY, 0), "num >= 1, got num = 0"),
    ],
)
def test_refuses_impossible_toys(build, message):
    with pytest.raises(InputError, match=message):
        build()


def test_wrong_names_list_the_right_ones():
    with pytest.raises(UnknownNameError, match=r"Unknown toy distribution 'rings'. Did you mean 'ring'"):
        data.toy_source("rings")
    with pytest.raises(UnknownNameError, match="Known: gaussian, normal, ring, grid, swiss_roll, two_moons"):
        data.toy_dataset("moon", KEY, 3)
