"""Moments gathered in pieces; the Fréchet distance against closed forms, scipy's square root and sampling theory."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import linalg

from ganjax.checks import InputError
from ganjax.metrics import Moments, feature_frechet_distance, frechet_distance, merge, moments, update


def gaussian(mean, covariance):
    return Moments(np.array(mean, np.float64), np.array(covariance, np.float64), 1000)


def random_features(rng, num, width):
    """Skewed, correlated, off center."""
    return rng.gamma(2.0, size=(num, width)) @ rng.normal(size=(width, width)) + np.arange(width)


def by_matrix_square_root(p, q):
    """Heusel et al. 2017, eq. 6, as it stands."""
    root = linalg.sqrtm(p.covariance @ q.covariance)
    return np.sum((p.mean - q.mean) ** 2) + np.trace(p.covariance + q.covariance - 2 * np.real(root))


def by_samples(x, y):
    """The same for singular covariances, where sqrtm fails: with centered data matrices X, Y divided by √(n − 1),
    S_p = XᵀX and S_q = YᵀY, the trace of the root is the sum of the singular values of X Yᵀ."""
    centered = [(z - z.mean(0)) / np.sqrt(len(z) - 1) for z in (x, y)]
    overlap = np.linalg.svd(centered[0] @ centered[1].T, compute_uv=False).sum()
    return np.sum((x.mean(0) - y.mean(0)) ** 2) + sum(np.sum(z**2) for z in centered) - 2 * overlap


# --- moments


def test_moments_by_hand():
    # columns (1, 3, 8) and (2, 2, 5): means 4 and 3; deviations (−3, −1, 4) and (−1, −1, 2)
    # squares 9 + 1 + 16 = 26, 1 + 1 + 4 = 6, products 3 + 1 + 8 = 12, all over 3 − 1
    found = moments(np.array([[1.0, 2.0], [3.0, 2.0], [8.0, 5.0]]))
    np.testing.assert_allclose(found.mean, [4.0, 3.0], rtol=1e-15)
    np.testing.assert_allclose(found.covariance, [[13.0, 6.0], [6.0, 3.0]], rtol=1e-15)
    assert found.num_samples == 3


def test_merge_by_hand():
    # {1, 3} and {8}: means 2 and 8, scatters 2 and 0; together mean 2 + 6·⅓ = 4, scatter 2 + 36·2·1/3 = 26
    found = merge(moments(np.array([[1.0], [3.0]])), moments(np.array([[8.0]])))
    np.testing.assert_allclose(found.mean, [4.0], rtol=1e-15)
    np.testing.assert_allclose(found.covariance, [[13.0]], rtol=1e-15)
    assert found.num_samples == 3


@pytest.mark.parametrize("cuts", [[1], [1, 2, 3], [40, 41, 90], list(range(1, 100))])
def test_moments_do_not_depend_on_the_split_into_batches(cuts):
    features = random_features(np.random.default_rng(0), 100, 4) + 1e4  # far out: Σx² − n·mean² would lose 8 digits
    whole, pieces = moments(features), None
    for batch in np.split(features, cuts):
        pieces = update(pieces, batch)
    assert pieces.num_samples == 100
    np.testing.assert_allclose(pieces.mean, whole.mean, rtol=1e-14)
    np.testing.assert_allclose(pieces.covariance, whole.covariance, rtol=1e-10)
    np.testing.assert_allclose(whole.covariance, np.cov(features, rowvar=False), rtol=1e-10)


def test_merge_is_symmetric_and_associative():
    rng = np.random.default_rng(1)
    a, b, c = (moments(random_features(rng, num, 3)) for num in (5, 17, 2))
    for other in (merge(merge(b, a), c), merge(a, merge(b, c)), merge(c, merge(b, a))):
        np.testing.assert_allclose(other.mean, merge(merge(a, b), c).mean, rtol=1e-13)
        np.testing.assert_allclose(other.covariance, merge(merge(a, b), c).covariance, rtol=1e-12)


def test_a_single_sample_has_no_covariance_yet():
    found = moments(np.array([[3.0, -1.0]]))
    np.testing.assert_array_equal(found.covariance, np.zeros((2, 2)))
    np.testing.assert_array_equal(found.mean, [3.0, -1.0])


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16, jnp.float16])
def test_device_arrays_are_taken_and_computed_in_float64(dtype):
    features = jnp.asarray(random_features(np.random.default_rng(2), 50, 3), dtype)
    found = moments(features)
    assert found.mean.dtype == found.covariance.dtype == np.float64
    np.testing.assert_allclose(found.covariance, np.cov(np.asarray(features, np.float64), rowvar=False), rtol=1e-12)


# --- the distance, closed forms


def test_one_dimension():
    # means 1 and 3.5, standard deviations 2 and .5: 2.5² + 1.5² = 8.5
    assert frechet_distance(gaussian([1.0], [[4.0]]), gaussian([3.5], [[0.25]])) == pytest.approx(8.5, abs=1e-12)


def test_diagonal_covariances():
    # (0 − 1)² + (2 − 0)² = 5; (1 − 3)² + (4 − 2)² = 8
    p, q = gaussian([0.0, 2.0], np.diag([1.0, 16.0])), gaussian([1.0, 0.0], np.diag([9.0, 4.0]))
    assert frechet_distance(p, q) == pytest.approx(13.0, abs=1e-12)


def test_commuting_covariances():
    # one basis, standard deviations (1, 2, 3, 0) and (4, 2, .5, 1): 9 + 0 + 6.25 + 1
    basis = np.linalg.qr(np.random.default_rng(3).normal(size=(4, 4)))[0]
    p, q = (
        gaussian(np.zeros(4), basis @ np.diag(np.square(deviations)) @ basis.T)
        for deviations in ([1.0, 2.0, 3.0, 0.0], [4.0, 2.0, 0.5, 1.0])
    )
    assert frechet_distance(p, q) == pytest.approx(16.25, abs=1e-8)


def test_two_dimensions_that_do_not_commute():
    # for 2×2, tr √(S_p S_q) = √(tr(S_p S_q) + 2 √(det S_p det S_q)), since its eigenvalues are real and positive:
    # S_p S_q = [[2, 1], [1, 3]]·[[5, −2], [−2, 1]] = [[8, −3], [−1, 1]]: trace 9, determinants 5 and 1
    p, q = gaussian([0.0, 0.0], [[2.0, 1.0], [1.0, 3.0]]), gaussian([0.0, 0.0], [[5.0, -2.0], [-2.0, 1.0]])
    expected = 2 + 3 + 5 + 1 - 2 * np.sqrt(9 + 2 * np.sqrt(5))
    assert frechet_distance(p, q) == pytest.approx(expected, abs=1e-12)


def random_covariance(rng, width):
    factor = rng.normal(size=(width, 2 * width)) * np.logspace(0, -2, width)[:, None]
    return factor @ factor.T


@pytest.mark.parametrize("width", [1, 16, 128])
def test_closed_form_of_an_optimal_map(width):
    """T symmetric positive is the optimal map from N(m, S) to N(Tm + b, TST) (Brenier): without commuting, the squared
    distance is E|x − Tx − b|² = |m − Tm − b|² + tr (1 − T) S (1 − T)."""
    rng = np.random.default_rng(width)
    covariance, transport = random_covariance(rng, width), random_covariance(rng, width)
    mean, shift = rng.normal(size=width), rng.normal(size=width)
    rest = np.eye(width) - transport
    expected = np.sum((rest @ mean - shift) ** 2) + np.trace(rest @ covariance @ rest)
    p, q = gaussian(mean, covariance), gaussian(transport @ mean + shift, transport @ covariance @ transport)
    assert frechet_distance(p, q) == pytest.approx(expected, rel=1e-8)


# --- the distance, independent computations


@pytest.mark.parametrize("width", [2, 7, 40])
def test_agrees_with_the_matrix_square_root(width):
    rng = np.random.default_rng(width)
    p, q = moments(random_features(rng, 300, width)), moments(random_features(rng, 200, width) * 0.7)
    expected = by_matrix_square_root(p, q)
    assert frechet_distance(p, q) == pytest.approx(expected, rel=1e-8)
    assert expected > 1


@pytest.mark.parametrize(("num_p", "num_q"), [(20, 30), (20, 300), (2, 300), (300, 3)])
def test_fewer_samples_than_features(num_p, num_q):
    rng = np.random.default_rng(4)
    x, y = random_features(rng, num_p, 64), random_features(rng, num_q, 64)
    found = frechet_distance(moments(x), moments(y))
    assert isinstance(found, float)
    assert found == pytest.approx(by_samples(x, y), rel=1e-11)


def test_singular_covariances_that_were_gathered_in_batches():
    rng = np.random.default_rng(5)
    x, y = random_features(rng, 60, 100), random_features(rng, 50, 100)
    in_pieces = []
    for features in (x, y):
        seen = None
        for batch in np.array_split(features, 13):
            seen = update(seen, batch)
        in_pieces.append(seen)
    assert frechet_distance(*in_pieces) == pytest.approx(by_samples(x, y), rel=1e-9)


def test_badly_scaled_features():
    """Spectra over twelve decades, as deep features have: real, finite and right."""
    rng = np.random.default_rng(6)
    scales = np.logspace(0, -6, 32)
    x, y = rng.normal(size=(500, 32)) * scales, rng.normal(size=(400, 32)) * scales[::-1]
    assert frechet_distance(moments(x), moments(y)) == pytest.approx(by_samples(x, y), rel=1e-8)


# --- properties


def test_zero_and_never_below_for_equal_moments():
    rng = np.random.default_rng(7)
    for num in (5, 500):
        same = moments(random_features(rng, num, 30) * 100)
        assert 0 <= frechet_distance(same, same) <= 1e-12 * np.trace(same.covariance)


def test_a_point_against_a_point_is_the_squared_distance():
    # constant features: no covariance at all, only (3, 4)
    x, y = np.zeros((5, 2)), np.full((5, 2), [3.0, 4.0])
    assert feature_frechet_distance(x, y) == pytest.approx(25.0, abs=1e-12)


def test_symmetric_order_free_shift_and_rotation_invariant_and_quadratic_in_scale():
    rng = np.random.default_rng(8)
    x, y = random_features(rng, 80, 6), random_features(rng, 50, 6)
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    found = feature_frechet_distance(x, y)
    assert feature_frechet_distance(y, x) == pytest.approx(found, rel=1e-11)
    assert feature_frechet_distance(x[::-1], y[rng.permutation(50)]) == pytest.approx(found, rel=1e-11)
    assert feature_frechet_distance(x @ rotation + 9, y @ rotation + 9) == pytest.approx(found, rel=1e-10)
    assert feature_frechet_distance(3 * x, 3 * y) == pytest.approx(9 * found, rel=1e-11)


def test_bias_between_two_samples_of_one_gaussian():
    """N = 5000, M = 3000 of one Gaussian: not 0 but (1/N + 1/M)·[Σ λ_i + ½ Σ_ij (1 + 1{i=j}) λ_i λ_j/(λ_i + λ_j)]."""
    rng = np.random.default_rng(9)
    variances = np.array([9.0, 4.0, 1.0, 0.25, 0.01])
    pairs = np.outer(variances, variances) / np.add.outer(variances, variances)
    expected = (1 / 5000 + 1 / 3000) * (variances.sum() + 0.5 * (pairs.sum() + np.trace(pairs)))

    def one_distance():
        x, y = (rng.normal(size=(num, 5)) * np.sqrt(variances) for num in (5000, 3000))
        return feature_frechet_distance(x, y)

    found = np.array([one_distance() for _ in range(200)])
    error = found.std(ddof=1) / np.sqrt(len(found))
    assert abs(found.mean() - expected) < 4 * error
    assert error < 0.05 * expected  # sharp enough to see a factor that is missing


def test_the_bias_that_the_docstring_states():
    """5000 fresh samples against 5000 others, 64 independent features of variance 1: the docstring's table has .44.

    To first order (1/N + 1/M)·[64 + ½·(64² + 64)/2] = .0004·1104 = .4416."""
    rng = np.random.default_rng(10)
    found = np.mean([feature_frechet_distance(*rng.normal(size=(2, 5000, 64))) for _ in range(4)])
    assert 0.435 < found < 0.450
    more = feature_frechet_distance(*rng.normal(size=(2, 20_000, 64)))
    assert found / 4 == pytest.approx(more, rel=0.05)


# --- torch-fidelity


def deep_features(shift):
    """Formula-made, correlated, positive, of a spectrum over decades: [300, 24]."""
    n, k = np.meshgrid(np.arange(300), np.arange(24), indexing="ij")
    return np.abs(np.sin(1.3 * n * (1 + 0.01 * k * k) + shift * k) + shift) / (1 + 0.2 * k)


def test_constant_of_torch_fidelity():
    """torch-fidelity 0.4.0, fid_statistics_to_metric of fid_features_to_statistics, on these float64 features."""
    found = feature_frechet_distance(deep_features(0.1), deep_features(0.4))
    assert found == pytest.approx(0.08731443107446601, rel=1e-8)


@pytest.mark.parametrize(("num", "width"), [(300, 24), (700, 256)])
def test_equal_to_torch_fidelity(num, width):
    torch = pytest.importorskip("torch")
    metric_fid = pytest.importorskip("torch_fidelity.metric_fid")
    rng = np.random.default_rng(width)
    features = random_features(rng, num, width), 1 + random_features(rng, num + 50, width)
    statistics = [metric_fid.fid_features_to_statistics(torch.from_numpy(each)) for each in features]
    theirs = metric_fid.fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    assert feature_frechet_distance(*features) == pytest.approx(theirs, rel=1e-6)


# --- bad input


def test_what_cannot_be_compared():
    good = moments(np.eye(3))
    with pytest.raises(InputError, match="real with 3, fake with 2"):
        frechet_distance(good, moments(np.eye(2)))
    with pytest.raises(InputError, match="at least 2 samples, got fake with 1"):
        frechet_distance(good, moments(np.eye(3)[:1]))
    with pytest.raises(InputError, match="infinity in real"):
        frechet_distance(good._replace(mean=np.array([0.0, np.nan, 0.0])), good)
    with pytest.raises(InputError, match="infinity in fake"):
        frechet_distance(good, good._replace(covariance=np.full((3, 3), np.inf)))
    with pytest.raises(InputError, match="first with 3, second with 2"):
        merge(good, moments(np.eye(2)))


def test_what_is_no_set_of_features():
    with pytest.raises(InputError, match=r"features\[samples, features\], got features\[4\]"):
        moments(np.zeros(4))
    with pytest.raises(InputError, match=r"features\[2, 3, 4\]: flatten"):
        moments(np.zeros((2, 3, 4)))
    with pytest.raises(InputError, match=r"features\[5, 0\]"):
        moments(np.zeros((5, 0)))
    with pytest.raises(InputError, match="at least 1 samples in features, got 0"):
        moments(np.zeros((0, 3)))
    with pytest.raises(InputError, match="NaN or infinity in 2 of 3 samples"):
        moments(np.array([[1.0, np.nan], [np.inf, 0.0], [0.0, 0.0]]))
