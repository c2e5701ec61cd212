"""What one contestant's process times."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple


class Task(NamedTuple):
    """What a contestant's builder gives.

    Attributes:
      run: (calls) -> the cost of one unit of work, over so many calls; it waits until all of them are done.
      facts: what is known of it, JSON-ready: gflop (a unit), gigabytes (a unit), parameters, threads, versions, …
      calls: how many of them are timed at once; None for as many as fill the asked-for seconds.
    """

    run: Callable[[int], float]
    facts: dict[str, Any]
    calls: int | None = None


def repeated(call: Callable[[], None], finish: Callable[[], None], units: int = 1) -> Callable[[int], float]:
    """`Task.run` of a call that does `units` units of work: their cost in microseconds.

    Args:
      call: starts, or does, the work. Successive calls must depend on each other, or they might overlap.
      finish: waits until it is done.
      units: steps, products or images in one call.
    """

    def run(calls: int) -> float:
        began = time.perf_counter()
        for _ in range(calls):
            call()
        finish()
        return (time.perf_counter() - began) * 1e6 / (calls * units)

    return run


def temporary_folder() -> Path:
    """A folder that lasts as long as this process."""
    folder = tempfile.mkdtemp(prefix="ganjax-benchmark-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def warm_up(task: Task, seconds: float) -> int:
    """Runs the task until it has compiled and its caches are warm.

    Returns:
      How many calls take about so many seconds.
    """
    if task.calls is not None:
        return task.calls
    task.run(1)  # compiles
    calls = 1
    while (took := elapsed(task, calls)) < seconds / 4:
        calls = max(2 * calls, int(0.3 * seconds * calls / max(took, 1e-9)))
    calls = max(1, round(seconds * calls / took))
    task.run(calls)  # as it will be timed: PyTorch's first steps are slow, too
    return calls


def elapsed(task: Task, calls: int) -> float:
    """Seconds of one run, whatever unit its cost is in."""
    began = time.perf_counter()
    task.run(calls)
    return time.perf_counter() - began
