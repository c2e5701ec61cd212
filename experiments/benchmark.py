"""What things cost on this machine: python experiments/benchmark.py [--only NAME …] [--rounds 7] [--json FILE].

Every variant is compiled and run once before the clock starts. Then the variants take turns, A B C A B C …, in one
process, so that whatever else the machine does falls on all of them; a ratio compares two runs of the same round. The
table shows medians, and of the ratios also the least and the greatest.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import assembly
import inputs
import jax
import numpy as np
import tyro
from assembly import Run
from config import Config
from configs import PRESETS
from rich.console import Console
from rich.table import Column
from rich.table import Table as RichTable
from scripts import report_errors

from ganjax import checks, populations, steps
from ganjax.checks import check_positive
from ganjax.io import write_json

Variant = Callable[[], float]  # one timed run -> its cost, in the benchmark's unit


class Variants(NamedTuple):
    """What one table of a benchmark compares.

    Attributes:
      title: the table's.
      unit: of the costs.
      timed: the variants by name. The first one is what the others are compared with.
      verdict: (the variants' medians) -> a sentence for below the table, or None.
    """

    title: str
    unit: str
    timed: dict[str, Variant]
    verdict: Callable[[Mapping[str, float]], str] | None = None


class Case(NamedTuple):
    """One game, in populations of several sizes.

    Attributes:
      config: the game.
      sizes: how many games.
      length: steps in one compiled call.
      game_steps: least number of steps, summed over the games, that is timed at once.
    """

    config: Config
    sizes: tuple[int, ...]
    length: int
    game_steps: int


CASES = {
    "Gaussian toy, batch 8": Case(PRESETS["gaussian"], (1, 4, 16, 64, 256, 1000), 500, 32_000),
    "ring, MLP-128, batch 100": Case(replace(PRESETS["ring"], batch_size=100), (1, 4, 16), 20, 320),
}


# ---------------------------------------------------------------- the benchmarks


def population_costs() -> list[Variants]:
    """Games of one preset that differ by their seeds: the cost of one step of one game, by the number of games."""
    return [Variants(name, "µs a game-step", population_variants(case)) for name, case in CASES.items()]


def population_variants(case: Case) -> dict[str, Variant]:
    """One game alone by `steps.chunk`, and populations of each size."""
    run = assembly.assemble(case.config)
    fed = run.source.draw, run.source.gather, case.config.batch_size, case.length
    single = jax.jit(steps.chunk(run.algorithm, *fed))
    many = jax.jit(populations.chunk(lambda settings: run.algorithm, *fed))
    state = assembly.init(run, case.config)
    variants = {
        "alone": timed_run(lambda state: single(state, run.data_key, run.source.arrays)[0], state, case, num_games=1)
    }
    for num in case.sizes:
        data_keys = jax.random.split(run.data_key, num)
        variants[f"{num} game{'s' if num > 1 else ''}"] = timed_run(
            lambda states, data_keys=data_keys: many(states, data_keys, (), run.source.arrays)[0],
            first_states(run, case.config, num),
            case,
            num_games=num,
        )
    return variants


def first_states(run: Run, config: Config, num: int) -> Any:
    """The states of `num` games that differ by their keys; leaves [num, ...]."""
    batch = assembly.example_batch(run, config)
    keys = jax.random.split(run.init_key, num)
    return jax.jit(lambda keys: populations.init(lambda settings: run.algorithm, keys, (), batch))(keys)


def timed_run(advance: Callable[[Any], Any], start: Any, case: Case, *, num_games: int) -> Variant:
    """Times a few calls in a row from the same start; the cost is in microseconds a step of one game."""
    calls = max(1, case.game_steps // (num_games * case.length))

    def measure() -> float:
        began, state = time.perf_counter(), start
        for _ in range(calls):
            state = advance(state)  # each call waits for the one before it: they don't overlap
        jax.block_until_ready(state)
        return (time.perf_counter() - began) * 1e6 / (calls * case.length * num_games)

    return measure


def input_costs() -> Iterator[Variants]:
    """Reading pictures from disk, beside the step that they are read for."""
    with tempfile.TemporaryDirectory() as folder:
        timed = inputs.variants(Path(folder), inputs.config())
        yield Variants(f"DCGAN 64, batch {inputs.BATCH}, on streamed JPEG", "µs an image", timed, inputs.verdict)


BENCHMARKS: checks.Table[Callable[[], Iterable[Variants]]] = checks.Table(
    "benchmark", {"populations": population_costs, "input": input_costs}
)


# ---------------------------------------------------------------- measuring and showing


@dataclass(frozen=True)
class Options:
    """What things cost on this machine."""

    only: tuple[str, ...] = tuple(BENCHMARKS)
    """which benchmarks"""
    rounds: int = 7
    """how often each variant is timed"""
    json: Path | None = None
    """also write everything that was measured to this file"""


def interleaved(variants: dict[str, Variant], rounds: int) -> dict[str, list[float]]:
    """The costs of every variant, one a round, after one run that is not counted."""
    for measure in variants.values():
        measure()
    costs: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, measure in variants.items():
            costs[name].append(measure())
    return costs


def summary(variants: Variants, costs: dict[str, list[float]]) -> dict[str, Any]:
    """Costs and paired ratios as JSON-ready values: ratio = variant / first variant, of the same round."""
    reference = next(iter(costs.values()))
    rows = []
    for name, values in costs.items():
        ratios = [value / other for value, other in zip(values, reference, strict=True)]
        spread = {"median": statistics.median(ratios), "least": min(ratios), "greatest": max(ratios)}
        rows.append({"variant": name, "median": statistics.median(values), "rounds": values, "ratio": spread})
    made = {"title": variants.title, "unit": variants.unit, "rows": rows}
    medians = {row["variant"]: row["median"] for row in rows}
    return made if variants.verdict is None else made | {"verdict": variants.verdict(medians)}


def table(result: dict[str, Any]) -> RichTable:
    """One summary, drawn."""
    right = (Column(name, justify="right") for name in (result["unit"], "ratio", "least to greatest"))
    drawn = RichTable("variant", *right, title=result["title"])
    for row in result["rows"]:
        ratio = row["ratio"]
        spread = f"{ratio['least']:.3g} to {ratio['greatest']:.3g}"
        drawn.add_row(row["variant"], f"{row['median']:.4g}", f"{ratio['median']:.3g}", spread)
    return drawn


def machine() -> dict[str, Any]:
    """What was measured on, with its load of now."""
    device = jax.devices()[0]
    return {
        "device": f"{device.device_kind} ({device.platform})",
        "num_devices": jax.device_count(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "jax": jax.__version__,
        "numpy": np.__version__,
        "load": load(),
    }


def load() -> list[float]:
    """The machine's load averages over 1, 5 and 15 minutes; [] where the system has none."""
    return [round(x, 2) for x in os.getloadavg()] if hasattr(os, "getloadavg") else []


def main(options: Options) -> None:
    check_positive(rounds=options.rounds)
    chosen = {name: BENCHMARKS[name] for name in options.only}
    console, about, results = Console(), machine(), {}
    console.print(
        f"{about['device']}, {about['cores']} cores, jax {about['jax']}, load {about['load']}", highlight=False
    )
    for name, build in chosen.items():
        results[name] = []
        for variants in build():
            results[name].append(summary(variants, interleaved(variants.timed, options.rounds)))
            console.print(table(results[name][-1]), highlight=False)
            console.print(results[name][-1].get("verdict", ""), highlight=False)
        if options.json:
            write_json(options.json, {"machine": about | {"load_after": load()}, "benchmarks": results})


def entry(arguments: Sequence[str]) -> int:
    return report_errors(
        lambda: main(tyro.cli(Options, args=list(arguments), prog="benchmark.py", description=__doc__))
    )


if __name__ == "__main__":
    sys.exit(entry(sys.argv[1:]))
