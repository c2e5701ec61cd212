"""The classifier score by hand, against torch-fidelity's Inception score, and its bias."""

import numpy as np
import pytest
from scipy.special import softmax

from ganjax.checks import InputError
from ganjax.metrics import class_probabilities, classifier_score, classifier_score_splits


def logits(num=205, classes=7):
    """Formula-made: no generator's version stands behind the constants below."""
    n, k = np.meshgrid(np.arange(num), np.arange(classes), indexing="ij")
    return 3 * np.sin(1.7 * n + 2.3 * k * k) + 0.1 * k


def by_entropies(probabilities):
    """exp(H(mean p) − mean H(p)), the mutual information written the other way, one number at a time."""

    def entropy(p):
        return -sum(x * np.log(x) for x in p if x > 0)

    return np.exp(entropy(np.mean(probabilities, axis=0)) - np.mean([entropy(p) for p in probabilities]))


def test_by_hand():
    # (1, 0), (½, ½): mean (¾, ¼). KL of the first: log 4/3; of the second: ½ log ⅔ + ½ log 2 = ½ log 4/3.
    # mean ¾ log 4/3, exp = (4/3)^¾. Deviation (ddof 1) of the two: ½ log(4/3)/√2; over √2: ¼ log 4/3.
    found = classifier_score(np.array([[1.0, 0.0], [0.5, 0.5]]))
    assert found.value == pytest.approx((4 / 3) ** 0.75, rel=1e-14)
    assert found.standard_error == pytest.approx((4 / 3) ** 0.75 * 0.25 * np.log(4 / 3), rel=1e-14)


def test_its_bounds():
    assert classifier_score(np.eye(5)).value == pytest.approx(5, rel=1e-14)
    assert classifier_score(np.tile([0.2, 0.3, 0.5, 0.0], (9, 1))).value == pytest.approx(1, rel=1e-14)
    assert classifier_score(np.eye(5)[[2] * 9]).value == pytest.approx(1, rel=1e-14)


def test_agrees_with_entropies_in_any_order():
    probabilities = class_probabilities(logits())
    found = classifier_score(probabilities)
    assert found.value == pytest.approx(by_entropies(probabilities), rel=1e-12)
    np.testing.assert_allclose(classifier_score(probabilities[::-1]), found, rtol=1e-12)
    np.testing.assert_allclose(classifier_score(probabilities.astype(np.float16)), found, rtol=1e-3)


def test_probabilities_of_logits():
    np.testing.assert_allclose(class_probabilities(np.log([[1.0, 3.0], [2.0, 2.0]])), [[0.25, 0.75], [0.5, 0.5]])
    np.testing.assert_array_equal(class_probabilities(np.array([[1e4, -1e4]], np.float32)), [[1.0, 0.0]])


# torch-fidelity 0.4.0, isc_features_to_metric(logits(), splits=10, shuffle=False): 205 samples don't divide by ten
PUBLISHED_MEAN, PUBLISHED_DEVIATION = 2.120274094188697, 0.01914388848172065


def test_constants_of_torch_fidelity():
    scores = classifier_score_splits(class_probabilities(logits()))
    assert scores.shape == (10,)
    assert scores.mean() == pytest.approx(PUBLISHED_MEAN, rel=1e-10)
    assert scores.std() == pytest.approx(PUBLISHED_DEVIATION, rel=1e-8)


@pytest.mark.parametrize(("splits", "shuffle"), [(10, False), (7, True)])
def test_equal_to_torch_fidelity(splits, shuffle):
    torch = pytest.importorskip("torch")
    metric_isc = pytest.importorskip("torch_fidelity.metric_isc")
    theirs = metric_isc.isc_features_to_metric(torch.from_numpy(logits()), splits, shuffle, rng_seed=2020)
    order = np.random.RandomState(2020).permutation(205) if shuffle else np.arange(205)
    scores = classifier_score_splits(class_probabilities(logits()[order]), splits=splits)
    assert scores.mean() == pytest.approx(theirs["inception_score_mean"], rel=1e-10)
    assert scores.std() == pytest.approx(theirs["inception_score_std"], rel=1e-8)


def test_one_split_is_the_whole():
    probabilities = class_probabilities(logits())
    np.testing.assert_allclose(classifier_score_splits(probabilities, splits=1), classifier_score(probabilities).value)


def test_bias_and_standard_error():
    """log score of N fresh samples against the population's: −Σ_k Var(p_k)/p̄_k/(2N); the claimed error is right."""
    rng = np.random.default_rng(0)
    rows = softmax(2 * rng.normal(size=(8, 6)), axis=1)  # a population of eight equally likely rows
    mean = rows.mean(axis=0)
    expected = -np.sum(rows.var(axis=0) / mean) / (2 * 50)
    draws = [classifier_score(rows[rng.integers(8, size=50)]) for _ in range(2000)]
    values = np.array([draw.value for draw in draws])
    bias = np.log(values).mean() - np.log(by_entropies(rows))
    error = np.log(values).std(ddof=1) / np.sqrt(len(values))
    assert abs(bias - expected) < 4 * error
    assert error < 0.2 * abs(expected)
    assert 0.9 < np.mean([draw.standard_error for draw in draws]) / values.std(ddof=1) < 1.1


def test_bad_input():
    with pytest.raises(InputError, match="apply class_probabilities"):
        classifier_score(logits())
    with pytest.raises(InputError, match="at least 2 samples"):
        classifier_score(np.eye(1))
    with pytest.raises(InputError, match="NaN or infinity"):
        class_probabilities(np.full((3, 2), np.inf))
    for splits in (0, 4):
        with pytest.raises(InputError, match=f"number of samples, 3, got {splits}"):
            classifier_score_splits(np.eye(3), splits=splits)
