"""What a set of generated samples is worth: the library's metrics, with names that say what stands behind them.

What is known of samples is `Evidence`, one piece for each kind of inputs that a row of METRICS takes; a row is computed
from the piece of its kind, and a piece is made when the first row asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from classifiers import Classifier
from jaxtyping import Float, Float64, Integer, UInt8
from scipy.special import ndtri

from ganjax.checks import InputError
from ganjax.data import TOYS, Toy
from ganjax.data._toys import GAUSSIAN_MATRIX, GAUSSIAN_SHIFT, NORMAL_MEAN, NORMAL_STD
from ganjax.divergences import wasserstein_1d
from ganjax.metrics import (
    METRICS,
    Metric,
    class_counts,
    class_probabilities,
    evaluate,
    near_duplicate_distance,
    num_classes_found,
    reverse_kl,
    stacked_classes,
)

NUM_REFERENCE = 5000  # samples of a toy that has no closed form to be compared with
REFERENCE_SEED = 20_140_610
NUM_BINS = 100  # of NDB, as in its paper
SUPPORT_BATCH = 100  # samples a batch, in which near duplicates are looked for
VALIDATION_EVERY = 10  # of the held-out images, in their order: MNIST's first half is easier than its second
MOST = 100  # a generator that ends in no tanh may leave [−1, 1]; bytes as floats go beyond this


# of rows that images can be judged by; memorization where some images were held out from the generator as well
IMAGE_INPUTS = ("features", "classes", "probabilities", "bins", "support", "likelihood", "memorization")
STACKED_ROWS = ("modes_found", "reverse_kl")


class Evidence(NamedTuple):
    """What the rows of one kind of inputs are computed from.

    Attributes:
      label: what stands behind their numbers, in brackets after their names.
      arguments: makes what the rows take.
      usual: whether they are computed without being asked for by name.
    """

    label: str
    arguments: Callable[[], tuple[Any, ...]]
    usual: bool = True


def numbers_of(evidence: Mapping[str, Evidence], metrics: Mapping[str, Metric] | None = None) -> dict[str, float]:
    """The rows that the evidence can carry: those asked for, or without, all that are usual."""
    numbers: dict[str, float] = {}
    for kind, (label, arguments, usual) in evidence.items():
        rows = metrics if metrics is not None else METRICS if usual else {}
        chosen = {name: row for name, row in rows.items() if row.inputs == kind}
        if chosen:
            numbers |= evaluate(chosen, kind, *arguments(), label=label)  # type: ignore[arg-type]
    return numbers


def evaluate_images(
    real: UInt8[np.ndarray, "N H W C"],
    labels: Integer[np.ndarray, "N"],
    fake: UInt8[np.ndarray, "M H W C"],
    classifier: Classifier,
    *,
    metrics: Mapping[str, Metric] | None = None,
    train: UInt8[np.ndarray, "T H W C"] | None = None,
) -> dict[str, float]:
    """Distances between real and generated images on a classifier's features, and the balance of the classes it sees.

    Both sides as bytes, since real images are: floats that were never rounded can be told apart by that alone.
    A distance to held-out images says how new samples compare; one to the training images rewards copies.

    Args:
      real: [N, H, W, C], held out.
      labels: [N], the real images' classes. They are true and the generated ones predicted, so the classifier's errors,
        1 − accuracy, are the least total variation that can be told from 0.
      fake: [M, H, W, C].
      classifier: of the same kind of images.
      metrics: the rows to compute. By default those of features, classes and probabilities; "bins" (100 of them),
        "support" (batches of 100; near duplicates are closer than all but a 100th of the real images are to their
        nearest neighbor), "likelihood" (of pixels) and, with training images, "memorization" have to be asked for.
      train: [T, H, W, C], what the generator learned from.

    Returns:
      Plain floats: num_real, num_fake, classifier_accuracy, and every metric as NAME[DATA-classifier], such as
      frechet_distance[digits-classifier].

    Raises:
      InputError: images that are not uint8 [N, H, W, C], or labels that the classifier doesn't know.
    """
    label, logits = f"{classifier.name}-classifier", classifier.logits(fake)
    features, real_features = classifier.features(fake), classifier.features(real)
    evidence = {
        "features": Evidence(label, lambda: (real_features, features)),
        "classes": Evidence(label, lambda: (labels, logits.argmax(axis=1), logits.shape[1])),
        "probabilities": Evidence(label, lambda: (class_probabilities(logits),)),
        "bins": Evidence(label, lambda: (real_features, features, NUM_BINS), usual=False),
        "support": Evidence(
            label, lambda: (features, near_duplicate_distance(real_features), SUPPORT_BATCH), usual=False
        ),
        "likelihood": Evidence("pixels", lambda: (pixels(fake), *chooses_and_judges(real)), usual=False),
    }
    if train is not None:
        train_features = classifier.features(train)
        evidence["memorization"] = Evidence(label, lambda: (train_features, real_features, features), usual=False)
    return {
        "num_real": float(len(real)),
        "num_fake": float(len(fake)),
        "classifier_accuracy": classifier.accuracy,
        **numbers_of(evidence, metrics),
    }


def pixels(images: UInt8[np.ndarray, "N H W C"] | Float[np.ndarray, "N H W C"]) -> Float64[np.ndarray, "N F"]:
    """One row an image, in [0, 1]: the density's units. Bytes, or floats in [−1, 1], clipped as they are when shown.

    Raises:
      InputError: images of another shape, or floats that were never in [−1, 1].
    """
    if images.ndim != 4:
        raise InputError(f"Expected images [N, H, W, C], got {list(images.shape)}.")
    rows = images.reshape(len(images), -1).astype(np.float64)
    if images.dtype == np.uint8:
        return rows / 255
    if np.abs(rows).max(initial=0.0) > MOST:
        raise InputError(f"Expected float images in [-1, 1], got numbers up to {np.abs(rows).max():g}.")
    return (np.clip(rows, -1, 1) + 1) / 2


def chooses_and_judges(
    held_out: UInt8[np.ndarray, "N H W C"],
) -> tuple[Float64[np.ndarray, "V F"], Float64[np.ndarray, "R F"]]:
    """Pixels of every tenth image, to choose a Parzen window's width by, and of the others, to judge by."""
    rows = pixels(held_out)
    chooses = np.arange(len(rows)) % VALIDATION_EVERY == 0
    return rows[chooses], rows[~chooses]


def evaluate_stacked(
    fake: UInt8[np.ndarray, "M H W 3"], classifier: Classifier, metrics: Mapping[str, Metric] | None = None
) -> dict[str, float]:
    """Modes of stacked digits: a classifier of single ones names the digit in each channel.

    Args:
      fake: [M, H, W, 3]; 26 000 in the published protocol.
      classifier: of gray digits.
      metrics: the rows to compute, of `STACKED_ROWS`; by default both.

    Returns:
      num_fake, classifier_accuracy, modes_found[mnist-classifier] (of 1000, one sample is enough) and
      reverse_kl[mnist-classifier] to equal shares of all 1000, in nats; 26 000 stacks of real digits have about .027,
      of which (K - 1)/(2N) = .019 is chance and the rest MNIST's unequal shares.

    Reference:
      Lin et al. (2018), arXiv:1712.04086, section 4.2.
    """
    digits = [classifier.logits(fake[..., [channel]]).argmax(axis=1) for channel in range(3)]
    counts = class_counts(stacked_classes(np.stack(digits, axis=1)), 1000)
    numbers = {"modes_found": float(num_classes_found(counts)), "reverse_kl": reverse_kl(np.ones(1000), counts)}
    chosen = STACKED_ROWS if metrics is None else [name for name in STACKED_ROWS if name in metrics]
    return {
        "num_fake": float(len(fake)),
        "classifier_accuracy": classifier.accuracy,
        **{f"{name}[{classifier.name}-classifier]": numbers[name] for name in chosen},
    }


def evaluate_toy(
    samples: Float[np.ndarray, "N F"], name: str, metrics: Mapping[str, Metric] | None = None
) -> dict[str, float]:
    """The metrics that suit a toy distribution.

    A mixture's modes (modes_found, high_quality_share, reverse_kl); the gaussian's mean and covariance (mean_error,
    covariance_error); the normal's on the line, with W1 between its quantiles and the sorted samples (wasserstein_1d,
    about 1.3/√N for N samples of the truth); for a toy with neither, distances on the coordinates to `NUM_REFERENCE`
    samples of it (frechet_distance[coordinates], …), which the others have for the asking.

    Args:
      samples: [N, 2], or [N, 1] on the line.
      name: a row of `TOYS`; anything behind a colon, as in gaussian:1000, is ignored.
      metrics: the rows to compute, of those that suit the toy; by default those above.

    Returns:
      Plain floats, num_samples among them.

    Raises:
      UnknownNameError: no toy of that name.
      InputError: samples that are not finite or of another shape.
    """
    name = name.partition(":")[0]
    toy = TOYS[name]()
    found = {"num_samples": float(len(samples)), **numbers_of(_against_truth(samples, name, toy), metrics)}
    if name == "normal" and metrics is None:
        shares = (np.arange(len(samples)) + 0.5) / len(samples)
        quantiles = NORMAL_MEAN + NORMAL_STD * ndtri(shares)
        found["wasserstein_1d"] = float(wasserstein_1d(quantiles, samples[:, 0]))
    return found


def toy_inputs(name: str) -> tuple[str, ...]:
    """The inputs of the rows of METRICS that suit a toy."""
    name = name.partition(":")[0]
    return tuple(_against_truth(np.empty((0, 2)), name, TOYS[name]()))


def _against_truth(samples: Float[np.ndarray, "N F"], name: str, toy: Toy) -> dict[str, Evidence]:
    def against_samples() -> tuple[Any, ...]:
        return np.asarray(toy.sample(jax.random.key(REFERENCE_SEED), NUM_REFERENCE)), samples

    truth: dict[str, Callable[[], tuple[Any, ...]]] = {}
    if toy.centers is not None:
        truth["mixture"] = lambda: (samples, toy.centers, toy.std)
    if name == "gaussian":
        matrix = np.array(GAUSSIAN_MATRIX)
        truth["gaussian"] = lambda: (samples, np.array(GAUSSIAN_SHIFT), matrix.T @ matrix)
    if name == "normal":
        truth["gaussian"] = lambda: (samples, np.array([NORMAL_MEAN]), np.array([[NORMAL_STD**2]]))
    known = {kind: Evidence("", arguments) for kind, arguments in truth.items()}
    return known | {"features": Evidence("coordinates", against_samples, usual=not truth)}
