"""Discriminator rejection sampling: with the exact log ratio, the accepted samples have the data's law."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.checks import InputError
from ganjax.samplers import acceptance_logits, highest_score, rejection, rejection_step

MEAN, STD = 0.6, 0.7


def propose(key, num):
    """q = N(0, 1)."""
    return jax.random.normal(key, (num,))


def log_ratio(x):
    """log p/q, p = N(.6, .7²)."""
    return 0.5 * x**2 - 0.5 * ((x - MEAN) / STD) ** 2 - math.log(STD)


# its slope x − (x − .6)/.49 is 0 at x = .6 / .51
HIGHEST = float(log_ratio(MEAN / (1 - STD**2)))


def test_accepted_samples_have_the_data_s_moments():
    result = rejection(jax.random.key(0), propose, log_ratio, 20_000, max_score=HIGHEST)
    assert result.samples.shape == (20_000,)
    x = np.asarray(result.samples, np.float64)
    # errors: .7/√20 000 = .005; .49 √(2/20 000) = .005
    np.testing.assert_allclose([x.mean(), x.var()], [MEAN, STD**2], atol=0.02)
    np.testing.assert_allclose(np.mean((x - x.mean()) ** 3), 0, atol=0.03)
    # one in M = exp(D_max) proposals is accepted
    np.testing.assert_allclose(result.acceptance_rate, math.exp(-HIGHEST), atol=0.01)
    np.testing.assert_allclose(result.max_score, HIGHEST, rtol=1e-6)
    assert len(np.unique(x)) > 19_900


def test_a_shift_trades_correction_for_samples():
    plain, easy = (
        rejection(jax.random.key(1), propose, log_ratio, 8000, max_score=HIGHEST, gamma=gamma) for gamma in (0.0, -4.0)
    )
    assert easy.acceptance_rate > plain.acceptance_rate + 0.2
    assert 0.05 < np.mean(easy.samples) < MEAN - 0.1


def test_acceptance_formula():
    """Against the formula as printed, in float64 NumPy."""
    scores = np.linspace(-30.0, 1.9, 50)
    d = scores - 2.0
    for gamma, epsilon in ((0.0, 1e-8), (0.7, 1e-3), (-1.3, 0.1)):
        expected = d - np.log(1 - np.exp(d - epsilon)) - gamma
        got = acceptance_logits(jnp.asarray(scores, jnp.float32), 2.0, gamma=gamma, epsilon=epsilon)
        np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-5)
    # γ = 0, ε → 0: σ(F) = exp(D − D_max)
    plain = acceptance_logits(jnp.asarray(scores, jnp.float32), 2.0)
    np.testing.assert_allclose(jax.nn.sigmoid(plain), np.exp(d), rtol=1e-4)


def test_finite_at_and_above_the_maximum():
    logits = acceptance_logits(jnp.array([2.0, 3.5, -1e4]), 2.0)
    assert np.all(np.isfinite(logits))
    # −log(1 − exp(−1e−8)) = 18.42
    np.testing.assert_allclose(logits[:2], 18.4207, rtol=1e-5)


def test_the_maximum_rises_and_nan_is_not_taken():
    scores = jnp.array([0.0, 3.0, jnp.nan, 1.0])
    masks, maxima = jax.jit(jax.vmap(lambda key: rejection_step(key, scores, 2.0)))(
        jax.random.split(jax.random.key(2), 4000)
    )
    np.testing.assert_array_equal(maxima, 3.0)
    # e^(D − 3)
    np.testing.assert_allclose(np.mean(masks, axis=0), [math.exp(-3), 1, 0, math.exp(-2)], atol=0.02)
    assert rejection_step(jax.random.key(0), scores, 5.0)[1] == 5.0


def test_first_look():
    highest = float(highest_score(jax.random.key(3), propose, log_ratio, num=4500, batch_size=1000))
    assert HIGHEST - 1e-3 < highest <= HIGHEST + 1e-6
    # 4500 in batches of 1000 are five batches: all of their scores
    batches = [log_ratio(propose(jax.random.fold_in(jax.random.key(3), i), 1000)) for i in range(5)]
    np.testing.assert_allclose(highest, np.max(batches), rtol=1e-6)


def test_same_key_same_samples_and_whole_rows():
    def points(key, num):
        return jax.random.normal(key, (num, 2))

    one, again, longer = (
        rejection(jax.random.key(4), points, lambda x: log_ratio(x[:, 0]), num, max_score=HIGHEST, batch_size=64)
        for num in (50, 50, 80)
    )
    assert one.samples.shape == (50, 2)
    np.testing.assert_array_equal(one.samples, again.samples)
    np.testing.assert_array_equal(one.samples, longer.samples[:50])


def test_giving_up_says_why():
    with pytest.raises(InputError, match=r"Expected 100 accepted samples, got \d+ of 200 .* lower gamma") as error:
        rejection(jax.random.key(0), propose, log_ratio, 100, max_score=9.0, batch_size=100, max_batches=2)
    assert "9" in str(error.value)
    for wrong in ({"batch_size": 0}, {"max_batches": 0}):
        with pytest.raises(InputError, match="> 0"):
            rejection(jax.random.key(0), propose, log_ratio, 1, max_score=1.0, **wrong)
    with pytest.raises(InputError, match="num > 0"):
        rejection(jax.random.key(0), propose, log_ratio, 0, max_score=1.0)
