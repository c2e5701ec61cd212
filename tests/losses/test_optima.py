"""Each loss at the optimal discriminator of p = N(0, 1), q = N(1, 1): the divergence its theory promises."""

import jax.numpy as jnp
import numpy as np
import pytest
import references

from ganjax import divergences, losses

X, WEIGHTS = references.panels(-11.5, 0.5, 12.5)  # p = q at ½: every kink is there
P, Q = references.normal_density(X), references.normal_density(X, 1.0)
LOG_RATIO = 0.5 - X
TV, JSD, KL = 0.3829249226, 0.1114214822, 0.5
TRIANGULAR = 0.4081085313  # ∫(p − q)²/(p + q)

pytestmark = pytest.mark.usefixtures("x64")


def expected(member, real_scores, fake_scores):
    """E_p over r plus E_q over f of a loss a(r) + b(f), from an elementwise member."""
    zero = jnp.zeros(len(X))
    origin = member(zero, zero)  # a(0) + b(0)
    on_real = member(jnp.asarray(real_scores), zero) - origin  # a(r) − a(0)
    on_fake = member(zero, jnp.asarray(fake_scores)) - origin
    return float(np.sum(WEIGHTS * (P * on_real + Q * on_fake)) + origin[0])


def at(pair, scores):
    return expected(pair.discriminator, scores, scores), expected(pair.generator, scores, scores)


def test_minimax():
    disc, gen = at(losses.minimax(), LOG_RATIO)
    np.testing.assert_allclose(disc, np.log(4) - 2 * JSD, atol=1e-9)
    np.testing.assert_allclose(disc, 1.1634513968, atol=1e-9)
    # L_G is the part of −L_D that the generator can move: −L_D = E_p log D + L_G
    on_real = np.sum(WEIGHTS * P * np.log(P / (P + Q)))
    np.testing.assert_allclose(on_real + gen, -disc, atol=1e-12)


def test_kl_generator_is_the_divergence_itself():
    np.testing.assert_allclose(at(losses.kl(), LOG_RATIO)[1], KL, atol=1e-9)  # E_q[−log p/q]


def test_least_squares():
    pair = losses.least_squares(a=-1.0, b=1.0, c=0.0)
    disc, gen = at(pair, (P - Q) / (P + Q))
    # L_D = ½∫[p 4q² + q 4p²]/(p + q)² = 2∫pq/(p + q) = 1 − ½∫(p − q)²/(p + q)
    np.testing.assert_allclose(disc, 1 - TRIANGULAR / 2, atol=1e-9)
    on_real = np.sum(WEIGHTS * P * 0.5 * ((P - Q) / (P + Q)) ** 2)
    np.testing.assert_allclose(2 * (gen + on_real), TRIANGULAR, atol=1e-9)


def test_least_squares_defaults_and_sigmoid_mse_have_the_same_optimum():
    # ½∫[p q² + q p²]/(p + q)² = ½∫pq/(p + q), a quarter of the above
    value = (1 - TRIANGULAR / 2) / 4
    np.testing.assert_allclose(at(losses.least_squares(), P / (P + Q))[0], value, atol=1e-9)
    np.testing.assert_allclose(at(losses.sigmoid_mse(), LOG_RATIO)[0], value, atol=1e-9)


def test_hinge():
    disc, gen = at(losses.hinge(), np.sign(P - Q))
    np.testing.assert_allclose(disc, 1.2341501548, atol=1e-9)
    np.testing.assert_allclose(disc, 2 - 2 * TV, atol=1e-9)
    np.testing.assert_allclose(gen, TV, atol=1e-9)  # E_q sign(q − p) = Φ(½) − Φ(−½)


def test_wasserstein():
    disc, gen = at(losses.wasserstein(), -X)  # the 1-Lipschitz critic of a shift to the right
    np.testing.assert_allclose([disc, gen], [-1, 1], atol=1e-9)


@pytest.mark.parametrize("m", [1.0, 3.0])
def test_margin(m):
    energy = np.where(P < Q, m, 0.0)
    np.testing.assert_allclose(at(losses.margin(m), -energy)[0], 0.6170750774 * m, atol=1e-9)


def test_margin_is_m_where_the_two_agree():
    zero = jnp.zeros(3)
    for level in (0.0, -1.0, -2.5):  # a constant energy in [0, m]
        np.testing.assert_allclose(losses.margin(2.5).discriminator(zero + level, zero + level), 2.5)


def test_relativistic():
    x, weights = references.panels(-9.5, 0.5, 10.5, nodes=100)
    real_weights = weights * references.normal_density(x)
    fake_weights = weights * references.normal_density(x, 1.0)
    joint = real_weights[:, None] * fake_weights[None, :]
    real, fake = np.meshgrid(0.5 - x, 0.5 - x, indexing="ij")

    def mean(member):
        return np.sum(joint * member(jnp.asarray(real), jnp.asarray(fake)))

    pair = losses.relativistic()
    np.testing.assert_allclose(mean(pair.discriminator), 0.4918017090, atol=1e-9)
    np.testing.assert_allclose(mean(pair.generator), 1.4918017090, atol=1e-9)
    # h(t) = −t: KL(p⊗q ‖ q⊗p) = KL(p‖q) + KL(q‖p)
    np.testing.assert_allclose(mean(losses.relativistic(lambda t: -t).generator), 1.0, atol=1e-9)


@pytest.mark.parametrize("name", divergences.DIVERGENCES)
def test_f_gan_is_tight_at_the_optimal_critic(name):
    pair = losses.f_gan(divergences.DIVERGENCES[name])
    reference = references.F_DIVERGENCES[name]
    scores = reference.score(LOG_RATIO)
    disc, gen = at(pair, scores)
    np.testing.assert_allclose(-disc, reference.shift, atol=1e-9)
    on_real = np.sum(WEIGHTS * P * reference.critic(P / Q))
    np.testing.assert_allclose(on_real + gen, reference.shift, atol=1e-9)
    # elsewhere the bound is strictly below the divergence
    for moved in (0.02 * scores, 0.5 * np.sin(X)):
        assert -at(pair, moved)[0] < reference.shift - 1e-3
