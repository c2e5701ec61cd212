"""What every regularizer of the table obeys: a new row earns these by existing."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references_regularizers as ref

from ganjax import regularizers
from ganjax.regularizers import REGULARIZERS

KEY = jax.random.key(21)
BATCH, SIZE = 4, 6
DOWN_TO_ZERO = [
    "wgan_gp", "wgan_gp_one_sided", "zero_centered", "r1", "r2", "dragan", "wgan_div", "gan_qp", "squared_slope",
    "repelling", "lecam", "consistency", "balanced_consistency",
]  # fmt: skip


def shifted(key, samples):
    shifts = 0.3 * jax.random.normal(key, (samples.shape[0], 1), jnp.float32)  # the same draw in every precision
    return samples + shifts.astype(samples.dtype)


def cases(dtype, scale=1.0):
    """name -> (function of float arrays alone, the arrays)."""
    rng = np.random.default_rng(7)
    params = jax.tree.map(lambda p: jnp.asarray(p, dtype), ref.discriminator(rng, SIZE))

    def draw(*shape, mean=0.0):
        return jnp.asarray(scale * rng.normal(mean, 1.0, shape), dtype)

    def score_fn(x):
        return ref.score(params, x, jnp)

    real, fake = draw(BATCH, SIZE, mean=0.4), draw(BATCH, SIZE, mean=-0.3)
    scores, labels = (draw(BATCH, mean=0.5), draw(BATCH, mean=-0.7)), jnp.array([0, 5, 2, 2])

    def on_pairs(function):
        return lambda x, y: function(KEY, score_fn, x, y)

    return {
        "wgan_gp": (on_pairs(regularizers.wgan_gp), (real, fake)),
        "wgan_gp_one_sided": (on_pairs(regularizers.wgan_gp_one_sided), (real, fake)),
        "zero_centered": (on_pairs(regularizers.zero_centered), (real, fake)),
        "r1": (lambda x: regularizers.r1(score_fn, x), (real,)),
        "r2": (lambda x: regularizers.r2(score_fn, x), (fake,)),
        "dragan": (lambda x: regularizers.dragan(KEY, score_fn, x), (real,)),
        "wgan_div": (lambda x: regularizers.wgan_div(score_fn, x), (real,)),
        "gan_qp": (regularizers.gan_qp, (*scores, real, fake)),
        "squared_slope": (regularizers.squared_slope, (*scores, real, fake)),
        "repelling": (regularizers.repelling, (fake,)),
        "correlation": (regularizers.correlation, (real, fake)),
        "categorical_information": (lambda x: regularizers.categorical_information(x, labels), (fake,)),
        "gaussian_information": (regularizers.gaussian_information, (real, fake)),
        "encoder_information": (regularizers.encoder_information, (real, fake)),
        "js_information": (regularizers.js_information, scores),
        "lecam": (lambda r, f: regularizers.lecam(r, f, 0.9, -0.4), scores),
        "consistency": (lambda x: regularizers.consistency(KEY, score_fn, x, transform=shifted), (real,)),
        "balanced_consistency": (
            lambda x, y: regularizers.balanced_consistency(KEY, score_fn, x, y, transform=shifted),
            (real, fake),
        ),
    }


@functools.cache
def compiled(name, dtype):
    function, arrays = cases(dtype)[name]
    gradients = jax.grad(lambda *a: jnp.mean(function(*a)), argnums=tuple(range(len(arrays))))
    return jax.jit(lambda *a: (function(*a), gradients(*a)))


@functools.cache
def evaluated(name, dtype="float32", scale=1.0):
    """(values, gradients of their mean, the arrays) of one row, as NumPy; one compilation for all scales."""
    with jax.enable_x64(dtype == "float64"):
        arrays = cases(dtype, scale)[name][1]
        return jax.device_get((*compiled(name, dtype)(*arrays), arrays))


every = pytest.mark.parametrize("name", list(REGULARIZERS))


def test_every_row_has_a_case_and_a_public_name():
    assert set(cases(jnp.float32)) == set(REGULARIZERS)
    for name, regularizer in REGULARIZERS.items():
        assert getattr(regularizers, name) is regularizer
    with pytest.raises(KeyError, match="Did you mean 'wgan_gp'"):
        REGULARIZERS["wgan-gp"]


@every
def test_the_docstring_says_its_grade_and_its_source(name):
    text = REGULARIZERS[name].__doc__
    assert any(grade in text for grade in ("Per sample", "Per batch", "Elementwise"))
    assert "Reference:" in text


@every
def test_one_value_a_sample(name):
    assert evaluated(name)[0].shape == (() if name == "repelling" else (BATCH,))


@every
def test_jit_is_eager(name):
    function, arrays = cases("float32")[name]
    np.testing.assert_allclose(evaluated(name)[0], function(*arrays), rtol=1e-5, atol=1e-6)


@every
def test_half_precision_in_gives_finite_float32_out(name):
    values, gradients, arrays = evaluated(name, "bfloat16")
    assert values.dtype == np.float32
    # three digits come in, so about two come out; wgan_div's sixth power leaves one
    np.testing.assert_allclose(values, evaluated(name)[0], rtol=0.25 if name == "wgan_div" else 0.1, atol=0.05)
    for gradient, array in zip(gradients, arrays, strict=True):
        assert gradient.dtype == array.dtype
        assert np.isfinite(gradient.astype(np.float32)).all()


@every
def test_gradients_match_finite_differences(name):
    values, gradients, arrays = evaluated(name, "float64")
    assert values.dtype == np.float64
    rng = np.random.default_rng(9)
    with jax.enable_x64(True):
        for i, array in enumerate(arrays):
            direction = rng.normal(size=array.shape)
            ends = [[a + t * direction if j == i else a for j, a in enumerate(arrays)] for t in (1e-5, -1e-5)]
            up, down = (float(jnp.mean(compiled(name, "float64")(*end)[0])) for end in ends)
            numerical = (up - down) / 2e-5
            assert abs(numerical) > 1e-6
            np.testing.assert_allclose((gradients[i] * direction).sum(), numerical, rtol=1e-4)


@every
def test_finite_far_out(name):
    values, gradients, _ = evaluated(name, scale=1e4)
    assert np.isfinite(values).all()
    assert all(np.isfinite(gradient).all() for gradient in gradients)


@every
def test_what_is_per_sample_mixes_no_samples(name):
    mixes = "Per batch" in REGULARIZERS[name].__doc__
    if name == "repelling":
        assert mixes
        return
    values, _, arrays = evaluated(name, scale=3.0)
    touches = np.zeros((BATCH, BATCH), bool)  # [moved sample, changed value]
    for k in range(BATCH):
        moved = [np.where(np.arange(BATCH).reshape(-1, *[1] * (a.ndim - 1)) == k, a + 0.5 * a**2, a) for a in arrays]
        touches[k] = compiled(name, "float32")(*moved)[0] != values
    assert touches.diagonal().all()
    assert (touches & ~np.eye(BATCH, dtype=bool)).any() == mixes


@pytest.mark.parametrize("name", DOWN_TO_ZERO)
def test_penalties_are_never_negative(name):
    for scale in (1.0, 1e4):
        assert (evaluated(name, scale=scale)[0] >= 0).all()


@pytest.mark.parametrize("name", ["wgan_gp", "dragan"])
def test_the_same_key_gives_the_same_value_and_another_another(name):
    rng = np.random.default_rng(7)
    params = jax.tree.map(lambda p: jnp.asarray(p, jnp.float32), ref.discriminator(rng, SIZE))
    real, fake = (jnp.asarray(rng.normal(size=(BATCH, SIZE)), jnp.float32) for _ in range(2))
    samples = (real,) if name == "dragan" else (real, fake)

    @jax.jit
    def value(key):
        return REGULARIZERS[name](key, lambda x: ref.score(params, x, jnp), *samples)

    np.testing.assert_array_equal(value(KEY), value(KEY))
    assert not np.allclose(value(KEY), value(jax.random.key(22)))
