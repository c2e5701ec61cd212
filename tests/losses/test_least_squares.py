import jax.numpy as jnp
import laws
import numpy as np

from ganjax import losses

LOG3, LOG4 = float(np.log(3)), float(np.log(4))


def test_least_squares_by_hand():
    real, fake = jnp.array([0.3]), jnp.array([0.4])
    disc, gen = losses.least_squares()
    np.testing.assert_allclose(disc(real, fake), [0.325], rtol=1e-6)  # ½·.7² + ½·.4² = .245 + .08
    np.testing.assert_allclose(gen(real, fake), [0.18], rtol=1e-6)  # ½·.6²


def test_targets_go_where_they_belong():
    # r = .5, f = .25 with a = −1, b = 1, c = 0: ½·.5² + ½·1.25² = .125 + .78125; ½·.25²
    real, fake = jnp.array([0.5]), jnp.array([0.25])
    disc, gen = losses.least_squares(a=-1.0, b=1.0, c=0.0)
    np.testing.assert_allclose(disc(real, fake), [0.90625], rtol=1e-6)
    np.testing.assert_allclose(gen(real, fake), [0.03125], rtol=1e-6)
    disc, gen = losses.least_squares(-2.0, 3.0, 0.75)  # ½·2.5² + ½·2.25² = 3.125 + 2.53125; ½·.5²
    np.testing.assert_allclose(disc(real, fake), [5.65625], rtol=1e-6)
    np.testing.assert_allclose(gen(real, fake), [0.125], rtol=1e-6)


def test_sigmoid_mse_by_hand():
    # σ(log 3) = 3/4, σ(−log 4) = 1/5: ½/16 + ½/25 = .03125 + .02; ½·(4/5)²
    real, fake = jnp.array([LOG3]), jnp.array([-LOG4])
    disc, gen = losses.sigmoid_mse()
    np.testing.assert_allclose(disc(real, fake), [0.05125], rtol=1e-6)
    np.testing.assert_allclose(gen(real, fake), [0.32], rtol=1e-6)


def test_sigmoid_mse_saturates_like_its_formula_not_sooner():
    """d/dr ½(σ(r) − 1)² = −σ(r)(1 − σ(r))²: e^−50 at r = −50, e^−40 at r = 20, where 1 − σ rounds to 0 in float32."""
    disc, gen = losses.sigmoid_mse()
    zero = jnp.zeros(1)
    np.testing.assert_allclose(laws.gradients(disc, zero - 50, zero)[0], -np.exp(-50), rtol=1e-5)
    np.testing.assert_allclose(laws.gradients(disc, zero + 20, zero)[0], -np.exp(-40), rtol=1e-5)
    np.testing.assert_allclose(laws.gradients(disc, zero, zero + 50)[1], np.exp(-50), rtol=1e-5)
    np.testing.assert_allclose(laws.gradients(gen, zero, zero - 50)[1], -np.exp(-50), rtol=1e-5)
