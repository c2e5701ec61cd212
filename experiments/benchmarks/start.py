"""How long until the first step is done: python -m benchmarks.start PRESET, in a fresh process each time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

from benchmarks.task import Task, temporary_folder


def cold(preset: str) -> Task:
    """Nothing is compiled yet. The unit is a start, in seconds."""

    def run(calls: int) -> float:
        del calls  # one at a time
        with tempfile.TemporaryDirectory() as folder:
            return started(preset, folder)["seconds"]

    return fresh(run)


def warm(preset: str) -> Task:
    """An earlier run has left what it compiled where the scripts keep it. The unit is a start, in seconds."""
    folder = str(temporary_folder())
    started(preset, folder)
    return fresh(lambda calls: started(preset, folder)["seconds"])


def fresh(run: Callable[[int], float]) -> Task:
    import jax

    return Task(run, {"versions": {"jax": jax.__version__}}, calls=1)


def started(preset: str, cache: str) -> dict[str, float]:
    """What a new process says of its own start.

    Raises:
      RuntimeError: if it fails, with what it said.
    """
    environment = {name: value for name, value in os.environ.items() if name != "JAX_COMPILATION_CACHE_DIR"}
    command = [sys.executable, "-m", "benchmarks.start", preset]
    result = subprocess.run(
        command, env=environment | {"GANJAX_CACHE": cache}, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise RuntimeError(result.stderr)
    return json.loads(result.stdout)


def main(arguments: Sequence[str]) -> None:
    """As train.py begins: the first step of the preset, from after the imports."""
    import assembly
    import jax
    import machines
    import train  # noqa: F401 - what it imports is imported before the clock starts
    from compiled import keep_compiled
    from configs import PRESETS

    began = time.perf_counter()
    keep_compiled()
    config = PRESETS[arguments[0]]
    run = assembly.assemble(config)
    layout = machines.layout(run, config)
    state = layout.init()
    jax.block_until_ready(layout.compile(1)(state, run.data_key, layout.arrays(0, 1)))
    print(json.dumps({"seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main(sys.argv[1:])
