"""The kernel distance against pairs summed one by one, its unbiasedness, and its standard errors."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.checks import InputError
from ganjax.metrics import Estimate, kernel_distance, kernel_distance_of_subsets, kernel_distance_subsets
from ganjax.metrics import _distances as module


def pair_by_pair(x, y):
    """Bińkowski et al. 2018, the unbiased estimate, one kernel value at a time."""

    def mean_kernel(pairs):
        values = [(float(np.dot(a, b)) / len(a) + 1) ** 3 for a, b in pairs]
        return sum(values) / len(values)

    return (
        mean_kernel(itertools.permutations(x, 2))
        + mean_kernel(itertools.permutations(y, 2))
        - 2 * mean_kernel(itertools.product(x, y))
    )


def samples(seed, num, width, shift=0.0):
    return np.random.default_rng(seed).normal(size=(num, width)) + shift


def test_two_by_two_by_hand():
    # F = 2, k = (xᵀy/2 + 1)³. Real (2, 0), (0, 4): k = (0 + 1)³ = 1. Fake (2, 2), (−2, 0): k = (−2 + 1)³ = −1.
    # Across: (2 + 1)³ = 27, (−2 + 1)³ = −1, (4 + 1)³ = 125, (0 + 1)³ = 1: mean 38. So 1 − 1 − 2·38 = −76: negative.
    found = kernel_distance(np.array([[2.0, 0.0], [0.0, 4.0]]), np.array([[2.0, 2.0], [-2.0, 0.0]]))
    assert found.value == pytest.approx(-76.0, abs=1e-12)
    assert np.isnan(found.standard_error)


def test_one_dimension_by_hand():
    # real 0, 1, 2: k = 1, 1, 27 at the pairs (0,1), (0,2), (1,2): mean 29/3. Fake −1, 1: k = 0.
    # across: with −1: 1, 0, −1; with 1: 1, 8, 27; mean 36/6 = 6. So 29/3 + 0 − 12 = −7/3.
    found = kernel_distance(np.array([[0.0], [1.0], [2.0]]), np.array([[-1.0], [1.0]]))
    assert found.value == pytest.approx(-7 / 3, abs=1e-12)


@pytest.mark.parametrize(("num_real", "num_fake", "width"), [(2, 2, 1), (5, 9, 3), (12, 4, 7)])
def test_agrees_with_pair_by_pair(num_real, num_fake, width):
    x, y = samples(0, num_real, width), samples(1, num_fake, width, shift=0.5)
    assert kernel_distance(x, y).value == pytest.approx(pair_by_pair(x, y), rel=1e-10)


def test_does_not_depend_on_order_blocks_or_float_type(monkeypatch):
    x, y = samples(2, 45, 4).astype(np.float32), samples(3, 33, 4, shift=0.4).astype(np.float32)
    found = kernel_distance(x, y)
    np.testing.assert_allclose(kernel_distance(x[::-1], np.roll(y, 7, axis=0)), found, rtol=1e-10)
    np.testing.assert_allclose(kernel_distance(jnp.asarray(x), jnp.asarray(y)), found, rtol=1e-12)
    np.testing.assert_allclose(kernel_distance(y, x), found, rtol=1e-10)
    monkeypatch.setattr(module, "ENTRIES", 7 * 33)
    np.testing.assert_allclose(kernel_distance(x, y), found, rtol=1e-10)


def test_unbiased_at_small_sample_numbers():
    """Four samples against three, where leaving the diagonal in would cost the whole value."""
    rng = np.random.default_rng(4)
    corners = np.array([[0.0, 2.0], [2.0, 0.0]])  # k(x, x) = 27, and 1 at different corners
    draws = [
        kernel_distance(corners[rng.integers(2, size=4)], corners[rng.integers(2, size=3)]).value for _ in range(600)
    ]
    error = np.std(draws, ddof=1) / np.sqrt(len(draws))
    assert abs(np.mean(draws)) < 4 * error
    assert error < 13 * (1 / 4 + 1 / 3) / 10  # with the diagonal, the mean would be E[k(x, x) − k(x, x')]·(1/4 + 1/3)


def test_the_population_value():
    # 1-D, N(0, 1) against N(1, 1). E k(x, y) = Σ_j binom(3, j) E[x^j] E[y^j]; moments (1, 0, 1, 0) and (1, 1, 2, 4):
    # k_xx = 1 + 0 + 3 + 0 = 4, k_yy = 1 + 3 + 12 + 16 = 32, k_xy = 1 + 0 + 6 + 0 = 7: MMD² = 4 + 32 − 14 = 22
    rng = np.random.default_rng(5)
    draws = [kernel_distance(rng.normal(size=(60, 1)), rng.normal(size=(40, 1)) + 1) for _ in range(600)]
    values = np.array([draw.value for draw in draws])
    assert abs(values.mean() - 22) < 4 * values.std(ddof=1) / np.sqrt(len(values))
    assert values.std(ddof=1) / np.sqrt(len(values)) < 1.5


def leave_one_out(x, y):
    """The jackknife's variance with every estimate recomputed from scratch."""
    without_x = [pair_by_pair(np.delete(x, i, axis=0), y) for i in range(len(x))]
    without_y = [pair_by_pair(x, np.delete(y, i, axis=0)) for i in range(len(y))]
    return sum(
        (len(w) - 1) / len(w) * np.sum((w - np.mean(w)) ** 2) for w in (np.array(without_x), np.array(without_y))
    )


def test_standard_error_is_the_jackknife():
    x, y = samples(6, 8, 3), samples(7, 5, 3, shift=0.7)
    assert kernel_distance(x, y).standard_error == pytest.approx(np.sqrt(leave_one_out(x, y)), rel=1e-10)


@pytest.mark.parametrize(("shift", "least", "most"), [(0.4, 0.9, 1.2), (0.0, 1.25, 1.65)])
def test_standard_error_against_the_spread_of_fresh_samples(shift, least, most):
    """Right where the distributions differ, √2 too large where they are equal."""
    rng = np.random.default_rng(8)
    draws = [kernel_distance(rng.normal(size=(100, 8)), rng.normal(size=(150, 8)) + shift) for _ in range(400)]
    spread = np.std([draw.value for draw in draws], ddof=1)
    claimed = np.sqrt(np.mean([draw.standard_error**2 for draw in draws]))
    assert least < claimed / spread < most


# --- subsets


def test_subsets_are_drawn_from_both_sets_without_replacement():
    """A subset of everything is everything: each value is then the full estimate."""
    x, y = samples(9, 20, 3), samples(10, 20, 3, shift=1.0)
    found = kernel_distance_subsets(x, y, num_subsets=4, subset_size=20)
    assert found.value == pytest.approx(kernel_distance(x, y).value, rel=1e-12)
    assert found.standard_error == pytest.approx(0.0, abs=1e-12)


def test_subsets_estimate_the_full_value():
    x, y = samples(11, 300, 3), samples(12, 200, 3, shift=0.3)
    full = kernel_distance(x, y).value
    found = kernel_distance_subsets(x, y, num_subsets=400, subset_size=30, seed=1)
    assert abs(found.value - full) < 4 * found.standard_error
    assert 0 < found.standard_error < 0.5 * full


def test_subsets_standard_error_by_hand():
    """The deviation (ddof 1) of the subsets' values over √num_subsets, recomputed from the same draws."""
    x, y = samples(13, 9, 2), samples(14, 7, 2)
    draws = np.random.default_rng(3)
    values = []
    for _ in range(5):
        chosen = draws.choice(9, 4, replace=False), draws.choice(7, 4, replace=False)
        values.append(pair_by_pair(x[chosen[0]], y[chosen[1]]))
    found = kernel_distance_subsets(x, y, num_subsets=5, subset_size=4, seed=3)
    assert found.value == pytest.approx(np.mean(values), rel=1e-10)
    assert found.standard_error == pytest.approx(np.std(values, ddof=1) / np.sqrt(5), rel=1e-10)


def test_subsets_follow_the_seed():
    x, y = samples(15, 50, 2), samples(16, 50, 2)
    first, again, other = (kernel_distance_subsets(x, y, num_subsets=3, subset_size=5, seed=s) for s in (0, 0, 1))
    assert isinstance(first, Estimate)
    assert first == again != other


def test_given_subsets():
    x, y = samples(18, 12, 2), samples(19, 9, 2)
    subsets = [(np.array([0, 5, 7]), np.array([8, 1, 2])), (np.arange(4), np.arange(5))]
    found = kernel_distance_of_subsets(x, y, iter(subsets))
    np.testing.assert_allclose(found, [pair_by_pair(x[i], y[j]) for i, j in subsets], rtol=1e-10)
    with pytest.raises(InputError, match="at least 2 samples, got 3 real and 1 fake"):
        kernel_distance_of_subsets(x, y, [(np.arange(3), np.arange(1))])


# --- torch-fidelity


def its_subsets(num_real, num_fake, size, num_subsets):
    """As torch-fidelity draws them: its own seed and generator, the real ones first."""
    draws = np.random.RandomState(2020)
    for _ in range(num_subsets):
        yield draws.choice(num_real, size, replace=False), draws.choice(num_fake, size, replace=False)


def formula_features(num, shift):
    n, k = np.meshgrid(np.arange(num), np.arange(6), indexing="ij")
    return np.sin(1.3 * n * (1 + 0.1 * k * k) + shift * k) + shift


def test_constants_of_torch_fidelity():
    """torch-fidelity 0.4.0, kid_features_to_metric, on these float64 features with 20 subsets of 30."""
    values = kernel_distance_of_subsets(
        formula_features(80, 0.1), formula_features(70, 0.3), its_subsets(80, 70, 30, 20)
    )
    assert values.mean() == pytest.approx(0.09589285412639896, rel=1e-10)
    assert values.std() == pytest.approx(0.09710473849117901, rel=1e-8)


def test_equal_to_torch_fidelity_on_its_subsets():
    torch = pytest.importorskip("torch")
    metric_kid = pytest.importorskip("torch_fidelity.metric_kid")
    x, y = samples(20, 300, 64), samples(21, 250, 64, shift=0.1)
    theirs = metric_kid.kid_features_to_metric(
        torch.from_numpy(x), torch.from_numpy(y), kid_subsets=10, kid_subset_size=100, verbose=False
    )
    values = kernel_distance_of_subsets(x, y, its_subsets(300, 250, 100, 10))
    assert values.mean() == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-10)
    assert values.std() == pytest.approx(theirs["kernel_inception_distance_std"], rel=1e-8)


def test_bad_input():
    good = samples(17, 5, 3)
    with pytest.raises(InputError, match="real_features with 3, fake_features with 2"):
        kernel_distance(good, good[:, :2])
    with pytest.raises(InputError, match="at least 2 samples in fake_features, got 1"):
        kernel_distance(good, good[:1])
    with pytest.raises(InputError, match="finite real_features"):
        kernel_distance(np.full((3, 3), np.nan), good)
    with pytest.raises(InputError, match="subset_size = 6 samples, got 5 real and 5 fake"):
        kernel_distance_subsets(good, good, subset_size=6)
    with pytest.raises(InputError, match="num_subsets"):
        kernel_distance_subsets(good, good, num_subsets=1, subset_size=2)
    with pytest.raises(InputError, match="subset_size"):
        kernel_distance_subsets(good, good, subset_size=1)
