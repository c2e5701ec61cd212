"""Small games as dynamical systems, against eigenvalues from the papers."""

import games
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax import objectives, steps
from ganjax.types import Batch

ORIGIN = jnp.zeros((4, 1))  # data at the generator's equilibrium
WAYS = {
    "separate": steps.separate,
    "single_loss": steps.single_loss(),
    "shared_forward": steps.shared_forward,
    "fused": steps.fused,
}


def at_equilibrium(objective):
    return games.dirac(objective, theta=0.0, phi=0.0)


def radius(schedule, objective, h, warm_up=0, **settings):
    algorithm = schedule(at_equilibrium(objective), games.sgd(h), games.sgd(h), **settings)
    state = algorithm.init(jax.random.key(0), ORIGIN)
    for _ in range(warm_up):
        state, _ = algorithm.step(state, ORIGIN)
    return steps.spectral_radius(steps.jacobian(steps.one_step(algorithm, state, ORIGIN)))


def spectrum(objective, gradients=steps.separate):
    game = at_equilibrium(objective)
    algorithm = steps.synchronous(game, games.sgd(), games.sgd())
    state = algorithm.init(jax.random.key(0), ORIGIN)
    deal = algorithm.deal(state.key, state.step, 4)
    return steps.eigenvalues(steps.jacobian(steps.vector_field(game, state, deal, ORIGIN, gradients)))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("way", "h"), [("separate", 0.1), *((way, 0.7) for way in WAYS)])
def test_one_step_of_the_dirac_gan(way, h):
    """f′(0) = ½, step h: √(1 + h²/4) together, 1 by turns. Mescheder et al. 2018, arXiv:1801.04406, section 2."""
    for objective in (objectives.non_saturating(), objectives.minimax()):
        together = radius(steps.synchronous, objective, h, gradients=WAYS[way])
        by_turns = radius(steps.alternating, objective, h, gradients=WAYS[way])
        np.testing.assert_allclose(together, np.sqrt(1 + h**2 / 4), rtol=1e-10)
        np.testing.assert_allclose(by_turns, 1.0, rtol=1e-7)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("way", "gamma"), [("separate", 0.3), ("separate", 1.0), *((way, 2.5) for way in WAYS)])
def test_r1_of_the_dirac_gan(way, gamma):
    """(γ/2)‖∇D‖²: −γ/2 ± √(γ²/4 − ¼): complex below γ = 1, one double value there, real above."""
    found = spectrum(objectives.non_saturating_r1(gamma), WAYS[way])
    root = np.sqrt(complex(gamma**2 / 4 - 0.25))
    expected = np.array([-gamma / 2 + root, -gamma / 2 - root])
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.real.max() < 0


@pytest.mark.usefixtures("x64")
def test_the_flow_turns_without_a_regularizer():
    np.testing.assert_allclose(spectrum(objectives.non_saturating()), [0.5j, -0.5j], atol=1e-12)
    np.testing.assert_allclose(spectrum(objectives.wgan()), [1j, -1j], atol=1e-12)


@pytest.mark.usefixtures("x64")
def test_looking_ahead_damps():
    """f′ = ½ turns by h/2 a step: |1 + ih/2 − h²/4|; optimistic: the larger root of z² − (1 + ih) z + ih/2."""
    h, objective = 0.4, objectives.non_saturating()
    np.testing.assert_allclose(radius(steps.extragradient, objective, h), abs(1 + 1j * h / 2 - h**2 / 4), rtol=1e-10)
    roots = np.roots([1, -(1 + 1j * h), 1j * h / 2])
    # its second step on: the first has no past, which is a flag in its state
    found = radius(steps.optimistic, objective, h, warm_up=1)
    np.testing.assert_allclose(found, np.abs(roots).max(), rtol=1e-10)
    assert found < 1 < radius(steps.synchronous, objective, h)


@pytest.mark.usefixtures("x64")
def test_a_step_of_synchronous_is_the_field_times_its_length():
    """At a point with nothing special, on networks: w + h v(w), and 1 + h v′(w), coordinate by coordinate."""
    game = games.many_headed(objectives.least_squares())
    batch = Batch(jnp.asarray(np.random.default_rng(4).normal(size=(3, 2, 1, 2))))
    algorithm = steps.synchronous(game, games.sgd(0.1), games.sgd(0.1))
    state = games.first_state(algorithm, batch, dtype=jnp.float64)
    deal = algorithm.deal(state.key, state.step, 3)
    flow, step = steps.vector_field(game, state, deal, batch), steps.one_step(algorithm, state, batch)
    np.testing.assert_array_equal(flow.point, step.point)
    assert flow.point.shape == (sum(x.size for x in jax.tree.leaves((state.gen_params, state.disc_params))),)
    field, move = jax.jit(flow.function), jax.jit(step.function)
    np.testing.assert_allclose(move(step.point), flow.point + 0.1 * field(flow.point), rtol=1e-9, atol=1e-12)
    direction = np.random.default_rng(5).normal(size=flow.point.shape)
    differences = (field(flow.point + 1e-5 * direction) - field(flow.point - 1e-5 * direction)) / 2e-5
    _, slope = jax.jit(lambda w, v: jax.jvp(flow.function, (w,), (v,)))(flow.point, jnp.asarray(direction))
    np.testing.assert_allclose(slope, differences, rtol=1e-5, atol=1e-7)


@pytest.mark.usefixtures("x64")
def test_the_jacobian_by_hand():
    """The Dirac-GAN away from its equilibrium: every entry of v′, rows (θ, φ)."""
    game = games.dirac(theta=1.5, phi=0.8)
    algorithm = steps.synchronous(game, games.sgd(), games.sgd())
    state = algorithm.init(jax.random.key(0), ORIGIN)
    flow = steps.vector_field(game, state, algorithm.deal(state.key, state.step, 4), ORIGIN)
    theta, phi = 1.5, 0.8
    s = 1 / (1 + np.exp(-phi * theta))
    slope = s * (1 - s)
    # v = (φ σ(−φθ), −θ σ(φθ)) with the data at 0
    expected = [[-(phi**2) * slope, 1 - s - phi * theta * slope], [-s - phi * theta * slope, -(theta**2) * slope]]
    np.testing.assert_allclose(flow.function(flow.point), [phi * (1 - s), -theta * s], rtol=1e-12)
    np.testing.assert_allclose(steps.jacobian(flow), expected, rtol=1e-12)


def test_eigenvalues_come_largest_real_part_first():
    found = steps.eigenvalues(jnp.array([[-1.0, 0, 0], [0, 0.5, -2.0], [0, 2.0, 0.5]]))
    np.testing.assert_allclose(found, [0.5 + 2j, 0.5 - 2j, -1], rtol=1e-6)
    np.testing.assert_allclose(steps.spectral_radius(jnp.array([[-3.0, 0], [0, 2.0]])), 3.0, rtol=1e-6)
