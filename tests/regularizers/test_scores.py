import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references_regularizers as ref

from ganjax import regularizers
from ganjax.checks import InputError

KEY = jax.random.key(4)


def flipped(key, samples):
    del key
    return jnp.flip(samples, axis=1)


def noisy(key, samples):
    return samples + 0.1 * jax.random.normal(key, samples.shape, samples.dtype)


def test_lecam_matches_numpy(x64):
    rng = np.random.default_rng(0)
    real_scores, fake_scores = rng.normal(1.0, 1.0, 6), rng.normal(-2.0, 0.5, 6)
    ours = regularizers.lecam(jnp.asarray(real_scores), jnp.asarray(fake_scores), 0.7, -1.1)
    np.testing.assert_allclose(ours, ref.lecam(real_scores, fake_scores, 0.7, -1.1), rtol=1e-6)


def test_lecam_by_hand():
    # real 2 against the FAKE anchor −1: 9; fake −3 against the REAL anchor 1: 16. Below its anchor too: (−2 + 1)² = 1
    values = regularizers.lecam(jnp.array([2.0, -2.0]), jnp.array([-3.0, 1.0]), 1.0, -1.0)
    np.testing.assert_allclose(values, [9 + 16, 1 + 0], rtol=1e-6)


def test_lecam_anchors_are_constants():
    real_scores, fake_scores = jnp.array([2.0, 0.0]), jnp.array([-3.0, 1.0])

    def total(real_scores, fake_scores):
        anchors = jnp.mean(real_scores), jnp.mean(fake_scores)  # 1 and −1
        return jnp.sum(regularizers.lecam(real_scores, fake_scores, *anchors))

    gradients = jax.grad(total, argnums=(0, 1))(real_scores, fake_scores)
    np.testing.assert_allclose(gradients[0], [2 * (2 + 1), 2 * (0 + 1)], rtol=1e-6)
    np.testing.assert_allclose(gradients[1], [2 * (-3 - 1), 2 * (1 - 1)], rtol=1e-6)


def test_consistency_matches_numpy(x64):
    rng = np.random.default_rng(1)
    params = ref.discriminator(rng, 12)
    real, fake = rng.normal(0.4, 1.0, (4, 3, 2, 2)), rng.normal(-0.2, 0.7, (4, 3, 2, 2))
    jparams = jax.tree.map(jnp.asarray, params)

    def score_fn(x):
        return ref.score(jparams, x, jnp)

    jreal, jfake = jnp.asarray(real), jnp.asarray(fake)
    ours = regularizers.consistency(KEY, score_fn, jreal, transform=flipped)
    on_real = ref.score_change(params, real, real[:, ::-1])
    np.testing.assert_allclose(ours, on_real, rtol=1e-6)
    both = regularizers.balanced_consistency(KEY, score_fn, jreal, jfake, transform=flipped)
    np.testing.assert_allclose(both, on_real + ref.score_change(params, fake, fake[:, ::-1]), rtol=1e-6)


def test_consistency_parameter_gradient_matches_finite_differences(x64):
    rng = np.random.default_rng(2)
    params, real = ref.discriminator(rng, 3), rng.normal(size=(4, 3))
    gradient = jax.grad(
        lambda p: jnp.mean(
            regularizers.consistency(KEY, lambda x: ref.score(p, x, jnp), jnp.asarray(real), transform=flipped)
        )
    )(jax.tree.map(jnp.asarray, params))
    for part in params:
        numerical = ref.numerical_gradient(
            lambda x, part=part: np.mean(ref.score_change({**params, part: x}, real, real[:, ::-1])), params[part]
        )
        np.testing.assert_allclose(gradient[part], numerical, rtol=1e-4, atol=1e-6)


def test_consistency_by_hand():
    # D(x) = x₀ + 10x₁; flipped: x₁ + 10x₀. x = (1, 2): 21 − 12 = 9, squared 81; x = (3, 3): 0
    values = regularizers.consistency(
        KEY, lambda x: x[0] + 10 * x[1], jnp.array([[1.0, 2.0], [3.0, 3.0]]), transform=flipped
    )
    np.testing.assert_allclose(values, [81, 0], rtol=1e-6)


def test_the_transform_gets_the_key():
    real = jnp.ones((3, 2))
    first, again, other = (
        regularizers.consistency(key, jnp.sum, real, transform=noisy) for key in (KEY, KEY, jax.random.key(5))
    )
    expected = (noisy(KEY, real) - real).sum(axis=1) ** 2
    np.testing.assert_allclose(first, expected, rtol=1e-4)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_real_and_fake_are_transformed_by_different_draws():
    # one batch on both sides: the same draw would give twice one value
    keys = []

    def spying(key, samples):
        keys.append(tuple(np.asarray(jax.random.key_data(key)).tolist()))
        return noisy(key, samples)

    real = jnp.ones((3, 2))
    regularizers.balanced_consistency(KEY, jnp.sum, real, real, transform=spying)
    assert len(set(keys)) == 2
    assert tuple(np.asarray(jax.random.key_data(KEY)).tolist()) not in keys


def test_context_goes_to_the_discriminator_with_its_sample():
    # D(x, s) = s·(x₀ + 10x₁): the change of 9 above, times s
    real, fake = jnp.array([[1.0, 2.0], [1.0, 2.0]]), jnp.array([[2.0, 2.0], [1.0, 2.0]])
    scales = jnp.array([2.0, -1.0])

    def score_fn(x, scale):
        return scale * (x[0] + 10 * x[1])

    np.testing.assert_allclose(regularizers.consistency(KEY, score_fn, real, scales, transform=flipped), [324, 81])
    both = regularizers.balanced_consistency(KEY, score_fn, real, fake, scales, transform=flipped)
    np.testing.assert_allclose(both, [324 + 0, 81 + 81])


def test_inputs_are_checked_at_the_door():
    with pytest.raises(InputError, match=r"real_scores\[4\], fake_scores\[3\]"):
        regularizers.lecam(jnp.ones(4), jnp.ones(3), 0.0, 0.0)
    with pytest.raises(InputError, match=r"samples\[4, 3\], transformed\[4, 2\]"):
        regularizers.consistency(KEY, jnp.sum, jnp.ones((4, 3)), transform=lambda key, x: x[:, :2])
    with pytest.raises(InputError, match=r"real\[4, 3\], fake\[3, 3\]"):
        regularizers.balanced_consistency(KEY, jnp.sum, jnp.ones((4, 3)), jnp.ones((3, 3)), transform=flipped)
