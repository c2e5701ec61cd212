"""Modes, high-quality shares and the reverse KL on samples placed by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.checks import InputError
from ganjax.metrics import high_quality_share, mode_reverse_kl, mode_statistics, modes_found, reverse_kl

CENTERS = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [20.0, 20.0]])
# std 1. Nearest modes 0 0 0 1 1 2; distances 0, 2.5, 3.5 (no), 5 = |(3, 4)| (no), 1, 3.01 (no)
SAMPLES = np.array([[0.0, 0.0], [1.5, 2.0], [0.0, -3.5], [13.0, 4.0], [10.0, -1.0], [0.0, 13.01]])


def test_six_samples_by_hand():
    found = mode_statistics(SAMPLES, CENTERS, 1.0)
    np.testing.assert_array_equal(found.counts, [3, 2, 1, 0])
    np.testing.assert_array_equal(found.high_quality_counts, [2, 1, 0, 0])
    assert found.modes_found == 2
    assert found.high_quality_share == pytest.approx(3 / 6)
    # KL(q ‖ ¼) with q = (½, ⅓, ⅙, 0): ½ log 2 + ⅓ log 4/3 + ⅙ log 2/3 = .346574 + .095894 − .067578
    assert found.reverse_kl == pytest.approx(0.3748901, abs=1e-7)


def test_the_threshold_is_in_standard_deviations_and_includes_its_bound():
    at_three = np.array([[0.0, 1.5], [10.0, 1.5000001]])
    found = mode_statistics(at_three, CENTERS, 0.5)
    np.testing.assert_array_equal(found.high_quality_counts, [1, 0, 0, 0])
    assert mode_statistics(at_three, CENTERS, 0.5, num_std=3.1).modes_found == 2
    assert mode_statistics(SAMPLES, CENTERS, 1.0, num_std=5.0).high_quality_share == 1.0
    assert mode_statistics(SAMPLES, CENTERS, 2.0).high_quality_share == 1.0


def test_a_sample_counts_for_its_nearest_mode_alone():
    # within 3 of both centers, nearer to the second
    centers = np.array([[0.0, 0.0], [4.0, 0.0]])
    found = mode_statistics(np.array([[2.1, 0.0]]), centers, 1.0)
    np.testing.assert_array_equal(found.high_quality_counts, [0, 1])


def test_collapse_onto_one_of_k_modes_is_log_k():
    collapsed = np.tile(CENTERS[2], (50, 1))
    found = mode_statistics(collapsed, CENTERS, 0.1)
    assert (found.modes_found, found.high_quality_share) == (1, 1.0)
    assert found.reverse_kl == pytest.approx(np.log(4))


def test_perfect_balance():
    found = mode_statistics(np.tile(CENTERS, (7, 1)), CENTERS, 0.1)
    assert (found.modes_found, found.high_quality_share, found.reverse_kl) == (4, 1.0, 0.0)


def test_unequal_weights():
    # counts 3, 2, 1, 0 against weights 3 : 2 : 1 : 6, so p = (¼, ⅙, 1/12, ½): q/p = 2 wherever q > 0
    found = mode_statistics(SAMPLES, CENTERS, 1.0, weights=np.array([3.0, 2.0, 1.0, 6.0]))
    assert found.reverse_kl == pytest.approx(np.log(2))


def test_the_mixture_itself():
    """A ring of eight: 1 − exp(−9/2) of two-dimensional samples lie within three deviations; KL ≈ (K − 1)/(2M)."""
    rng = np.random.default_rng(0)
    angles = 2 * np.pi * np.arange(8) / 8
    centers = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    runs = []
    for _ in range(40):
        samples = centers[rng.integers(8, size=2500)] + 0.01 * rng.normal(size=(2500, 2))
        runs.append(mode_statistics(samples, centers, 0.01))
    assert all(run.modes_found == 8 for run in runs)
    share = np.array([run.high_quality_share for run in runs])
    assert abs(share.mean() - (1 - np.exp(-4.5))) < 4 * np.sqrt(0.0111 * 0.9889 / (40 * 2500))
    kl = np.array([run.reverse_kl for run in runs])
    assert abs(kl.mean() - 7 / 5000) < 4 * kl.std(ddof=1) / np.sqrt(40)


def test_narrow_modes_far_from_the_origin_keep_their_digits():
    centers = np.array([[1e4, 1e4], [1e4 + 1, 1e4]])
    found = mode_statistics(centers[[0]] + np.array([[0.0299, 0.0], [0.0301, 0.0]]), centers, 0.01)
    np.testing.assert_array_equal(found.high_quality_counts, [1, 0])


def test_order_split_and_arrays_do_not_matter():
    found = mode_statistics(SAMPLES, CENTERS, 1.0)
    other = mode_statistics(jnp.asarray(SAMPLES[::-1], jnp.float32), jnp.asarray(CENTERS, jnp.float32), 1.0)
    assert other[:3] == found[:3]
    halves = [mode_statistics(half, CENTERS, 1.0) for half in (SAMPLES[:2], SAMPLES[2:])]
    np.testing.assert_array_equal(halves[0].counts + halves[1].counts, found.counts)
    # the other two are shares of counts; modes are not a sum: the union of what the halves found
    assert np.count_nonzero(halves[0].high_quality_counts + halves[1].high_quality_counts) == found.modes_found


def test_each_number_alone():
    found = mode_statistics(SAMPLES, CENTERS, 1.0)
    alone = [metric(SAMPLES, CENTERS, 1.0) for metric in (modes_found, high_quality_share, mode_reverse_kl)]
    assert alone == [found.modes_found, found.high_quality_share, found.reverse_kl]
    assert reverse_kl(np.ones(4), found.high_quality_counts) == pytest.approx(np.log(4) - np.log(3) + 2 / 3 * np.log(2))


def test_bad_input():
    with pytest.raises(InputError, match="samples with 3, centers with 2"):
        mode_statistics(np.zeros((4, 3)), CENTERS, 1.0)
    with pytest.raises(InputError, match="std > 0"):
        mode_statistics(SAMPLES, CENTERS, 0.0)
    with pytest.raises(InputError, match="num_std > 0"):
        mode_statistics(SAMPLES, CENTERS, 1.0, num_std=-3.0)
    with pytest.raises(InputError, match="NaN or infinity in 1 of 2 samples"):
        mode_statistics(np.array([[0.0, np.nan], [0.0, 0.0]]), CENTERS, 1.0)
    with pytest.raises(InputError, match="at least 1 samples in samples"):
        mode_statistics(np.zeros((0, 2)), CENTERS, 1.0)
    with pytest.raises(InputError, match="same bins"):
        mode_statistics(SAMPLES, CENTERS, 1.0, weights=np.ones(3))
