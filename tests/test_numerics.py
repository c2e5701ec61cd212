"""NaN stays NaN, and what is not counted counts nothing: the guards at 0 hide no fault."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax import data, divergences, priors, regularizers
from ganjax.checks import InputError
from ganjax.numerics import safe_norm, standardize

NAN = jnp.array([jnp.nan, 1.0])


def test_norms():
    x = jnp.array([3.0, -4.0])
    for order, expected in ((1.0, 7.0), (2.0, 5.0), (3.0, 91 ** (1 / 3))):
        np.testing.assert_allclose(safe_norm(x, order), expected, rtol=1e-6)
        assert safe_norm(0 * x, order) == 0
        assert np.isnan(safe_norm(NAN, order))
    np.testing.assert_array_equal(jax.grad(safe_norm)(jnp.zeros(2)), 0.0)
    for order in (0.0, 0.5, np.inf, np.nan):
        with pytest.raises(InputError, match="order 1 <= ord < inf"):
            safe_norm(x, order)


def test_a_score_that_is_no_number_has_no_finite_penalty():
    points = jnp.ones((3, 2))
    found = regularizers.wgan_div(lambda x: jnp.sum(x) * jnp.nan, points)
    assert np.isnan(found).all()
    assert np.isnan(regularizers.correlation(jnp.full((2, 3), jnp.nan), jnp.ones((2, 1)) * jnp.arange(3.0)[None])).all()
    np.testing.assert_array_equal(regularizers.wgan_div(lambda x: 0.0 * jnp.sum(x), points), 0.0)


def test_distances_to_no_number():
    assert np.isnan(divergences.wasserstein_1d(np.array([np.nan, 1.0]), np.array([5.0, 6.0])))
    assert divergences.wasserstein_1d(np.ones(2), np.ones(2)) == 0


def test_labels_that_are_none():
    logits = jnp.array([[1.0, 2.0, 3.0]] * 4)
    found = regularizers.categorical_information(logits, jnp.array([-1, 0, 2, 3]), entropy=0.0)
    expected = np.log(np.exp([1.0, 3.0]) / np.exp([1.0, 2.0, 3.0]).sum())
    assert np.isnan(found[np.array([0, 3])]).all()
    np.testing.assert_allclose(found[np.array([1, 2])], expected, rtol=1e-6)


def test_a_class_that_is_ruled_out():
    logits, code = jnp.array([[0.0, -jnp.inf]]), jnp.array([[1.0, 0.0]])
    np.testing.assert_allclose(regularizers.categorical_information(logits, code), np.log(2), rtol=1e-6)


def test_half_precision_is_standardized_in_float32():
    rows = jnp.array([[1000.0, -1000.0, 500.0, -500.0], [1.0, 1.0, 1.0, 1.0]], jnp.float16)
    deviation = np.sqrt(np.mean(np.square([1000.0, 1000.0, 500.0, 500.0])))
    found = standardize(rows)
    np.testing.assert_allclose(found[0], np.array([1000.0, -1000.0, 500.0, -500.0]) / deviation, rtol=1e-5)
    np.testing.assert_array_equal(found[1], 0.0)


def test_bytes_and_back():
    every = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(data.to_uint8(data.to_float(jnp.asarray(every))), every)


def test_names_and_numbers():
    with pytest.raises(InputError, match="equal shapes"):
        priors.spherical(jnp.ones(3), jnp.ones(1), 0.5)
    with pytest.raises(InputError, match="order 1 <= ord"):
        safe_norm(jnp.ones(3), np.inf)
