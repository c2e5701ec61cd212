"""What a set of generated samples is worth: the library's metrics, with names that say what stands behind them."""

from __future__ import annotations

import jax
import numpy as np
from classifiers import Classifier
from jaxtyping import Float, Integer, UInt8
from scipy.special import ndtri

from ganjax.data import TOYS, Toy
from ganjax.data._toys import GAUSSIAN_MATRIX, GAUSSIAN_SHIFT, NORMAL_MEAN, NORMAL_STD
from ganjax.divergences import wasserstein_1d
from ganjax.metrics import METRICS, evaluate

NUM_REFERENCE = 5000  # samples of a toy that has no closed form to be compared with
REFERENCE_SEED = 20_140_610


def evaluate_images(
    real: UInt8[np.ndarray, "N H W C"],
    labels: Integer[np.ndarray, "N"],
    fake: UInt8[np.ndarray, "M H W C"],
    classifier: Classifier,
) -> dict[str, float]:
    """Distances between real and generated images on a classifier's features, and the balance of the classes it sees.

    Both sides as bytes, since real images are: floats that were never rounded can be told apart by that alone.
    A distance to held-out images says how new samples compare; one to the training images rewards copies.

    Args:
      real: [N, H, W, C].
      labels: [N], the real images' classes. They are true and the generated ones predicted, so the classifier's errors,
        1 − accuracy, are the least total variation that can be told from 0.
      fake: [M, H, W, C].
      classifier: of the same kind of images.

    Returns:
      Plain floats: num_real, num_fake, classifier_accuracy, and every metric of features and of classes as
      NAME[DATA-classifier], such as frechet_distance[digits-classifier].

    Raises:
      InputError: images that are not uint8 [N, H, W, C], or labels that the classifier doesn't know.
    """
    label = f"{classifier.name}-classifier"
    fake_logits = classifier.logits(fake)
    return {
        "num_real": float(len(real)),
        "num_fake": float(len(fake)),
        "classifier_accuracy": classifier.accuracy,
        **evaluate(METRICS, "features", classifier.features(real), classifier.features(fake), label=label),
        **evaluate(METRICS, "classes", labels, fake_logits.argmax(axis=1), fake_logits.shape[1], label=label),
    }


def evaluate_toy(samples: Float[np.ndarray, "N F"], name: str) -> dict[str, float]:
    """The metrics that suit a toy distribution.

    A mixture's modes (modes_found, high_quality_share, reverse_kl); the gaussian's mean and covariance (mean_error,
    covariance_error); the normal's on the line, with W1 between its quantiles and the sorted samples (wasserstein_1d,
    about 1.3/√N for N samples of the truth); for a toy with neither, distances on the coordinates to `NUM_REFERENCE`
    samples of it (frechet_distance[coordinates], …).

    Args:
      samples: [N, 2], or [N, 1] on the line.
      name: a row of `TOYS`; anything behind a colon, as in gaussian:1000, is ignored.

    Returns:
      Plain floats, num_samples among them.

    Raises:
      UnknownNameError: no toy of that name.
      InputError: samples that are not finite or of another shape.
    """
    name = name.partition(":")[0]
    toy = TOYS[name]()
    return {"num_samples": float(len(samples)), **_against_truth(samples, name, toy)}


def _against_truth(samples: Float[np.ndarray, "N F"], name: str, toy: Toy) -> dict[str, float]:
    if toy.centers is not None:
        return evaluate(METRICS, "mixture", samples, toy.centers, toy.std)
    if name == "gaussian":
        matrix = np.array(GAUSSIAN_MATRIX)
        return evaluate(METRICS, "gaussian", samples, np.array(GAUSSIAN_SHIFT), matrix.T @ matrix)
    if name == "normal":
        errors = evaluate(METRICS, "gaussian", samples, np.array([NORMAL_MEAN]), np.array([[NORMAL_STD**2]]))
        shares = (np.arange(len(samples)) + 0.5) / len(samples)
        quantiles = NORMAL_MEAN + NORMAL_STD * ndtri(shares)
        return errors | {"wasserstein_1d": float(wasserstein_1d(quantiles, samples[:, 0]))}
    reference = np.asarray(toy.sample(jax.random.key(REFERENCE_SEED), NUM_REFERENCE))
    return evaluate(METRICS, "features", reference, samples, label="coordinates")
