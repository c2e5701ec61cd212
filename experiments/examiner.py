"""Judging while training: the numbers of evaluate.py every so many steps, and which checkpoint is the best so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import assembly
import numpy as np
from assembly import Run
from config import Config
from judges import (
    FEW,
    check_asked,
    check_suiting,
    judge,
    judges_of,
    primary,
    row_of,
    rows_named,
    score,
    stand_ins,
    suiting,
)

from ganjax import parallel, steps
from ganjax.checks import InputError
from ganjax.types import GanState

Examine = Callable[[GanState], tuple[dict[str, float], float]]  # the numbers, and the score: higher is better


def examiner(config: Config, run: Run, workdir: Path) -> Examine | None:
    """What judges the averaged generator of a state, always from the same latents; None where the run asks for none.

    Every process of a run of several judges for itself: each needs the score, and all get the same.

    Raises:
      InputError: if the data can't be judged, or not by the metrics that the config names. What else can be wrong, such
        as too few samples for one of them, the first judgment finds: `tried` makes it before anything is trained.
    """
    if config.eval_every is None:
        return None
    check_asked(config)
    judges, rows = judges_of(config, run, workdir), rows_named(config.eval_metrics)
    check_suiting(rows, suiting(config, judges), config, judges)
    sample = assembly.block_sampler(run)

    def examine(state: GanState) -> tuple[dict[str, float], float]:
        generator = parallel.on_host(steps.generator_variables(state))
        fake = np.asarray(sample(generator, run.sample_key, config.eval_samples))
        if not np.isfinite(fake).all():
            return {}, float("nan")  # a game that diverged has no numbers
        numbers = {name: value for name, value in judge(config, fake, judges, rows).items() if is_result(name)}
        return numbers, score(numbers, primary(numbers, config.best_by))

    return examine


def rehearsed(config: Config, run: Run) -> None:
    """Raises `InputError` for a judgment that can't be made as it is asked for, found by one of a few random samples:
    before anything is compiled, or written."""
    if config.eval_every is None:
        return
    judges, rows = stand_ins(config, run), rows_named(config.eval_metrics)
    check_suiting(rows, suiting(config, judges), config, judges)
    shape = min(config.eval_samples, FEW), *run.source.spec.shape
    fake = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    numbers = {name: value for name, value in judge(config, fake, judges, rows).items() if is_result(name)}
    primary(numbers, config.best_by)


def tried(config: Config, run: Run, workdir: Path, state: GanState) -> Examine | None:
    """The `examiner`, tried on a run's first state.

    Raises:
      InputError: its errors, or what is wrong with a judgment. No run has begun then, and the folder may be another's.
    """
    fresh = int(state.step) == 0
    try:
        examine = examiner(config, run, workdir)
        if examine is not None and fresh:
            examine(state)
    except InputError:
        if fresh:
            (workdir / "config.json").unlink(missing_ok=True)
        raise
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
