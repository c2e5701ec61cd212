"""The log-likelihood of held-out images under a Gaussian window around every generated one: the measure of 2014."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64
from scipy.special import logsumexp

from ganjax.checks import InputError, check_positive
from ganjax.metrics._distances import Points, across, as_points
from ganjax.metrics._metric import Estimate
from ganjax.metrics._samples import Features

Bandwidths = Sequence[float] | Float[np.ndarray, "..."]

BANDWIDTHS = tuple(float(sigma) for sigma in np.logspace(-1, 0, 10))  # .1, .129, .167, .215, … 1: the published search


class ParzenScore(NamedTuple):
    """What the windows say of the test samples, and how wide they were.

    Attributes:
      log_likelihood: the mean over the test samples, in nats.
      standard_error: of that mean, std/√M over the M test samples; the chance of the generated ones is not in it.
      bandwidth: the windows' σ, the best for the validation samples.
      validation: mean log-likelihood of the validation samples under each bandwidth that was tried. Where the first
        or the last is the greatest, a better bandwidth may lie beyond.
    """

    log_likelihood: float
    standard_error: float
    bandwidth: float
    validation: tuple[float, ...]

    @property
    def estimate(self) -> Estimate:
        """The log-likelihood with its standard error."""
        return Estimate(self.log_likelihood, self.standard_error)


def parzen_log_likelihood(samples: Features, points: Features, sigma: float) -> Float64[np.ndarray, "M"]:
    """Log density at each point of a mixture of Gaussians of width σ around the samples. Per batch; in nats.

        log p(x) = log 1/N Σ_i exp(−‖x − s_i‖²/2σ²) − F/2 log 2πσ²

    by a log-sum-exp, finite however far the point. In float64 throughout: squared distances by matrix products, of
    samples moved to their mean, round at 1e-16 of the squares, and 1/2σ² multiplies that by 50 at σ = .1: 4e-12 nats on
    MNIST against differences that are squared one by one. In float32 it was 1e-2 for the worst image, 3e-4 in the mean,
    for a saving of seconds.

    Args:
      samples: [N, F], generated: the windows' centers.
      points: [M, F], real. Both in the units in which the density is to be stated: published figures are for pixels
        in [0, 1]. Pixels in [−1, 1] at twice the σ have F log 2 nats less (543 on 28 × 28).
      sigma: the windows' standard deviation, in the same units.

    Raises:
      InputError: different widths, none or non-finite samples, or sigma not positive.

    Reference: Parzen (1962), "On estimation of a probability density function and mode".
    """
    centers, at = as_points(samples=samples, points=points)
    return _log_densities(centers, at, (sigma,))[0]


def choose_bandwidth(samples: Features, validation: Features, bandwidths: Bandwidths = BANDWIDTHS) -> float:
    """The bandwidth under which validation samples that nothing else has seen are likeliest on average. Per batch.

    Args:
      samples: [N, F], generated.
      validation: [V, F], real. Were they among the samples, the narrowest would always win.
      bandwidths: what to choose from.

    Raises:
      InputError: as `parzen_log_likelihood`; or no bandwidths.
    """
    centers, held = as_points(samples=samples, validation=validation)
    return _best(bandwidths, _log_densities(centers, held, bandwidths).mean(axis=1))


def parzen_score(
    samples: Features, validation: Features, test: Features, bandwidths: Bandwidths = BANDWIDTHS
) -> ParzenScore:
    """Mean `parzen_log_likelihood` of test samples, σ chosen on validation samples. Per batch; higher is better.

    The protocol of 2014: 10 000 generated images, pixels in [0, 1], σ from ten values between .1 and 1 on 1000
    validation images, then the mean over the 10 000 test images ± its standard error. On MNIST: deep belief network
    138 ± 2, stacked contractive autoencoder 121 ± 1.6, deep generative stochastic network 214 ± 1.1, GAN 225 ± 2.

    It measures the samples badly, and is kept to stand beside those figures. In 784 dimensions 10 000 windows of any
    useful width come nowhere near the density, so the figure grows with the number of samples without an end in sight
    (state that number): MNIST's first 5000 training digits, as samples, have 201 ± 2.4 nats, its first 10 000 have
    241 ± 2.2. Those are samples of the data themselves and no upper bound: blurred by a Gaussian of .75 pixels they
    have 319 ± 1.7, since what lies in between is nearer to everything. Copies of training images can't be told from new
    ones, and between good and bad samples its order may be wrong (Theis et al.). Put the figure of N training images
    as samples beside it: what is above that is not better than data.

    Args:
      samples: [N, F], generated.
      validation: [V, F], real, to choose σ by; no part of the test samples.
      test: [M, F], real, to be judged on.
      bandwidths: the values of σ to choose from.

    Raises:
      InputError: as `parzen_log_likelihood`; fewer than two test samples; or no bandwidths.

    Reference:
      Goodfellow et al. (2014), arXiv:1406.2661, section 5 and table 1; Breuleux, Bengio & Vincent (2011), "Quickly
      generating representative samples from an RBM-derived process"; Theis, van den Oord & Bethge (2016),
      arXiv:1511.01844, section 3.3.
    """
    centers, held, judged = as_points(samples=samples, validation=validation, test=test)
    if judged.num < 2:
        raise InputError("Expected at least 2 samples in test, got 1: one has no standard error.")
    means = _log_densities(centers, held, bandwidths).mean(axis=1)
    best = _best(bandwidths, means)
    found = _log_densities(centers, judged, (best,))[0]
    error = float(found.std() / np.sqrt(len(found)))
    return ParzenScore(float(found.mean()), error, best, tuple(float(mean) for mean in means))


def _best(bandwidths: Bandwidths, means: Float64[np.ndarray, "S"]) -> float:
    return float(bandwidths[int(np.argmax(means))])


def _log_densities(centers: Points, at: Points, bandwidths: Bandwidths) -> Float64[np.ndarray, "S M"]:
    """Log density at each point, for each bandwidth: all from one pass over the distances."""
    if len(bandwidths) == 0:
        raise InputError("Expected at least one bandwidth, got none.")
    for sigma in bandwidths:
        check_positive(sigma=float(sigma))
    found = np.empty((len(bandwidths), at.num))
    for rows, squared in across(at, centers):
        np.maximum(squared, 0.0, out=squared)  # zeros round to either side
        for row, sigma in enumerate(bandwidths):
            found[row, rows] = logsumexp(squared / (-2.0 * sigma**2), axis=1)
    width = centers.rows.shape[1]
    norm = np.log(centers.num) + 0.5 * width * np.log(2 * np.pi * np.square(np.asarray(bandwidths, np.float64)))
    return found - norm[:, None]
