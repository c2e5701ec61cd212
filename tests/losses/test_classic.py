import jax
import jax.numpy as jnp
import laws
import numpy as np
import pytest
import references

from ganjax import losses

LOG3, LOG4 = float(np.log(3)), float(np.log(4))


def expect(member, real, fake, value):
    got = member(jnp.array([real]), jnp.array([fake]))
    np.testing.assert_allclose(got, [value], rtol=1e-6)


@pytest.mark.parametrize("name", ["minimax", "non_saturating", "kl"])
def test_discriminator_by_hand(name, x64):
    # D(x) = σ(log 3) = 3/4, D(G(z)) = σ(−log 4) = 1/5: −log 3/4 − log 4/5 = log 5/3
    expect(losses.LOSSES[name]().discriminator, LOG3, -LOG4, np.log(5 / 3))


def test_generators_by_hand(x64):
    expect(losses.minimax().generator, LOG3, -LOG4, np.log(4 / 5))  # log(1 − 1/5)
    expect(losses.non_saturating().generator, LOG3, -LOG4, np.log(5))  # −log 1/5
    expect(losses.kl().generator, LOG3, -LOG4, LOG4)  # their sum


def test_sure_scores_keep_their_gradient():
    """A loss written as log(D + ε) saturates below −18; this one is at −1 to the last bit, at any score."""
    for low in (-50.0, -1e4):
        real, fake = jnp.array([low]), jnp.array([low])
        assert laws.gradients(losses.non_saturating().generator, real, fake)[1] == -1
        assert laws.gradients(losses.minimax().discriminator, real, -fake)[0] == -1
        assert laws.gradients(losses.minimax().discriminator, real, -fake)[1] == 1
    # the saturating generator's gradient is −σ(f): e^−50, not 0
    tail = laws.gradients(losses.minimax().generator, jnp.array([0.0]), jnp.array([-50.0]))[1]
    np.testing.assert_allclose(tail, -np.exp(-50.0), rtol=1e-5)


@pytest.mark.parametrize(("name", "slope"), [("non_saturating", 0.6020271), ("minimax", 0.3979729), ("kl", 1.0)])
def test_generator_gradient_at_the_optimal_discriminator(name, slope, x64):
    """p = N(0, 1), q = N(θ, 1) at θ = 1, D frozen at its optimum: d/dθ KL(q‖p) = θ = 1 for the sum of both updates."""
    z, weights = (jnp.asarray(array) for array in references.panels(-11, 0, 11))

    def generator_loss(shift):
        scores = 0.5 - (z + shift)  # log N(x; 0, 1)/N(x; 1, 1) at x = z + θ
        values = losses.LOSSES[name]().generator(jnp.zeros_like(scores), scores)
        return jnp.sum(weights * references.normal_density(z) * values)

    np.testing.assert_allclose(jax.grad(generator_loss)(1.0), slope, atol=1e-7)
