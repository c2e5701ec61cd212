"""Precision, recall, density and coverage: by hand, against the papers' sums, against prdc, and their laws."""

import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.checks import InputError
from ganjax.metrics import _distances as distances
from ganjax.metrics import coverage, density, manifold_statistics, precision, recall

# Inputs that no random stream can change, and what prdc 0.2 (NumPy 2.4.6, scikit-learn 1.9.1) said of them.
REAL = np.sin(np.outer(np.arange(1, 41), [1.3, 2.1, 3.7]))
FAKE = 0.1 + 0.8 * np.sin(np.outer(np.arange(1, 31) + 0.5, [1.7, 2.9, 0.6]))
PRDC = {
    1: (0.7333333333333333, 0.275, 1.2333333333333334, 0.4),
    3: (1.0, 0.875, 1.3666666666666665, 0.925),
    5: (1.0, 0.95, 1.2533333333333334, 1.0),
    8: (1.0, 0.975, 1.2791666666666666, 1.0),
}


def from_the_papers(real, fake, k):
    """Kynkäänniemi et al. 2019, eqs. 1 and 2, with open balls; Naeem et al. 2020, density and coverage."""

    def radius(points, i):
        return sorted(np.linalg.norm(points[i] - other) for j, other in enumerate(points) if j != i)[k - 1]

    inside_real = np.array([[np.linalg.norm(x - y) < radius(real, i) for y in fake] for i, x in enumerate(real)])
    inside_fake = np.array([[np.linalg.norm(x - y) < radius(fake, j) for j, y in enumerate(fake)] for x in real])
    return (
        np.mean([any(column) for column in inside_real.T]),
        np.mean([any(row) for row in inside_fake]),
        inside_real.sum() / (k * len(fake)),
        np.mean([any(row) for row in inside_real]),
    )


def test_four_points_on_a_line():
    # real 0, 1, 3, 7: the nearest others are 1, 1, 2, 4 away: balls (−1, 1), (0, 2), (1, 5), (3, 11)
    # fake .5 is in the first two, 4 in the last two, 20 in none: precision ⅔, density 4/3, coverage 1
    # fakes' nearest others: 3.5, 3.5, 16: balls (−3, 4), (.5, 7.5), (4, 36): they hold all of 0, 1, 3, 7: recall 1
    real, fake = np.array([[0.0], [1.0], [3.0], [7.0]]), np.array([[0.5], [4.0], [20.0]])
    assert manifold_statistics(real, fake, num_neighbors=1) == pytest.approx((2 / 3, 1.0, 4 / 3, 1.0), abs=1e-15)
    # exchanged: those three balls hold 0, 1, 3 | 1, 3, 7 | 7: precision 1, density 7/4, coverage 1; recall the old ⅔
    assert manifold_statistics(fake, real, num_neighbors=1) == pytest.approx((1.0, 2 / 3, 7 / 4, 1.0), abs=1e-15)


def test_a_sample_on_the_sphere_is_outside():
    # real 0 and 2, k = 1: balls (−2, 2) and (0, 4). Fakes 0 and 4: both on the second's rim, 0 in the first
    found = manifold_statistics(np.array([[0.0], [2.0]]), np.array([[0.0], [4.0]]), num_neighbors=1)
    # fakes' balls (−4, 4), (0, 8): both hold 2, the first holds 0
    assert found == (0.5, 1.0, 0.5, 0.5)


def test_copies_leave_an_empty_ball():
    real = np.array([[0.0], [0.0], [5.0], [5.0]])
    assert manifold_statistics(real, real[:3], num_neighbors=1)[0] == 0.0
    assert manifold_statistics(real, real[:3], num_neighbors=2)[0] == 1.0


@pytest.mark.parametrize("k", PRDC)
def test_agrees_with_prdcs_numbers(k):
    assert manifold_statistics(REAL, FAKE, num_neighbors=k) == pytest.approx(PRDC[k], abs=1e-12)


@pytest.mark.parametrize(("num_real", "num_fake", "width"), [(60, 45, 2), (200, 300, 32)])
def test_agrees_with_prdc(num_real, num_fake, width, capsys):
    prdc = pytest.importorskip("prdc")
    rng = np.random.default_rng(0)
    real, fake = rng.gamma(2.0, size=(num_real, width)), rng.gamma(1.8, size=(num_fake, width)) + 0.05
    for k in (1, 3, 5, 20):
        expected = prdc.compute_prdc(real, fake, nearest_k=k)
        found = manifold_statistics(real, fake, num_neighbors=k)._asdict()
        assert found == pytest.approx(expected, abs=1e-12)
    # integers are full of ties and copies, and their distances are exact there too
    real, fake = rng.integers(0, 5, (60, 2)) / 1.0, rng.integers(0, 6, (50, 2)) / 1.0
    assert manifold_statistics(real, fake)._asdict() == pytest.approx(prdc.compute_prdc(real, fake, 5), abs=1e-12)


@pytest.mark.parametrize(("num_real", "num_fake", "width", "k"), [(9, 7, 1, 2), (12, 15, 3, 4), (14, 6, 5, 5)])
def test_agrees_with_the_papers(num_real, num_fake, width, k):
    rng = np.random.default_rng(k)
    real, fake = rng.gamma(2.0, size=(num_real, width)), rng.gamma(1.5, size=(num_fake, width))
    assert manifold_statistics(real, fake, num_neighbors=k) == pytest.approx(from_the_papers(real, fake, k), abs=1e-12)


def test_expected_values_for_one_distribution():
    """Density 1, and coverage 1 − Π (N − i)/(N + M − i): (59·58·57)/(149·148·147) of the balls stay empty."""
    rng = np.random.default_rng(1)
    runs = [manifold_statistics(rng.gamma(2.0, size=(60, 3)), rng.gamma(2.0, size=(90, 3)), num_neighbors=3)
            for _ in range(300)]  # fmt: skip
    for name, expected in (("density", 1.0), ("coverage", 1 - 59 * 58 * 57 / (149 * 148 * 147))):
        values = np.array([getattr(run, name) for run in runs])
        error = values.std(ddof=1) / np.sqrt(len(values))
        assert abs(values.mean() - expected) < 4 * error
        assert error < 0.006


def test_quality_and_diversity_are_told_apart():
    rng = np.random.default_rng(2)
    real = rng.normal(size=(300, 4))
    narrow = manifold_statistics(real, 0.3 * rng.normal(size=(300, 4)))
    wide = manifold_statistics(real, 3.0 * rng.normal(size=(300, 4)))
    assert narrow.precision > 0.95
    assert narrow.recall < 0.3
    assert narrow.density > 1.2
    assert wide.precision < 0.4
    assert wide.recall > 0.9
    assert wide.density < 0.4


def test_does_not_depend_on_order_blocks_origin_or_float_type(monkeypatch):
    """Copies of the data are nothing but ties: each lies on the rims of the balls that its original bounds."""
    rng = np.random.default_rng(3)
    real = rng.gamma(2.0, size=(190, 37))
    fake = np.concatenate([real[20:160], rng.gamma(2.0, size=(20, 37))])
    found = manifold_statistics(real, fake)
    assert manifold_statistics(rng.permutation(real), fake[::-1]) == found
    assert manifold_statistics(real + 1e6, fake + 1e6) == found
    single = real.astype(np.float32), fake.astype(np.float32)
    assert manifold_statistics(*(jnp.asarray(each) for each in single)) == manifold_statistics(*single)
    for entries in (1, 7 * 190, 13 * 160 + 5):
        monkeypatch.setattr(distances, "ENTRIES", entries)
        assert manifold_statistics(real, fake) == found


def test_each_number_alone():
    found = manifold_statistics(REAL, FAKE, num_neighbors=3)
    assert found == tuple(metric(REAL, FAKE, num_neighbors=3) for metric in (precision, recall, density, coverage))
    assert manifold_statistics(REAL, FAKE) == manifold_statistics(REAL, FAKE, num_neighbors=5)


def test_bad_input():
    with pytest.raises(InputError, match="real_features with 3, fake_features with 2"):
        manifold_statistics(REAL, FAKE[:, :2])
    with pytest.raises(InputError, match="1 to 4 neighbors among 5 samples, got 5: draw at least 6"):
        manifold_statistics(REAL, FAKE[:5])
    with pytest.raises(InputError, match="1 to 39 neighbors among 40 samples, got 0"):
        manifold_statistics(REAL, FAKE, num_neighbors=0)
    with pytest.raises(InputError, match="NaN or infinity in 1 of 30"):
        manifold_statistics(REAL, np.where(np.eye(30, 3, -29) > 0, np.nan, FAKE))
