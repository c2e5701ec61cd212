"""Histograms of classes and their distances, by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.checks import InputError
from ganjax.metrics import (
    class_counts,
    class_reverse_kl,
    class_total_variation,
    classes_found,
    expected_class_shares,
    num_classes_found,
    reverse_kl,
    stacked_classes,
    total_variation,
)

REAL = np.array([0, 0, 1, 2])  # shares ½, ¼, ¼, 0
FAKE = np.array([1, 1, 0, 1, 0, 1, 1, 1])  # shares ¼, ¾, 0, 0


def test_counts_by_hand():
    np.testing.assert_array_equal(class_counts(FAKE, 4), [2, 6, 0, 0])
    np.testing.assert_array_equal(class_counts(jnp.asarray(FAKE), 3), [2, 6, 0])
    np.testing.assert_array_equal(class_counts(FAKE.astype(np.uint8), 2), [2, 6])


def test_distances_by_hand():
    # ½(¼ + ½ + ¼ + 0) = ½;  ¼ log(¼/½) + ¾ log(¾/¼) = ¾ log 3 − ¼ log 2 = .823959 − .173287
    assert class_total_variation(REAL, FAKE, 4) == pytest.approx(0.5, abs=1e-15)
    assert class_reverse_kl(REAL, FAKE, 4) == pytest.approx(0.6506724, abs=1e-7)
    # the other direction is infinite: the fakes never show class 2
    assert class_reverse_kl(FAKE, REAL, 4) == np.inf
    assert class_total_variation(FAKE, REAL, 4) == pytest.approx(0.5, abs=1e-15)


def test_classes_found_are_those_of_the_data():
    assert classes_found(REAL, FAKE, 4) == 2.0
    assert classes_found(REAL, np.array([3, 3, 2]), 4) == 1.0  # class 3 is not in the data
    assert classes_found(FAKE, REAL, 4) == 2.0


def test_num_classes_found_with_a_least_count():
    counts = np.array([5, 0, 1, 3])
    assert [num_classes_found(counts, at_least) for at_least in (1, 2, 3, 4, 6)] == [3, 2, 2, 1, 0]


def test_reverse_kl_and_total_variation_of_shares_are_those_of_counts():
    real, fake = np.array([2, 5, 3]), np.array([4, 4, 0])
    assert reverse_kl(real / 10, fake / 8) == pytest.approx(reverse_kl(real, fake), rel=1e-14)
    assert total_variation(7 * real, fake) == pytest.approx(total_variation(real, fake), rel=1e-14)
    # ½ log(.5/.2) + ½ log(.5/.5);  ½(.3 + 0 + .3)
    assert reverse_kl(real, fake) == pytest.approx(0.5 * np.log(2.5), rel=1e-14)
    assert total_variation(real, fake) == pytest.approx(0.3, rel=1e-14)


def test_bounds():
    real = np.array([0.2, 0.3, 0.5])
    assert reverse_kl(real, real) == total_variation(real, real) == 0.0
    assert reverse_kl(np.array([1, 1, 1]), np.array([1, 2, 3]) / 6) > 0
    assert total_variation(np.array([1, 0]), np.array([0, 1])) == 1.0
    assert reverse_kl(np.array([0.1, 0.2, 0.7]), np.array([1, 2, 7])) == pytest.approx(0.0, abs=1e-15)


def test_bias_of_the_reverse_kl_is_k_minus_1_over_2m():
    rng = np.random.default_rng(0)
    real = np.array([0.1, 0.2, 0.3, 0.4])
    found = np.array([reverse_kl(real, rng.multinomial(500, real)) for _ in range(4000)])
    assert found.mean() == pytest.approx(3 / 1000, rel=0.06)
    assert found.min() >= 0


def test_expected_shares_by_hand():
    found = expected_class_shares(np.array([[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]]))
    np.testing.assert_allclose(found, [0.25, 0.375, 0.375], rtol=1e-15)
    half = expected_class_shares(jnp.asarray([[0.3, 0.7], [0.6, 0.4]], jnp.bfloat16))
    np.testing.assert_allclose(half, [0.45, 0.55], atol=2e-3)
    assert half.sum() == pytest.approx(1.0, abs=1e-15)


def test_stacked_classes_by_hand():
    digits = np.array([[1, 2, 3], [0, 0, 0], [9, 9, 9], [7, 0, 4]])
    np.testing.assert_array_equal(stacked_classes(digits), [123, 0, 999, 704])
    np.testing.assert_array_equal(stacked_classes(jnp.asarray(digits[:, :2], jnp.uint8)), [12, 0, 99, 70])
    np.testing.assert_array_equal(stacked_classes(np.array([[2, 1], [0, 2]]), num_classes=3), [7, 2])


def test_perfect_stacks_find_1000_modes_at_the_published_number_of_samples():
    rng = np.random.default_rng(0)
    found = []
    for _ in range(20):
        counts = class_counts(stacked_classes(rng.integers(0, 10, size=(26_000, 3))), 1000)
        assert num_classes_found(counts) == 1000
        found.append(reverse_kl(np.ones(1000), counts))
    # (K − 1)/2N = 999/52 000, with spread √(2·999)/52 000
    assert np.mean(found) == pytest.approx(0.0192, abs=3 * np.sqrt(2 * 999) / 52_000 / np.sqrt(20))


def test_stacks_that_are_no_digits():
    with pytest.raises(InputError, match="from 0 to 9, got 0 to 10"):
        stacked_classes(np.array([[0, 10]]))
    with pytest.raises(InputError, match="from 0 to 9, got -1 to 3"):
        stacked_classes(np.array([[-1, 3]]))
    for digits in (np.array([1, 2]), np.zeros((0, 3), int), np.array([[0.0, 1.0]])):
        with pytest.raises(InputError, match="integer digits"):
            stacked_classes(digits)


def test_bad_input():
    with pytest.raises(InputError, match="from 0 to 2, got 0 to 3"):
        class_counts(np.array([0, 3]), 3)
    with pytest.raises(InputError, match="from 0 to 2, got -1 to 1"):
        class_counts(np.array([-1, 1]), 3)
    for labels in (np.array([0.0, 1.0]), np.array([[0, 1]]), np.array([], np.int32)):
        with pytest.raises(InputError, match="integer labels"):
            class_counts(labels, 3)
    with pytest.raises(InputError, match="softmax"):
        expected_class_shares(np.array([[2.0, -1.0]]))
    with pytest.raises(InputError, match="softmax"):
        expected_class_shares(np.array([[0.5, 0.4]]))
    with pytest.raises(InputError, match="at_least > 0"):
        num_classes_found(np.array([1, 2]), 0)
    with pytest.raises(InputError, match=r"real\[2\], fake\[3\]"):
        reverse_kl(np.ones(2), np.ones(3))
    for counts in (np.zeros(2), np.array([-1.0, 2.0]), np.array([np.nan, 1.0]), np.array([np.inf, 1.0])):
        with pytest.raises(InputError, match="at least one sample, got fake"):
            total_variation(np.ones(2), counts)
