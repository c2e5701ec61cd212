import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references_regularizers as ref

from ganjax import regularizers
from ganjax.checks import InputError
from ganjax.numerics import standardize


def codes(shape, seed=0):
    return np.random.default_rng(seed).normal(0.3, 1.0, shape)


@pytest.mark.parametrize("shape", [(2, 3), (5, 4)])
def test_repelling_matches_numpy(x64, shape):
    batch = codes(shape)
    value = regularizers.repelling(jnp.asarray(batch))
    assert value.shape == ()
    np.testing.assert_allclose(value, ref.pulling_away(batch), rtol=1e-6)
    gradient = jax.jit(jax.grad(regularizers.repelling))(jnp.asarray(batch))
    np.testing.assert_allclose(gradient, ref.numerical_gradient(ref.pulling_away, batch), rtol=1e-4, atol=1e-8)


def test_repelling_by_hand():
    # cosines: (0, 1) 1/√2, (0, 2) 0, (1, 2) 1/√2; squares ½, 0, ½; six ordered pairs: 2·(½ + 0 + ½)/6 = ⅓.
    # Plain cosines would give .4714; normalizing over the batch axis, 2·(.25 + 0 + .16)/6 = .1367.
    batch = jnp.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]])
    np.testing.assert_allclose(regularizers.repelling(batch), 1 / 3, rtol=1e-6)


def test_repelling_is_the_squared_cosine():
    # opposite codes are as parallel as equal ones; cos would be −1
    np.testing.assert_allclose(regularizers.repelling(jnp.array([[1.0, 2.0], [-3.0, -6.0]])), 1.0, rtol=1e-6)


def test_repelling_sees_directions_only():
    np.testing.assert_allclose(regularizers.repelling(jnp.eye(4) * 7.0), 0.0, atol=1e-7)
    np.testing.assert_allclose(regularizers.repelling(jnp.ones((5, 3))), 1.0, rtol=1e-6)
    batch = jnp.asarray(codes((4, 3)), jnp.float32)
    lengths = jnp.array([[0.01], [1.0], [30.0], [1e4]])
    np.testing.assert_allclose(regularizers.repelling(lengths * batch), regularizers.repelling(batch), rtol=1e-5)


def test_repelling_survives_a_code_of_zeros():
    batch = jnp.array([[0.0, 0.0], [1.0, 2.0], [2.0, 1.0]])
    # only the pair (1, 2) has an angle: cos² = (4/5)² = .64; 2·.64/6
    np.testing.assert_allclose(regularizers.repelling(batch), 2 * 0.64 / 6, rtol=1e-6)
    assert bool(jnp.all(jnp.isfinite(jax.grad(regularizers.repelling)(batch))))
    np.testing.assert_array_equal(jax.grad(regularizers.repelling)(jnp.zeros((3, 2))), 0.0)


def test_repelling_descends_toward_orthogonal_codes():
    descend = jax.jit(lambda batch: batch - 0.2 * jax.grad(regularizers.repelling)(batch))
    batch = jnp.array([[1.0, 0.1], [1.0, -0.2]])
    for _ in range(200):
        batch = descend(batch)
    np.testing.assert_allclose(regularizers.repelling(batch), 0.0, atol=1e-3)


def test_correlation_matches_numpy(x64):
    latents, batch = codes((5, 7)), codes((5, 7), seed=1)
    rho = regularizers.correlation(jnp.asarray(latents), jnp.asarray(batch))
    assert rho.shape == (5,)
    np.testing.assert_allclose(rho, ref.pearson(latents, batch), rtol=1e-6)
    gradient = jax.grad(lambda c: jnp.sum(regularizers.correlation(jnp.asarray(latents), c)))(jnp.asarray(batch))
    numerical = ref.numerical_gradient(lambda c: ref.pearson(latents, c).sum(), batch)
    np.testing.assert_allclose(gradient, numerical, rtol=1e-4, atol=1e-7)


def test_correlation_by_hand():
    # z = (1, 2, 3): deviations (−1, 0, 1), length √2. ẑ = (1, 3, 2): deviations (−1, 1, 0), length √2. ρ = 1/2.
    # the reversed ẑ gives −1, a stretched and shifted one 1
    latents = jnp.tile(jnp.array([1.0, 2.0, 3.0]), (3, 1))
    batch = jnp.array([[1.0, 3.0, 2.0], [3.0, 2.0, 1.0], [12.0, 14.0, 16.0]])
    np.testing.assert_allclose(regularizers.correlation(latents, batch), [0.5, -1.0, 1.0], rtol=1e-6)


def test_correlation_leaves_scale_and_shift_free(x64):
    # ρ(z, aẑ + b) = ρ(z, ẑ) for a > 0; its gradient is orthogonal to 1 and to ẑ − avg ẑ; ‖N(z) − N(ẑ)‖² = 2n(1 − ρ)
    latents, batch = jnp.asarray(codes((4, 6))), jnp.asarray(codes((4, 6), seed=1))
    rho = regularizers.correlation(latents, batch)
    np.testing.assert_allclose(regularizers.correlation(latents, 3.7 * batch - 20.0), rho, rtol=1e-9)
    np.testing.assert_allclose(regularizers.correlation(latents, -batch), -rho, rtol=1e-9)
    gradient = jax.grad(lambda c: jnp.sum(regularizers.correlation(latents, c)))(batch)
    centered = batch - batch.mean(axis=1, keepdims=True)
    assert float(jnp.abs(gradient).max()) > 0.05
    np.testing.assert_allclose(gradient.sum(axis=1), 0.0, atol=1e-12)
    np.testing.assert_allclose((gradient * centered).sum(axis=1), 0.0, atol=1e-12)
    gap = standardize(latents, 0.0) - standardize(batch, 0.0)
    np.testing.assert_allclose((gap**2).sum(axis=1), 2 * 6 * (1 - rho), rtol=1e-9)


@pytest.mark.parametrize("size", [2, 3, 62, 100])
def test_a_constant_code_has_no_correlation(size):
    # .1 is not a binary fraction: its mean rounds, and what is left must not pass for a direction
    values = np.array([0.0, 1.0, 0.1, -123.456, 1e-20, 1e4, 1 / 3, -0.7], np.float32)
    constant = jnp.asarray(np.repeat(values[:, None], size, axis=1))
    latents = jnp.asarray(codes((8, size)), jnp.float32)

    @jax.jit
    def both(z, c):
        rho = regularizers.correlation(z, c)
        return rho, jax.grad(lambda *pair: jnp.sum(regularizers.correlation(*pair)), argnums=(0, 1))(z, c)

    for pair in ((latents, constant), (constant, latents)):
        for array in jax.tree.leaves(both(*pair)):
            np.testing.assert_array_equal(array, 0.0)


def test_inputs_are_checked_at_the_door():
    for bad in (jnp.ones((1, 3)), jnp.ones(3), jnp.ones((4, 2, 2))):
        with pytest.raises(InputError, match=r"\[B, F\] with B >= 2"):
            regularizers.repelling(bad)
    with pytest.raises(InputError, match=r"latents\[4, 3\], codes\[4, 2\]"):
        regularizers.correlation(jnp.ones((4, 3)), jnp.ones((4, 2)))
    with pytest.raises(InputError, match="at least 2 latent dimensions"):
        regularizers.correlation(jnp.ones((4, 1)), jnp.ones((4, 1)))
