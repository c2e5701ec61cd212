import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax import divergences
from ganjax.checks import InputError
from ganjax.divergences._densities import absolute_integral, refined

GRID = np.linspace(-14, 15, 2001)
ON_DENSITIES = [
    divergences.kl,
    divergences.reverse_kl,
    divergences.jeffreys,
    divergences.js,
    divergences.total_variation,
    divergences.squared_hellinger,
    divergences.pearson,
    divergences.neyman,
    divergences.gan_value,
    divergences.hinge,
    divergences.least_squares,
    divergences.label_information,
    divergences.relativistic,
    divergences.gan_qp,
    divergences.wasserstein_1d_densities,
    lambda p, q, grid: divergences.ebgan(p, q, grid, 2.0),
    lambda p, q, grid: divergences.w_divergence_1d(p, q, grid, 2, 6),
    lambda p, q, grid: divergences.wgan_gp_1d(p, q, grid, 10.0),
]


def normal(mean=0.0, deviation=1.0, numbers=np):
    return lambda x: -0.5 * ((x - mean) / deviation) ** 2 - numbers.log(deviation * numbers.sqrt(2 * numbers.pi))


@pytest.fixture(params=ON_DENSITIES, ids=lambda fn: fn.__name__)
def divergence(request):
    return request.param


def test_float64_whatever_the_default(divergence):
    """float32 anywhere on the way would show at 1e-7."""
    found = divergence(normal(), normal(1, 1.25), np.linspace(-14, 15, 501))
    assert isinstance(found, np.float64)
    with jax.enable_x64(True):
        wide = divergence(normal(0.0, 1.0, jnp), normal(1.0, 1.25, jnp), jnp.linspace(-14, 15, 501))
    np.testing.assert_allclose(found, wide, rtol=1e-12)


def test_numpy_and_jax_densities_agree():
    found = divergences.js(normal(0.0, 1.0, jnp), normal(1.0, 1.25, jnp), GRID)
    np.testing.assert_allclose(found, divergences.js(normal(), normal(1, 1.25), GRID), rtol=1e-13)


@pytest.mark.parametrize(
    "grid",
    [GRID[::-1], np.zeros(100), GRID[:, None], GRID[:5], np.append(GRID, np.inf), np.append(GRID, np.nan)],
    ids=["falling", "flat", "matrix", "short", "infinite", "nan"],
)
def test_bad_grids(divergence, grid):
    with pytest.raises(InputError, match="grid"):
        divergence(normal(), normal(1), grid)


def test_unnormalized(divergence):
    for p, q, name in [
        (lambda x: -0.5 * x**2, normal(1), "log_p"),
        (normal(), lambda x: normal(1)(x) + 0.01, "log_q"),
    ]:
        with pytest.raises(InputError, match=f"{name} to integrate to 1.*normalize"):
            divergence(p, q, GRID)
    with pytest.raises(InputError, match=r"log_q .*got 0\.5"):  # half of q lies beyond the grid
        divergence(normal(-6), normal(1), np.linspace(-14, 1, 2001))


def test_what_is_not_a_log_density(divergence):
    with pytest.raises(InputError, match=r"as many log-densities, got log_p\[\]"):
        divergence(lambda x: 0.0, normal(), GRID)
    with pytest.raises(InputError, match=r"log_q gives NaN or \+inf"):
        divergence(normal(), lambda x: np.where(x > 0, normal()(x), np.nan), GRID)


def test_gradients(divergence, x64):
    """Through autodiff against a central difference, in the mean and in the deviation of q."""
    if divergence in ON_DENSITIES[-1:]:
        pytest.skip("its own test")
    grid = np.linspace(-14, 15, 401)

    def of(mean, deviation):
        return divergence(normal(0.0, 1.0, jnp), normal(mean, deviation, jnp), grid)

    found = jax.jit(jax.grad(of, argnums=(0, 1)))(0.7, 1.3)
    step = 1e-4
    differences = (
        (of(0.7 + step, 1.3) - of(0.7 - step, 1.3)) / (2 * step),
        (of(0.7, 1.3 + step) - of(0.7, 1.3 - step)) / (2 * step),
    )
    # |g| is corners at this spacing; a trapezoid's kink moves from cell to cell
    np.testing.assert_allclose(found, differences, rtol=3e-3)


def test_gradient_in_the_ambient_precision():
    slope = jax.grad(lambda mean: divergences.kl(normal(), normal(mean, 2.0, jnp), np.linspace(-20, 21, 801)))(1.0)
    assert slope.dtype == jnp.float32
    np.testing.assert_allclose(slope, 0.25, rtol=1e-5)  # d/dμ μ²/(2·4)


def test_absolute_integral_by_hand(x64):
    points = refined(np.array([0.0, 1.0, 3.0]))
    np.testing.assert_array_equal(points, [0, 0.5, 1, 2, 3])
    # x − ½: a triangle of ⅛ on each side of ½, then 5/2 · 2 − 1 = 4 to 3
    np.testing.assert_allclose(absolute_integral(jnp.asarray(points - 0.5), points), 0.125 + 0.125 + 3, rtol=1e-14)
    # −x² keeps its sign: Simpson is exact, 27/3
    np.testing.assert_allclose(absolute_integral(jnp.asarray(-(points**2)), points), 9, rtol=1e-14)
    # x − ¼ on the first half cell: ½(¼)² · 2, then ½(¼ + ¾)·½ = ¼
    values = jnp.asarray([-0.25, 0.25, 0.75, 0.0, 0.0])
    np.testing.assert_allclose(absolute_integral(values, points), 0.0625 + 0.25 + 2 * 0.75 / 6, rtol=1e-14)
