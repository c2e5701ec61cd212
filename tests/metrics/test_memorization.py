"""Memorization: neighbors by hand, drawn sets counted out, and generators that copy, blur, miss or do none of it."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from ganjax.checks import InputError
from ganjax.metrics import _distances as distances
from ganjax.metrics import _memorization as module
from ganjax.metrics import data_copying, nearer_to_train


def nearest(x, y):
    return np.linalg.norm(x[:, None] - y[None], axis=2).min(axis=1)


def share_by_loops(train, test, fake):
    """For equal numbers: shares of generated samples whose nearest neighbor of all is a training sample."""
    return np.mean(nearest(fake, train) < nearest(fake, test))


# --- nearer to the training set


def test_by_hand():
    # train 0, 10; test 4, 7: fakes 1 → 0, 3 → 4, 9 → 10, 20 → 10: three of four; 2 and 8.5 are as near to both
    train, test = np.array([[0.0], [10.0]]), np.array([[4.0], [7.0]])
    assert nearer_to_train(train, test, np.array([[1.0], [3.0], [9.0], [20.0]])) == 0.75
    assert nearer_to_train(test, train, np.array([[1.0], [3.0], [9.0], [20.0]])) == 0.25
    assert nearer_to_train(train, test, np.array([[2.0], [8.5], [3.0], [4.5]])) == 0.25


@pytest.mark.parametrize("swapped", [False, True])
def test_unequal_numbers_are_the_mean_over_all_equal_draws(swapped):
    rng = np.random.default_rng(0)
    smaller, larger, fake = rng.normal(size=(3, 2)), rng.normal(size=(8, 2)) + 0.3, rng.normal(size=(6, 2))
    draws = [share_by_loops(larger[list(chosen)], smaller, fake) for chosen in itertools.combinations(range(8), 3)]
    if swapped:
        assert nearer_to_train(smaller, larger, fake) == pytest.approx(1 - np.mean(draws), abs=1e-13)
    else:
        assert nearer_to_train(larger, smaller, fake) == pytest.approx(np.mean(draws), abs=1e-13)


@pytest.mark.parametrize("num_train", [40, 130])
def test_a_half_for_any_generator_that_does_not_know_the_samples(num_train):
    rng = np.random.default_rng(1)
    for shift in (0.0, 1.5):
        values = np.array([
            nearer_to_train(rng.normal(size=(num_train, 3)), rng.normal(size=(40, 3)), rng.normal(size=(50, 3)) + shift)
            for _ in range(120)
        ])  # fmt: skip
        error = values.std(ddof=1) / np.sqrt(len(values))
        assert abs(values.mean() - 0.5) < 4 * error
        assert error < 0.02


def test_a_generator_that_copies():
    rng = np.random.default_rng(2)
    train, test = rng.normal(size=(300, 5)), rng.normal(size=(100, 5))
    assert nearer_to_train(train, test, train[rng.integers(300, size=80)]) < 1.0  # of 300, 100 are drawn
    assert nearer_to_train(train[:100], test, train[rng.integers(100, size=80)]) == 1.0
    assert nearer_to_train(train[:100], test, test) == 0.0
    blurred = train[rng.integers(100, size=400)] + 0.5 * rng.normal(size=(400, 5))
    assert 0.6 < nearer_to_train(train[:100], test, blurred) < 1.0


# --- the three-sample statistic


def test_z_by_hand(monkeypatch):
    # train 0; test 2, −4, 6: distances 2, 4, 6; fakes 1, −3, 4: farther than none, than one, than one and a tie:
    # U = 0 + 1 + 1.5 = 2.5, of 9 pairs: z = (2.5 − 4.5)/√(9·7/12)
    monkeypatch.setattr(module, "LEAST_FAKE_IN_CELL", 1)
    found = data_copying(np.array([[0.0]]), np.array([[2.0], [-4.0], [6.0]]), np.array([[1.0], [-3.0], [4.0]]))
    assert found == pytest.approx(-2 / np.sqrt(5.25), rel=1e-12)


def test_agrees_with_scipys_mann_whitney():
    rng = np.random.default_rng(3)
    train, test, fake = (rng.gamma(2.0, size=(num, 3)) for num in (60, 35, 50))
    pairs = mannwhitneyu(nearest(fake, train), nearest(test, train)).statistic
    expected = (pairs - 35 * 50 / 2) / np.sqrt(35 * 50 * (35 + 50 + 1) / 12)
    assert data_copying(train, test, fake) == pytest.approx(expected, rel=1e-12)


def test_cells_are_weighted_by_their_held_out_samples():
    """Two islands, one cell each; a third holds too few generated samples to count."""
    rng = np.random.default_rng(4)

    def islands(*counts):
        return np.concatenate(
            [rng.normal(size=(num, 2)) + np.array([[100.0 * i, 0.0]]) for i, num in enumerate(counts)]
        )

    train, test, fake = islands(50, 50, 50), islands(30, 10, 60), islands(25, 40, 19)
    first = data_copying(train[:50], test[:30], fake[:25])
    second = data_copying(train[50:100], test[30:40], fake[25:65])
    found = data_copying(train, test, fake, num_cells=3)
    assert found == pytest.approx((30 * first + 10 * second) / 40, rel=1e-9)
    assert abs(first - second) > 0.1


def test_standard_normal_when_nothing_was_copied():
    rng = np.random.default_rng(5)
    values = np.array([
        data_copying(rng.normal(size=(80, 3)), rng.normal(size=(40, 3)), rng.normal(size=(60, 3))) for _ in range(200)
    ])  # fmt: skip
    assert abs(values.mean()) < 4 / np.sqrt(200)
    assert values.std() == pytest.approx(1.0, abs=0.2)


def test_generators_that_copy_and_that_miss():
    rng = np.random.default_rng(6)
    train, test = rng.normal(size=(200, 4)), rng.normal(size=(150, 4))
    for copies in (train[:150], train[rng.integers(200, size=150)] + 0.3 * rng.normal(size=(150, 4))):
        assert data_copying(train, test, copies) < -5
        assert data_copying(train, test, copies, num_cells=3) < -3
    assert data_copying(train, test, 2 * rng.normal(size=(150, 4))) > 5
    # exact copies are at distance 0, all alike: no pair is farther, so z = −(NM/2)/√(NM(N + M + 1)/12)
    assert data_copying(train, test, train[:150]) == pytest.approx(-75 / np.sqrt(301 / 12), rel=1e-12)


def test_does_not_depend_on_order_blocks_origin_or_float_type(monkeypatch):
    rng = np.random.default_rng(7)
    train, test = (rng.normal(size=(num, 4)).astype(np.float32) for num in (90, 50))
    fake = np.concatenate([train[:20], test[:5], rng.normal(size=(40, 4)).astype(np.float32)])
    cells = {"num_cells": 2}

    def both(*sets):
        return nearer_to_train(*sets), data_copying(*sets), data_copying(*sets, **cells)

    found = both(train, test, fake)
    assert both(train[::-1], rng.permutation(test), fake[::-1]) == pytest.approx(found, rel=1e-11)
    assert both(*(jnp.asarray(each) for each in (train, test, fake))) == pytest.approx(found, rel=1e-12)
    shifted = both(*(each.astype(np.float64) + 1e3 for each in (train, test, fake)))
    assert shifted == pytest.approx(found, rel=1e-9)
    monkeypatch.setattr(distances, "ENTRIES", 7 * 90)
    assert both(train, test, fake) == pytest.approx(found, rel=1e-12)


def test_bad_input():
    good = np.random.default_rng(8).normal(size=(30, 3))
    for metric in (nearer_to_train, data_copying):
        with pytest.raises(InputError, match="train_features with 3, test_features with 2, fake_features with 3"):
            metric(good, good[:, :2], good)
        with pytest.raises(InputError, match="at least 1 samples in test_features, got 0"):
            metric(good, good[:0], good)
    with pytest.raises(InputError, match="at least 20 samples in fake_features, got 19"):
        data_copying(good, good, good[:19])
    with pytest.raises(InputError, match="30 different samples, got 31"):
        data_copying(good, good, good, num_cells=31)
    with pytest.raises(InputError, match="none of 30: take fewer cells"):
        data_copying(good, good, good, num_cells=30)
