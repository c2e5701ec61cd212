"""What things cost on this machine: python experiments/benchmark.py [--only NAME …] [--json FILE] [--figure FILE].

Each contestant, ours or a peer's, is a process of its own: all of a comparison are started, and run until they have
compiled and their caches are warm, before the clock starts. Then they take turns, A B C A B C …, each idle while
another one runs, so that whatever else the machine does falls on all of them; a ratio compares two runs of the same
round. The tables show medians with the least and the greatest. PyTorch's and Keras' contestants stay out where those
are not installed: pip install -e '.[bench]', pip install tensorflow-cpu.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro
from benchmarks import figure, tables
from benchmarks.comparisons import BENCHMARKS, Comparison
from benchmarks.contestant import Running
from benchmarks.summary import summary
from benchmarks.targets import Measured
from limits import check_numbers
from outputs import check_file
from rich.console import Console
from scripts import report_errors

from ganjax.io import write_json

PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy", "torch", "tensorflow", "tensorflow-cpu", "keras")


@dataclass(frozen=True)
class Options:
    """What things cost on this machine."""

    only: tuple[str, ...] = tuple(BENCHMARKS)
    """which benchmarks"""
    rounds: int = 7
    """how often each contestant is timed"""
    seconds: float = 0.7
    """about how long one timed run takes"""
    json: Path | None = None
    """also write everything that was measured to this file"""
    figure: Path | None = None
    """also draw the targets and the curves into this file (.png)"""


# ---------------------------------------------------------------- measuring


def compare(comparison: Comparison, options: Options) -> dict[str, Any]:
    """Starts the contestants, lets them take turns, and ends them."""
    entered = (*comparison.contestants, *filter(None, [comparison.roofline]))
    with contextlib.ExitStack() as at_end:
        facts, measures = {}, {}
        for contestant in entered:
            if contestant.missing is None:  # one at a time: none compiles while another one warms up
                running = at_end.enter_context(Running(contestant, options.seconds))
                facts[contestant.name], measures[contestant.name] = running.ready(), running.measure
        costs = interleaved(measures, options.rounds)
    return summary(comparison, {name: Measured(costs[name], facts[name]) for name in costs})


def interleaved(measures: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """The costs of every contestant, one a round, taken in turns."""
    costs: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            costs[name].append(measure())
    return costs


def machine() -> dict[str, Any]:
    """What is measured on. JAX's devices are left to the contestants."""
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": processor(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": versions(),
        "load": load(),
    }


def processor() -> str:
    """Its name, where the system tells it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


def load() -> list[float]:
    """The machine's load averages over 1, 5 and 15 minutes; [] where the system has none."""
    return [round(x, 2) for x in os.getloadavg()] if hasattr(os, "getloadavg") else []


# ---------------------------------------------------------------- the command


def main(options: Options) -> None:
    check_numbers({"rounds": options.rounds, "seconds": options.seconds})
    chosen = {name: BENCHMARKS[name] for name in options.only}
    for file in (options.json, options.figure):
        check_file(file)
    console, about, results = Console(), machine(), {}
    console.print(
        f"{about['processor']}, {about['cores']} cores, jax {about['versions']['jax']}, load {about['load']}",
        highlight=False,
    )
    for name, comparisons in chosen.items():
        results[name] = []
        for comparison in comparisons:
            results[name].append(compare(comparison, options))
            show(console, results[name][-1])
            if options.json:  # after each, so that a long run that is stopped has left something
                write_json(options.json, {"machine": about | {"load_after": load()}, "benchmarks": results})
    console.print(f"Load now {load()}.", highlight=False)
    if options.figure:
        figure.save(options.figure, [result for group in results.values() for result in group])


def show(console: Console, result: dict[str, Any]) -> None:
    console.print(tables.table(result), highlight=False)
    if result["targets"]:
        console.print(tables.targets_table(result), highlight=False)
    for note in tables.notes(result):
        console.print(note, highlight=False)


def entry(arguments: Sequence[str]) -> int:
    return report_errors(
        lambda: main(tyro.cli(Options, args=list(arguments), prog="benchmark.py", description=__doc__))
    )


if __name__ == "__main__":
    sys.exit(entry(sys.argv[1:]))
