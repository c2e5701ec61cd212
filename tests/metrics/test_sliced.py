"""The sliced Wasserstein distance: on a line by hand, against repeated quantiles, and closed forms."""

import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.checks import InputError
from ganjax.metrics import Estimate, sliced_wasserstein
from ganjax.metrics import _sliced as module


def on_the_line(x, y):
    """∫₀¹ (F⁻¹(u) − G⁻¹(u))² du, both quantile functions repeated to a common number of equal steps."""
    steps = np.lcm(len(x), len(y))
    difference = np.repeat(np.sort(x), steps // len(x)) - np.repeat(np.sort(y), steps // len(y))
    return np.mean(difference**2)


def test_one_dimension_by_hand():
    # quantiles 0, 3 on halves against 1, 1, 7 on thirds: on the sixths −1, −1, −1 | 2, −4, −4: (3 + 4 + 32)/6 = 6.5
    found = sliced_wasserstein(np.array([[3.0], [0.0]]), np.array([[1.0], [7.0], [1.0]]))
    assert found.value == pytest.approx(6.5, rel=1e-14)
    assert found.standard_error == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("num_real", "num_fake", "width"), [(12, 12, 3), (15, 9, 2), (4, 35, 6)])
def test_agrees_with_repeated_quantiles_along_the_same_directions(num_real, num_fake, width):
    rng = np.random.default_rng(0)
    real, fake = rng.gamma(2.0, size=(num_real, width)), rng.gamma(1.0, size=(num_fake, width)) + 1
    directions = np.random.default_rng(5).normal(size=(40, width))
    directions = directions / np.sqrt(np.sum(directions**2, axis=1))[:, None]
    costs = [on_the_line(real @ direction, fake @ direction) for direction in directions]
    found = sliced_wasserstein(real, fake, num_directions=40, seed=5)
    assert found.value == pytest.approx(np.mean(costs), rel=1e-11)
    assert found.standard_error == pytest.approx(np.std(costs, ddof=1) / np.sqrt(40), rel=1e-11)


def test_a_shift_gives_its_square_over_the_dimension():
    # ⟨θ, δ⟩² has the mean ‖δ‖²/F = (9 + 16)/5 over directions
    real = np.random.default_rng(1).normal(size=(50, 5))
    found = sliced_wasserstein(real, real + np.array([[3.0, 0.0, 0.0, 4.0, 0.0]]), num_directions=4000)
    assert abs(found.value - 5.0) < 4 * found.standard_error
    assert 0.02 < found.standard_error < 0.15


def test_scaled_gaussians():
    # along any direction N(0, 1) against N(0, s²): (1 − s)²; s = 1.5
    rng = np.random.default_rng(2)
    found = sliced_wasserstein(rng.normal(size=(6000, 3)), 1.5 * rng.normal(size=(5000, 3)))
    assert found.value == pytest.approx(0.25, abs=0.03)


def test_bias_for_one_distribution():
    """About three times v(1/N + 1/M), as the docstring says; v = 4."""
    rng = np.random.default_rng(3)
    values = [sliced_wasserstein(2 * rng.normal(size=(400, 8)), 2 * rng.normal(size=(900, 8))).value for _ in range(10)]
    assert 2.5 < np.mean(values) / (4 * (1 / 400 + 1 / 900)) < 3.5


def test_does_not_depend_on_order_blocks_sides_or_float_type(monkeypatch):
    rng = np.random.default_rng(4)
    real, fake = (rng.gamma(2.0, size=(num, 4)).astype(np.float32) for num in (31, 50))
    found = sliced_wasserstein(real, fake, num_directions=100)
    np.testing.assert_allclose(sliced_wasserstein(real[::-1], fake[::-1], num_directions=100), found, rtol=1e-11)
    np.testing.assert_allclose(sliced_wasserstein(fake, real, num_directions=100), found, rtol=1e-11)
    jax_found = sliced_wasserstein(jnp.asarray(real), jnp.asarray(fake), num_directions=100)
    np.testing.assert_allclose(jax_found, found, rtol=1e-12)
    monkeypatch.setattr(module, "DIRECTIONS_AT_ONCE", 7)
    np.testing.assert_allclose(sliced_wasserstein(real, fake, num_directions=100), found, rtol=1e-12)


def test_follows_the_seed():
    rng = np.random.default_rng(5)
    real, fake = rng.normal(size=(20, 4)), rng.gamma(1.0, size=(20, 4))
    first, again, other = (sliced_wasserstein(real, fake, seed=seed) for seed in (0, 0, 1))
    assert isinstance(first, Estimate)
    assert first == again != other
    assert sliced_wasserstein(real, real[::-1]).value == pytest.approx(0.0, abs=1e-25)


def test_bad_input():
    good = np.eye(3)
    with pytest.raises(InputError, match="real_features with 3, fake_features with 2"):
        sliced_wasserstein(good, good[:, :2])
    with pytest.raises(InputError, match="num_directions of at least 2, got 1"):
        sliced_wasserstein(good, good, num_directions=1)
    with pytest.raises(InputError, match="at least 1 samples in fake_features"):
        sliced_wasserstein(good, good[:0])
