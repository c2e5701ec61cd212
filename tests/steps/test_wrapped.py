"""Gradients made from gradients: consensus, accumulation."""

import games
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax import objectives, steps
from ganjax.checks import InputError
from ganjax.types import Batch, Variables

C = 0.3
WAYS = {
    "separate": steps.separate,
    "single_loss": steps.single_loss(),
    "shared_forward": steps.shared_forward,
    "fused": steps.fused,
}


def sigmoid(t):
    return 1 / (1 + np.exp(-t))


def field(w):
    theta, phi = w
    return np.array([-phi * sigmoid(-phi * theta), -C * sigmoid(-phi * C) + theta * sigmoid(phi * theta)])


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", WAYS)
def test_consensus_adds_the_gradient_of_half_the_squared_field(name):
    """Both players' derivatives of both players' gradients: nothing of the field may be stopped."""
    game = games.dirac()
    algorithm = steps.synchronous(game, games.sgd(), games.sgd(), steps.consensus(0.7, WAYS[name]))
    state = algorithm.init(jax.random.key(0), jnp.full((4, 1), C))
    after, info = algorithm.step(state, jnp.full((4, 1), C))
    w, nudge = np.array([1.5, 0.8]), 1e-6 * np.eye(2)
    pull = [(np.sum(field(w + e) ** 2) - np.sum(field(w - e) ** 2)) / 4e-6 for e in nudge]
    expected = w - 0.1 * (field(w) + 0.7 * np.array(pull))
    np.testing.assert_allclose([after.gen_params, after.disc_params], expected, rtol=1e-9)
    np.testing.assert_allclose(info.gen_loss, np.log1p(np.exp(-1.2)), rtol=1e-12)


@pytest.mark.usefixtures("x64")
def test_consensus_converges_where_synchronous_turns_for_ever():
    game, batch = games.dirac(objectives.wgan(), theta=1.0, phi=0.5), jnp.zeros((2, 1))
    algorithm = steps.synchronous(game, games.sgd(0.1), games.sgd(0.1), steps.consensus(1.0))
    flow = steps.one_step(algorithm, algorithm.init(jax.random.key(0), batch), batch)
    # F = (−φ, θ): ½‖F‖² = ½‖w‖², so a step is w − h(F + γw), of modulus |1 − hγ + ih|
    np.testing.assert_allclose(steps.spectral_radius(steps.jacobian(flow)), np.hypot(0.9, 0.1), rtol=1e-10)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", ["separate", "fused"])
def test_parts_of_a_batch_make_the_whole(name):
    game, way = games.many_headed(objectives.least_squares()), WAYS[name]
    batch = Batch(jnp.asarray(np.random.default_rng(3).normal(size=(6, 2, 1, 2))))
    place = games.at_random(game, batch)
    whole = jax.jit(lambda *place: way.field(game, *place))(*place)
    parts = jax.jit(lambda *place: steps.accumulated(3, way).field(game, *place))(*place)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-14), parts, whole)


def test_statistics_go_through_the_parts_in_order():
    game, real = games.batch_norm_game(), jax.random.normal(jax.random.key(1), (16, 2))
    params, stats, deal, batch = games.at_random(game, Batch(real), dtype=jnp.float32)
    found = steps.accumulated(2).field(game, params, stats, deal, batch).stats.gen
    for latents in (deal.latents[:8], deal.latents[8:]):
        _, stats_after = game.generator.apply(Variables(params.gen, stats.gen), latents, train=True)
        stats = stats._replace(gen=stats_after)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), found, stats.gen)


def test_averages_over_the_batch_see_a_part():
    """The relativistic average is of a part, not of the whole: the fields differ, as the docstring says."""
    game = games.dirac(objectives.relativistic_average(), prior=games.SPREAD)
    place = games.near_start(game, Batch(jnp.linspace(-1, 3, 6)[:, None]), dtype=jnp.float32)
    whole, parts = (way.field(game, *place).grads.gen for way in (steps.separate, steps.accumulated(3)))
    assert abs(whole - parts) > 1e-3


def test_what_cannot_be_divided_is_refused():
    algorithm = steps.synchronous(games.dirac(), games.sgd(), games.sgd(), steps.accumulated(3))
    with pytest.raises(InputError, match="divides by 3 parts, got 4"):
        algorithm.init(jax.random.key(0), jnp.ones((4, 1)))
    with pytest.raises(InputError, match="num >= 1"):
        steps.accumulated(0)
    with pytest.raises(InputError, match="weight >= 0"):
        steps.consensus(-1.0)


def test_the_inner_way_checks_the_game_too():
    for wrapped in (steps.accumulated(2, steps.fused), steps.consensus(1.0, steps.fused)):
        algorithm = steps.synchronous(games.batch_norm_game(), games.sgd(), games.sgd(), wrapped)
        with pytest.raises(InputError, match=r"steps\.fused needs"):
            algorithm.init(jax.random.key(0), jnp.ones((4, 2)))


@pytest.mark.parametrize("wrapped", [steps.consensus(0.5), steps.accumulated(2, steps.shared_forward)])
@pytest.mark.parametrize("schedule", [steps.alternating, steps.synchronous])
def test_one_trace_over_ten_steps(schedule, wrapped):
    algorithm = schedule(games.dirac(prior=games.NORMAL), games.sgd(), games.sgd(), gradients=wrapped)
    traces = []

    def step(state, batch):
        traces.append(batch.shape)
        return algorithm.step(state, batch)

    compiled, state = (
        jax.jit(step, donate_argnums=0),
        jax.jit(algorithm.init)(jax.random.key(0), jnp.ones((4, 1))),
    )
    for _ in range(10):
        state, _ = compiled(state, jnp.ones((4, 1)))
    assert traces == [(4, 1)]
