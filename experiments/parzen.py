"""The row of 2014: Parzen-window log-likelihood of a run of images, as JSON: python experiments/parzen.py WORKDIR.

Goodfellow et al.'s protocol (arXiv:1406.2661, table 1), for MNIST: 10 000 generated images, pixels in [0, 1], a
Gaussian window around each, its width chosen from ten on 1000 images, the mean log-likelihood of the rest with its
standard error. What differs: theirs is chosen on training images that were held out, and judged on all 10 000 test
images; here every tenth test image chooses and the other 9000 judge, so that any run can be judged, whatever it was
trained on.

The figure of as many training images stands beside it: samples of the data themselves. 10 s for each on a core. The
result goes to standard output and WORKDIR/parzen.json.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import assembly
import jax
import numpy as np
import tyro
from compiled import keep_compiled
from jaxtyping import Float, UInt8
from judges import train_and_test
from judging import chooses_and_judges, pixels
from limits import check_numbers
from outputs import check_folder
from sample import Weights, chosen, open_run
from scripts import report_errors

from ganjax.checks import InputError
from ganjax.io import write_json
from ganjax.metrics import ParzenScore, parzen_score


@dataclass(frozen=True)
class Options:
    """Parzen-window log-likelihood of a run of images."""

    workdir: Annotated[Path, tyro.conf.Positional]
    """the workdir of a run of experiments/train.py"""
    num_samples: int = 10_000
    """generated samples, and at most as many training images beside them"""
    seed: int = 0
    """which latents"""
    step: int | None = None
    """which checkpoint; by default the newest"""
    generator: Weights = "ema"
    """the averaged generator, or the raw one; a run without an average has only the raw one"""
    code: tuple[Path, ...] = ()
    """files of your own that the run was made with (--objective.name FILE.py:FUNCTION): they are run"""


def score_of(test_images: UInt8[np.ndarray, "N H W C"], fake: np.ndarray) -> ParzenScore:
    """The log-likelihood of nine tenths of the test images under the other ones' choice of width."""
    return parzen_score(pixels(fake), *chooses_and_judges(test_images))


def parzen_row(
    train_images: UInt8[np.ndarray, "T H W C"],
    test_images: UInt8[np.ndarray, "N H W C"],
    fake: UInt8[np.ndarray, "M H W C"] | Float[np.ndarray, "M H W C"],
) -> dict[str, float]:
    """The row of a run and, under the same protocol, of the first M training images.

    Args:
      train_images: of the data; no more than M of them are used.
      test_images: 10 000 in the published protocol; every tenth chooses the width, the others are judged.
      fake: generated; floats in [−1, 1] as they come from the generator (as published), or bytes.

    Returns:
      parzen_log_likelihood, in nats, and its …_standard_error; parzen_bandwidth, in pixels from 0 to 1; num_fake; the
      same of the training images as parzen_log_likelihood[training images], …, num_train.

    Raises:
      InputError: images of different sizes, too few, or beyond [−1, 1].
    """
    train_images = train_images[: len(fake)]
    row = {"num_fake": float(len(fake)), "num_train": float(len(train_images))}
    for suffix, samples in (("", fake), ("[training images]", train_images)):
        score = score_of(test_images, samples)
        row[f"parzen_log_likelihood{suffix}"] = score.log_likelihood
        row[f"parzen_log_likelihood_standard_error{suffix}"] = score.standard_error
        row[f"parzen_bandwidth{suffix}"] = score.bandwidth
    return row


def main(options: Options) -> dict[str, float | str]:
    check_numbers({"num_samples": options.num_samples, "seed": options.seed})
    config, run, restored = open_run(options.workdir, options.step, options.code)
    check_folder(options.workdir)
    if not run.source.spec.is_image:
        raise InputError(f"Expected a run of images, got one of {config.data.name}: a toy has its own numbers.")
    train, test = train_and_test(config, run)
    key, generator = jax.random.key(options.seed), chosen(restored.state, options.generator)
    fake = np.asarray(assembly.sample(run, generator, key, options.num_samples))
    row = parzen_row(train.images, test.images, fake)
    result = {"step": restored.step, "generator": options.generator, "sampling_seed": options.seed, **row}
    write_json(options.workdir / "parzen.json", result)
    return result


def entry(arguments: Sequence[str]) -> int:
    def script() -> None:
        options = tyro.cli(Options, args=list(arguments), prog="parzen.py", description=__doc__)
        print(json.dumps(main(options), indent=2))

    return report_errors(script)


if __name__ == "__main__":
    keep_compiled()
    sys.exit(entry(sys.argv[1:]))
