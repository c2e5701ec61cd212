"""First quality numbers of a trained run, as JSON: python experiments/evaluate.py WORKDIR.

Images with labels are judged on the features of a small classifier trained on the same data (never "FID", which is a
number of the Inception network): Fréchet and kernel distance to held-out real images, and the balance of the classes.
Toys are judged against what is known of them. The result goes to standard output and WORKDIR/evaluation.json.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import assembly
import jax
import jax.numpy as jnp
import numpy as np
import tyro
import views
from assembly import Run
from classifier_cache import cached_classifier
from classifiers import LabeledImages, hold_out
from config import Config
from judging import evaluate_images, evaluate_toy
from limits import check_numbers
from sample import Weights, chosen, open_run
from scripts import report_errors
from views import Judges, Scene

from ganjax.checks import InputError
from ganjax.data import Source, to_uint8
from ganjax.io import write_json


@dataclass(frozen=True)
class Options:
    """First quality numbers of a trained run."""

    workdir: Annotated[Path, tyro.conf.Positional]
    """the workdir of a run of experiments/train.py"""
    num_samples: int = 10_000
    """generated samples to judge"""
    seed: int = 0
    """which latents"""
    step: int | None = None
    """which checkpoint; by default the newest"""
    weights: Weights = "ema"
    """the averaged generator, or the raw one"""


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


def judges_of(config: Config, run: Run, cache: Path) -> Judges | None:
    """Held-out images and the classifier that judges by them; None for points."""
    if not run.source.spec.is_image:
        return None
    train, test = train_and_test(config, run)
    name = config.data.name.replace(":", "-").replace("/", "-")
    return Judges(test, cached_classifier(cache, name, train, test))


def judge(config: Config, fake: np.ndarray, judges: Judges | None) -> dict[str, float]:
    """The numbers that suit the data."""
    if judges is None:
        return evaluate_toy(fake, config.data.name.partition(":")[0])
    real, classifier = judges
    return evaluate_images(real.images, real.labels, np.asarray(to_uint8(jnp.asarray(fake))), classifier)


def main(options: Options) -> dict[str, Any]:
    check_numbers({"num_samples": options.num_samples, "seed": options.seed})
    config, run, restored = open_run(options.workdir, options.step)
    key = jax.random.key(options.seed)
    generator = chosen(restored.state, options.weights)
    fake = assembly.sample(run, generator, key, options.num_samples)
    judges = judges_of(config, run, options.workdir)
    numbers = judge(config, np.asarray(fake), judges)
    numbers |= views.numbers_of(Scene(run, config, restored.state, generator, key), judges)
    result = {"step": restored.step, "weights": options.weights, "sampling_seed": options.seed, **numbers}
    write_json(options.workdir / "evaluation.json", result)
    return result


def entry(arguments: Sequence[str]) -> int:
    def script() -> None:
        options = tyro.cli(Options, args=list(arguments), prog="evaluate.py", description=__doc__)
        print(json.dumps(main(options), indent=2))

    return report_errors(script)


if __name__ == "__main__":
    sys.exit(entry(sys.argv[1:]))
