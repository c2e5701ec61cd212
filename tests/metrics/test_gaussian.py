"""Errors of mean and covariance on three points placed by hand, and at the size that sampling theory gives them."""

import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.checks import InputError
from ganjax.metrics import covariance_error, gaussian_errors, mean_error

# means 4 and 3, covariance [[13, 6], [6, 3]] (26, 12 and 6 over 3 − 1)
SAMPLES = np.array([[1.0, 2.0], [3.0, 2.0], [8.0, 5.0]])
MEAN, COVARIANCE = np.array([4.5, 2.0]), np.array([[12.0, 8.5], [8.5, 3.0]])


def test_three_points_by_hand():
    found = gaussian_errors(SAMPLES, MEAN, COVARIANCE)
    np.testing.assert_allclose(found.mean_difference, [-0.5, 1.0], atol=1e-14)
    np.testing.assert_allclose(found.covariance_difference, [[1.0, -2.5], [-2.5, 0.0]], atol=1e-14)
    assert found.mean_error == pytest.approx(1.0)
    assert found.covariance_error == pytest.approx(2.5)
    assert mean_error(SAMPLES, MEAN, COVARIANCE) == found.mean_error
    assert covariance_error(SAMPLES, MEAN, COVARIANCE) == found.covariance_error


def test_order_and_arrays_do_not_matter():
    found = gaussian_errors(SAMPLES, MEAN, COVARIANCE)
    other = gaussian_errors(jnp.asarray(SAMPLES[::-1]), jnp.asarray(MEAN), jnp.asarray(COVARIANCE))
    np.testing.assert_allclose(other[:2], found[:2], rtol=1e-14)


def test_errors_of_the_gaussian_itself():
    """Standard deviations √(Σ_ii/N) and √((Σ_ij² + Σ_iiΣ_jj)/(N − 1)), mean zero."""
    matrix, shift = np.array([[1.0, 2.0], [-0.1, 0.5]]), np.array([1.0, 2.0])
    covariance = matrix.T @ matrix
    rng = np.random.default_rng(0)
    runs = [gaussian_errors(rng.normal(size=(50, 2)) @ matrix + shift, shift, covariance) for _ in range(4000)]
    for differences, deviation in (
        (np.array([run.mean_difference for run in runs]), np.sqrt(np.diag(covariance) / 50)),
        (
            np.array([run.covariance_difference for run in runs]),
            np.sqrt((covariance**2 + np.outer(np.diag(covariance), np.diag(covariance))) / 49),
        ),
    ):
        np.testing.assert_allclose(differences.std(axis=0), deviation, rtol=0.06)
        assert np.all(np.abs(differences.mean(axis=0)) < 4 * deviation / np.sqrt(4000))


def test_bad_input():
    with pytest.raises(InputError, match=r"mean\[2\] and covariance\[2, 2\].*got mean\[3\], covariance\[2, 2\]"):
        gaussian_errors(SAMPLES, np.zeros(3), COVARIANCE)
    with pytest.raises(InputError, match=r"got mean\[2\], covariance\[2\]"):
        gaussian_errors(SAMPLES, MEAN, np.ones(2))
    with pytest.raises(InputError, match="at least 2 samples in samples, got 1"):
        gaussian_errors(SAMPLES[:1], MEAN, COVARIANCE)
    with pytest.raises(InputError, match="finite samples"):
        gaussian_errors(np.full((3, 2), np.inf), MEAN, COVARIANCE)
