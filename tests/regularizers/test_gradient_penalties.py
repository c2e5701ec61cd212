import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references_regularizers as ref

from ganjax import regularizers
from ganjax.checks import InputError

KEY = jax.random.key(11)
SHAPES = [(5, 3), (4, 2, 3, 4)]  # points, images: no two axes alike


def problem(shape, seed=0):
    rng = np.random.default_rng(seed)
    params = ref.discriminator(rng, int(np.prod(shape[1:])))
    return params, rng.normal(0.2, 1.0, shape), rng.normal(-0.5, 0.6, shape)


def on_jax(params, *arrays):
    params = jax.tree.map(jnp.asarray, params)
    return (lambda x: ref.score(params, x, jnp)), *map(jnp.asarray, arrays)


def epsilons(shape):
    """The same key drawn once more: one number a sample."""
    return np.asarray(jax.random.uniform(KEY, (shape[0],) + (1,) * (len(shape) - 1))).reshape(-1)


def linear(*slopes):
    return lambda x: jnp.sum(jnp.array(slopes) * x)


def penalties(params, real, fake):
    """Every gradient penalty as (JAX function of params, NumPy function of params)."""
    eps = epsilons(real.shape)
    points = ref.mixed(eps, real, fake)
    near = ref.neighborhood(np.asarray(jax.random.uniform(KEY, real.shape)), real)
    jreal, jfake = jnp.asarray(real), jnp.asarray(fake)

    def score_fn(p):
        return lambda x: ref.score(p, x, jnp)

    return {
        "wgan_gp": (
            lambda p: regularizers.wgan_gp(KEY, score_fn(p), jreal, jfake),
            lambda p: ref.unit_norm_penalty(p, points),
        ),
        "wgan_gp_one_sided": (
            lambda p: regularizers.wgan_gp_one_sided(KEY, score_fn(p), jreal, jfake),
            lambda p: ref.lipschitz_penalty(p, points),
        ),
        "zero_centered": (
            lambda p: regularizers.zero_centered(KEY, score_fn(p), jreal, jfake),
            lambda p: ref.power_penalty(p, points, 2),
        ),
        "r1": (lambda p: regularizers.r1(score_fn(p), jreal), lambda p: ref.power_penalty(p, real, 2)),
        "r2": (lambda p: regularizers.r2(score_fn(p), jfake), lambda p: ref.power_penalty(p, fake, 2)),
        "dragan": (
            lambda p: regularizers.dragan(KEY, score_fn(p), jreal),
            lambda p: ref.unit_norm_penalty(p, near),
        ),
        "wgan_div": (lambda p: regularizers.wgan_div(score_fn(p), jreal), lambda p: ref.power_penalty(p, real, 6)),
        "wgan_div_3": (
            lambda p: regularizers.wgan_div(score_fn(p), jfake, p=3),
            lambda p: ref.power_penalty(p, fake, 3),
        ),
    }


NAMES = list(penalties(*problem((2, 2))))


def test_the_reference_gradient_is_the_derivative_of_the_reference_score():
    params, real, _ = problem((3, 4))
    for sample, gradient in zip(real, ref.score_gradients(params, real), strict=True):
        np.testing.assert_allclose(gradient, ref.numerical_gradient(lambda x: ref.score(params, x), sample), atol=1e-8)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_values_match_numpy(x64, name, shape):
    params, real, fake = problem(shape)
    ours, reference = penalties(params, real, fake)[name]
    values = jax.jit(ours)(jax.tree.map(jnp.asarray, params))
    assert values.shape == shape[:1]
    assert values.dtype == jnp.float64
    np.testing.assert_allclose(values, reference(params), rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_parameter_gradients_match_finite_differences(x64, name):
    # the derivative a discriminator descends: of a gradient, so of second order
    params, real, fake = problem((4, 3), seed=3)
    ours, reference = penalties(params, real, fake)[name]
    gradients = jax.jit(jax.grad(lambda p: jnp.mean(ours(p))))(jax.tree.map(jnp.asarray, params))
    for part in params:
        numerical = ref.numerical_gradient(lambda x, part=part: np.mean(reference({**params, part: x})), params[part])
        np.testing.assert_allclose(gradients[part], numerical, rtol=1e-4, atol=1e-4)


def test_a_linear_discriminator_by_hand():
    # D(x) = 3x₁ + 4x₂: ‖∇D‖ = 5 everywhere, so (5 − 1)² = 16, 5² = 25, 5⁶ = 15625
    real, fake = jnp.array([[1.0, -2.0], [0.5, 3.0]]), jnp.array([[0.0, 1.0], [-1.0, 2.0]])
    steep, gentle = linear(3.0, 4.0), linear(0.3, 0.4)
    np.testing.assert_allclose(regularizers.wgan_gp(KEY, steep, real, fake), [16, 16], rtol=1e-6)
    np.testing.assert_allclose(regularizers.wgan_gp_one_sided(KEY, steep, real, fake), [16, 16], rtol=1e-6)
    np.testing.assert_allclose(regularizers.zero_centered(KEY, steep, real, fake), [25, 25], rtol=1e-6)
    np.testing.assert_allclose(regularizers.r1(steep, real), [25, 25], rtol=1e-6)
    np.testing.assert_allclose(regularizers.r2(steep, fake), [25, 25], rtol=1e-6)
    np.testing.assert_allclose(regularizers.dragan(KEY, steep, real), [16, 16], rtol=1e-6)
    np.testing.assert_allclose(regularizers.wgan_div(steep, real), [15625, 15625], rtol=1e-5)
    # D(x) = .3x₁ + .4x₂: ‖∇D‖ = .5; two-sided (.5 − 1)² = .25, one-sided nothing
    np.testing.assert_allclose(regularizers.wgan_gp(KEY, gentle, real, fake), [0.25, 0.25], rtol=1e-6)
    np.testing.assert_array_equal(regularizers.wgan_gp_one_sided(KEY, gentle, real, fake), [0, 0])


def test_the_norm_is_over_all_axes_but_the_batch():
    # D = Σx over 2×3×4 entries: ‖∇D‖² = 24. Over channels alone it would be 4, over batch and all 5·24.
    images = jnp.ones((5, 2, 3, 4))
    np.testing.assert_allclose(regularizers.r1(jnp.sum, images), np.full(5, 24.0), rtol=1e-6)
    expected = np.full(5, (np.sqrt(24.0) - 1.0) ** 2)
    np.testing.assert_allclose(regularizers.wgan_gp(KEY, jnp.sum, images, -images), expected, rtol=1e-6)
    # D = ½‖x‖², ∇D = x: each sample answers for itself
    points = jnp.array([[3.0, 4.0], [0.0, 2.0], [1.0, 0.0]])
    np.testing.assert_allclose(regularizers.r1(lambda x: 0.5 * jnp.sum(x * x), points), [25, 4, 1], rtol=1e-6)


def test_points_between_carry_one_weight_a_sample():
    # D = ½‖x‖², so ‖∇D(x̂)‖² = ‖x̂‖²; real = 1, fake = 0 on 6 pixels: x̂ = ε on every pixel, ‖x̂‖² = 6ε²
    real, fake = jnp.ones((7, 3, 2, 1)), jnp.zeros((7, 3, 2, 1))
    values = regularizers.zero_centered(KEY, lambda x: 0.5 * jnp.sum(x * x), real, fake)
    np.testing.assert_allclose(values, 6 * epsilons(real.shape) ** 2, rtol=1e-5)  # ε per pixel fails here
    assert len(np.unique(np.asarray(values))) == 7  # ε shared by the batch fails here


def flat_discriminators():
    rng = np.random.default_rng(5)
    dead = {"w": jnp.asarray(rng.normal(size=(4, 3)), jnp.float32), "b": jnp.full(4, -100.0)}
    silent = {"w": jnp.asarray(rng.normal(size=(4, 3)), jnp.float32), "v": jnp.zeros(4)}
    zeros = {"w": jnp.zeros((4, 3)), "v": jnp.zeros(4)}
    return {
        "constant": ({"c": jnp.array(0.7)}, lambda p, x: p["c"] + 0.0 * jnp.sum(x)),
        "dead units": (dead, lambda p, x: jnp.sum(jax.nn.relu(p["w"] @ x + p["b"]))),
        "silent output": (silent, lambda p, x: p["v"] @ jnp.tanh(p["w"] @ x)),
        "all zero": (zeros, lambda p, x: p["v"] @ jnp.tanh(p["w"] @ x)),
    }


@pytest.mark.parametrize(
    ("which", "dtype"),
    [(which, jnp.float32) for which in flat_discriminators()]
    + [("silent output", jnp.bfloat16), ("silent output", jnp.float16)],
)
def test_a_flat_discriminator_gets_no_nan(which, dtype):
    params, apply = flat_discriminators()[which]
    params = jax.tree.map(lambda p: p.astype(dtype), params)
    rng = np.random.default_rng(1)
    real, fake = (jnp.asarray(rng.normal(size=(4, 3)), dtype) for _ in range(2))

    def penalties_of(params):
        score_fn = lambda x: apply(params, x)  # noqa: E731
        return {
            "one": [
                regularizers.wgan_gp(KEY, score_fn, real, fake),
                regularizers.dragan(KEY, score_fn, real),
            ],
            "zero": [
                regularizers.wgan_gp_one_sided(KEY, score_fn, real, fake),
                regularizers.zero_centered(KEY, score_fn, real, fake),
                regularizers.r1(score_fn, real),
                regularizers.r2(score_fn, fake),
                regularizers.wgan_div(score_fn, real),
                regularizers.wgan_div(score_fn, real, p=1.5),
            ],
        }

    def total(params):
        values = penalties_of(params)
        means = jnp.stack([jnp.mean(v) for group in values.values() for v in group])
        return jnp.sum(means * jnp.arange(1.0, 1.0 + len(means))), values

    gradients, values = jax.jit(jax.grad(total, has_aux=True))(params)
    np.testing.assert_array_equal(jnp.stack(values["one"]), 1.0)
    np.testing.assert_array_equal(jnp.stack(values["zero"]), 0.0)
    for gradient in jax.tree.leaves(gradients):
        np.testing.assert_array_equal(np.asarray(gradient, np.float32), 0.0)


def test_the_gradient_is_taken_in_the_samples_dtype_and_measured_in_float32():
    seen = []

    def score_fn(x):
        seen.append(x.dtype)
        return jnp.sum(x)

    # 300 entries of slope 1: bfloat16 cannot hold 300, nor sum it one by one
    values = regularizers.r1(score_fn, jnp.ones((2, 300), jnp.bfloat16))
    assert seen == [jnp.bfloat16]
    assert values.dtype == jnp.float32
    np.testing.assert_array_equal(values, [300, 300])


def test_context_goes_to_the_discriminator_with_its_sample():
    # D(x, label, scale) = scale·w[label]·x: ‖∇D‖ = scale·|w[label]|; w = (1, 2, 5)
    weights = jnp.array([1.0, 2.0, 5.0])
    labels, scale = jnp.array([2, 0, 1]), {"scale": jnp.array([1.0, 3.0, 2.0])}

    def score_fn(x, label, options):
        return options["scale"] * weights[label] * x[0]

    real, fake = jnp.array([[0.3], [1.0], [2.0]]), jnp.array([[0.1], [-1.0], [0.0]])
    norms = np.array([5.0, 3.0, 4.0])
    np.testing.assert_allclose(regularizers.r1(score_fn, real, labels, scale), norms**2)
    np.testing.assert_allclose(regularizers.r2(score_fn, fake, labels, scale), norms**2)
    np.testing.assert_allclose(regularizers.wgan_gp(KEY, score_fn, real, fake, labels, scale), (norms - 1) ** 2)
    np.testing.assert_allclose(
        regularizers.wgan_gp_one_sided(KEY, score_fn, real, fake, labels, scale), (norms - 1) ** 2
    )
    np.testing.assert_allclose(regularizers.zero_centered(KEY, score_fn, real, fake, labels, scale), norms**2)
    np.testing.assert_allclose(regularizers.dragan(KEY, score_fn, real, labels, scale), (norms - 1) ** 2)
    both = regularizers.end_points(real, fake)
    twice = regularizers.end_points(labels, labels), jax.tree.map(regularizers.end_points, scale, scale)
    np.testing.assert_allclose(regularizers.wgan_div(score_fn, both, *twice, p=2), np.tile(norms**2, 2))


def test_penalties_reach_the_generator_only_through_the_samples():
    # D = ½‖x‖²: r2 = ‖f‖², with derivative 2f; the objective stops it where it should not flow
    fake = jnp.array([[1.0, -2.0], [0.5, 3.0]])
    gradient = jax.grad(lambda f: jnp.sum(regularizers.r2(lambda x: 0.5 * jnp.sum(x * x), f)))(fake)
    np.testing.assert_allclose(gradient, 2 * fake, rtol=1e-6)


def test_shapes_are_checked_at_the_door():
    real, fake = jnp.ones((4, 3)), jnp.ones((3, 3))
    for penalty in (regularizers.wgan_gp, regularizers.wgan_gp_one_sided, regularizers.zero_centered):
        with pytest.raises(InputError, match=r"real\[4, 3\], fake\[3, 3\]"):
            penalty(KEY, jnp.sum, real, fake)
    with pytest.raises(InputError, match=r"to a scalar, got a score of shape \[1\]"):
        regularizers.r1(lambda x: jnp.sum(x, keepdims=True), real)
    for power in (1, 0.5, -2):
        with pytest.raises(InputError, match="p > 1"):
            regularizers.wgan_div(jnp.sum, real, p=power)
