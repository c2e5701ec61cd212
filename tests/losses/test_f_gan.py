import jax.numpy as jnp
import numpy as np
import pytest
import references

from ganjax import divergences, losses

LOG2, LOG3 = float(np.log(2)), float(np.log(3))

# name: real score, fake score, L_D, exact L_G, practical L_G
BY_HAND = {
    # tanh ½log 3 = (3 − 1)/(3 + 1): g(r) = ¼, g(f) = f*(g(f)) = −¼
    "total_variation": (LOG3 / 2, -LOG3 / 2, -0.5, 0.25, 0.25),
    "kl": (0.5, 1 + LOG2, -0.5 + 2, -2, -1 - LOG2),  # f* = e^{v − 1} = 2
    "reverse_kl": (LOG2, 2.0, 0.5 + 1, -1, np.exp(-2)),  # g(r) = −½, f*(g(f)) = −1 + 2
    "pearson": (1.0, 2.0, -1 + 3, -3, -2),  # f* = 2²/4 + 2
    "neyman": (LOG2, 2 * LOG2, -0.5 + 1, -1, -0.75),  # g(r) = ½, f*(g(f)) = 2 − 2·½
    "squared_hellinger": (LOG2, LOG3, -0.5 + 2, -2, -2 / 3),  # f*(g(f)) = 3 − 1
    # t = f′(2) = 1 + log 2 − ½, and f*(f′(u)) = u f′(u) − f(u) = 1 + 2 log 2 − log 2
    "jeffreys": (0.5, 0.5 + LOG2, -0.5 + 1 + LOG2, -1 - LOG2, -0.5 - LOG2),
    # g(r) = log 2·¾; f*(g(f)) = −log 2(1 − ¾); g(f) = log 2·¾
    "jensen_shannon": (LOG3, LOG3, np.log(2 / 1.5), -LOG2, -np.log(1.5)),
    "gan": (LOG3, LOG3, np.log(4 / 3) + np.log(4), -np.log(4), np.log(4 / 3)),
}


@pytest.mark.parametrize("name", divergences.DIVERGENCES)
def test_by_hand(name, x64):
    real, fake, disc_loss, exact, practical = BY_HAND[name]
    real, fake = jnp.array([real]), jnp.array([fake])
    divergence = divergences.DIVERGENCES[name]
    pair, practical_pair = losses.f_gan(divergence), losses.f_gan(divergence, practical=True)
    np.testing.assert_allclose(pair.discriminator(real, fake), [disc_loss], rtol=1e-9)
    np.testing.assert_allclose(pair.generator(real, fake), [exact], rtol=1e-9)
    np.testing.assert_allclose(practical_pair.discriminator(real, fake), [disc_loss], rtol=1e-9)
    np.testing.assert_allclose(practical_pair.generator(real, fake), [practical], rtol=1e-9)


@pytest.mark.parametrize("practical", [False, True])
@pytest.mark.parametrize("name", divergences.DIVERGENCES)
def test_values_are_the_papers(name, practical, x64):
    rng = np.random.default_rng(5)
    real, fake = rng.normal(0.8, 1.5, [9]), rng.normal(-0.5, 1.5, [9])
    pair = losses.f_gan(divergences.DIVERGENCES[name], practical=practical)
    for member, reference in zip(pair, references.fgan(name, practical), strict=True):
        np.testing.assert_allclose(member(jnp.asarray(real), jnp.asarray(fake)), reference(real, fake), rtol=1e-6)


def test_the_original_games_are_two_of_them():
    real, fake = jnp.array([0.3, -2.0, 40.0]), jnp.array([1.2, 3.0, -40.0])
    for practical, classic in ((False, losses.minimax()), (True, losses.non_saturating())):
        pair = losses.f_gan(divergences.GAN, practical=practical)
        np.testing.assert_array_equal(pair.discriminator(real, fake), classic.discriminator(real, fake))
        np.testing.assert_array_equal(pair.generator(real, fake), classic.generator(real, fake))


def test_default_is_jensen_shannon():
    real, fake = jnp.array([0.3, -2.0]), jnp.array([1.2, 3.0])
    default, named = losses.f_gan(), losses.f_gan(divergences.JENSEN_SHANNON)
    np.testing.assert_array_equal(default.discriminator(real, fake), named.discriminator(real, fake))
    zero = jnp.zeros(2)
    np.testing.assert_allclose(default.discriminator(zero, zero), 0, atol=1e-7)  # p = q: no divergence


@pytest.mark.parametrize("ratio", [1e-3, 1 / 16, 3.0, 400.0])
@pytest.mark.parametrize("name", divergences.DIVERGENCES)
def test_tangents_do_not_move_the_best_score(name, ratio, x64):
    """p g(v) − q f*(g(v)) over every score up to ±1e4 is greatest where g(v) = f′(p/q)."""
    best = float(references.F_DIVERGENCES[name].score(np.log(ratio)))
    v = jnp.concatenate([jnp.linspace(-70, 70, 2801), jnp.array([-1e4, -300.0, 300.0, 1e4]), jnp.array([best])])
    pair = losses.f_gan(divergences.DIVERGENCES[name])
    zero = jnp.zeros_like(v)
    origin = pair.discriminator(zero, zero)
    per_point = ratio * (pair.discriminator(v, zero) - origin) + (pair.discriminator(zero, v) - origin)
    # Pearson's best score for 400 is 798
    assert np.all(per_point >= per_point[-1] - 1e-9 * np.maximum(1, np.abs(per_point[-1])))
