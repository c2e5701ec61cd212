"""InfoGAN's latents: what `priors.coded` draws is what `objectives.infogan` reads."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax import objectives
from ganjax.checks import InputError
from ganjax.priors import PRIORS, coded
from ganjax.types import DiscriminatorOutput, Play

KEY = jax.random.key(3)
NOISE, CATEGORIES, CONTINUOUS = 3, 5, 2


def drawn(num=20_000):
    return np.asarray(coded(NOISE, CATEGORIES, CONTINUOUS).sample(KEY, num))


def test_defaults_are_the_paper_s():
    assert coded().shape == (74,)
    assert PRIORS["coded"] is coded


def test_each_part_has_its_law():
    latents = drawn()
    noise, one_hot, rest = np.split(latents, [NOISE, NOISE + CATEGORIES], axis=1)
    # standard errors at 20 000: mean .007, variance .01, share √(.2·.8/20000) = .003, uniform mean .004; five of those
    np.testing.assert_allclose(noise.mean(0), 0, atol=0.035)
    np.testing.assert_allclose(noise.var(0), 1, atol=0.05)
    assert set(np.unique(one_hot)) == {0.0, 1.0}
    np.testing.assert_array_equal(one_hot.sum(1), 1)
    np.testing.assert_allclose(one_hot.mean(0), 1 / CATEGORIES, atol=0.015)
    assert -1 <= rest.min() < -0.99
    assert 0.99 < rest.max() <= 1
    np.testing.assert_allclose(rest.mean(0), 0, atol=0.02)
    np.testing.assert_allclose(rest.var(0), 1 / 3, atol=0.01)


def test_parts_are_independent():
    kept = np.delete(drawn(), NOISE + CATEGORIES - 1, axis=1)  # the last entry of a one-hot row is 1 − the others
    correlation = np.corrcoef(kept, rowvar=False)
    codes = slice(NOISE, NOISE + CATEGORIES - 1)
    expected = np.eye(len(correlation))
    expected[codes, codes] = np.where(np.eye(CATEGORIES - 1), 1, -1 / (CATEGORIES - 1))
    np.testing.assert_allclose(correlation, expected, atol=0.04)


def test_noise_and_continuous_codes_share_no_key():
    """One key would draw both from the same bits; with equal widths they would line up."""
    noise, rest = np.split(np.asarray(coded(2, 0, 2).sample(KEY, 20_000)), 2, axis=1)
    np.testing.assert_allclose([np.corrcoef(a, b)[0, 1] for a, b in zip(noise.T, rest.T, strict=True)], 0, atol=0.035)


@pytest.mark.parametrize("parts", [(4, 0, 0), (0, 3, 0), (0, 0, 2), (1, 0, 2), (2, 8, 0)])
def test_any_part_may_be_missing(parts):
    prior = coded(*parts)
    latents = prior.sample(KEY, 7)
    assert latents.shape == (7, *prior.shape) == (7, sum(parts))
    assert latents.dtype == jnp.float32
    np.testing.assert_array_equal(latents[:, parts[0] : parts[0] + parts[1]].sum(1), bool(parts[1]))


@pytest.mark.parametrize("parts", [(0, 0, 0), (-1, 2, 2), (3, -1, 0), (3, 0, -1)])
def test_impossible_parts_are_refused(parts):
    with pytest.raises(InputError, match=">= "):
        coded(*parts)


def play(latents, posterior):
    scores = jnp.zeros(len(latents))
    output = DiscriminatorOutput(scores, {"posterior": jnp.asarray(posterior, jnp.float32)})
    points = jnp.zeros((len(latents), 2))
    return Play(points, points, jnp.asarray(latents), (), output, output, lambda x: x[0])


@pytest.mark.parametrize(("categories", "continuous"), [(CATEGORIES, CONTINUOUS), (0, CONTINUOUS), (CATEGORIES, 0)])
def test_a_discriminator_that_knows_the_code_earns_all_of_its_information(categories, continuous):
    latents = np.asarray(coded(NOISE, categories, continuous).sample(KEY, 6))
    codes = latents[:, NOISE:]
    sure = np.concatenate([60.0 * codes[:, :categories], codes[:, categories:]], axis=1)
    objective = objectives.infogan(categories=categories, continuous=continuous)
    # log Q = 0 for the category and −½ log 2π for each exact mean; H = log K + log 2 for each number; L = log 2 − …
    information = np.log(categories or 1) + continuous * (np.log(2) - 0.5 * np.log(2 * np.pi))
    shown = play(latents, sure)
    np.testing.assert_allclose(objective.discriminator(KEY, shown), 2 * np.log(2) - information, rtol=1e-5)
    np.testing.assert_allclose(objective.generator(KEY, shown), np.log(2) - information, rtol=1e-5)
    blind = objective.generator(KEY, play(latents, 0 * sure))
    assert (blind > np.log(2) - information + (0.1 if categories else 0)).all()


def test_codes_that_do_not_fit_are_refused():
    latents, posterior = np.zeros((4, 7)), np.zeros((4, 5))
    with pytest.raises(InputError, match=r"posterior\[B, 6\].*got posterior\[4, 5\].*same codes"):
        objectives.infogan(categories=4).generator(KEY, play(latents, posterior))
    with pytest.raises(InputError, match=r"end in 5 codes.*latents\[4, 3\]"):
        objectives.infogan(categories=3).generator(KEY, play(latents[:, :3], posterior))
    with pytest.raises(InputError, match="each of the 4 samples, got 2: with packing"):
        objectives.infogan(categories=3).generator(KEY, play(latents, posterior[:2]))
    with pytest.raises(InputError, match="no InfoGAN"):
        objectives.infogan(categories=0, continuous=0)
