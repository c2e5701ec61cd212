import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references_regularizers as ref

from ganjax import regularizers
from ganjax.checks import InputError, UnknownNameError


def problem(shape, seed=0):
    rng = np.random.default_rng(seed)
    return (
        rng.normal(1.0, 2.0, shape[:1]),
        rng.normal(-0.5, 1.0, shape[:1]),
        rng.normal(0.2, 1.0, shape),
        rng.normal(-0.4, 0.5, shape),
    )


@pytest.mark.parametrize("shape", [(5,), (5, 3), (4, 2, 3, 4)])
@pytest.mark.parametrize(("distance", "order"), [("l1", 1), ("l2", 2)])
def test_gan_qp_matches_numpy(x64, shape, distance, order):
    arrays = problem(shape)
    values = regularizers.gan_qp(*map(jnp.asarray, arrays), lambda_=3.0, distance=distance)
    np.testing.assert_allclose(values, ref.quadratic_term(*arrays, lambda_=3.0, order=order), rtol=1e-6)


@pytest.mark.parametrize("shape", [(5,), (5, 3), (4, 2, 3, 4)])
def test_squared_slope_matches_numpy(x64, shape):
    arrays = problem(shape)
    np.testing.assert_allclose(
        regularizers.squared_slope(*map(jnp.asarray, arrays)), ref.squared_slope(*arrays), rtol=1e-6
    )


@pytest.mark.parametrize("argument", range(4))
def test_gradients_match_finite_differences(x64, argument):
    arrays = problem((4, 3), seed=2)

    def at(function, x):
        return function(*arrays[:argument], x, *arrays[argument + 1 :])

    pairs = [
        (regularizers.gan_qp, lambda *a: ref.quadratic_term(*a, lambda_=10.0, order=1)),
        (lambda *a: regularizers.gan_qp(*a, distance="l2"), lambda *a: ref.quadratic_term(*a, lambda_=10.0, order=2)),
        (regularizers.squared_slope, ref.squared_slope),
    ]
    for ours, reference in pairs:
        place = jnp.asarray(arrays[argument])
        gradient = jax.grad(
            lambda x, f=ours: jnp.sum(
                f(*map(jnp.asarray, arrays[:argument]), x, *map(jnp.asarray, arrays[argument + 1 :]))
            )
        )(place)
        numerical = ref.numerical_gradient(lambda x, f=reference: np.sum(at(f, x)), arrays[argument])
        np.testing.assert_allclose(gradient, numerical, rtol=1e-4, atol=1e-6)


def test_by_hand():
    # Δ = 3 − 1 = 2 and −1 − 3 = −4; λ = 10
    # pair 0: gaps 1, 3: L1 mean 2, mean square 5;  pair 1: gaps 0, 2: L1 mean 1, mean square 2
    real_scores, fake_scores = jnp.array([3.0, -1.0]), jnp.array([1.0, 3.0])
    real, fake = jnp.array([[1.0, 0.0], [2.0, 5.0]]), jnp.array([[0.0, 3.0], [2.0, 3.0]])
    args = real_scores, fake_scores, real, fake
    np.testing.assert_allclose(regularizers.gan_qp(*args), [4 / 40, 16 / 20], rtol=1e-6)
    np.testing.assert_allclose(
        regularizers.gan_qp(*args, distance="l2"), [4 / (20 * np.sqrt(5)), 16 / (20 * np.sqrt(2))], rtol=1e-6
    )
    np.testing.assert_allclose(regularizers.gan_qp(*args, 1.0), [4 / 4, 16 / 2], rtol=1e-6)
    np.testing.assert_allclose(regularizers.squared_slope(*args), [4 / 5, 16 / 2], rtol=1e-6)
    assert regularizers.DISTANCES["l1"] is regularizers.mean_absolute_distance
    assert regularizers.DISTANCES["l2"] is regularizers.root_mean_square_distance


def test_the_best_score_difference_of_two_points_is_lambda_d():
    # max over Δ of Δ − Δ²/(2λd) is ½λd, at Δ = λd; d = mean(|1|, |5|) = 3, λ = 2
    real, fake = jnp.array([[1.0, 5.0]]), jnp.array([[0.0, 0.0]])

    def gap(delta):
        scores = jnp.array([delta])
        return (scores - regularizers.gan_qp(scores, jnp.zeros(1), real, fake, lambda_=2.0))[0]

    np.testing.assert_allclose(gap(6.0), 0.5 * 2.0 * 3.0, rtol=1e-6)
    np.testing.assert_allclose(jax.grad(gap)(6.0), 0.0, atol=1e-6)
    assert gap(5.9) < gap(6.0)
    assert gap(6.1) < gap(6.0)


def test_any_distance_will_do():
    real_scores, fake_scores, real, fake = map(jnp.asarray, problem((4, 3)))

    def largest(real, fake):
        return jnp.max(jnp.abs(real - fake), axis=1)

    values = regularizers.gan_qp(real_scores, fake_scores, real, fake, distance=largest)
    expected = (real_scores - fake_scores) ** 2 / (20 * np.abs(real - fake).max(axis=1))
    np.testing.assert_allclose(values, expected, rtol=1e-5)


@pytest.mark.parametrize("distance", ["l1", "l2"])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_equal_samples_give_no_nan(distance, dtype):
    same = jnp.asarray([[0.5, -1.0], [2.0, 0.0]], dtype)
    # equal scores on the first pair, different ones on the second
    real_scores, fake_scores = jnp.asarray([1.0, 2.0], dtype), jnp.asarray([1.0, 1.0], dtype)

    def qp(*args):
        return regularizers.gan_qp(*args, distance=distance)

    for term in (qp, regularizers.squared_slope):
        values = term(real_scores, fake_scores, same, same)
        assert values.dtype == jnp.float32
        assert values[0] == 0
        assert 1e4 < values[1] < jnp.inf
        gradients = jax.grad(lambda *args, f=term: jnp.sum(f(*args)), argnums=(0, 1, 2, 3))(
            real_scores, fake_scores, same, same
        )
        assert all(bool(jnp.all(jnp.isfinite(g))) for g in gradients)
        assert gradients[0][0] == 0


def test_lambda_may_be_traced():
    arrays = [jnp.asarray(a) for a in problem((4, 3))]
    many = jax.vmap(lambda weight: regularizers.gan_qp(*arrays, lambda_=weight))(jnp.array([1.0, 10.0]))
    np.testing.assert_allclose(many[1], regularizers.gan_qp(*arrays), rtol=1e-6)
    np.testing.assert_allclose(many[0], 10 * many[1], rtol=1e-6)


def test_inputs_are_checked_at_the_door():
    scores, samples = jnp.ones(4), jnp.ones((4, 3))
    with pytest.raises(InputError, match=r"real_scores\[4\], fake_scores\[4, 1\]"):
        regularizers.gan_qp(scores, scores[:, None], samples, samples)
    with pytest.raises(InputError, match="1 axes"):
        regularizers.gan_qp(scores[:, None], scores[:, None], samples, samples)
    with pytest.raises(InputError, match=r"real\[4, 3\], fake\[4, 2\]"):
        regularizers.squared_slope(scores, scores, samples, samples[:, :2])
    with pytest.raises(InputError, match="one score a sample"):
        regularizers.squared_slope(scores[:3], scores[:3], samples, samples)
    with pytest.raises(InputError, match="one number a pair"):
        regularizers.gan_qp(scores, scores, samples, samples, distance=lambda x, y: jnp.mean(jnp.abs(x - y)))
    with pytest.raises(UnknownNameError, match="l1"):
        regularizers.gan_qp(scores, scores, samples, samples, distance="l3")
