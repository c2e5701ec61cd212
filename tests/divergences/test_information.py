import numpy as np
import pytest
from scipy import special

from ganjax import divergences
from ganjax.checks import InputError

JOINT = np.array([[0.3, 0.1, 0.05], [0.05, 0.2, 0.3]])


def normal(mean=0.0, deviation=1.0):
    return lambda x: -0.5 * ((x - mean) / deviation) ** 2 - np.log(deviation * np.sqrt(2 * np.pi))


def test_gaussian_by_hand():
    np.testing.assert_allclose(divergences.mutual_information_gaussian(1.0, 0.25), 0.5 * np.log(5), rtol=1e-14)
    np.testing.assert_allclose(divergences.mutual_information_gaussian(3, 1), np.log(2), rtol=1e-14)


def test_gaussian_is_the_kl_to_the_product():
    signal, noise = 1.7, 0.6
    joint = [[signal, signal], [signal, signal + noise]]
    product = np.diag([signal, signal + noise])
    expected = divergences.gaussian_kl([0, 0], joint, [0, 0], product)
    np.testing.assert_allclose(divergences.mutual_information_gaussian(signal, noise), expected, rtol=1e-12)


def test_table_by_entropies():
    """H(c) + H(x) − H(c, x)."""

    def entropy(table):
        return special.entr(table).sum()

    expected = entropy(JOINT.sum(0)) + entropy(JOINT.sum(1)) - entropy(JOINT)
    np.testing.assert_allclose(divergences.mutual_information(JOINT), expected, rtol=1e-13)
    assert divergences.mutual_information(np.outer([0.3, 0.7], [0.2, 0.8])) == pytest.approx(0, abs=1e-15)
    np.testing.assert_allclose(divergences.mutual_information(np.eye(4) / 4), np.log(4), rtol=1e-14)


def test_the_bound_is_tight_at_the_posterior_alone():
    """The gap is E_x KL(posterior ‖ Q)."""
    information = divergences.mutual_information(JOINT)
    posterior = JOINT / JOINT.sum(0)
    np.testing.assert_allclose(divergences.barber_agakov(JOINT, np.log(posterior)), information, rtol=1e-13)
    other = np.array([[0.6, 0.5, 0.2], [0.4, 0.5, 0.8]])
    gap = np.sum(JOINT * np.log(posterior / other))
    np.testing.assert_allclose(divergences.barber_agakov(JOINT, np.log(other)), information - gap, rtol=1e-12)
    certain = np.array([[0.0, -np.inf, -np.inf], [-np.inf, 0.0, 0.0]])
    assert divergences.barber_agakov(JOINT, certain) == -np.inf
    copy = np.eye(2) / 2  # −inf where nothing occurs
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(divergences.barber_agakov(copy, np.log(np.eye(2))), np.log(2), rtol=1e-14)


def test_the_gaussian_bound():
    signal, noise = 1.0, 0.25
    best = {"slope": signal / (signal + noise), "variance": signal * noise / (signal + noise)}
    np.testing.assert_allclose(divergences.barber_agakov_gaussian(signal, noise, **best), 0.5 * np.log(5), rtol=1e-13)
    c = np.random.default_rng(0).normal(size=400_000)
    x = c + 0.5 * np.random.default_rng(1).normal(size=400_000)
    terms = normal(0.7 * x, np.sqrt(0.4))(c) - normal()(c)  # E −log p(c) = H(c)
    found = divergences.barber_agakov_gaussian(signal, noise, slope=0.7, variance=0.4)
    np.testing.assert_allclose(found, terms.mean(), atol=4 * terms.std() / np.sqrt(len(c)))
    assert found < 0.5 * np.log(5) - 0.01


@pytest.mark.parametrize("q", [normal(1), normal(0.7, 1.6)])
def test_label_information_is_jsd(q):
    grid = np.linspace(-20, 21, 4001)
    found = divergences.label_information(normal(), q, grid)
    np.testing.assert_allclose(found, divergences.js(normal(), q, grid), rtol=1e-10)


def test_label_information_of_disjoint_supports():
    def uniform(low, high):
        return lambda x: np.where((x >= low) & (x < high), -np.log(high - low), -np.inf)

    found = divergences.label_information(uniform(0, 1), uniform(2, 4), np.linspace(-1, 5, 6000))
    np.testing.assert_allclose(found, np.log(2), atol=1e-3)


def test_refusals():
    with pytest.raises(InputError, match="noise_variance > 0"):
        divergences.mutual_information_gaussian(1.0, 0.0)
    with pytest.raises(InputError, match=r"joint\[4\]"):
        divergences.mutual_information(np.full(4, 0.25))
    with pytest.raises(InputError, match="joint with minimum"):
        divergences.mutual_information(2 * JOINT)
    with pytest.raises(InputError, match="column of"):
        divergences.barber_agakov(JOINT, np.zeros((2, 3)))
    with pytest.raises(InputError, match="equal shapes"):
        divergences.barber_agakov(JOINT, np.zeros((3, 2)))
