"""Who moves when, against moves worked by hand."""

import games
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from ganjax import objectives, steps
from ganjax.architectures import stateless
from ganjax.checks import InputError
from ganjax.losses import AdversarialLoss
from ganjax.types import Game


def sigmoid(t):
    return 1 / (1 + np.exp(-t))


# The Dirac-GAN, data at x = c, non-saturating loss, scores r = φc and f = φθ:
#   L_D = sp(−φc) + sp(φθ)   ∂L_D/∂φ = −c σ(−φc) + θ σ(φθ)
#   L_G = sp(−φθ)            ∂L_G/∂θ = −φ σ(−φθ)
def disc_gradient(theta, phi, c):
    return -c * sigmoid(-phi * c) + theta * sigmoid(phi * theta)


def gen_gradient(theta, phi):
    return -phi * sigmoid(-phi * theta)


def play(algorithm, batch, num_steps=1, seed=0):
    state = algorithm.init(jax.random.key(seed), batch)
    for _ in range(num_steps):
        state, info = algorithm.step(state, batch)
    return state, info


@pytest.mark.usefixtures("x64")
def test_synchronous_moves_both_players_from_the_same_point():
    batch = jnp.full((4, 1), 0.3)
    state, info = play(steps.synchronous(games.dirac(), games.sgd(0.1), games.sgd(0.2)), batch)
    np.testing.assert_allclose(state.disc_params, 0.8 - 0.2 * disc_gradient(1.5, 0.8, 0.3), rtol=1e-12)
    np.testing.assert_allclose(state.gen_params, 1.5 - 0.1 * gen_gradient(1.5, 0.8), rtol=1e-12)
    # losses at (θ, φ) = (1.5, .8): r = .24, f = 1.2
    np.testing.assert_allclose(info.disc_loss, np.log1p(np.exp(-0.24)) + np.log1p(np.exp(1.2)), rtol=1e-12)
    np.testing.assert_allclose(info.gen_loss, np.log1p(np.exp(-1.2)), rtol=1e-12)
    np.testing.assert_allclose([info.real_score, info.fake_score], [0.24, 1.2], rtol=1e-12)
    assert state.step == 1


@pytest.mark.usefixtures("x64")
def test_alternating_moves_the_discriminator_first():
    batch = jnp.full((4, 1), 0.3)
    state, _ = play(steps.alternating(games.dirac(), games.sgd(0.1), games.sgd(0.2)), batch)
    phi = 0.8 - 0.2 * disc_gradient(1.5, 0.8, 0.3)
    np.testing.assert_allclose(state.disc_params, phi, rtol=1e-12)
    np.testing.assert_allclose(state.gen_params, 1.5 - 0.1 * gen_gradient(1.5, phi), rtol=1e-12)
    assert abs(gen_gradient(1.5, phi) - gen_gradient(1.5, 0.8)) > 1e-3  # the two schedules can be told apart


@pytest.mark.usefixtures("x64")
def test_each_half_step_of_the_discriminator_sees_its_own_batch():
    blocks = [0.3, -0.9, 2.0]
    batch = jnp.concatenate([jnp.full((4, 1), c) for c in blocks])
    algorithm = steps.alternating(games.dirac(), games.sgd(0.1), games.sgd(0.2), disc_steps=3)
    assert algorithm.num_batches == 3
    state, info = play(algorithm, batch)
    phi = 0.8
    for c in blocks:
        before, phi = phi, phi - 0.2 * disc_gradient(1.5, phi, c)
    np.testing.assert_allclose(state.disc_params, phi, rtol=1e-12)
    np.testing.assert_allclose(state.gen_params, 1.5 - 0.1 * gen_gradient(1.5, phi), rtol=1e-12)
    np.testing.assert_allclose(info.real_score, before * 2.0, rtol=1e-12)  # of the last half step


@pytest.mark.usefixtures("x64")
def test_the_generator_sees_the_last_real_batch():
    game = games.dirac(objectives.adversarial(objectives_with_real_scores()))
    batch = jnp.concatenate([jnp.full((2, 1), 0.3), jnp.full((2, 1), -0.9)])
    state, _ = play(steps.alternating(game, games.sgd(0.1), games.sgd(0.2), disc_steps=2), batch)
    # L_D = 0, so φ stays; L_G = f · r = φθ · φc with c = −0.9, ∂_θ = φ² c
    np.testing.assert_allclose(state.gen_params, 1.5 - 0.1 * 0.8**2 * -0.9, rtol=1e-12)


def objectives_with_real_scores():
    return AdversarialLoss(lambda real, fake: 0 * real, lambda real, fake: real * fake)


def test_half_steps_draw_fresh_latents():
    game = games.dirac(prior=games.NORMAL)
    algorithm = steps.alternating(game, games.sgd(), games.sgd(), disc_steps=2)
    disc_deals, gen_deal = algorithm.deal(jax.random.key(0), jnp.int32(0), 5)
    drawn = np.concatenate([np.ravel(disc_deals.latents), np.ravel(gen_deal.latents)])
    assert len(np.unique(drawn)) == 15


def test_a_step_is_a_function_of_the_key_and_the_step_number():
    game, batch = games.dirac(prior=games.NORMAL), jnp.ones((8, 1))
    algorithm = steps.alternating(game, optax.adam(0.1), optax.adam(0.1))
    whole, _ = play(algorithm, batch, num_steps=5)
    half, _ = play(algorithm, batch, num_steps=2)
    copied = jax.tree.map(lambda x: x, half)  # as if read back from a checkpoint
    for _ in range(3):
        copied, _ = algorithm.step(copied, batch)
    for a, b in zip(jax.tree.leaves(whole._replace(key=0)), jax.tree.leaves(copied._replace(key=0)), strict=True):
        np.testing.assert_array_equal(a, b)
    other, _ = play(algorithm, batch, num_steps=5, seed=1)
    assert other.gen_params != whole.gen_params


@pytest.mark.parametrize("schedule", [steps.alternating, steps.synchronous])
def test_jit_traces_once_and_agrees_with_eager(schedule):
    algorithm = schedule(games.dirac(prior=games.NORMAL), games.sgd(), games.sgd())
    batch, traces = jnp.ones((8, 1)), []

    @jax.jit
    def step(state, batch):
        traces.append(None)
        return algorithm.step(state, batch)

    state = jax.jit(algorithm.init)(jax.random.key(0), batch)
    for _ in range(10):
        state, _ = step(state, batch)
    assert len(traces) == 1
    eager, _ = play(algorithm, batch, num_steps=10)
    np.testing.assert_allclose(state.gen_params, eager.gen_params, rtol=1e-5)


def test_synchronous_rotates_and_alternating_keeps_its_distance():
    """On the linear Dirac-GAN (WGAN), one step multiplies θ² + φ² by 1 + h² or keeps the orbit bounded."""
    game, batch = games.dirac(objectives.wgan(), theta=1.0, phi=0.0), jnp.zeros((2, 1))

    def radius(algorithm):
        state = algorithm.init(jax.random.key(0), batch)
        state = jax.lax.fori_loop(0, 400, lambda i, s: algorithm.step(s, batch)[0], state)
        return float(jnp.hypot(state.gen_params, state.disc_params))

    np.testing.assert_allclose(
        radius(steps.synchronous(game, games.sgd(0.1), games.sgd(0.1))), (1 + 0.1**2) ** 200, rtol=1e-3
    )
    assert 0.9 < radius(steps.alternating(game, games.sgd(0.1), games.sgd(0.1))) < 1.1


@pytest.mark.usefixtures("x64")
def test_the_generator_moves_as_often_as_it_is_told():
    batch = jnp.concatenate([jnp.full((4, 1), 0.3), jnp.full((4, 1), -0.9)])
    algorithm = steps.alternating(games.dirac(), games.sgd(0.1), games.sgd(0.2), disc_steps=2, gen_steps=3)
    assert algorithm.num_batches == 2  # the generator's moves take none of their own
    state, info = play(algorithm, batch)
    theta, phi = 1.5, 0.8
    for c in (0.3, -0.9):
        phi -= 0.2 * disc_gradient(1.5, phi, c)
    for _ in range(3):
        before, theta = theta, theta - 0.1 * gen_gradient(theta, phi)
    np.testing.assert_allclose([state.gen_params, state.disc_params], [theta, phi], rtol=1e-12)
    np.testing.assert_allclose(info.gen_loss, np.log1p(np.exp(-phi * before)), rtol=1e-12)  # of the last move
    assert state.step == 1


def test_each_of_the_generators_moves_draws_fresh_latents():
    algorithm = steps.alternating(games.dirac(prior=games.NORMAL), games.sgd(), games.sgd(), disc_steps=2, gen_steps=3)
    batch = jnp.ones((10, 1))
    state = algorithm.init(jax.random.key(0), batch)
    deals = algorithm.deal(state.key, jnp.int32(0), 5)
    drawn = [z for deal in deals for z in np.asarray(deal.latents, np.float64).reshape(-1, 5)]
    assert len(np.unique(drawn)) == (2 + 3) * 5
    theta, phi = 1.5, 0.8  # x = z + θ; the means over the batch of the gradients above, in sgd()'s steps of .1
    for z in drawn[:2]:
        phi -= 0.1 * np.mean([disc_gradient(x, phi, 1.0) for x in z + theta])
    for z in drawn[2:]:
        theta -= 0.1 * np.mean([gen_gradient(x, phi) for x in z + theta])
    after, _ = algorithm.step(state, batch)
    np.testing.assert_allclose([after.gen_params, after.disc_params], [theta, phi], rtol=1e-5)


@pytest.mark.parametrize(("disc_steps", "gen_steps"), [(0, 1), (-1, 1), (1, 0)])
def test_moves_must_be_positive(disc_steps, gen_steps):
    with pytest.raises(InputError, match="disc_steps >= 1 and gen_steps >= 1"):
        steps.alternating(games.dirac(), games.sgd(), games.sgd(), disc_steps=disc_steps, gen_steps=gen_steps)


def test_a_batch_that_does_not_divide_is_refused():
    algorithm = steps.alternating(games.dirac(), games.sgd(), games.sgd(), disc_steps=2)
    with pytest.raises(InputError, match="disc_steps = 2, got 5"):
        algorithm.init(jax.random.key(0), jnp.ones((5, 1)))


def test_a_condition_reaches_both_networks():
    seen = set()

    def generator(params, z, labels):
        seen.add(("generator", labels.shape))
        return z + params * labels[:, None]

    def discriminator(params, x, labels):
        seen.add(("discriminator", labels.shape))
        return params * x[:, 0] * labels

    game = Game(
        stateless(lambda key, z, labels: jnp.ones(()), generator),
        stateless(lambda key, x, labels: jnp.ones(()), discriminator),
        objectives.wgan_gp(),
        games.POINT,
    )
    algorithm = steps.synchronous(game, games.sgd(), games.sgd())
    batch = (jnp.ones((4, 1)), jnp.arange(4.0))
    _, info = play(algorithm, batch)
    # whole batches, and one sample at a time in the penalty
    assert seen == {("generator", (4,)), ("discriminator", (4,)), ("discriminator", (1,))}
    # D(x | y) = φ x y has gradient y in x: the penalty is the mean of (|y| − 1)² over y = 0 … 3, i.e. (1+0+1+4)/4
    # r = y, f = y · y: L_D = mean(y² − y) + 10 · 1.5 = 2 + 15
    np.testing.assert_allclose(info.disc_loss, 17.0, rtol=1e-5)
