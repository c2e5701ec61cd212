"""Markov chains: laws with known moments, another library's MALA, and what published versions got wrong."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from ganjax.checks import InputError
from ganjax.samplers import langevin, langevin_trajectory, mala, mala_trajectory
from ganjax.samplers._chains import mala_step, place_at


def half_square(z):
    return 0.5 * jnp.sum(jnp.square(z))


def banana(z):
    """x ~ N(0, 1), y given x ~ N(x²/2 + .3 x, ¼): correlated, skewed, and bent."""
    x, y = z
    return 0.5 * x**2 + 2.0 * (y - 0.5 * x**2 - 0.3 * x) ** 2


def log_gamma(z):
    """The law of log g, g ~ Gamma(1.5): skewed to the left, not at 0."""
    return jnp.sum(jnp.exp(z) - 1.5 * z)


def start(num, dim=1, at=2.0):
    return jnp.full((num, dim), at)


# ---------------------------------------------------------------- the standard normal law

STEP_SIZE, BURN_IN, STEPS, CHAINS = 0.5, 20, 80, 8000


def numpy_variance(log_ratio):
    """The variance that a Metropolis rule ends with on N(0, 1), by float64 simulation."""
    rng = np.random.default_rng(0)
    z, variances = np.full(CHAINS, 2.0), []
    for step in range(STEPS):
        proposal = z - STEP_SIZE * z + np.sqrt(2 * STEP_SIZE) * rng.normal(size=CHAINS)
        taken = np.log(rng.uniform(size=CHAINS)) < log_ratio(z, proposal)
        z = np.where(taken, proposal, z)
        if step >= BURN_IN:
            variances.append(np.var(z))
    return np.mean(variances)


def energies(z, proposal):
    return z**2 / 2 - proposal**2 / 2


def miss(end, begin):
    return end - (begin - STEP_SIZE * begin)


RULES = {
    "right": lambda z, p: energies(z, p) + (miss(p, z) ** 2 - miss(z, p) ** 2) / (4 * STEP_SIZE),
    "no Hastings term": energies,
    "the norm, not its square": lambda z, p: energies(z, p) + (abs(miss(p, z)) - abs(miss(z, p))) / (4 * STEP_SIZE),
    "1/(2a), not 1/(4a)": lambda z, p: energies(z, p) + (miss(p, z) ** 2 - miss(z, p) ** 2) / (2 * STEP_SIZE),
}


def mala_variance():
    chains = mala_trajectory(jax.random.key(0), half_square, start(CHAINS), step_size=STEP_SIZE, num_steps=STEPS)
    return float(np.mean(np.var(np.asarray(chains.latents, np.float64)[BURN_IN:, :, 0], axis=1))), chains


def test_variance_on_the_standard_normal_law_is_one():
    variance, chains = mala_variance()
    # 8000 chains: the error of one variance is √(2 / 8000) = .016; of the mean over 60 steps about .004
    assert abs(variance - 1.0) < 0.02
    assert abs(variance - numpy_variance(RULES["right"])) < 0.02
    assert abs(np.mean(np.asarray(chains.latents)[BURN_IN:])) < 0.02


@pytest.mark.parametrize(
    ("rule", "variance"), [("no Hastings term", 0.57), ("the norm, not its square", 0.74), ("1/(2a), not 1/(4a)", 3.7)]
)
def test_published_rules_end_elsewhere(rule, variance, x64):
    """Their variances on N(0, 1), and that ours is not their rule: the probability to accept, proposal by proposal."""
    del x64
    assert abs(numpy_variance(RULES[rule]) - variance) < 0.15
    assert abs(numpy_variance(RULES[rule]) - 1.0) > 0.2
    assert np.max(np.abs(rates_at(RULES[rule]) - rates_at(RULES["right"]))) > 0.05


POINTS = np.array([-2.1, -0.4, 0.0, 0.7, 1.9])


def rates_at(rule):
    """The chance to move from each point: ∫ min(1, ratio(z, z′)) q(z′ | z) dz′, by a sum over the noise."""
    noise = np.linspace(-8, 8, 4001)
    weights = np.exp(-(noise**2) / 2)
    proposals = POINTS[:, None] * (1 - STEP_SIZE) + np.sqrt(2 * STEP_SIZE) * noise
    taken = np.exp(np.minimum(rule(POINTS[:, None], proposals), 0))
    return taken @ weights / weights.sum()


def test_chance_to_move_from_each_point_equals_quadrature():
    keys = jax.random.split(jax.random.key(3), 20_000)
    one = jax.vmap(lambda key, z: mala_step(key, half_square, place_at(half_square, z), STEP_SIZE).moved, (0, None))
    rates = [np.mean(one(keys, jnp.array([z]))) for z in POINTS.astype(np.float32)]
    # 20 000 trials: √(¼ / 20 000) = .0035 at most
    np.testing.assert_allclose(rates, rates_at(RULES["right"]), atol=0.015)


def test_mean_acceptance_equals_quadrature():
    """In equilibrium: the chance to move, averaged over N(0, 1)."""
    z = np.linspace(-8, 8, 801)[:, None]
    noise = np.linspace(-8, 8, 801)[None]
    weights = np.exp(-(z**2) / 2 - noise**2 / 2)
    proposals = z * (1 - STEP_SIZE) + np.sqrt(2 * STEP_SIZE) * noise
    expected = np.sum(weights * np.exp(np.minimum(RULES["right"](z, proposals), 0))) / weights.sum()
    begin = jax.random.normal(jax.random.key(1), (4000, 1))
    rates = mala(jax.random.key(2), half_square, begin, step_size=STEP_SIZE, num_steps=30).acceptance_rate
    assert rates.shape == (4000,)
    np.testing.assert_allclose(np.mean(rates), expected, atol=0.01)


def test_langevin_alone_is_wide_by_a_known_factor():
    """z′ = (1 − a) z + √(2a) ξ has variance 2a / (1 − (1 − a)²) = 2 / (2 − a): 1.25 at a = .4."""
    ends = langevin(jax.random.key(0), half_square, start(20_000), step_size=0.4, num_steps=25)
    np.testing.assert_allclose(np.var(ends), 1.25, atol=0.05)
    # the mean after n steps is 2 (1 − a)^n
    early = langevin(jax.random.key(0), half_square, start(20_000), step_size=0.4, num_steps=2)
    np.testing.assert_allclose(np.mean(early), 2 * 0.6**2, atol=0.03)


# ---------------------------------------------------------------- other laws


def test_a_banana_stays_what_it_is():
    """From draws of the law itself, after 40 steps: the same moments, which a wrong ratio would bend."""
    x, noise = jax.random.normal(jax.random.key(4), (2, 20_000))
    begin = jnp.stack([x, 0.5 * x**2 + 0.3 * x + 0.5 * noise], axis=1)
    chains = mala(jax.random.key(5), banana, begin, step_size=0.15, num_steps=40)
    assert 0.5 < np.mean(chains.acceptance_rate) < 0.9
    x, y = np.asarray(chains.latents, np.float64).T
    # y = x²/2 + .3 x + n/2: mean ½; variance ½ + .09 + ¼; covariance .3; third central moment of y:
    # E[((x² − 1)/2 + .3 x)³] = 8/8 + 3 · ½ · .09 · E[(x² − 1) x²] = 1 + .27
    expected = [0.0, 0.5, 1.0, 0.84, 0.3]
    np.testing.assert_allclose([x.mean(), y.mean(), x.var(), y.var(), np.mean(x * y)], expected, atol=0.04)
    np.testing.assert_allclose(np.mean((y - y.mean()) ** 3), 1.27, atol=0.25)


def test_moments_of_a_skewed_law():
    path = mala_trajectory(jax.random.key(6), log_gamma, start(4000, at=-1.0), step_size=0.4, num_steps=120).latents
    points = np.asarray(path, np.float64)[40::8].ravel()
    np.testing.assert_allclose(points.mean(), special.digamma(1.5), atol=0.03)
    np.testing.assert_allclose(points.var(), special.polygamma(1, 1.5), atol=0.05)
    np.testing.assert_allclose(np.mean((points - points.mean()) ** 3), special.polygamma(2, 1.5), atol=0.15)


def test_bounded_law_is_never_left():
    def box(z):
        return jnp.where(jnp.all((z >= -1) & (z <= 2)), 0.0, jnp.inf)

    path = mala_trajectory(jax.random.key(7), box, start(4000, at=0.0), step_size=0.5, num_steps=60).latents
    points = np.asarray(path)[30:]
    assert points.min() >= -1
    assert points.max() <= 2
    np.testing.assert_allclose(points.mean(), 0.5, atol=0.02)
    np.testing.assert_allclose(points.var(), 9 / 12, atol=0.02)


def test_no_move_to_where_the_energy_is_nan():
    def half_line(z):
        return jnp.sum(jnp.where(z > 0, z, jnp.nan))

    chains = mala(jax.random.key(8), half_line, start(200, at=0.1), step_size=0.5, num_steps=20)
    assert np.all(np.asarray(chains.latents) > 0)
    assert 0 < np.mean(chains.acceptance_rate) < 1


# ---------------------------------------------------------------- another library


@pytest.mark.parametrize(("energy", "step_size"), [(banana, 0.3), (log_gamma, 0.8)])
def test_every_step_is_blackjax_s(energy, step_size, x64):
    """The same key: the same noise, the same choice, the same place."""
    del x64
    blackjax = pytest.importorskip("blackjax")
    kernel = blackjax.mala.build_kernel()
    begin = jax.random.normal(jax.random.key(0), (400, 2))

    def theirs(key, z):
        def log_density(z):
            return -energy(z)

        state, info = kernel(key, blackjax.mala.init(z, log_density), log_density, step_size)
        return state.position, info.is_accepted

    def ours(key, z):
        place = mala_step(key, energy, place_at(energy, z), step_size)
        return place.latent, place.moved

    both = [jax.jit(jax.vmap(one)) for one in (theirs, ours)]
    for seed in range(3):
        keys = jax.random.split(jax.random.key(seed), 400)
        (their_place, their_move), (our_place, our_move) = (step(keys, begin) for step in both)
        np.testing.assert_array_equal(our_move, their_move)
        assert 0.2 < np.mean(our_move) < 0.98
        np.testing.assert_allclose(our_place, their_place, rtol=1e-12, atol=1e-12)
        begin = our_place


def test_variance_agrees_with_blackjax():
    blackjax = pytest.importorskip("blackjax")
    algorithm = blackjax.mala(lambda z: -half_square(z), STEP_SIZE)

    def chain(key, z):
        def body(state, key):
            state, info = algorithm.step(key, state)
            return state, (state.position, info.is_accepted)

        return jax.lax.scan(body, algorithm.init(z), jax.random.split(key, STEPS))[1]

    path, moved = jax.jit(jax.vmap(chain))(jax.random.split(jax.random.key(9), CHAINS), start(CHAINS))
    variance = np.mean(np.var(np.asarray(path, np.float64)[:, BURN_IN:, 0], axis=0))
    ours, chains = mala_variance()
    assert abs(variance - ours) < 0.02
    assert abs(np.mean(moved) - np.mean(chains.acceptance_rate)) < 0.01


# ---------------------------------------------------------------- the shape of the functions


def test_trajectories_end_where_the_chains_do():
    begin, key = jax.random.normal(jax.random.key(0), (5, 2)), jax.random.key(1)
    path = langevin_trajectory(key, banana, begin, step_size=0.1, num_steps=7)
    assert path.shape == (7, 5, 2)
    np.testing.assert_array_equal(path[-1], langevin(key, banana, begin, step_size=0.1, num_steps=7))
    np.testing.assert_array_equal(path[2], langevin(key, banana, begin, step_size=0.1, num_steps=3))
    chains, ends = (f(key, banana, begin, step_size=0.3, num_steps=7) for f in (mala_trajectory, mala))
    np.testing.assert_array_equal(chains.latents[-1], ends.latents)
    np.testing.assert_array_equal(chains.acceptance_rate, ends.acceptance_rate)
    whole = np.concatenate([begin[None], chains.latents])
    np.testing.assert_allclose(np.any(whole[1:] != whole[:-1], axis=2).mean(axis=0), ends.acceptance_rate, rtol=1e-6)


def test_pure_jittable_mappable():
    begin, keys = jax.random.normal(jax.random.key(0), (6, 2)), jax.random.split(jax.random.key(1), 2)

    def run(key, step_size):
        return mala(key, banana, begin, step_size=step_size, num_steps=5).latents

    eager = run(keys[0], 0.1)
    mapped = jax.jit(jax.vmap(run))(keys[::-1], jnp.array([0.2, 0.1]))
    np.testing.assert_allclose(mapped[1], eager, rtol=1e-5, atol=1e-6)
    # a chain knows its own place alone: more chains leave the first as they were, and no two share noise
    fewer = mala(keys[0], banana, begin[:4], step_size=0.1, num_steps=5).latents
    np.testing.assert_allclose(fewer, eager[:4], rtol=1e-5, atol=1e-6)
    together = np.asarray(langevin(keys[0], half_square, jnp.zeros((6, 2)), step_size=0.1, num_steps=1))
    assert len(np.unique(together)) == 12


def test_latents_of_any_shape():
    begin = jnp.ones((3, 2, 4, 1))
    assert mala(jax.random.key(0), half_square, begin, num_steps=2).latents.shape == begin.shape


def test_wrong_settings():
    for sampler in (langevin, mala):
        with pytest.raises(InputError, match="step_size > 0"):
            sampler(jax.random.key(0), half_square, start(2), step_size=0.0)
        with pytest.raises(InputError, match="num_steps >= 1"):
            sampler(jax.random.key(0), half_square, start(2), num_steps=0)
