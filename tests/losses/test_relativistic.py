import jax
import jax.numpy as jnp
import laws
import numpy as np
import references

from ganjax import losses

LOG3 = float(np.log(3))


def expect(member, real, fake, values):
    np.testing.assert_allclose(member(jnp.asarray(real), jnp.asarray(fake)), values, rtol=2e-6)


def test_paired_by_hand():
    disc, gen = losses.relativistic()
    # r − f = log 3: σ = 3/4, so −log 3/4 and −log 1/4
    expect(disc, [LOG3 + 0.2], [0.2], [np.log(4 / 3)])
    expect(gen, [LOG3 + 0.2], [0.2], [np.log(4)])


def test_general_h_is_a_function_of_fake_minus_real():
    expect(losses.relativistic(lambda t: -t).generator, [2.0], [0.5], [1.5])
    expect(losses.relativistic(jnp.exp).generator, [2.0], [0.5], [np.exp(-1.5)])
    expect(losses.relativistic(jnp.exp).discriminator, [0.0], [0.0], [np.log(2)])


def test_average_by_hand():
    # r̄ = log 3, f̄ = 0: r − f̄ = (0, 2 log 3), f − r̄ = −log 3 twice
    disc, gen = losses.relativistic_average()
    real, fake = [0.0, 2 * LOG3], [0.0, 0.0]
    expect(disc, real, fake, [(np.log(2) + np.log(4 / 3)) / 2, (np.log(10 / 9) + np.log(4 / 3)) / 2])
    expect(gen, real, fake, [(np.log(2) + np.log(4)) / 2, (np.log(10) + np.log(4)) / 2])


def test_average_least_squares_by_hand():
    # r̄ = 3.5, f̄ = .5: r − f̄ = (1.5, 4.5), f − r̄ = (−2.5, −3.5)
    disc, gen = losses.relativistic_average_least_squares()
    real, fake = [2.0, 5.0], [1.0, 0.0]
    expect(disc, real, fake, [(0.25 + 2.25) / 2, (12.25 + 6.25) / 2])
    expect(gen, real, fake, [(6.25 + 12.25) / 2, (30.25 + 20.25) / 2])


def test_average_hinge_by_hand():
    # r̄ = 1, f̄ = .25: r − f̄ = (.25, 1.25), f − r̄ = −.75 twice
    disc, gen = losses.relativistic_average_hinge()
    real, fake = [0.5, 1.5], [0.25, 0.25]
    expect(disc, real, fake, [(0.75 + 0.25) / 2, (0.0 + 0.25) / 2])
    expect(gen, real, fake, [(1.25 + 1.75) / 2, (2.25 + 1.75) / 2])


def test_gradients_flow_through_the_means():
    # L = ¼Σ[(r_i − f̄ − 1)² + (f_i − r̄ + 1)²] on the batch above:
    # ∂L/∂r_1 = ½(r_1 − f̄ − 1) − ¼Σ(f_i − r̄ + 1) = .25 − ¼(−1.5 − 2.5) = 1.25; with r̄ stopped, .25
    # ∂L/∂f_1 = ½(f_1 − r̄ + 1) − ¼Σ(r_i − f̄ − 1) = −.75 − ¼(.5 + 3.5) = −1.75; with f̄ stopped, −.75
    real, fake = jnp.array([2.0, 5.0]), jnp.array([1.0, 0.0])
    disc = losses.relativistic_average_least_squares().discriminator
    real_slope, fake_slope = laws.gradients(lambda *pair: disc(*pair) / 2, real, fake)
    np.testing.assert_allclose(real_slope[0], 1.25, rtol=1e-6)
    np.testing.assert_allclose(fake_slope[0], -1.75, rtol=1e-6)


def test_the_mean_is_over_every_entry(x64):
    """Scores of a patch discriminator, [B, h, w]: the same numbers as flat."""
    rng = np.random.default_rng(0)
    real, fake = rng.normal(1, 2, [3, 2, 2]), rng.normal(-1, 1, [3, 2, 2])
    for name in ("relativistic_average", "relativistic_average_least_squares", "relativistic_average_hinge"):
        for member, reference in zip(losses.LOSSES[name](), references.losses()[name], strict=True):
            expect(member, real, fake, reference(real.ravel(), fake.ravel()).reshape(3, 2, 2))


def test_players_trade_places():
    real, fake = jnp.array([0.4, 2.0, -1.0]), jnp.array([0.1, -0.6, 0.9])
    for name in ("relativistic", "relativistic_average", "relativistic_average_hinge"):
        pair = losses.LOSSES[name]()
        np.testing.assert_array_equal(pair.generator(real, fake), pair.discriminator(fake, real))


def test_only_differences_matter():
    """Raising every score by a constant changes nothing, gradients included."""
    real, fake = jnp.array([0.5, 2.25, -1.0]), jnp.array([0.25, -0.5, 0.75])
    for name in losses.LOSSES:
        if name.startswith("relativistic"):
            for member in losses.LOSSES[name]():
                np.testing.assert_allclose(member(real + 8, fake + 8), member(real, fake), rtol=1e-5)
                shifted = jax.grad(lambda c, member=member: jnp.sum(member(real + c, fake + c)))(0.0)
                np.testing.assert_allclose(shifted, 0, atol=1e-6)
