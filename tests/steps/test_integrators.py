"""Schedules that look ahead or back, against the same moves in NumPy and against the flow they approximate."""

import games
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from ganjax import objectives, steps
from ganjax.checks import InputError, UnknownNameError

C = 0.25  # where the data lie; exact in float32
START = np.array([1.5, 0.8])  # (θ, φ)
BATCH = jnp.full((4, 1), C)
RATES = np.array([0.1, 0.2])  # of (θ, φ)


def sigmoid(t):
    return 1 / (1 + np.exp(-t))


def field(w):
    """F of the non-saturating Dirac-GAN: (−φ σ(−φθ), −c σ(−φc) + θ σ(φθ))."""
    theta, phi = w
    return np.array([-phi * sigmoid(-phi * theta), -C * sigmoid(-phi * C) + theta * sigmoid(phi * theta)])


def extragradient(w, past):
    return w - RATES * field(w - RATES * field(w)), past


def heun(w, past):
    k1 = field(w)
    return w - RATES * (k1 + field(w - RATES * k1)) / 2, past


def classical(w, past):
    k1 = field(w)
    k2 = field(w - RATES / 2 * k1)
    k3 = field(w - RATES / 2 * k2)
    k4 = field(w - RATES * k3)
    return w - RATES * (k1 + 2 * k2 + 2 * k3 + k4) / 6, past


def optimistic(w, past):
    now = field(w)
    return w - RATES * (now if past is None else 2 * now - past), now


def looked_through(w, k):
    """L_G(θ, φ_K), φ_K after K moves of the discriminator against this θ."""
    theta, phi = w
    for _ in range(k):
        phi = phi - RATES[1] * field((theta, phi))[1]
    return np.log1p(np.exp(-phi * theta))


def unrolled(w, past, k=3):
    nudge = np.array([1e-6, 0])
    slope = (looked_through(w + nudge, k) - looked_through(w - nudge, k)) / 2e-6
    return w - RATES * np.array([slope, field(w)[1]]), past


def heun_schedule(*args):
    return steps.runge_kutta(*args, order=2)


def unrolled_schedule(*args):
    return steps.unrolled(*args, unroll_steps=3)


SCHEDULES = {
    "extragradient": (steps.extragradient, extragradient),
    "heun": (heun_schedule, heun),
    "runge_kutta": (steps.runge_kutta, classical),
    "optimistic": (steps.optimistic, optimistic),
    "unrolled": (unrolled_schedule, unrolled),
}


def play(algorithm, num_steps, batch=BATCH):
    state = algorithm.init(jax.random.key(0), batch)
    step = jax.jit(algorithm.step)
    for _ in range(num_steps):
        state, _ = step(state, batch)
    return np.array([state.gen_params, state.disc_params])


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", SCHEDULES)
def test_moves_equal_the_same_moves_in_numpy(name):
    schedule, rule = SCHEDULES[name]
    w, past = START, None
    for _ in range(4):
        w, past = rule(w, past)
    found = play(schedule(games.dirac(), games.sgd(RATES[0]), games.sgd(RATES[1])), 4)
    np.testing.assert_allclose(found, w, rtol=1e-12 if name != "unrolled" else 1e-8)
    for other, (_, another) in SCHEDULES.items():
        v, past = START, None
        for _ in range(4):
            v, past = another(v, past)
        assert other == name or np.abs(v - w).max() > 1e-6  # the schedules can be told apart


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("order", "shrinks"), [(2, 4.0), (4, 16.0)])
def test_runge_kutta_has_its_order(order, shrinks):
    """Halving the step divides the error at a fixed time by 2^order; the truth is RK4 with a step 16 times as small."""

    def error(num):
        algorithm = steps.runge_kutta(games.dirac(), games.sgd(2.0 / num), games.sgd(2.0 / num), order=order)
        return np.abs(play(algorithm, num) - truth).max()

    truth = play(steps.runge_kutta(games.dirac(), games.sgd(2.0 / 128), games.sgd(2.0 / 128)), 128)
    np.testing.assert_allclose(error(8) / error(16), shrinks, rtol=0.3)


@pytest.mark.usefixtures("x64")
def test_on_the_bilinear_game():
    """L_D = φθ, L_G = −φθ with step h: each factor by which one step changes θ² + φ², and who finds the equilibrium."""
    game, batch, h = games.dirac(objectives.wgan(), theta=1.0, phi=0.5), jnp.zeros((2, 1)), 0.3
    radius = np.hypot(1.0, 0.5)

    def after(schedule, num_steps):
        return np.hypot(*play(schedule(game, games.sgd(h), games.sgd(h)), num_steps, batch)) / radius

    # each step multiplies by a complex number: 1 + ih, 1 + ih − h², 1 + ih − h²/2, and to the fourth order
    np.testing.assert_allclose(after(steps.synchronous, 20), (1 + h**2) ** 10, rtol=1e-10)
    np.testing.assert_allclose(after(steps.extragradient, 20), (1 - h**2 + h**4) ** 10, rtol=1e-10)
    np.testing.assert_allclose(after(heun_schedule, 20), (1 + h**4 / 4) ** 10, rtol=1e-10)
    quartic = abs(1 + 1j * h - h**2 / 2 - 1j * h**3 / 6 + h**4 / 24)
    np.testing.assert_allclose(after(steps.runge_kutta, 20), quartic**20, rtol=1e-10)
    assert after(steps.synchronous, 300) > 1e5
    assert after(steps.extragradient, 300) < 1e-4
    assert after(steps.optimistic, 300) < 1e-4


@pytest.mark.usefixtures("x64")
def test_looking_through_no_moves_is_synchronous():
    args = games.dirac(), games.sgd(0.1), games.sgd(0.2)
    np.testing.assert_array_equal(play(steps.unrolled(*args, unroll_steps=0), 3), play(steps.synchronous(*args), 3))


def test_looking_through_adam_needs_a_root_with_a_derivative():
    """The hinge is flat here: no gradient at all, which is where a root without an epsilon has no derivative."""
    game = games.dirac(objectives.hinge(), theta=-3.0, phi=2.0)
    for eps_root, finite in ((1e-16, True), (0.0, False)):
        algorithm = steps.unrolled(game, games.sgd(), optax.adam(0.1, eps_root=eps_root), unroll_steps=2)
        found = play(algorithm, 1, batch=jnp.full((4, 1), 3.0))
        assert np.isfinite(found).all() == finite


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("schedule", [steps.extragradient, steps.runge_kutta])
def test_an_optimizers_state_advances_once_a_step(schedule):
    """Momentum: after one step its trace is the gradient that was moved by."""
    algorithm = schedule(games.dirac(), optax.sgd(0.1, momentum=0.9), optax.sgd(0.2, momentum=0.9))
    state = algorithm.init(jax.random.key(0), BATCH)
    after, _ = algorithm.step(state, BATCH)
    np.testing.assert_allclose(after.disc_opt_state[0].trace, (state.disc_params - after.disc_params) / 0.2, rtol=1e-10)
    np.testing.assert_allclose(after.gen_opt_state[0].trace[0], (state.gen_params - after.gen_params) / 0.1, rtol=1e-10)


@pytest.mark.usefixtures("x64")
def test_optimistic_adam_extrapolates_adams_own_moves():
    optimizer = optax.adam(0.1)
    w, state, past = START, optimizer.init(jnp.asarray(START)), None
    for _ in range(3):
        move, state = optimizer.update(jnp.asarray(field(w)), state)
        w, past = w + (move if past is None else 2 * move - past), move
    found = play(steps.optimistic(games.dirac(), optax.adam(0.1), optax.adam(0.1)), 3)
    np.testing.assert_allclose(found, w, rtol=1e-10)


@pytest.mark.parametrize("name", SCHEDULES)
def test_one_trace_over_ten_steps_with_the_state_donated(name):
    algorithm = SCHEDULES[name][0](games.dirac(prior=games.NORMAL), optax.sgd(0.1, momentum=0.5), games.sgd())
    traces = []

    def step(state, batch):
        traces.append(None)
        return algorithm.step(state, batch)

    step, state = jax.jit(step, donate_argnums=0), jax.jit(algorithm.init)(jax.random.key(0), BATCH)
    for _ in range(10):
        before = state
        state, _ = step(state, BATCH)
        assert before.gen_params.is_deleted()
    assert len(traces) == 1
    assert state.step == 10


def test_statistics_are_those_of_one_turn():
    """Four looks at the field, one update of batch norm's averages."""
    game, real = games.batch_norm_game(), jax.random.normal(jax.random.key(1), (16, 2))
    plain, several = (make(game, games.sgd(), games.sgd()) for make in (steps.synchronous, steps.runge_kutta))
    state = plain.init(jax.random.key(0), real)
    ends = [algorithm.step(state, real)[0] for algorithm in (plain, several)]
    jax.tree.map(np.testing.assert_array_equal, ends[0].gen_stats, ends[1].gen_stats)
    jax.tree.map(np.testing.assert_array_equal, ends[0].disc_stats, ends[1].disc_stats)


def test_settings_out_of_range_are_refused():
    with pytest.raises(UnknownNameError, match="Runge-Kutta order"):
        steps.runge_kutta(games.dirac(), games.sgd(), games.sgd(), order=3)
    with pytest.raises(InputError, match="unroll_steps >= 0"):
        steps.unrolled(games.dirac(), games.sgd(), games.sgd(), unroll_steps=-1)
