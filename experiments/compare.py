"""Every objective on one toy, over several seeds: python experiments/compare.py.

Trains the preset with each objective (those that need other networks use their own preset, ring-ebgan and so on), all
seeds of one objective as one compiled program, and prints a table: modes found, high-quality share and reverse KL, mean
and standard deviation over seeds. The rows also go to a JSON file.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import assembly
import jax
import memory
import numpy as np
import tyro
from compiled import keep_compiled
from config import Config
from configs import PRESETS
from flags import with_named_choices
from judging import evaluate_toy, toy_inputs
from limits import check_numbers
from outputs import check_file
from rich.console import Console
from rich.table import Table
from scripts import report_errors

from ganjax import steps
from ganjax.checks import InputError
from ganjax.io import write_json
from ganjax.objectives import OBJECTIVES

CONDITIONAL = ("acgan", "projection", "lapgan")  # a toy has no labels, and no pyramid
NAMES = tuple(name.replace("_", "-") for name in OBJECTIVES if name not in CONDITIONAL)
COLUMNS = ("modes_found", "high_quality_share", "reverse_kl")


@dataclass(frozen=True)
class Options:
    """Every objective on one toy, over several seeds."""

    preset: str = "ring"
    """the preset of a mixture: ring or grid"""
    objectives: tuple[str, ...] = NAMES
    """which objectives"""
    seeds: int = 5
    """training seeds, from 0"""
    num_steps: int | None = None
    """generator steps; by default the preset's"""
    batch_size: int | None = None
    """by default the preset's"""
    num_samples: int = 2500
    """samples to judge each run by"""
    output: Path = Path("runs/compare.json")
    """where the rows go"""


def config_for(options: Options, objective: str) -> Config:
    """The preset with the objective, or the objective's own preset."""
    own = PRESETS.get(f"{options.preset}-{objective}")
    preset = PRESETS[options.preset]
    config = own or with_named_choices(preset, ["--objective.name", objective])
    given = {"num_steps": options.num_steps, "batch_size": options.batch_size}
    return replace(config, **{name: value for name, value in given.items() if value is not None})


def train(config: Config, seeds: int, num_samples: int) -> np.ndarray:
    """Samples of the trained generator for each seed, [seeds, num_samples, 2]; one compiled program."""
    run = assembly.assemble(config)
    chunk = steps.chunk(run.algorithm, run.source.draw, run.source.gather, config.batch_size, config.num_steps)

    def one(key: jax.Array) -> jax.Array:
        init_key, data_key, sample_key = jax.random.split(key, 3)
        state = run.algorithm.init(init_key, assembly.example_batch(run, config))
        state, _ = chunk(state, data_key, memory.stored(run.source))
        latents = run.game.prior.sample(sample_key, num_samples)
        return run.game.generator.apply(steps.generator_variables(state), latents)[0]

    return np.asarray(jax.jit(lambda keys: jax.lax.map(one, keys))(jax.random.split(jax.random.key(0), seeds)))


def row(options: Options, objective: str) -> dict[str, Any]:
    """One objective's numbers."""
    config, began = config_for(options, objective), time.perf_counter()
    runs = [evaluate_toy(samples, config.data.name) for samples in train(config, options.seeds, options.num_samples)]
    numbers = {name: [run[name] for run in runs] for name in COLUMNS}
    return {"objective": objective, "seconds": time.perf_counter() - began, "num_steps": config.num_steps, **numbers}


def main(options: Options) -> None:
    unknown = [name for name in options.objectives if name not in NAMES]
    if unknown:
        raise InputError(f"Unknown objective {unknown[0]!r} for a toy. Known: {', '.join(NAMES)}.")
    check_numbers(vars(options))
    for name in options.objectives:
        assembly.assemble(config_for(options, name))
    if "mixture" not in toy_inputs(PRESETS[options.preset].data.name):
        raise InputError(f"Expected --preset ring or grid, or another mixture's, got {options.preset}.")
    check_file(options.output)
    console, rows = Console(), []
    for name in options.objectives:
        rows.append(row(options, name))
        cells = (f"{column} {np.mean(rows[-1][column]):.3f}" for column in COLUMNS)
        console.print(f"{name}: {', '.join(cells)} ({rows[-1]['seconds']:.0f} s)", highlight=False)
        write_json(options.output, {"options": vars(options) | {"output": str(options.output)}, "rows": rows})
    console.print(table(rows))


def table(rows: list[dict[str, Any]]) -> Table:
    """Mean and standard deviation over seeds."""
    drawn = Table("objective", *COLUMNS, "seconds")
    for each in rows:
        cells = [f"{np.mean(each[name]):.3f} ± {np.std(each[name], ddof=1):.3f}" for name in COLUMNS]
        drawn.add_row(each["objective"], *cells, f"{each['seconds']:.0f}")
    return drawn


def entry(arguments: Sequence[str]) -> int:
    return report_errors(lambda: main(tyro.cli(Options, args=list(arguments), prog="compare.py", description=__doc__)))


if __name__ == "__main__":
    keep_compiled()
    sys.exit(entry(sys.argv[1:]))
