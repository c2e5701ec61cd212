"""The Gaussian kernel's discrepancy: by hand, against a loop, against its closed form; the width from the data."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.checks import InputError
from ganjax.metrics import _distances as distances
from ganjax.metrics import _mmd as module
from ganjax.metrics import median_distance, mmd


def pair_by_pair(x, y, width):
    """Gretton et al. 2012, lemma 6, one pair at a time."""

    def mean_kernel(pairs):
        return np.mean([np.exp(-np.sum((a - b) ** 2) / (2 * width**2)) for a, b in pairs])

    within = mean_kernel(itertools.permutations(x, 2)) + mean_kernel(itertools.permutations(y, 2))
    return within - 2 * mean_kernel(itertools.product(x, y))


def test_two_by_two_by_hand():
    # real 0 and 2, so σ = 2 and k = exp(−d²/8): k(0, 2) = e^−½. Fakes 0 and 4: e^−2.
    # across: d = 0, 4, 2, 2: 1, e^−2, e^−½, e^−½, mean (1 + e^−2 + 2e^−½)/4
    found = mmd(np.array([[0.0], [2.0]]), np.array([[0.0], [4.0]]))
    expected = np.exp(-0.5) + np.exp(-2.0) - (1 + np.exp(-2.0) + 2 * np.exp(-0.5)) / 2
    assert found.value == pytest.approx(expected, abs=1e-14)
    assert np.isnan(found.standard_error)


@pytest.mark.parametrize(("num_real", "num_fake", "width"), [(6, 9, 2), (11, 5, 4)])
def test_agrees_with_pair_by_pair(num_real, num_fake, width):
    rng = np.random.default_rng(0)
    x, y = rng.gamma(2.0, size=(num_real, width)), rng.gamma(1.5, size=(num_fake, width)) + 100.0 * (width == 2)
    for sigma in (0.7, 3.0):
        found = mmd(x, y, bandwidth=sigma)
        assert found.value == pytest.approx(pair_by_pair(x, y, sigma), rel=1e-10, abs=1e-13)
        without_x = [pair_by_pair(np.delete(x, i, 0), y, sigma) for i in range(num_real)]
        without_y = [pair_by_pair(x, np.delete(y, i, 0), sigma) for i in range(num_fake)]
        variance = sum((len(w) - 1) * np.var(w) for w in (without_x, without_y))
        assert found.standard_error == pytest.approx(np.sqrt(variance), rel=1e-9)
    own_width = np.median([np.linalg.norm(a - b) for a, b in itertools.combinations(x, 2)])
    assert mmd(x, y).value == pytest.approx(pair_by_pair(x, y, own_width), rel=1e-10)


def test_shifted_gaussians():
    # N(0, I) and N(δ, I), F = 3, σ² = 2, s = 4: 2 (2/4)^{3/2} (1 − exp(−2/8)) = .70711·(1 − .77880) = .15641
    rng = np.random.default_rng(1)
    shift = np.array([[1.0, 0.0, -1.0]])
    draws = [mmd(rng.normal(size=(70, 3)), rng.normal(size=(50, 3)) + shift, bandwidth=np.sqrt(2)) for _ in range(150)]
    values = np.array([draw.value for draw in draws])
    error = values.std(ddof=1) / np.sqrt(len(values))
    assert abs(values.mean() - 0.15641) < 4 * error
    assert error < 0.006
    claimed = np.sqrt(np.mean([draw.standard_error**2 for draw in draws]))
    assert 0.85 < claimed / values.std(ddof=1) < 1.2


def test_zero_on_average_for_one_distribution():
    rng = np.random.default_rng(2)
    draws = np.array([mmd(rng.gamma(2.0, size=(8, 2)), rng.gamma(2.0, size=(5, 2))).value for _ in range(250)])
    error = draws.std(ddof=1) / np.sqrt(len(draws))
    assert abs(draws.mean()) < 4 * error
    assert error < 0.015  # with the diagonal left in, the mean would be about ⅕


# --- the width


def test_median_distance_by_hand():
    # 0, 1, 3, 7: distances 1, 3, 7, 2, 6, 4: median 3.5
    assert median_distance(np.array([[7.0], [0.0], [3.0], [1.0]])) == pytest.approx(3.5, abs=1e-14)


def test_the_width_is_the_datas_alone():
    rng = np.random.default_rng(3)
    real = rng.normal(size=(40, 3))
    sigma = median_distance(real)
    for fake in (rng.normal(size=(30, 3)), 100 * rng.normal(size=(30, 3))):
        assert mmd(real, fake).value == pytest.approx(mmd(real, fake, bandwidth=sigma).value, rel=1e-12)
        assert mmd(real, fake).value != pytest.approx(mmd(fake, real).value, rel=0.01)


def test_the_width_of_many_samples_is_that_of_some_whatever_their_order(monkeypatch):
    rng = np.random.default_rng(4)
    real = rng.gamma(2.0, size=(1500, 3))
    exact = median_distance(real)
    monkeypatch.setattr(module, "ENOUGH_FOR_A_MEDIAN", 300)
    found = median_distance(real)
    assert found == pytest.approx(exact, rel=0.08)
    assert found != exact
    assert median_distance(rng.permutation(real)) == pytest.approx(found, rel=1e-13)


def test_does_not_depend_on_order_blocks_origin_or_float_type(monkeypatch):
    rng = np.random.default_rng(5)
    real, fake = (rng.gamma(2.0, size=(num, 4)).astype(np.float32) for num in (31, 50))
    found = mmd(real, fake)
    np.testing.assert_allclose(mmd(real[::-1], rng.permutation(fake)), found, rtol=1e-10)
    np.testing.assert_allclose(mmd(jnp.asarray(real), jnp.asarray(fake)), found, rtol=1e-12)
    np.testing.assert_allclose(mmd(real.astype(np.float64) + 1e4, fake.astype(np.float64) + 1e4), found, rtol=1e-7)
    monkeypatch.setattr(distances, "ENTRIES", 7 * 31)
    np.testing.assert_allclose(mmd(real, fake), found, rtol=1e-10)


def test_bad_input():
    good = np.eye(4)[:, :3]
    with pytest.raises(InputError, match="real_features with 3, fake_features with 2"):
        mmd(good, good[:, :2])
    with pytest.raises(InputError, match="at least 2 samples in fake_features, got 1"):
        mmd(good, good[:1])
    with pytest.raises(InputError, match="bandwidth > 0"):
        mmd(good, good, bandwidth=0.0)
    with pytest.raises(InputError, match="half of the pairs are equal"):
        mmd(np.zeros((5, 2)), np.eye(2))
