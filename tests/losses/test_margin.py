import jax.numpy as jnp
import laws
import numpy as np
import pytest

from ganjax import losses
from ganjax.checks import InputError


def test_hinge_by_hand():
    real, fake = jnp.array([0.25, 3.0, -2.0]), jnp.array([-0.5, -2.0, 4.0])
    disc, gen = losses.hinge()
    np.testing.assert_allclose(disc(real, fake), [0.75 + 0.5, 0.0, 3.0 + 5.0], rtol=1e-6)
    np.testing.assert_allclose(gen(real, fake), [0.5, 2.0, -4.0], rtol=1e-6)


def test_hinge_lets_sure_samples_go_but_not_the_generator():
    disc, gen = losses.hinge()
    real, fake = jnp.array([1.5, 0.5]), jnp.array([-0.5, -1.5])
    real_slope, fake_slope = laws.gradients(disc, real, fake)
    np.testing.assert_array_equal(real_slope, [0, -1])
    np.testing.assert_array_equal(fake_slope, [1, 0])
    np.testing.assert_array_equal(laws.gradients(gen, real, fake)[1], [-1, -1])


def test_wasserstein_by_hand():
    real, fake = jnp.array([0.25, -1.0]), jnp.array([-0.5, 2.0])
    disc, gen = losses.wasserstein()
    np.testing.assert_allclose(disc(real, fake), [-0.75, 3.0], rtol=1e-6)
    np.testing.assert_allclose(gen(real, fake), [0.5, -2.0], rtol=1e-6)


def test_margin_by_hand():
    real, fake = jnp.array([-0.5]), jnp.array([-1.25])
    disc, gen = losses.margin(2.0)  # energies .5 and 1.25: .5 + [2 − 1.25]⁺
    np.testing.assert_allclose(disc(real, fake), [1.25], rtol=1e-6)
    np.testing.assert_allclose(gen(real, fake), [1.25], rtol=1e-6)
    np.testing.assert_allclose(losses.margin().discriminator(real, fake), [0.5 + 8.75], rtol=1e-6)


def test_margin_is_per_sample():
    # fake energies 1 and 5, m = 2: [2 − 1]⁺ + [2 − 5]⁺ = 1 + 0; a hinge on the mean energy would give 0
    disc = losses.margin(2.0).discriminator
    np.testing.assert_allclose(disc(jnp.zeros(2), jnp.array([-1.0, -5.0])), [1.0, 0.0], rtol=1e-6)


@pytest.mark.parametrize("m", [0.0, -1.0, float("nan"), float("inf")])
def test_margin_must_be_positive(m):
    with pytest.raises(InputError, match="m > 0"):
        losses.margin(m)
