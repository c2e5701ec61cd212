import numpy as np
import pytest
import references

from ganjax import divergences
from ganjax.checks import InputError
from ganjax.divergences import DIVERGENCES

P, Q = np.array([0.5, 0.2, 0.3]), np.array([0.1, 0.6, 0.3])


def test_by_hand():
    # ½ log 5 − ⅕ log 3
    np.testing.assert_allclose(divergences.kl_discrete(P, Q), 0.5 * np.log(5) - 0.2 * np.log(3), rtol=1e-13)
    np.testing.assert_allclose(divergences.total_variation_discrete(P, Q), 0.4, rtol=1e-13)
    m = (P + Q) / 2
    expected = 0.5 * np.sum(P * np.log(P / m)) + 0.5 * np.sum(Q * np.log(Q / m))
    np.testing.assert_allclose(divergences.js_discrete(P, Q), expected, rtol=1e-12)
    # .16/.1 + .16/.6
    np.testing.assert_allclose(divergences.f_divergence_discrete(divergences.PEARSON, P, Q), 1.6 + 0.8 / 3, rtol=1e-13)


@pytest.mark.parametrize("name", DIVERGENCES)
def test_every_row(name):
    found = divergences.f_divergence_discrete(DIVERGENCES[name], P[None, :], Q[None, :])
    assert isinstance(found, np.float64)
    np.testing.assert_allclose(found, np.sum(references.F_DIVERGENCES[name].integrand(P, Q)), rtol=1e-12)


def test_zeros():
    first, second = [0.5, 0.5, 0, 0], [0, 0.25, 0.75, 0]
    both = divergences.js_discrete(first, second)
    # m = .25, .375, .375: ½[½ log 2 + ½ log 4/3] + ½[¼ log 2/3 + ¾ log 2]
    expected = 0.25 * (np.log(2) + np.log(4 / 3)) + 0.125 * np.log(2 / 3) + 0.375 * np.log(2)
    np.testing.assert_allclose(both, expected, rtol=1e-12)
    assert divergences.kl_discrete(first, second) == np.inf
    np.testing.assert_allclose(divergences.kl_discrete([1, 0], [0.25, 0.75]), np.log(4), rtol=1e-13)
    assert divergences.js_discrete([1, 0], [0, 1]) == pytest.approx(np.log(2), rel=1e-15)
    assert divergences.total_variation_discrete([1, 0], [0, 1]) == 1
    assert divergences.f_divergence_discrete(divergences.NEYMAN, [1, 0], [0.5, 0.5]) == np.inf
    assert divergences.f_divergence_discrete(divergences.PEARSON, [1, 0], [0.5, 0.5]) == pytest.approx(1)


def test_refusals():
    with pytest.raises(InputError, match=r"p\[3\], q\[2\]"):
        divergences.kl_discrete(P, [0.5, 0.5])
    with pytest.raises(InputError, match=r"got q with minimum -0\.1"):
        divergences.kl_discrete(P, [-0.1, 0.6, 0.5])
    with pytest.raises(InputError, match=r"got p with minimum 0\.2 and sum 0\.7"):
        divergences.kl_discrete(P[:2], [0.5, 0.5])
