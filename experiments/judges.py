"""Who judges a run: images that it did not learn from, and a network that knows what they show."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import assembly
import jax.numpy as jnp
import memory
import numpy as np
from assembly import Run
from classifier_cache import cached_classifier
from classifiers import Classifier, LabeledImages, Settings, check_data, hold_out
from config import Config
from judging import IMAGE_INPUTS, STACKED_ROWS, evaluate_images, evaluate_stacked, evaluate_toy, toy_inputs
from views import Judges

from ganjax.checks import InputError, UnknownNameError, unknown_name
from ganjax.data import Source, to_uint8
from ganjax.metrics import METRICS, Metric

FEW, FEATURES = 300, 8  # images that stand for all of a kind where only their number counts, and their features


def labeled(source: Source) -> LabeledImages:
    """The images of a source with their labels: all of them, or of a large stream as many as fit in memory."""
    if source.spec.num_classes is None:
        raise InputError(f"Expected images with labels to judge by, got {source.spec.name}, which has none.")
    images, labels = memory.taken(source)
    assert labels is not None
    return LabeledImages(images, labels)


class Sides(NamedTuple):
    """Images on both sides of a classifier.

    Attributes:
      train: what the classifier learns from.
      test: what it and the generator are measured on.
      unseen: whether the generator learned from none of `test` either.
    """

    train: LabeledImages
    test: LabeledImages
    unseen: bool


def sides(config: Config, run: Run) -> Sides:
    """The data's own test split, or, where it has none or the run learned from it, a fifth of the run's images.

    Raises:
      InputError: images without labels, or a test split that can't be read.
    """
    images = labeled(run.source)
    if config.data.split.partition("[")[0] != "test":
        try:
            test = assembly.load(replace(config.data, split="test"), config.seed)
        except UnknownNameError:
            pass  # files that are missing or damaged are another matter
        else:
            return Sides(images, labeled(test), unseen=True)
    return Sides(*hold_out(images), unseen=False)


def train_and_test(config: Config, run: Run) -> tuple[LabeledImages, LabeledImages]:
    """`sides`, for whoever does not ask what the generator has seen."""
    train, test, _ = sides(config, run)
    return train, test


def is_stacked(config: Config) -> bool:
    """Whether the data are digits stacked as colors."""
    return config.data.name.partition(":")[0].replace("-", "_") == "stacked_mnist"


def judges_of(config: Config, run: Run, cache: Path) -> Judges | None:
    """Held-out images and the classifier that judges by them; None for points.

    Stacked digits are judged channel by channel, by the digits that they stack. Where the generator learned from the
    held-out images, there are no training images to compare them with: see `have_unseen`.
    """
    return made_judges(config, run, functools.partial(cached_classifier, cache))


def stand_ins(config: Config, run: Run) -> Judges | None:
    """The same with a classifier that knows nothing and few images: to see what can be asked of them.

    Raises:
      InputError: as `judges_of`.
    """

    def guesses(name: str, train: LabeledImages, test: LabeledImages) -> Classifier:
        check_data(train, test, Settings())
        draws = np.random.default_rng(0)
        of_width = {"features": FEATURES, "logits": int(train.labels.max()) + 1}
        outputs = {
            each: lambda images, width=width: draws.normal(size=(len(images), width)).astype(np.float32)
            for each, width in of_width.items()
        }
        return Classifier(name, params=(), accuracy=0.0, **outputs)

    judges = made_judges(config, run, guesses)
    return judges and judges._replace(held_out=first_few(judges.held_out), train=first_few(judges.train))


def first_few(images: LabeledImages) -> LabeledImages:
    return LabeledImages(images.images[:FEW], images.labels[:FEW])


def made_judges(
    config: Config, run: Run, make: Callable[[str, LabeledImages, LabeledImages], Classifier]
) -> Judges | None:
    """The judges with the classifier that make(name, train, test) gives."""
    if not run.source.spec.is_image:
        return None
    if is_stacked(config):
        config = replace(config, data=replace(config.data, name="mnist"))
        run = run._replace(source=assembly.load(config.data, config.seed))
    train, test, unseen = sides(config, run)
    name = config.data.name if config.data.name != "folder" else Path(config.data.dir or "folder").stem
    name = re.sub(r"[^\w.-]+", "-", name)
    beside = train if unseen else LabeledImages(train.images[:0], train.labels[:0])
    return Judges(test, make(name, train, test), beside)


def have_unseen(judges: Judges) -> bool:
    """Whether the held-out images were held out from the generator too, and not from the classifier only."""
    return len(judges.train.images) > 0


def judge(
    config: Config, fake: np.ndarray, judges: Judges | None, metrics: Mapping[str, Metric] | None = None
) -> dict[str, float]:
    """The numbers that suit the data: of those asked for, or without, all the usual ones."""
    if judges is None:
        return evaluate_toy(fake, config.data.name.partition(":")[0], metrics)
    images = np.asarray(to_uint8(jnp.asarray(fake)))
    if is_stacked(config):
        return evaluate_stacked(images, judges.classifier, metrics)
    held_out, classifier, train = judges
    beside = train.images if have_unseen(judges) else None
    return evaluate_images(held_out.images, held_out.labels, images, classifier, metrics=metrics, train=beside)


def suiting(config: Config, judges: Judges | None) -> list[str]:
    """The rows of the table that `judge` can compute."""
    if judges is None:
        inputs = toy_inputs(config.data.name)
    elif is_stacked(config):
        return list(STACKED_ROWS)
    else:
        inputs = [kind for kind in IMAGE_INPUTS if kind != "memorization" or have_unseen(judges)]
    return [name for name, row in METRICS.items() if row.inputs in inputs]


def check_suiting(
    rows: Mapping[str, Metric] | None, known: Collection[str], config: Config, judges: Judges | None
) -> None:
    """Raises `InputError` for rows that are asked for and not among those that can be computed."""
    wrong = [name for name in rows or () if name not in known]
    void = [name for name in wrong if METRICS[name].inputs == "memorization"]
    if void and judges is not None and not is_stacked(config) and not have_unseen(judges):
        raise InputError(
            f"Expected images that the run did not learn from, for {', '.join(void)}, got only those of "
            f"{config.data.name} ({config.data.split}), from which it learned, so that copies would look like new "
            "samples: judge a run that learned from the train split of a set that has a test split."
        )
    if wrong:
        raise InputError(
            f"Expected metrics that suit {config.data.name}, got {', '.join(wrong)}: those that do are "
            f"{', '.join(known)}."
        )


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


def of_inception(names: Iterable[str]) -> list[str]:
    """Those names that stand for the standard Inception network."""
    return [name for name in names if name.partition("[")[0].replace("-", "_") in FIELD_ROWS]


def check_asked(config: Config) -> None:
    """Raises `InputError` for metrics that no run can be judged by while it trains, whatever its data are."""
    best_by = () if config.best_by is None else (config.best_by.partition("[")[0],)
    if names := of_inception((*config.eval_metrics, *best_by)):
        raise InputError(
            "Expected no numbers of the standard Inception network in --eval-metrics and --best-by, got "
            f"{', '.join(names)}: take frechet_distance while training, and experiments/evaluate.py --weights FILE "
            "afterwards."
        )
    rows_named(config.eval_metrics)
    for name, row in (rows_named(best_by) or {}).items():
        if row.target is not None:
            raise InputError(
                f"Expected --best-by a metric of which lower or higher is better, got {name}, of which {row.direction} "
                "is best: better samples are on neither side of it."
            )


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
    base, bracket, label = (asked or "").partition("[")
    found = best_known(numbers, PRIMARY if asked is None else (base.replace("-", "_") + bracket + label,))
    if found is None:
        known = list(dict.fromkeys(name.partition("[")[0] for name in numbers if row_of(name)))
        sentence = unknown_name("number to choose the best checkpoint by", str(asked or PRIMARY[0]), known)
        raise InputError(sentence if asked else f"{sentence} Name one of them: --best-by.")
    return found


def best_known(numbers: Iterable[str], wanted: Iterable[str] = PRIMARY) -> str | None:
    """The first of the wanted rows, or whole names, among some numbers' names; None where none is."""
    names = [name for name in numbers if row_of(name)]
    by_name = {name.partition("[")[0]: name for name in reversed(names)} | {name: name for name in names}
    return next((by_name[name] for name in wanted if name in by_name), None)


def score(numbers: Mapping[str, float], name: str) -> float:
    """A number with its sign turned so that higher is better."""
    row = row_of(name)
    return -numbers[name] if row is not None and row.direction == "lower" else numbers[name]
