"""The birthday test: pairs counted by hand, supports of known size, and what it says of continuous distributions."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.checks import InputError
from ganjax.metrics import _distances as distances
from ganjax.metrics import near_duplicate_distance, support_statistics


def draws_from(size, num, seed, width=4):
    """Draws from equally likely points, each blurred by far less than the points are apart."""
    rng = np.random.default_rng(seed)
    points = np.random.default_rng(1000 + size).normal(size=(size, width))
    return points[rng.integers(size, size=num)] + 1e-6 * rng.normal(size=(num, width))


def test_pairs_by_hand():
    # 0, .1, .25 | 3, 3 | 9: within .15 are (0, .1), (.1, .25), (3, 3); (0, .25) is not: 15/3 = 5, and 5/√3
    samples = np.array([[0.0], [3.0], [0.1], [9.0], [0.25], [3.0]])
    found = support_statistics(samples, 0.15, 6)
    assert found.num_pairs == 3
    assert found.support_size == pytest.approx((5.0, 5 / math.sqrt(3)))
    # the one batch of six holds a duplicate
    assert found.collision_chance == (1.0, 0.0)
    assert found.batch_support_size == 0.0
    assert support_statistics(samples, 0.0, 6).num_pairs == 1
    assert support_statistics(samples, 0.1, 6).num_pairs == 2  # the bound itself counts
    assert support_statistics(samples, 100.0, 6).support_size.value == 1.0


def test_no_duplicates():
    found = support_statistics(np.arange(6.0)[:, None], 0.5, 3)
    assert found.num_pairs == 0
    assert found.support_size.value == found.batch_support_size == np.inf
    assert np.isnan(found.support_size.standard_error)
    assert found.collision_chance == (0.0, 0.0)


def test_batches_by_hand():
    """Three batches of two of 0, 0, 0, 0, 5, 9: whatever the split, the four copies make one pair, or two."""
    samples = np.array([[0.0], [0.0], [0.0], [0.0], [5.0], [9.0]])
    seen = {support_statistics(samples, 0.1, 2, seed=seed).collision_chance for seed in range(30)}
    assert seen == {(share / 3, math.sqrt(share / 3 * (1 - share / 3) / 3)) for share in (1, 2)}
    found = next(
        run for run in (support_statistics(samples, 0.1, 2, seed=seed) for seed in range(30))
        if run.collision_chance.value < 0.5
    )  # fmt: skip
    # 2·1/(−2 log(1 − ⅓)) = 1/log 1.5
    assert found.batch_support_size == pytest.approx(1 / math.log(1.5), rel=1e-12)


@pytest.mark.parametrize("size", [50, 400])
def test_supports_of_known_size(size):
    """Unbiased rate of pairs; its standard error is the spread; collisions as often as in the birthday problem."""
    batch_size = round(1.2 * math.sqrt(size))
    runs = [support_statistics(draws_from(size, 300, seed), 1e-3, batch_size) for seed in range(60)]
    rates = np.array([1 / run.support_size.value for run in runs])
    spread = rates.std(ddof=1) / np.sqrt(len(rates))
    assert abs(rates.mean() - 1 / size) < 4 * spread
    claimed = np.mean([run.support_size.standard_error / run.support_size.value for run in runs])
    assert 0.75 < claimed * rates.mean() / rates.std(ddof=1) < 1.3
    chances = np.array([run.collision_chance.value for run in runs])
    expected = 1 - math.prod(1 - i / size for i in range(batch_size))
    assert abs(chances.mean() - expected) < 4 * chances.std(ddof=1) / np.sqrt(len(chances))
    claimed = np.sqrt(np.mean([run.collision_chance.standard_error**2 for run in runs]))
    assert 0.7 < claimed / chances.std(ddof=1) < 1.4
    # the size from that chance: exp(−s(s − 1)/2K) for Π(1 − i/K) costs a tenth at most here
    assert batch_size * (batch_size - 1) / (-2 * math.log1p(-chances.mean())) == pytest.approx(size, rel=0.25)


def test_unequal_weights_give_the_size_that_repeats_as_often():
    """Half of the mass on one point, the rest on 100: 1/(¼ + ¼/100) = 3.96, far below the 101 points."""
    rng = np.random.default_rng(0)
    places = np.where(rng.random(2000) < 0.5, 0, rng.integers(1, 101, size=2000))
    found = support_statistics(places[:, None].astype(np.float64), 0.1, 4)
    assert found.support_size.value == pytest.approx(3.96, rel=0.06)


def test_a_threshold_from_the_data():
    # nearest others: 0 → 1, 1 → 1, 3 → 2, 7 → 4: sorted 1, 1, 2, 4
    real = np.array([[7.0], [1.0], [0.0], [3.0]])
    assert [near_duplicate_distance(real, q) for q in (0.0, 0.5, 1.0)] == pytest.approx([1.0, 1.5, 4.0], abs=1e-12)
    rng = np.random.default_rng(1)
    data = rng.normal(size=(500, 6))
    threshold = near_duplicate_distance(data)
    itself = support_statistics(data, threshold, 50)
    fresh = support_statistics(rng.normal(size=(500, 6)), threshold, 50)
    collapsed = support_statistics(draws_from(50, 500, 2, width=6), threshold, 50)
    assert itself.num_pairs in range(3, 6)  # a hundredth of 500 samples, in pairs
    assert collapsed.support_size.value < 60 < 1000 < fresh.support_size.value  # noqa: PLR0133
    assert collapsed.collision_chance.value == 1.0
    assert fresh.collision_chance.value < 0.5


def test_does_not_depend_on_order_blocks_origin_or_float_type(monkeypatch):
    samples = draws_from(40, 130, 3).astype(np.float32)
    found = support_statistics(samples, 0.01, 7)
    assert support_statistics(samples[::-1], 0.01, 7) == found
    assert support_statistics(jnp.asarray(samples), 0.01, 7) == found
    shifted = support_statistics(samples.astype(np.float64) + 100, 0.01, 7)  # in other batches
    assert (shifted.support_size, shifted.num_pairs) == (found.support_size, found.num_pairs)
    monkeypatch.setattr(distances, "ENTRIES", 11 * 130)
    assert support_statistics(samples, 0.01, 7) == found
    assert len({support_statistics(samples, 0.01, 7, seed=seed).collision_chance for seed in range(9)}) > 1


def test_bad_input():
    good = np.eye(5)
    with pytest.raises(InputError, match="at least 6 samples in samples, got 5"):
        support_statistics(good, 0.1, 6)
    with pytest.raises(InputError, match="batch_size of at least 2, got 1"):
        support_statistics(good, 0.1, 1)
    with pytest.raises(InputError, match="threshold >= 0"):
        support_statistics(good, -0.1, 2)
    with pytest.raises(InputError, match=r"quantile from 0 to 1, got 1\.5"):
        near_duplicate_distance(good, 1.5)
