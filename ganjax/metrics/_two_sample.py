"""Classifier two-sample tests: can anything tell generated samples from real ones?"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from scipy.stats import binom

from ganjax.metrics._distances import (
    Points,
    Vector,
    above,
    across,
    as_points,
    below,
    chance_of_none,
    in_random_order,
    kth_nearest,
    within,
)
from ganjax.metrics._samples import Features, as_float64, check_same_features


class NeighborAccuracy(NamedTuple):
    """How often a sample's nearest neighbor is of its own kind.

    Attributes:
      accuracy: the mean of the two sides.
      real: over the real samples. Low: most of them have a generated one close by.
      fake: over the generated samples. High: they keep to themselves; low: most sit on a real sample.
    """

    accuracy: float
    real: float
    fake: float


class TwoSampleTest(NamedTuple):
    """What a classifier made of samples it was not trained on.

    Attributes:
      accuracy: share of them that it told apart rightly; ½ by chance.
      p_value: the chance of at least this accuracy when both sets come from one distribution.
      num_test: how many they were, half of them real.
    """

    accuracy: float
    p_value: float
    num_test: int


def nearest_neighbor_accuracy(real_features: Features, fake_features: Features) -> NeighborAccuracy:
    """Leave-one-out accuracy of the 1-nearest-neighbor classifier between the sets, and that of each side. Per batch.

    Two sets of n samples of one distribution give (n − 1)/(2n − 1), ½ for many samples. Above ½ they can be told apart,
    1 when they don't touch. BELOW ½ generated samples are nearer to the real ones than real ones are to each other: the
    generator copies them. The sides tell why: both low, copies; both high, samples off the data; fake high and real
    low, samples crowded in the middle of the data's modes.

    A set that is larger than the other would win by numbers. So the value is the EXPECTED accuracy over all ways to
    draw from the larger set, without replacement, as many samples as the smaller has: no draw is made, and none is
    wasted. Equally near neighbors of both kinds count half; equal is up to a relative rounding of 1e-12 in squared
    distances.

    No p-value: neighborhoods overlap, so the answers depend on each other, and the binomial law is too narrow by about
    the root of 1 + the share of samples that are their nearest neighbor's nearest neighbor (√1.6 in two dimensions).
    `classifier_two_sample_test` has one.

    Args:
      real_features: [N, F], N >= 2.
      fake_features: [M, F], M >= 2.

    Raises:
      InputError: different numbers of features, fewer than two samples, or entries that are not finite.

    Reference:
      Lopez-Paz & Oquab (2017), arXiv:1610.06545; Xu et al. (2018), arXiv:1806.07755, which found the two sides telling.
    """
    real, fake = as_points(real_features=real_features, fake_features=fake_features, least=2)
    if real.num <= fake.num:
        of_real, of_fake = _expected_accuracies(real, fake)
    else:
        of_fake, of_real = _expected_accuracies(fake, real)
    return NeighborAccuracy((of_real + of_fake) / 2, of_real, of_fake)


def _expected_accuracies(smaller: Points, larger: Points) -> tuple[float, float]:
    """Of the n samples of `smaller` and of those of `larger`, over the draws of n of `larger`."""
    n = smaller.num
    own = kth_nearest(smaller, 1)
    lower, upper = below(own, smaller.squares), above(own, smaller.squares)
    counts, counts_with_ties = np.empty(n), np.empty(n)
    other = np.full(larger.num, np.inf)
    for rows, squared in across(smaller, larger):
        counts[rows], counts_with_ties[rows] = _counts(squared, lower[rows], upper[rows])
        np.minimum(other, squared.min(axis=0), out=other)
    # a sample of the smaller set is recognized where none of the drawn ones is nearer than its own nearest
    recognized = _mean_chance_of_none(counts, counts_with_ties, larger.num, n)
    lower, upper = below(other, larger.squares), above(other, larger.squares)
    nearer, nearer_with_ties = np.empty(larger.num), np.empty(larger.num)
    for rows, squared in within(larger):
        nearer[rows], nearer_with_ties[rows] = _counts(squared, lower[rows], upper[rows])
    # one of the larger set where at least one of the n − 1 drawn beside it is nearer than the nearest of the smaller
    return recognized, 1 - _mean_chance_of_none(nearer, nearer_with_ties, larger.num - 1, n - 1)


def _counts(squared: Float64[np.ndarray, "..."], lower: Vector, upper: Vector) -> tuple[Int64[np.ndarray, "R"], ...]:
    return np.count_nonzero(squared < lower[:, None], axis=1), np.count_nonzero(squared < upper[:, None], axis=1)


def _mean_chance_of_none(counts: Vector, counts_with_ties: Vector, num: int, chosen: int) -> float:
    strict, tied = chance_of_none(counts, num, chosen), chance_of_none(counts_with_ties, num, chosen)
    return float((strict.mean() + tied.mean()) / 2)


def classifier_two_sample_test(
    real_features: Features, fake_features: Features, *, classifier: Any = None, seed: int = 0
) -> TwoSampleTest:
    """Trains a classifier to tell half of the samples apart and tests it on the other half. Per batch.

    Both sets are cut to the size of the smaller and split in half, at random by the seed (and not by the order in which
    the samples come). With t test samples, of which the classifier recognizes r,

        accuracy = r/t,   p-value = P(Binomial(t, ½) ≥ r):

    under one distribution for both sets, every answer is right with probability ½ at best and the tests balance, so the
    binomial law is, if anything, too wide. A high p-value means that THIS classifier saw nothing: logistic regression
    sees means, not spreads. The expected accuracy is ½ for the data against fresh data at any number of samples; for
    distributions that differ it grows with the number of samples to learn from.

        classifier_two_sample_test(real, fake, classifier=MLPClassifier((20,), early_stopping=True, max_iter=1000))

    Args:
      real_features: [N, F], N >= 4.
      fake_features: [M, F], M >= 4.
      classifier: anything of scikit-learn's with fit and predict; a copy of it is trained. By default a logistic
        regression of standardized features.
      seed: of the split, and of the classifier where it has a `random_state`.

    Raises:
      InputError: different numbers of features, fewer than four samples, or entries that are not finite.

    Reference:
      Lopez-Paz & Oquab (2017), arXiv:1610.06545, section 3, whose normal approximation is the exact binomial law here.
    """
    from sklearn.base import clone

    real, fake = (
        as_float64("real_features", real_features, least=4),
        as_float64("fake_features", fake_features, least=4),
    )
    check_same_features(real_features=real.shape[1], fake_features=fake.shape[1])
    size = min(len(real), len(fake))
    num_train = size // 2
    halves = [in_random_order(samples, seed, stream)[:size] for stream, samples in enumerate((real, fake))]
    model: Any = clone(_logistic_regression() if classifier is None else classifier)
    if "random_state" in model.get_params():
        model.set_params(random_state=seed)
    model.fit(np.concatenate([half[:num_train] for half in halves]), np.repeat([0, 1], num_train))
    answers = model.predict(np.concatenate([half[num_train:] for half in halves]))
    right = int(np.count_nonzero(answers == np.repeat([0, 1], size - num_train)))
    return TwoSampleTest(right / len(answers), float(binom.sf(right - 1, len(answers), 0.5)), len(answers))


def _logistic_regression() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression())
