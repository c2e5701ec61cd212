"""The classifier score, which on Inception's probabilities is the Inception score."""

from __future__ import annotations

import itertools

import numpy as np
from jaxtyping import Array, Float, Float64
from scipy.special import softmax, xlogy

from ganjax.checks import InputError
from ganjax.metrics._metric import Estimate
from ganjax.metrics._samples import as_float64

Probabilities = Float[Array | np.ndarray, "..."]  # [N, K]


def class_probabilities(logits: Float[Array | np.ndarray, "..."]) -> Float64[np.ndarray, "N K"]:
    """Softmax over classes, in float64. Per sample.

    Args:
      logits: [N, K].

    Raises:
      InputError: not [N, K], or entries that are not finite.
    """
    return softmax(as_float64("logits", logits), axis=1)


def classifier_score(probabilities: Probabilities) -> Estimate:
    """exp of the mutual information between sample and class, as a classifier sees them. Per batch; higher is better.

        exp(mean_i KL(p(y|x_i) ‖ p(y))),   p(y) = mean_i p(y|x_i),   natural logarithms

    Between 1 (every sample has the same probabilities) and K (each sample surely of one class, all classes equally
    often). It looks at no real data: a generator that repeats one image a class scores K, and the data's own score is
    what a value has to be compared with. It is called Inception score with the Inception network of 2015 only.

    All samples are one group, so that neither their order nor a number of splits enters. Taking p(y) from the N samples
    biases the logarithm downwards by about Σ_k Var(p(k|x))/p(k)/(2N), (K − 1)/(2N) for a sure classifier: with 1008
    classes half a nat in a split of 1000 samples, a twentieth of that in 20 000.

    Args:
      probabilities: [N, K], N >= 2, rows summing to 1 (to 1e-2: they may come in half precision); of the generated
        samples. `class_probabilities` makes them from logits.

    Returns:
      The score; its standard error, score · deviation(KL_i)/√N, by the delta method.

    Raises:
      InputError: rows that are no probabilities, fewer than two, or entries that are not finite.

    Reference:
      Salimans et al. (2016), arXiv:1606.03498, section 4; Barratt & Sharma (2018), arXiv:1801.01973, on its limits.
    """
    divergences = _divergences(_checked(probabilities))
    score = np.exp(divergences.mean())
    return Estimate(float(score), float(score * divergences.std(ddof=1) / np.sqrt(len(divergences))))


def classifier_score_splits(probabilities: Probabilities, *, splits: int = 10) -> Float64[np.ndarray, "splits"]:
    """The score of each of `splits` consecutive parts of the samples: published scores are their mean and deviation.

    Split s holds the samples from ⌊sN/splits⌋ up to, not including, ⌊(s+1)N/splits⌋, in the order given: shuffle
    samples that come class by class. Each part has the bias of its own size (see `classifier_score`), so the number of
    samples AND of splits belong to a published value; `.std()` over splits is the ± that stands beside it.

    Args:
      probabilities: [N, K], N >= splits.
      splits: at least 1.

    Raises:
      InputError: as `classifier_score`, or fewer samples than splits.
    """
    values = _checked(probabilities)
    if not 1 <= splits <= len(values):
        raise InputError(f"Expected splits from 1 to the number of samples, {len(values)}, got {splits}.")
    bounds = np.arange(splits + 1) * len(values) // splits
    parts = (values[start:end] for start, end in itertools.pairwise(bounds))
    return np.array([np.exp(_divergences(part).mean()) for part in parts])


def _checked(probabilities: Probabilities) -> Float64[np.ndarray, "N K"]:
    values = as_float64("probabilities", probabilities, least=2)
    totals = values.sum(axis=1, keepdims=True)
    if values.min() < 0 or np.abs(totals - 1).max() > 1e-2:
        raise InputError("Expected probabilities >= 0 whose rows sum to 1: apply class_probabilities to logits first.")
    return values / totals


def _divergences(probabilities: Float64[np.ndarray, "N K"]) -> Float64[np.ndarray, "N"]:
    """KL(p(y|x_i) ‖ p(y)) of each row; a class that no row gives any probability adds nothing."""
    marginal = probabilities.mean(axis=0)
    log_marginal = np.log(marginal, out=np.zeros_like(marginal), where=marginal > 0)
    return xlogy(probabilities, probabilities).sum(axis=1) - probabilities @ log_marginal
