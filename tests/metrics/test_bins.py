"""Bins: clusters that are plain to see, the test's arithmetic by hand, its level, and the cells themselves."""

import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.checks import InputError
from ganjax.metrics import ndb
from ganjax.metrics._bins import two_proportions_z
from ganjax.metrics._cells import k_means

CENTERS = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])


def around(counts, seed):
    rng = np.random.default_rng(seed)
    return rng.permutation(np.repeat(CENTERS, counts, axis=0)) + 0.1 * rng.normal(size=(sum(counts), 2))


def test_four_clusters_by_hand():
    # N = 100: 40, 30, 20, 10. M = 50: 20, 5, 15, 10.
    # P = 60, 35, 35, 20 of 150; √(1/100 + 1/50) = .173205
    # z = (.4 − .4)/… = 0;  (.3 − .1)/(√(.23333·.76667)·.173205) = .2/.0732575 = 2.73010;
    #     (.2 − .3)/.0732575 = −1.36505;  (.1 − .2)/(√(.13333·.86667)·.173205) = −.1/.058878 = −1.69842
    found = ndb(around([40, 30, 20, 10], 0), around([20, 5, 15, 10], 1), 4)
    np.testing.assert_array_equal(found.real_counts, [40, 30, 20, 10])
    np.testing.assert_array_equal(found.fake_counts, [20, 5, 15, 10])
    np.testing.assert_allclose(found.z, [0.0, 2.73010, -1.36505, -1.69842], atol=1e-5)
    assert (found.num_different, found.share_different) == (1, 0.25)
    # JS: the middle is .4, .2, .25, .15
    js = 0.5 * (0.3 * np.log(1.5) + 0.2 * np.log(0.8) + 0.1 * np.log(2 / 3))
    js += 0.5 * (0.1 * np.log(0.5) + 0.3 * np.log(1.2) + 0.2 * np.log(4 / 3))
    assert found.jensen_shannon == pytest.approx(js, rel=1e-9)
    # 2 (1 − Φ(1.69842)) = .0894, of 2.73010: .00633
    levels = [ndb(around([40, 30, 20, 10], 0), around([20, 5, 15, 10], 1), 4, significance=s).num_different
              for s in (0.006, 0.0067, 0.089, 0.0899)]  # fmt: skip
    assert levels == [0, 1, 1, 2]


def test_a_missing_mode_and_a_single_one():
    real = around([100, 100, 100, 100], 2)
    assert ndb(real, around([100, 100, 100, 0], 3), 4).num_different == 4
    collapsed = ndb(real, around([0, 50, 0, 0], 4), 4)
    assert collapsed.share_different == 1.0
    # shares ¼ each against 1: middle 1/8, 1/8, 1/8, 5/8
    js = 0.5 * (0.75 * np.log(2) + 0.25 * np.log(0.4)) + 0.5 * np.log(1.6)
    assert collapsed.jensen_shannon == pytest.approx(js, rel=1e-9)
    np.testing.assert_array_equal(ndb(real, real + 1e-3, 4).z, np.zeros(4))


def test_the_level_of_the_test():
    """z is standard normal for two multinomial draws from the same shares."""
    rng = np.random.default_rng(5)
    shares = np.array([0.1, 0.2, 0.3, 0.4])
    z = np.array([two_proportions_z(rng.multinomial(500, shares), rng.multinomial(800, shares)) for _ in range(3000)])
    np.testing.assert_allclose(z.mean(axis=0), 0.0, atol=0.08)
    np.testing.assert_allclose(z.std(axis=0), 1.0, atol=0.06)


def test_fresh_samples_of_the_same_distribution():
    rng = np.random.default_rng(6)
    runs = [ndb(rng.normal(size=(1500, 2)), rng.normal(size=(1500, 2)), 20, seed=seed) for seed in range(10)]
    assert 0.005 < np.mean([run.share_different for run in runs]) < 0.1
    assert np.mean([run.jensen_shannon for run in runs]) == pytest.approx(19 * 2 / 1500 / 8, rel=0.3)
    wrong = ndb(rng.normal(size=(1500, 2)), rng.normal(size=(1500, 2)) + 0.3, 20)
    assert wrong.share_different > 0.3


def test_does_not_depend_on_order_or_float_type_but_on_the_seed():
    rng = np.random.default_rng(7)
    real, fake = (rng.gamma(2.0, size=(num, 3)).astype(np.float32) for num in (200, 120))
    found = ndb(real, fake, 7)
    for other in (ndb(real[::-1], rng.permutation(fake), 7), ndb(jnp.asarray(real), jnp.asarray(fake), 7)):
        np.testing.assert_array_equal(other.real_counts, found.real_counts)
        np.testing.assert_array_equal(other.fake_counts, found.fake_counts)
        assert other[:3] == found[:3]
    assert len({tuple(ndb(real, fake, 7, seed=seed).real_counts) for seed in range(4)}) > 1


def test_a_sample_lies_in_the_cell_of_the_nearest_center():
    real = around([20, 20, 20, 20], 8)
    cell_of = k_means(real, 4, 0)
    assert len(set(cell_of(CENTERS))) == 4
    np.testing.assert_array_equal(cell_of(CENTERS + 4.0), cell_of(CENTERS))
    np.testing.assert_array_equal(cell_of(CENTERS[[0]] + 5.5), cell_of(CENTERS[[3]]))


def test_bad_input():
    real = around([5, 5, 5, 5], 9)
    with pytest.raises(InputError, match="real_features with 2, fake_features with 1"):
        ndb(real, real[:, :1], 4)
    with pytest.raises(InputError, match="each of 20 different samples, got 21"):
        ndb(np.concatenate([real, real]), real, 21)
    with pytest.raises(InputError, match="num_bins of at least 2, got 1"):
        ndb(real, real, 1)
    for level in (0.0, 1.0):
        with pytest.raises(InputError, match="significance between 0 and 1"):
            ndb(real, real, 4, significance=level)
