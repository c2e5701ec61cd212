import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import linalg, stats

from ganjax import divergences
from ganjax.checks import InputError

MEAN_P, MEAN_Q = np.array([0.3, -1.0, 2.0]), np.array([-0.5, 0.2, 1.0])


def covariance(seed):
    factor = np.random.default_rng(seed).normal(size=(3, 5))
    return factor @ factor.T


COV_P, COV_Q = covariance(0), covariance(1)


def test_on_the_line_by_hand():
    # log 2 + (1 + 9)/(2·4) − ½
    np.testing.assert_allclose(divergences.gaussian_kl(0, 1, 3, 4), np.log(2) + 0.75, rtol=1e-14)
    np.testing.assert_allclose(divergences.gaussian_wasserstein2(0, 1, 3, 25), 5, rtol=1e-14)  # 3² + 4²
    np.testing.assert_allclose(divergences.gaussian_frechet([0], [[1]], [3], [[25]]), 25, rtol=1e-14)
    np.testing.assert_allclose(divergences.gaussian_kl(0, 1, 1, 1), 0.5, rtol=1e-14)
    np.testing.assert_allclose(divergences.gaussian_wasserstein2(0, 1, 1, 1), 1, rtol=1e-14)


def test_kl_against_samples():
    p, q = stats.multivariate_normal(MEAN_P, COV_P), stats.multivariate_normal(MEAN_Q, COV_Q)
    points = p.rvs(200_000, random_state=0)
    terms = p.logpdf(points) - q.logpdf(points)
    found = divergences.gaussian_kl(MEAN_P, COV_P, MEAN_Q, COV_Q)
    assert isinstance(found, np.float64)
    np.testing.assert_allclose(found, terms.mean(), atol=4 * terms.std() / np.sqrt(len(terms)))
    assert abs(found - divergences.gaussian_kl(MEAN_Q, COV_Q, MEAN_P, COV_P)) > 0.1


def test_frechet_against_a_matrix_root():
    root = linalg.sqrtm(COV_P @ COV_Q).real
    expected = np.sum((MEAN_P - MEAN_Q) ** 2) + np.trace(COV_P + COV_Q - 2 * root)
    found = divergences.gaussian_frechet(MEAN_P, COV_P, MEAN_Q, COV_Q)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(divergences.gaussian_wasserstein2(MEAN_P, COV_P, MEAN_Q, COV_Q) ** 2, found, rtol=1e-12)


def test_wasserstein2_against_the_optimal_map():
    """x ↦ μ_q + A(x − μ_p), A = Σ_p^−½ (Σ_p^½ Σ_q Σ_p^½)^½ Σ_p^−½, carries p onto q: its mean squared path."""
    root = linalg.sqrtm(COV_P).real
    inverse = linalg.inv(root)
    A = inverse @ linalg.sqrtm(root @ COV_Q @ root).real @ inverse
    np.testing.assert_allclose(A @ COV_P @ A.T, COV_Q, atol=1e-10)
    moved = np.trace((A - np.eye(3)) @ COV_P @ (A - np.eye(3)).T) + np.sum((MEAN_P - MEAN_Q) ** 2)
    np.testing.assert_allclose(divergences.gaussian_frechet(MEAN_P, COV_P, MEAN_Q, COV_Q), moved, rtol=1e-11)


def test_itself():
    assert divergences.gaussian_kl(MEAN_P, COV_P, MEAN_P, COV_P) == pytest.approx(0, abs=1e-12)
    assert divergences.gaussian_frechet(MEAN_P, COV_P, MEAN_P, COV_P) == pytest.approx(0, abs=1e-12)
    singular = np.diag([1.0, 0.0, 2.0])
    assert divergences.gaussian_frechet(MEAN_P, singular, MEAN_P, np.diag([4.0, 1.0, 2.0])) == pytest.approx(2)


def test_gradient():
    slope = jax.grad(lambda mean: divergences.gaussian_kl(jnp.zeros(2), jnp.eye(2), mean, 2 * jnp.eye(2)))
    np.testing.assert_allclose(slope(jnp.array([1.0, -3.0])), [0.5, -1.5], rtol=1e-6)


def test_refusals():
    with pytest.raises(InputError, match=r"got \[3\], \[3, 3\], \[2\], \[3, 3\]"):
        divergences.gaussian_kl(MEAN_P, COV_P, MEAN_Q[:2], COV_Q)
    with pytest.raises(InputError, match="symmetric cov_q"):
        divergences.gaussian_frechet(MEAN_P, COV_P, MEAN_Q, np.triu(np.ones((3, 3))))
    with pytest.raises(InputError, match="cov_p without negative eigenvalues"):
        divergences.gaussian_kl(0, -1, 0, 1)


def test_singular_covariances_have_no_density():
    assert divergences.gaussian_kl(1, 0, 0, 0) == np.inf
    assert divergences.gaussian_kl([0, 0], np.eye(2), [0, 0], np.diag([1.0, 0.0])) == np.inf
    assert divergences.gaussian_kl([0, 0], np.diag([1.0, 0.0]), [0, 0], np.eye(2)) == np.inf
    for numbers in ((np.nan, 1, 0, 1), (0, np.inf, 0, 1)):
        with pytest.raises(InputError, match="Expected a finite"):
            divergences.gaussian_frechet(*numbers)


def test_the_distance_of_equals_has_a_derivative():
    assert jax.grad(lambda mean: divergences.gaussian_wasserstein2(mean, 1.0, 0.0, 1.0))(0.0) == 0
    np.testing.assert_allclose(
        jax.grad(lambda mean: divergences.gaussian_wasserstein2(mean, 1.0, 0.0, 1.0))(0.5), 1.0, rtol=1e-5
    )
