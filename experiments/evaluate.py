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
from assembly import Run
from classifier_cache import cached_classifier
from classifiers import LabeledImages, hold_out
from config import Config
from judging import evaluate_images, evaluate_toy
from limits import check_numbers
from sample import Weights, chosen, open_run
from scripts import report_errors

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


def judge(config: Config, run: Run, fake: np.ndarray, cache: Path) -> dict[str, float]:
    """The numbers that suit the data."""
    name = config.data.name.partition(":")[0]
    if len(run.source.spec.shape) == 1:
        return evaluate_toy(fake, name)
    train, test = train_and_test(config, run)
    classifier = cached_classifier(cache, name, train, test)
    return evaluate_images(test.images, test.labels, np.asarray(to_uint8(jnp.asarray(fake))), classifier)


def main(options: Options) -> dict[str, Any]:
    check_numbers({"num_samples": options.num_samples, "seed": options.seed})
    config, run, restored = open_run(options.workdir, options.step)
    fake = assembly.sample(
        run, chosen(restored.state, options.weights), jax.random.key(options.seed), options.num_samples
    )
    numbers = judge(config, run, np.asarray(fake), options.workdir)
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
