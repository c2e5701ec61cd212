"""Who judges a run: images that it did not learn from, and a network that knows what they show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import assembly
import jax.numpy as jnp
import numpy as np
from assembly import Run
from classifier_cache import cached_classifier
from classifiers import LabeledImages, hold_out
from config import Config
from judging import evaluate_images, evaluate_stacked, evaluate_toy
from views import Judges

from ganjax.checks import InputError, unknown_name
from ganjax.data import Source, to_uint8
from ganjax.metrics import METRICS, Metric


def labeled(source: Source) -> LabeledImages:
    """All images of a source with their labels."""
    if source.spec.num_classes is None:
        raise InputError(f"Expected images with labels to judge by, got {source.spec.name}, which has none.")
    return LabeledImages(np.asarray(source.arrays.samples), np.asarray(source.arrays.labels))


def train_and_test(config: Config, run: Run) -> tuple[LabeledImages, LabeledImages]:
    """What the classifier learns from, and what it and the generator are measured on.

    The data's own test split, or a fifth of the images where there is none.
    """
    images = labeled(run.source)
    try:
        return images, labeled(assembly.load(replace(config.data, split="test"), config.seed))
    except InputError:
        return hold_out(images)


def is_stacked(config: Config) -> bool:
    """Whether the data are digits stacked as colors."""
    return config.data.name.partition(":")[0].replace("-", "_") == "stacked_mnist"


def judges_of(config: Config, run: Run, cache: Path) -> Judges | None:
    """Held-out images and the classifier that judges by them; None for points.

    Stacked digits are judged channel by channel, by the digits that they stack.
    """
    if not run.source.spec.is_image:
        return None
    if is_stacked(config):
        config = replace(config, data=replace(config.data, name="mnist"))
        run = run._replace(source=assembly.load(config.data, config.seed))
    train, test = train_and_test(config, run)
    name = config.data.name if config.data.name != "folder" else Path(config.data.dir or "folder").stem
    name = re.sub(r"[^\w.-]+", "-", name)
    return Judges(test, cached_classifier(cache, name, train, test), train)


def judge(
    config: Config, fake: np.ndarray, judges: Judges | None, metrics: Mapping[str, Metric] | None = None
) -> dict[str, float]:
    """The numbers that suit the data: those asked for, or without, all the usual ones."""
    if judges is None:
        return evaluate_toy(fake, config.data.name.partition(":")[0], metrics)
    images = np.asarray(to_uint8(jnp.asarray(fake)))
    if is_stacked(config):
        return evaluate_stacked(images, judges.classifier)
    held_out, classifier, train = judges
    return evaluate_images(held_out.images, held_out.labels, images, classifier, metrics=metrics, train=train.images)


# ---------------------------------------------------------------- what a number is called, and which way is better


# the field's names for rows on the standard Inception network
FIELD_ROWS = {"fid": "frechet_distance", "kid": "kernel_distance", "inception_score": "classifier_score"}


def rows_named(names: tuple[str, ...]) -> Mapping[str, Metric] | None:
    """Those rows of the table; None where none are named.

    Raises:
      UnknownNameError: for a name that is not in it.
    """
    spelled = [name.replace("-", "_") for name in names]
    return {name: METRICS[name] for name in (FIELD_ROWS.get(each, each) for each in spelled)} if names else None


def row_of(name: str) -> Metric | None:
    """The row that a number comes from: frechet_distance[digits-classifier] from frechet_distance, as FID does."""
    base = name.partition("[")[0]
    return METRICS.get(FIELD_ROWS.get(base, base))


# by which a run's checkpoints are compared where it doesn't say: the first of these that suits its data
PRIMARY = ("frechet_distance", "sliced_wasserstein", "reverse_kl", "covariance_error")


def primary(numbers: Mapping[str, float], asked: str | None) -> str:
    """The number that says which checkpoint is best.

    Args:
      numbers: of one evaluation.
      asked: a row of the table, or a number's whole name; None for the first of `PRIMARY` that is there.

    Raises:
      InputError: if there is none.
    """
    by_row = {name.partition("[")[0]: name for name in reversed(list(numbers)) if row_of(name)}
    base, bracket, label = (asked or "").partition("[")
    wanted = PRIMARY if asked is None else (base.replace("-", "_") + bracket + label,)
    for name in wanted:
        if name in numbers and row_of(name) is not None:
            return name
        if name in by_row:
            return by_row[name]
    raise InputError(unknown_name("number to choose the best checkpoint by", str(asked or PRIMARY[0]), list(by_row)))


def score(numbers: Mapping[str, float], name: str) -> float:
    """A number with its sign turned so that higher is better."""
    row = row_of(name)
    return -numbers[name] if row is not None and row.direction == "lower" else numbers[name]
