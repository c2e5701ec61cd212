"""Judging while training: the numbers of evaluate.py every so many steps, and which checkpoint is the best so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import assembly
import numpy as np
from assembly import Run
from config import Config
from judges import judge, judges_of, primary, row_of, rows_named, score

from ganjax import parallel, steps
from ganjax.types import GanState

Examine = Callable[[GanState], tuple[dict[str, float], float]]  # the numbers, and the score: higher is better


def examiner(config: Config, run: Run, workdir: Path) -> Examine | None:
    """What judges the averaged generator of a state, always from the same latents; None where the run asks for none.

    Every process of a run of several judges for itself: each needs the score, and all get the same.

    Raises:
      InputError: if the data can't be judged, or not by the metrics that the config names. Nothing was trained then.
    """
    if config.eval_every is None:
        return None
    judges, rows = judges_of(config, run, workdir), rows_named(config.eval_metrics)
    sample = assembly.block_sampler(run)

    def numbers(state: GanState) -> dict[str, float]:
        generator = parallel.on_host(steps.generator_variables(state))
        fake = np.asarray(sample(generator, run.sample_key, config.eval_samples))
        if not np.isfinite(fake).all():
            return {}  # a game that diverged has no numbers
        return {name: value for name, value in judge(config, fake, judges, rows).items() if is_result(name)}

    def examine(state: GanState) -> tuple[dict[str, float], float]:
        found = numbers(state)
        return found, score(found, primary(found, config.best_by)) if found else float("nan")

    return examine


def is_result(name: str) -> bool:
    """Whether a number says something of the generator, and not of how it was judged."""
    return row_of(name) is not None or "_standard_error" in name


def due(config: Config, step: int) -> bool:
    """Whether a run judges at a step."""
    return config.eval_every is not None and (step % config.eval_every == 0 or step == config.num_steps)


def in_words(numbers: Mapping[str, float], config: Config) -> str:
    """The number that counts, for a line on the terminal."""
    if not numbers:
        return "no numbers: the samples are not finite"
    name = primary(numbers, config.best_by)
    return f"{name} {numbers[name]:.4g}"
