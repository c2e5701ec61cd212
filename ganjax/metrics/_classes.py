"""How the classes that a classifier sees in generated samples are balanced."""

from __future__ import annotations

import numpy as np
from jaxtyping import Array, Float, Float64, Int, Int64, Shaped

from ganjax.checks import InputError, check_positive
from ganjax.metrics._samples import as_float64
from ganjax.metrics._shares import reverse_kl, total_variation

Labels = Shaped[Array | np.ndarray, "..."]  # [N], integers
Probabilities = Float[Array | np.ndarray, "..."]  # [N, K]


def class_counts(labels: Labels, num_classes: int) -> Int64[np.ndarray, "K"]:
    """How many samples carry each label. Per batch.

    Args:
      labels: [N] integers in 0 … num_classes − 1; a classifier's are `logits.argmax(axis=1)`.
      num_classes: K; classes that no label names count 0.

    Raises:
      InputError: no labels, not one axis, or labels out of range.
    """
    values = np.asarray(labels)
    if values.ndim != 1 or values.size == 0 or not np.issubdtype(values.dtype, np.integer):
        raise InputError(
            f"Expected integer labels[samples], at least one, got labels{list(values.shape)} of {values.dtype}: "
            "take the argmax of one-hot labels, logits or probabilities."
        )
    if values.min() < 0 or values.max() >= num_classes:
        raise InputError(
            f"Expected labels from 0 to {num_classes - 1}, got {values.min()} to {values.max()}: raise num_classes."
        )
    return np.bincount(values.astype(np.int64), minlength=num_classes)


def stacked_classes(digits: Labels, num_classes: int = 10) -> Int64[np.ndarray, "N"]:
    """The class of each stack of labels, the first one counting most. Per sample.

        Σ_c digits_c · num_classes^(C − 1 − c):   100·red + 10·green + blue on stacked MNIST

    A generator's modes on stacked MNIST are then `num_classes_found(class_counts(classes, 1000))` of 1000, and its
    `reverse_kl` is stated to equal shares, `np.ones(1000)`, in nats; both of 26 000 samples. Equally likely ones
    would still have about 999/52 000 = .0192, and find 1000; stacks of MNIST's own digits, whose shares differ, .027.

    Args:
      digits: [N, C] integers in 0 … num_classes − 1, such as a classifier's argmax on each channel by itself.
      num_classes: what each of them may be.

    Raises:
      InputError: not two axes, no digits, no integers, or out of range.

    Reference:
      Metz et al. (2017), arXiv:1611.02163, section 3.3.1; Lin et al. (2018), arXiv:1712.04086, section 4.2.
    """
    values = np.asarray(digits)
    if values.ndim != 2 or values.size == 0 or not np.issubdtype(values.dtype, np.integer):
        raise InputError(
            f"Expected integer digits[samples, channels], at least one, got digits{list(values.shape)} of "
            f"{values.dtype}: stack the labels of the channels along the last axis."
        )
    if values.min() < 0 or values.max() >= num_classes:
        raise InputError(f"Expected digits from 0 to {num_classes - 1}, got {values.min()} to {values.max()}.")
    places = num_classes ** np.arange(values.shape[1] - 1, -1, -1, dtype=np.int64)
    return values.astype(np.int64) @ places


def expected_class_shares(probabilities: Probabilities) -> Float64[np.ndarray, "K"]:
    """The mean of predicted class probabilities over samples: soft shares, [K], summing to 1. Per batch.

    Where a classifier is unsure, these say so and `class_counts` of the likeliest labels does not.

    Args:
      probabilities: [N, K], rows summing to 1 (to 1e-2: they may come in half precision).

    Raises:
      InputError: rows that are no probabilities, or entries that are not finite.
    """
    values = as_float64("probabilities", probabilities)
    if values.min() < 0 or np.abs(values.sum(axis=1) - 1).max() > 1e-2:
        raise InputError("Expected probabilities >= 0 whose rows sum to 1: apply softmax to logits first.")
    shares = values.mean(axis=0)
    return shares / shares.sum()


def num_classes_found(counts: Int[Array | np.ndarray, "K"], at_least: int = 1) -> int:
    """How many classes have at least `at_least` samples. Per batch; on stacked MNIST's 1000 classes, its modes found.

    Raises:
      InputError: at_least not positive.
    """
    check_positive(at_least=float(at_least))
    return int(np.count_nonzero(np.asarray(counts) >= at_least))


def classes_found(real_labels: Labels, fake_labels: Labels, num_classes: int) -> float:
    """How many of the data's classes have at least one generated sample. Per batch; higher is better.

    Args:
      real_labels: [N], of the data: classes that do not occur there do not count.
      fake_labels: [M], predicted for the generated samples.
      num_classes: K.

    Raises:
      InputError: as `class_counts`.
    """
    in_data = class_counts(real_labels, num_classes) > 0
    return float(num_classes_found(class_counts(fake_labels, num_classes)[in_data]))


def class_total_variation(real_labels: Labels, fake_labels: Labels, num_classes: int) -> float:
    """`total_variation` between the class shares of the data and of the generated samples. Per batch; lower is better.

    Args:
      real_labels: [N], of the data.
      fake_labels: [M], predicted for the generated samples.
      num_classes: K.

    Raises:
      InputError: as `class_counts`.
    """
    return total_variation(class_counts(real_labels, num_classes), class_counts(fake_labels, num_classes))


def class_reverse_kl(real_labels: Labels, fake_labels: Labels, num_classes: int) -> float:
    """`reverse_kl` from the data's class shares to those of the generated samples. Per batch; lower is better.

    Args:
      real_labels: [N], of the data.
      fake_labels: [M], predicted for the generated samples.
      num_classes: K.

    Raises:
      InputError: as `class_counts`.
    """
    return reverse_kl(class_counts(real_labels, num_classes), class_counts(fake_labels, num_classes))
