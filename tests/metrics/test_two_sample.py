"""Two-sample tests: neighbors by hand and drawn again and again, held-out classifiers, and p-values that hold."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

from ganjax.checks import InputError
from ganjax.metrics import _distances as distances
from ganjax.metrics import classifier_two_sample_test, nearest_neighbor_accuracy


def leave_one_out(real, fake):
    """Share of each side whose nearest other sample is of its own side; equal counts, no ties."""
    pooled, sides = np.concatenate([real, fake]), np.repeat([0, 1], [len(real), len(fake)])
    gaps = np.linalg.norm(pooled[:, None] - pooled[None], axis=2) + np.diag(np.full(len(pooled), np.inf))
    right = sides[gaps.argmin(axis=1)] == sides
    return right[sides == 0].mean(), right[sides == 1].mean()


# --- nearest neighbors


def test_six_points_on_a_line():
    # real 0, 1, 5; fake 5.5, 9, 12. Nearest: 0 → 1, 1 → 0 right, 5 → 5.5 wrong; 5.5 → 5 wrong, 9 → 12, 12 → 9 right
    found = nearest_neighbor_accuracy(np.array([[0.0], [1.0], [5.0]]), np.array([[5.5], [9.0], [12.0]]))
    assert found == pytest.approx((2 / 3, 2 / 3, 2 / 3), abs=1e-15)
    # 4 in place of 9: 5 → 5.5, 4 → 5, 5.5 → 5, 12 → 5.5: one of three fakes right
    found = nearest_neighbor_accuracy(np.array([[0.0], [1.0], [5.0]]), np.array([[5.5], [4.0], [12.0]]))
    assert found == pytest.approx((1 / 2, 2 / 3, 1 / 3), abs=1e-15)


def test_agrees_with_leaving_one_out():
    rng = np.random.default_rng(0)
    real, fake = rng.gamma(2.0, size=(40, 3)), rng.gamma(1.2, size=(40, 3))
    found = nearest_neighbor_accuracy(real, fake)
    assert (found.real, found.fake) == pytest.approx(leave_one_out(real, fake), abs=1e-14)
    assert found.accuracy == pytest.approx((found.real + found.fake) / 2, abs=1e-15)


@pytest.mark.parametrize("swapped", [False, True])
def test_unequal_numbers_are_the_mean_over_all_equal_draws(swapped):
    rng = np.random.default_rng(1)
    smaller, larger = rng.normal(size=(4, 2)), rng.normal(size=(9, 2)) + 0.5
    draws = [leave_one_out(smaller, larger[list(chosen)]) for chosen in itertools.combinations(range(9), 4)]
    expected = np.mean(draws, axis=0)
    found = nearest_neighbor_accuracy(larger, smaller) if swapped else nearest_neighbor_accuracy(smaller, larger)
    sides = (found.fake, found.real) if swapped else (found.real, found.fake)
    assert sides == pytest.approx(tuple(expected), abs=1e-13)


@pytest.mark.parametrize(("num_real", "num_fake"), [(30, 30), (25, 60)])
def test_one_distribution_gives_a_little_less_than_a_half(num_real, num_fake):
    rng = np.random.default_rng(2)
    runs = np.array(
        [nearest_neighbor_accuracy(rng.normal(size=(num_real, 3)), rng.normal(size=(num_fake, 3))) for _ in range(300)]
    )
    error = runs.std(axis=0, ddof=1) / np.sqrt(len(runs))
    assert (np.abs(runs.mean(axis=0) - (num_real - 1) / (2 * num_real - 1)) < 4 * error).all()
    assert (error < 0.008).all()
    # and the answers depend on each other: the binomial law would be narrower than the truth
    if num_real == num_fake:
        assert runs[:, 0].std() > 1.1 * np.sqrt(0.25 / (2 * num_real))


def test_apart_copied_and_crowded():
    rng = np.random.default_rng(3)
    real = rng.normal(size=(100, 4))
    assert nearest_neighbor_accuracy(real, real[::-1] + 50) == (1.0, 1.0, 1.0)
    copies = nearest_neighbor_accuracy(real, real + 1e-3 * rng.normal(size=(100, 4)))
    assert copies == (0.0, 0.0, 0.0)
    crowded = nearest_neighbor_accuracy(rng.normal(size=(100, 30)), 0.8 * rng.normal(size=(100, 30)))
    assert crowded.fake > 0.7
    assert crowded.real < 0.4


def test_ties_count_half():
    """Two real and two generated samples at each of four places: nothing can tell them apart."""
    corners = np.repeat(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 3.0], [5.0, 5.0]]) / 3, 2, axis=0)
    assert nearest_neighbor_accuracy(corners, corners) == (0.5, 0.5, 0.5)


def test_does_not_depend_on_order_blocks_origin_or_float_type(monkeypatch):
    rng = np.random.default_rng(4)
    real = rng.normal(size=(40, 5)).astype(np.float32)
    fake = np.concatenate([real[5:30], rng.normal(size=(45, 5)).astype(np.float32)])
    found = nearest_neighbor_accuracy(real, fake)
    assert nearest_neighbor_accuracy(jnp.asarray(real), jnp.asarray(fake)) == found
    assert nearest_neighbor_accuracy(real[::-1], rng.permutation(fake)) == pytest.approx(found, rel=1e-12)
    shifted = nearest_neighbor_accuracy(real.astype(np.float64) + 1e3, fake.astype(np.float64) + 1e3)
    assert shifted == pytest.approx(found, rel=1e-12)
    assert nearest_neighbor_accuracy(fake, real) == pytest.approx((found.accuracy, found.fake, found.real), rel=1e-12)
    monkeypatch.setattr(distances, "ENTRIES", 7 * 70)
    assert nearest_neighbor_accuracy(real, fake) == pytest.approx(found, rel=1e-12)


# --- held-out classifiers


def test_p_value_by_hand():
    # real 0 … 3, fake from 20 on, cut to as many: 2 + 2 test samples, all 4 recognized: p = 2⁻⁴
    found = classifier_two_sample_test(np.arange(4.0)[:, None], 20 + np.arange(20.0)[:, None])
    assert found == (1.0, 0.0625, 4)


def test_shifted_gaussians_reach_the_best_accuracy_there_is():
    # N(0, I) against N(δ, I): the best classifier, a linear one, is right with probability Φ(‖δ‖/2) = Φ(.75)
    rng = np.random.default_rng(5)
    real, fake = rng.normal(size=(4000, 3)), rng.normal(size=(5000, 3)) + np.array([[1.0, -1.0, 0.5]])
    found = classifier_two_sample_test(real, fake)
    assert found.num_test == 4000
    assert found.accuracy == pytest.approx(norm.cdf(0.75), abs=4 * np.sqrt(0.175 / 4000))
    assert found.p_value < 1e-100


def test_p_values_hold_for_one_distribution():
    rng = np.random.default_rng(6)
    runs = [classifier_two_sample_test(rng.normal(size=(60, 3)), rng.normal(size=(80, 3))) for _ in range(50)]
    accuracies = np.array([run.accuracy for run in runs])
    assert abs(accuracies.mean() - 0.5) < 4 * accuracies.std(ddof=1) / np.sqrt(len(runs))
    # P(p ≤ .05) ≤ .05, and 4 deviations more of 50 runs
    assert np.mean([run.p_value <= 0.05 for run in runs]) < 0.05 + 4 * np.sqrt(0.0475 / 50)


def test_p_value_is_the_binomial_tail():
    rng = np.random.default_rng(7)
    real, fake = rng.normal(size=(20, 2)), rng.normal(size=(20, 2)) + 0.4
    found = classifier_two_sample_test(real, fake)
    right = round(found.accuracy * 20)
    row = [1]  # Pascal's triangle
    for _ in range(20):
        row = [a + b for a, b in zip([0, *row], [*row, 0], strict=True)]
    assert found.p_value == pytest.approx(sum(row[right:]) / 2**20, rel=1e-12)
    assert 8 < right < 20


def test_another_classifier_sees_what_a_line_cannot():
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier

    rng = np.random.default_rng(8)
    real, fake = rng.normal(size=(600, 2)), 3 * rng.normal(size=(600, 2))
    assert classifier_two_sample_test(real, fake).p_value > 1e-3
    network = MLPClassifier((20,), early_stopping=True, max_iter=1000, learning_rate_init=0.01)
    found = classifier_two_sample_test(real, fake, classifier=network)
    assert found.accuracy > 0.7
    assert found.p_value < 1e-20
    assert found == classifier_two_sample_test(real, fake, classifier=network)
    assert not hasattr(network, "coefs_")  # a copy was trained
    assert classifier_two_sample_test(real, fake, classifier=KNeighborsClassifier(17)).accuracy > 0.7


def test_the_split_follows_the_seed_and_not_the_order():
    rng = np.random.default_rng(9)
    real, fake = rng.normal(size=(50, 3)), rng.normal(size=(70, 3)) + 0.3
    first = classifier_two_sample_test(real, fake)
    assert classifier_two_sample_test(real[::-1], rng.permutation(fake)) == first
    assert len({classifier_two_sample_test(real, fake, seed=seed).accuracy for seed in range(6)}) > 1


def test_bad_input():
    good = np.random.default_rng(10).normal(size=(6, 3))
    for test in (nearest_neighbor_accuracy, classifier_two_sample_test):
        with pytest.raises(InputError, match="real_features with 3, fake_features with 2"):
            test(good, good[:, :2])
        with pytest.raises(InputError, match="samples in fake_features, got 1"):
            test(good, good[:1])
