"""The Parzen window: by hand, against scikit-learn and closed forms, and what is known to be wrong with it."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm
from sklearn.neighbors import KernelDensity

from ganjax.checks import InputError
from ganjax.metrics import (
    BANDWIDTHS,
    METRICS,
    Estimate,
    _distances,
    choose_bandwidth,
    evaluate,
    parzen_log_likelihood,
    parzen_score,
)

RNG = np.random.default_rng(0)
SAMPLES, POINTS = RNG.uniform(size=(300, 6)), RNG.uniform(0.1, 1.2, size=(170, 6))


def test_by_hand():
    # centers 0 and 1 on the line, σ = ½: p(x) = ½·(√(2/π)·e^(−2x²) + √(2/π)·e^(−2(x − 1)²)), √(2/π) = .7978846
    found = parzen_log_likelihood(np.array([[0.0], [1.0]]), np.array([[0.0], [2.0]]), 0.5)
    # at 0: ½·.7978846·(1 + .1353353) = .4529335;  at 2: ½·.7978846·(3.3546e−4 + .1353353) = .0541248
    np.testing.assert_allclose(np.exp(found), [0.4529335, 0.0541248], rtol=2e-6)
    # one center, three numbers, σ = 2, distance² = 1 + 4 + 4: −9/8 − 3/2·log(8π) = −1.125 − 4.8362571
    found = parzen_log_likelihood(np.array([[1.0, 2.0, 3.0]]), np.array([[2.0, 0.0, 1.0]]), 2.0)
    np.testing.assert_allclose(found, [-5.9612571], rtol=1e-7)


@pytest.mark.parametrize("sigma", [0.1, 0.4, 3.0])
def test_against_scikit_learn_and_the_definition(sigma):
    found = parzen_log_likelihood(SAMPLES, POINTS, sigma)
    there = KernelDensity(bandwidth=sigma, kernel="gaussian", rtol=0, atol=0).fit(SAMPLES).score_samples(POINTS)
    np.testing.assert_allclose(found, there, rtol=1e-7)  # its tree sums in its own way
    each = norm.logpdf(POINTS[:, None], SAMPLES, sigma).sum(axis=2)
    np.testing.assert_allclose(found, logsumexp(each, axis=1) - np.log(300), rtol=1e-11)


def test_many_samples_of_a_gaussian_are_the_wider_gaussian():
    # N(μ, s²) through windows of σ is N(μ, s² + σ²): of 200 000 samples in the plane to .02 nats where there are many
    samples = np.array([1.0, -2.0]) + 0.5 * np.random.default_rng(1).normal(size=(200_000, 2))
    points = np.array([[1.0, -2.0], [1.5, -2.0], [0.5, -1.4], [1.0, -3.2]])
    wide = np.hypot(0.5, 0.3)
    expected = norm.logpdf(points, [1.0, -2.0], wide).sum(axis=1)
    np.testing.assert_allclose(parzen_log_likelihood(samples, points, 0.3), expected, atol=0.02)


def test_it_is_a_density():
    line = np.linspace(-8, 9, 20_001)[:, None]
    density = np.exp(parzen_log_likelihood(RNG.normal(size=(20, 1)), line, 0.7))
    assert np.trapezoid(density, line[:, 0]) == pytest.approx(1, abs=1e-9)


def test_units():
    """Twice the numbers, twice the σ: F log 2 nats less. Figures in [−1, 1] are not those in [0, 1]."""
    shifted = parzen_log_likelihood(2 * SAMPLES - 1, 2 * POINTS - 1, 0.6)
    np.testing.assert_allclose(parzen_log_likelihood(SAMPLES, POINTS, 0.3) - 6 * np.log(2), shifted, rtol=1e-10)


def test_far_points_and_far_origins_stay_finite():
    # 784 numbers away by 3 each, σ = .1: exp(−784·9/.02) = exp(−352 800) has no float
    far = parzen_log_likelihood(np.zeros((5, 784)), np.full((1, 784), 3.0), 0.1)
    np.testing.assert_allclose(far, -352_800 - 392 * np.log(2 * np.pi * 0.01), rtol=1e-12)
    moved = parzen_log_likelihood(SAMPLES + 1e5, POINTS + 1e5, 0.2)
    np.testing.assert_allclose(moved, parzen_log_likelihood(SAMPLES, POINTS, 0.2), rtol=1e-7)


def test_a_sample_on_a_point():
    """784 numbers: ‖x‖² − 2x·x + ‖x‖² rounds to either side of 0, and must not matter."""
    images = np.random.default_rng(2).uniform(size=(50, 784))
    found = parzen_log_likelihood(images, images, 0.1)
    # the others are exp(−6000) away
    np.testing.assert_allclose(found, -np.log(50) - 392 * np.log(2 * np.pi * 0.01), rtol=1e-12)


def test_blocks_order_and_kind_of_array_do_not_matter(monkeypatch):
    whole = parzen_score(SAMPLES, POINTS[:40], POINTS[40:])
    shuffled = parzen_score(RNG.permutation(SAMPLES), RNG.permutation(POINTS[:40]), RNG.permutation(POINTS[40:]))
    np.testing.assert_allclose(shuffled[:3], whole[:3], rtol=1e-11)
    single = parzen_score(jnp.asarray(SAMPLES, jnp.float32), POINTS[:40], POINTS[40:])
    np.testing.assert_allclose(single[:3], whole[:3], rtol=1e-6)
    monkeypatch.setattr(_distances, "ENTRIES", 7 * 300)  # seven points at a time
    blocked = parzen_score(SAMPLES, POINTS[:40], POINTS[40:])
    np.testing.assert_allclose(blocked[:3], whole[:3], rtol=1e-12)
    np.testing.assert_allclose(blocked.validation, whole.validation, rtol=1e-12)


def test_the_search_is_the_published_one_and_finds_the_best():
    np.testing.assert_allclose(BANDWIDTHS[:3] + BANDWIDTHS[-1:], [0.1, 0.1291550, 0.1668101, 1.0], rtol=1e-6)
    assert len(BANDWIDTHS) == 10
    # two centers far apart, points at ±s from them in F = 4 numbers: the likeliest σ is s, as for one Gaussian
    centers = np.array([[0.0] * 4, [50.0] * 4])
    for s in (BANDWIDTHS[0], BANDWIDTHS[4], BANDWIDTHS[9]):
        signs = np.array([[1, 1, -1, -1], [1, -1, 1, -1], [-1, -1, -1, 1]])
        points = np.concatenate([centers[0] + s * signs, centers[1] + s * signs])
        assert choose_bandwidth(centers, points) == s
        score = parzen_score(centers, points, points[:2])
        assert score.bandwidth == s
        assert np.argmax(score.validation) == BANDWIDTHS.index(s)
        # −log 2 − F/2·(1 + log 2πs²), the same at both points
        assert score.log_likelihood == pytest.approx(-np.log(2) - 2 * (1 + np.log(2 * np.pi * s**2)), rel=1e-9)
        assert score.standard_error == pytest.approx(0, abs=1e-9)
    assert choose_bandwidth(centers, points, bandwidths=[3.0, 0.7]) == 0.7


def test_the_test_samples_choose_nothing():
    """σ is the validation samples' choice even where it is bad for the test samples."""
    centers = np.zeros((1, 2))
    near, far = np.full((3, 2), 0.05), np.array([[0.9, 1.0], [-1.1, 0.8]])
    score = parzen_score(centers, near, far)
    assert score.bandwidth == BANDWIDTHS[0]
    # −1.81/.02 and −1.85/.02, − log(2π·.01): mean −91.5 + 2.7673, spread half of 2
    log_norm = -np.log(2 * np.pi * 0.01)
    assert score.log_likelihood == pytest.approx(-91.5 + log_norm, rel=1e-12)
    assert score.standard_error == pytest.approx(1 / np.sqrt(2), rel=1e-9)
    assert parzen_score(centers, far, near).bandwidth == BANDWIDTHS[-1]


def test_the_row_of_the_table():
    found = evaluate(METRICS, "likelihood", SAMPLES, POINTS[:40], POINTS[40:])
    score = parzen_score(SAMPLES, POINTS[:40], POINTS[40:])
    assert found == {
        "parzen_log_likelihood": score.log_likelihood,
        "parzen_log_likelihood_standard_error": score.standard_error,
    }
    assert score.estimate == Estimate(score.log_likelihood, score.standard_error)


def test_more_samples_of_the_same_distribution_have_a_higher_figure():
    """The bias that never ends in many dimensions."""
    rng = np.random.default_rng(3)
    validation, test = rng.normal(0, 0.3, size=(100, 50)), rng.normal(0, 0.3, size=(200, 50))
    figures = [parzen_score(rng.normal(0, 0.3, size=(num, 50)), validation, test) for num in (30, 300, 3000)]
    few, more, most = (figure.log_likelihood for figure in figures)
    truth = norm.logpdf(test, 0, 0.3).sum(axis=1).mean()
    error = figures[-1].standard_error
    assert few + 3 * error < more
    assert more + error < most < truth - 3 * error


def test_blurred_samples_beat_the_data_themselves():
    """Theis et al. 2016: what lies in between is nearer to everything than samples of the data are."""
    rng = np.random.default_rng(4)
    validation, test, data = (rng.normal(0, 0.3, size=(num, 50)) for num in (100, 200, 1000))
    of_data, of_blur = (parzen_score(samples, validation, test) for samples in (data, 0.3 * data))
    assert of_blur.log_likelihood > of_data.log_likelihood + 5 * of_data.standard_error


def test_bad_input():
    with pytest.raises(InputError, match="sigma > 0"):
        parzen_log_likelihood(SAMPLES, POINTS, 0.0)
    with pytest.raises(InputError, match="at least one bandwidth"):
        choose_bandwidth(SAMPLES, POINTS, bandwidths=())
    with pytest.raises(InputError, match="same number of features"):
        parzen_score(SAMPLES, POINTS[:, :5], POINTS)
    with pytest.raises(InputError, match="at least 2 samples in test"):
        parzen_score(SAMPLES, POINTS, POINTS[:1])
    with pytest.raises(InputError, match="finite validation"):
        parzen_score(SAMPLES, np.full((2, 6), np.nan), POINTS)
    with pytest.raises(InputError, match="at least 1 samples in samples"):
        parzen_score(SAMPLES[:0], POINTS, POINTS)
