"""The generator's running average, and projections."""

import games
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from ganjax import steps
from ganjax.checks import InputError
from ganjax.types import Algorithm, StepInfo, Variables


def test_the_average_by_hand():
    batch = jnp.ones((2, 1))
    plain = steps.alternating(games.dirac(), games.sgd(), games.sgd())
    kept = steps.averaged(plain, decay=0.75)
    state, twin = kept.init(jax.random.key(0), batch), plain.init(jax.random.key(0), batch)
    assert state.gen_ema_params == 1.5
    average = 1.5
    for _ in range(3):
        state, twin = kept.step(state, batch)[0], plain.step(twin, batch)[0]
        average = 0.75 * average + 0.25 * float(twin.gen_params)
    np.testing.assert_allclose(state.gen_ema_params, average, rtol=1e-6)
    np.testing.assert_array_equal(state.gen_params, twin.gen_params)  # keeping an average changes nothing


def test_a_first_state_can_be_donated():
    real = jnp.ones((8, 2))
    algorithm = steps.averaged(steps.synchronous(games.batch_norm_game(), games.sgd(), games.sgd()), decay=0.5)
    state = algorithm.init(jax.random.key(0), real)  # not under jit, which would give every output a buffer of its own
    state, _ = jax.jit(algorithm.step, donate_argnums=0)(state, real)
    assert int(state.step) == 1


def test_statistics_are_averaged_with_the_parameters():
    real = jnp.ones((8, 2))
    algorithm = steps.averaged(steps.synchronous(games.batch_norm_game(), games.sgd(), games.sgd()), decay=0.5)
    state = algorithm.init(jax.random.key(0), real)
    after, _ = algorithm.step(state, real)
    for average, start, now in zip(
        *(jax.tree.leaves(x) for x in (after.gen_ema_stats, state.gen_stats, after.gen_stats)), strict=True
    ):
        np.testing.assert_allclose(average, 0.5 * start + 0.5 * now, rtol=1e-6)
    chosen = steps.generator_variables(after)
    jax.tree.map(np.testing.assert_array_equal, tuple(chosen), (after.gen_ema_params, after.gen_ema_stats))
    assert steps.generator_variables(after._replace(gen_ema_params=())).params is after.gen_params


def test_warm_up_forgets_the_start():
    decay = steps.warmed_up(0.999)
    # (1 + t)/(10 + t): 1/10 at 0, 11/20 at 10; the cap once (1 + t)/(10 + t) > .999, i.e. t > 8990
    np.testing.assert_allclose([decay(0), decay(10), decay(8000), decay(10_000)], [0.1, 0.55, 8001 / 8010, 0.999])


@pytest.mark.parametrize("decay", [1.0, -0.1, 1.5])
def test_decay_must_be_below_one(decay):
    with pytest.raises(InputError, match=r"\[0, 1\)"):
        steps.averaged(steps.synchronous(games.dirac(), games.sgd(), games.sgd()), decay)


def test_clipping_projects_after_the_optimizers_own_move():
    optimizer = steps.clipped(optax.sgd(1.0), 0.5)
    params = {"a": jnp.array([0.2, -0.4, 0.3]), "b": jnp.array(3.0)}
    grads = {"a": jnp.array([-0.1, 0.4, 2.0]), "b": jnp.array(0.0)}
    updates, _ = optimizer.update(grads, optimizer.init(params), params)
    moved = optax.apply_updates(params, updates)
    np.testing.assert_allclose(moved["a"], [0.3, -0.5, -0.5], rtol=1e-6)
    np.testing.assert_allclose(moved["b"], 0.5, rtol=1e-6)
    with pytest.raises(InputError, match="bound > 0"):
        steps.clipped(optax.sgd(1.0), 0.0)


def test_recalibrated_statistics_are_those_of_the_averaged_parameters():
    """Latents ~ N(0, I): the hidden layer z W + b has mean b and variance Σ W² exactly, whatever the start."""
    game, real = games.batch_norm_game(), jnp.ones((256, 2))
    algorithm = steps.averaged(steps.synchronous(game, games.sgd(), games.sgd()), decay=0.9)
    state = algorithm.init(jax.random.key(0), real)
    bias = jnp.array([0.5, -1.0, 2.0, 0.0])
    averaged = state.gen_ema_params | {"Dense_0": state.gen_ema_params["Dense_0"] | {"bias": bias}}
    stale = steps.generator_variables(state._replace(gen_ema_params=averaged))
    fresh = jax.jit(lambda v: steps.recalibrated(game, v, jax.random.key(1), real, num_passes=20))(stale)
    found, kernel = fresh.stats["batch_stats"]["BatchNorm_0"], averaged["Dense_0"]["kernel"]
    # 10 passes of 256, after 10 that forget the start: standard errors of .02 σ for the mean, .03 σ² for the variance
    np.testing.assert_allclose(found["mean"], bias, atol=0.06)
    np.testing.assert_allclose(found["var"], jnp.sum(kernel**2, axis=0), rtol=0.1)
    assert np.abs(stale.stats["batch_stats"]["BatchNorm_0"]["mean"] - bias).max() > 1
    jax.tree.map(np.testing.assert_array_equal, fresh.params, averaged)


def test_without_statistics_there_is_nothing_to_recalibrate():
    game = games.dirac()
    fresh = steps.recalibrated(game, Variables(jnp.asarray(1.5)), jax.random.key(0), jnp.ones((4, 1)))
    assert fresh == Variables(jnp.asarray(1.5))
    with pytest.raises(InputError, match="num_passes >= 2"):
        steps.recalibrated(game, fresh, jax.random.key(0), jnp.ones((4, 1)), num_passes=1)


def test_half_precision_is_averaged_in_float32():
    """1 − .999^n: in bfloat16 the average of a constant 1 from 0 would stop at a quarter of the way."""
    batch, zero = jnp.ones((2, 1)), jnp.zeros((), jnp.bfloat16)
    state = steps.alternating(games.dirac(), games.sgd(), games.sgd()).init(jax.random.key(0), batch)
    still = Algorithm(
        init=lambda key, batch: state._replace(gen_params=zero),
        deal=lambda key, step, size: (),
        advance=lambda state, deal, batch: (state._replace(gen_params=zero + 1), StepInfo(*jnp.zeros(4))),
    )
    kept = steps.averaged(still, decay=lambda step: 0.999)  # type: ignore[arg-type]  # a Python float, as schedules give
    state = kept.init(jax.random.key(0), batch)
    advance = jax.jit(lambda state: kept.advance(state, (), batch)[0])
    for _ in range(500):
        state = advance(state)
    np.testing.assert_allclose(state.gen_ema_params, 1 - 0.999**500, rtol=1e-4)
    assert steps.generator_variables(state).params.dtype == jnp.bfloat16


def test_a_traced_decay():
    batch = jnp.ones((2, 1))

    def average(decay):
        kept = steps.averaged(steps.alternating(games.dirac(), games.sgd(), games.sgd()), decay)
        return kept.step(kept.init(jax.random.key(0), batch), batch)[0].gen_ema_params

    assert average(0.25) != average(0.5)
    np.testing.assert_allclose(jax.jit(average)(0.25), average(0.25), rtol=1e-6)
