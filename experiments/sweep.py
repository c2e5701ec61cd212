"""Objectives × penalties × packings × seeds, as a table with intervals: python experiments/sweep.py [PRESET] [OPTIONS].

A preset of train.py (ring by default) is trained with every combination that the options name, all games of one
combination as one population; `pacgan-ring` and `pacgan-grid` bring the combinations of a published table and stand
beside its figures. The table gives the mean over training seeds with its 95 % interval (Student's t). The workdir holds
everything: table.md, sweep.png, sweep.json. The same command on the same workdir goes on where it stopped.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import assembly
import jax
import numpy as np
import tyro
import workdir as workdir_module
from cell_games import judged, play, populate
from cells import product, with_numbers
from compiled import keep_compiled, num_processors
from config import Config
from configs import PRESETS
from configs.sweeps import SWEEPS, Sweep
from interruption import Interruption
from limits import check_numbers
from progress import Progress
from recorded import to_dict
from rich.console import Console
from rich.table import Table
from safekeeping import Safekeeping
from sample import Weights
from scripts import report_errors
from summaries import Finished, read_finished, summarize, write_finished

from ganjax.checks import InputError
from ganjax.io import Checkpoints


@dataclass(frozen=True)
class Options:
    """Objectives × penalties × packings × seeds, as a table with intervals."""

    preset: Annotated[str, tyro.conf.Positional] = "ring"
    """a preset of train.py, or a sweep of its own: pacgan-ring, pacgan-grid, pacgan-ring-published, …"""
    objectives: tuple[str, ...] = ()
    """which objectives; by default the preset's own"""
    penalties: tuple[str, ...] = ("none",)
    """penalties on the discriminator to add, each to every objective: none, r1, wgan-gp, …"""
    packings: tuple[int, ...] = (1,)
    """how many samples the discriminator judges together, each with every objective"""
    learning_rates: tuple[float, ...] = ()
    """both players'; by default the preset's"""
    penalty_weights: tuple[float, ...] = ()
    """weights of the penalties; by default each one's own"""
    only: tuple[str, ...] = ()
    """of a sweep of its own, these cells alone, by label"""
    seeds: int | None = None
    """training seeds, from the preset's on; by default 10, or the sweep's"""
    num_steps: int | None = None
    """generator steps; by default the preset's"""
    batch_size: int | None = None
    """samples a player sees at a time; by default the preset's"""
    num_samples: int | None = None
    """samples to judge each game by; by default 2500, or the sweep's"""
    generator: Weights | None = None
    """what the table shows: the averaged generator (by default, where a sweep doesn't say) or the raw one; the JSON
    has both"""
    data_dir: str | None = None
    """the folder that holds the data, for presets whose data lie in one"""
    workdir: str | None = None
    """where the sweep writes; by default runs/sweep-PRESET"""


# ---------------------------------------------------------------- what is asked for


def sweep_of(options: Options) -> Sweep:
    """The sweep that the options name, checked as far as it can be without training.

    Raises:
      InputError: for unknown names, values out of range, or a combination that can't work.
    """
    sweep = own_sweep(options) if options.preset in SWEEPS else combinations(options)
    given = {name: getattr(options, name) for name in ("num_steps", "batch_size")}
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}

    def with_given(config: Config) -> Config:
        data = config.data if options.data_dir is None else replace(config.data, dir=options.data_dir)
        return replace(config, data=data, **changed)

    sweep = sweep._replace(
        cells=tuple(replace(cell, config=with_given(cell.config)) for cell in sweep.cells),
        seeds=sweep.seeds if options.seeds is None else options.seeds,
        num_samples=sweep.num_samples if options.num_samples is None else options.num_samples,
        weights=options.generator or sweep.weights,
    )
    check_numbers({"seeds": sweep.seeds, "num_samples": sweep.num_samples})
    for cell in sweep.cells:
        for numbers in cell.variations:
            assembly.assemble(with_numbers(cell.config, numbers))
    return sweep


def own_sweep(options: Options) -> Sweep:
    """A sweep whose cells are its own, or some of them."""
    defaults, sweep = Options(), SWEEPS[options.preset]
    for name in ("objectives", "penalties", "packings", "learning_rates", "penalty_weights"):
        if getattr(options, name) != getattr(defaults, name):
            raise InputError(
                f"{options.preset} brings its own combinations, so --{name.replace('_', '-')} has no place there: "
                f"choose among them with --only, or sweep a preset of train.py: {', '.join(PRESETS)}."
            )
    return sweep.only(options.only) if options.only else sweep


def combinations(options: Options) -> Sweep:
    """Everything that the options name, on a preset of train.py."""
    if options.only:
        raise InputError(f"--only chooses among the cells of {', '.join(SWEEPS)}: name objectives and penalties here.")
    cells = product(
        options.preset,
        PRESETS,
        objectives=options.objectives or (PRESETS[options.preset].objective.name,),  # type: ignore[attr-defined]
        penalties=options.penalties,
        packings=options.packings,
        learning_rates=options.learning_rates,
        penalty_weights=options.penalty_weights,
    )
    return Sweep(cells, weights="ema", title=options.preset)


def identity(sweep: Sweep) -> dict[str, Any]:
    """What makes the sweep what it is, for config.json."""
    cells = {
        cell.label: {"config": to_dict(cell.config), "variations": [dict(v) for v in cell.variations]}
        for cell in sweep.cells
    }
    return {"cells": cells, "seeds": sweep.seeds, "num_samples": sweep.num_samples}


# ---------------------------------------------------------------- all of them


def main(options: Options) -> None:
    console, sweep = Console(), sweep_of(options)
    folder = options.workdir or f"runs/sweep-{options.preset}"
    workdir, resumed = workdir_module.open_folder(folder, identity(sweep))
    where = f"{workdir}{' (goes on)' if resumed else ''}"
    console.print(f"{len(sweep.cells)} cells of {sweep.seeds} seeds in {where}", highlight=False, soft_wrap=True)
    with Interruption(console) as interruption:
        for index in range(len(sweep.cells)):
            if not interruption.asked:
                finish(console, sweep, index, workdir, interruption)
    done = {cell.label: read_finished(workdir, cell) for cell in sweep.cells}
    if not all(done.values()):
        console.print("Stopped; the same command goes on from there.")
        return
    made = summarize(sweep, {label: each for label, each in done.items() if each}, workdir)
    console.print(fitted(made, console))
    console.print(f"Also in {workdir}: table.md, sweep.png, sweep.json", highlight=False, soft_wrap=True)


def fitted(table: Table, console: Console) -> Table:
    """The same table, on its side where it is too wide and has more columns than lines: images have twenty numbers.

    A head such as modes_found[mnist-classifier] may break before its bracket.
    """
    heads = [str(column.header).replace(r"\[", "\n\\[") for column in table.columns]
    columns = [[head, *map(str, column.cells)] for head, column in zip(heads, table.columns, strict=True)]
    lines = list(zip(*columns, strict=True))
    width = console.measure(table, options=console.options.update_width(10_000)).maximum  # of a page without an end
    if width > console.width and len(columns) > len(lines):
        lines = columns
    made = Table()
    for head in lines[0]:
        made.add_column(head, overflow="fold")
    for line in lines[1:]:
        made.add_row(*line)
    return made


def finish(console: Console, sweep: Sweep, index: int, workdir: Path, interruption: Interruption) -> None:
    """Plays one cell to its end, judges it and leaves the result in its file; nothing where that is there."""
    cell = sweep.cells[index]
    if read_finished(workdir, cell) is not None:
        return
    console.print(f"cell {index + 1} of {len(sweep.cells)}: {cell.label}", highlight=False, markup=False)
    population = populate(cell, sweep.seeds)
    total, games = cell.config.num_steps * len(sweep.cells), len(population.data_keys)
    before = cell.config.num_steps * index
    progress = Progress(console, before, total, cell.config.batch_size * games, assembly.noun(population.run))

    def show(step: int, info: Any) -> None:
        progress.advance(before + step)
        progress.report(before + step, {name: float(np.mean(value)) for name, value in info._asdict().items()})

    say = functools.partial(console.print, style="yellow", highlight=False, soft_wrap=True, markup=False)
    of_cell = Checkpoints(workdir / "checkpoints" / cell.slug, keep_last=2)  # one to fall back to
    reopen = functools.partial(workdir_module.open_folder, str(workdir), identity(sweep))
    with Safekeeping(of_cell, workdir, reopen, say) as checkpoints, progress:
        states, seconds = play(cell, population, checkpoints, show, interruption)
    if int(states.step[0]) == cell.config.num_steps:
        result = Finished(cell.label, seconds, judged(cell, population, states, sweep, workdir))
        checkpoints.finishing(f"The result of {cell.label}", lambda: write_finished(workdir, cell, result))
    checkpoints.conclude()


def entry(arguments: Sequence[str]) -> int:
    return report_errors(lambda: main(tyro.cli(Options, args=list(arguments), prog="sweep.py", description=__doc__)))


def one_device_a_processor() -> None:
    """On a CPU, games are played on as many threads as there are. Does nothing where the user chose the number."""
    chosen = jax.config.jax_num_cpu_devices != -1  # type: ignore[attr-defined]
    if not chosen and "device_count" not in os.environ.get("XLA_FLAGS", ""):
        jax.config.update("jax_num_cpu_devices", num_processors())


if __name__ == "__main__":
    one_device_a_processor()
    keep_compiled()
    sys.exit(entry(sys.argv[1:]))
