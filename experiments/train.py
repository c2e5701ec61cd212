"""Trains a GAN: python experiments/train.py [PRESET] [--field value ...].

With no arguments, the `digits` preset: real images that come with scikit-learn, offline, in minutes. Every setting is
a flag (`--help` lists them); a workdir holds the whole run, and the same command on the same workdir goes on where it
stopped, bit for bit. This is the file to copy for a loop of one's own.
"""

from __future__ import annotations

import functools
import math
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import assembly
import config as config_module
import jax
import pictures
import tyro
import workdir as workdir_module
from assembly import Run
from config import Config
from configs import PRESETS
from progress import Progress
from rich.console import Console
from scripts import report_errors

from ganjax import steps
from ganjax.io import Checkpoints, MetricsLog, read_metrics, state_sha256, write_json
from ganjax.types import GanState, StepInfo

DEFAULT_PRESET = "digits"


# ---------------------------------------------------------------- the command line


def parse(arguments: Sequence[str]) -> Config:
    """The config that a command line names. Exits with code 2, as the parser does, on an unknown field or value.

    Raises:
      UnknownNameError: for an unknown preset, objective or other row of a table.
    """
    flags_only = not arguments or arguments[0].startswith("-")
    name, flags = (DEFAULT_PRESET, arguments) if flags_only else (arguments[0], arguments[1:])
    if name in ("-h", "--help"):
        flags = ["--help"]
    preset = PRESETS[name]
    preset = config_module.with_named_choices(replace(preset, workdir=f"runs/{name}"), flags)
    description = (
        f"Presets: {', '.join(PRESETS)}. Trains one: train.py [PRESET] [OPTIONS]; {DEFAULT_PRESET} by default."
    )
    return tyro.cli(Config, default=preset, args=list(flags), prog=f"train.py {name}", description=description)


def main(arguments: Sequence[str]) -> None:
    console = Console()
    config = parse(arguments)
    run = assembly.assemble(config)
    workdir, resumed = workdir_module.open_for_training(config)
    describe(console, config, run, workdir, resumed)
    train(console, config, run, workdir)


# ---------------------------------------------------------------- the loop


def train(console: Console, config: Config, run: Run, workdir: Path) -> None:
    """Trains from the latest checkpoint, or from the start, to `num_steps` or the first Ctrl-C."""
    with Checkpoints(workdir / "checkpoints", keep_last=config.keep_checkpoints) as checkpoints:
        state, tally = begin(console, config, run, checkpoints)
        start = int(state.step)
        progress = Progress(console, start, config.num_steps, config.batch_size, assembly.noun(run))
        log = MetricsLog(workdir, start or None)
        with log, progress, Interruption(console) as interruption:
            if start == 0:
                pictures.snapshot(run, config, state, workdir)
            outputs = Outputs(workdir, checkpoints, log, progress)
            state = loop(config, run, state, tally, outputs, interruption=interruption)
    step = int(state.step)
    if step < config.num_steps:
        console.print(f"Stopped at step {step} of {config.num_steps}; the same command goes on from there.")
    else:
        finish(console, workdir, state, tally)


def begin(console: Console, config: Config, run: Run, checkpoints: Checkpoints) -> tuple[GanState, Tally]:
    """The state to go on from, and the running sums that belong to it."""
    if checkpoints.latest_step() is None:
        return assembly.init(run, config), Tally()
    restored = checkpoints.restore(assembly.template(run, config))
    for skipped in restored.skipped:
        console.print(
            f"[yellow]Passed over the checkpoint at step {skipped.step}:[/] {skipped.reason}", highlight=False
        )
    console.print(f"Resumed from the checkpoint at step {restored.step}.")
    return restored.state, Tally(**restored.extra)


class Outputs(NamedTuple):
    """Where a run leaves its traces."""

    workdir: Path
    checkpoints: Checkpoints
    log: MetricsLog
    progress: Progress


def loop(
    config: Config, run: Run, state: GanState, tally: Tally, outputs: Outputs, *, interruption: Interruption
) -> GanState:
    """Chunk after chunk; between chunks, whatever is due at that step."""
    workdir, checkpoints, log, progress = outputs
    step = int(state.step)
    compiled = compile_chunk(config, run)
    while step < config.num_steps and not interruption.asked:
        began = time.perf_counter()
        length = next_stop(config, step) - step
        state, info = compiled(length)(state, run.data_key, run.source.arrays)
        tally.add(jax.device_get(info), length, time.perf_counter() - began)
        step += length
        last = step == config.num_steps
        progress.advance(step)
        if step % config.log_every == 0 or last:
            row = tally.take()
            log.write(step, row | {"steps_per_second": progress.speed})
            progress.report(step, row)
        if step % config.sample_every == 0 or last:
            log.write_image(step, "samples", pictures.snapshot(run, config, state, workdir))
        if step % config.checkpoint_every == 0 or last or interruption.asked:
            log.flush()  # what a checkpoint has seen must not be lost after it
            checkpoints.save(step, state, extra=tally.as_dict())
        progress.restart_clock()
    return state


def next_stop(config: Config, step: int) -> int:
    """The next step at which a chunk ends. A function of the step alone, so a resumed run cuts the same chunks."""
    intervals = (config.steps_per_call, config.log_every, config.sample_every, config.checkpoint_every)
    return min(config.num_steps, *((step // interval + 1) * interval for interval in intervals))


def compile_chunk(config: Config, run: Run) -> Callable[[int], Callable[..., tuple[GanState, StepInfo]]]:
    """Compiled chunks by length; a run has few lengths."""

    @functools.cache
    def of_length(length: int) -> Any:
        chunk = steps.chunk(run.algorithm, run.source.draw, run.source.gather, config.batch_size, length)
        return jax.jit(chunk, donate_argnums=0)

    return of_length


class Tally:
    """Sums of what the steps reported since the last row of metrics, and the seconds trained; goes into checkpoints."""

    def __init__(self, sums: dict[str, float] | None = None, steps: int = 0, seconds: float = 0.0):
        self.sums, self.steps, self.seconds = {name: float(x) for name, x in (sums or {}).items()}, steps, seconds

    def add(self, info: StepInfo, length: int, seconds: float) -> None:
        for name, mean in info._asdict().items():
            self.sums[name] = self.sums.get(name, 0.0) + float(mean) * length
        self.steps, self.seconds = self.steps + length, self.seconds + seconds

    def take(self) -> dict[str, float]:
        """The means since the last call."""
        means = {name: total / self.steps for name, total in self.sums.items()}
        self.sums, self.steps = {}, 0
        return means

    def as_dict(self) -> dict[str, Any]:
        # JSON has no NaN: a sum that is not finite travels as its name
        return {"sums": {name: str(x) for name, x in self.sums.items()}, "steps": self.steps, "seconds": self.seconds}


class Interruption:
    """Turns the first Ctrl-C, or a SIGTERM, into a question asked between chunks; a second Ctrl-C exits now."""

    def __init__(self, console: Console):
        self._console, self.asked = console, False

    def __enter__(self) -> Interruption:
        self._before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._console.print("Stopping: saving a checkpoint after these steps. Ctrl-C again exits at once.")


# ---------------------------------------------------------------- before and after


def describe(console: Console, config: Config, run: Run, workdir: Path, resumed: bool) -> None:
    """What is about to happen, in four lines."""
    state, device = assembly.template(run, config), jax.devices()[0]
    count = {name: parameters(getattr(state, f"{name}_params")) for name in ("gen", "disc")}
    console.print(f"data       {config.data.name}: {assembly.describe(run.source.spec)}", highlight=False)
    console.print(
        f"game       {config.objective.name}: generator {count['gen']:,}, "  # type: ignore[attr-defined]
        f"discriminator {count['disc']:,} parameters",
        highlight=False,
    )
    console.print(f"device     {device.device_kind} ({device.platform}), jax {jax.__version__}", highlight=False)
    console.print(
        f"workdir    {workdir}{' (goes on)' if resumed else ''}", highlight=False, soft_wrap=True, markup=False
    )


def parameters(tree: Any) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def finish(console: Console, workdir: Path, state: GanState, tally: Tally) -> None:
    """After the last step: the animation, the curves, final.json."""
    rows = read_metrics(workdir / "metrics.jsonl")
    final = {
        "step": int(state.step),
        "seconds": tally.seconds,
        "steps_per_second": int(state.step) / max(tally.seconds, 1e-9),
        "state_sha256": state_sha256(state),
    }
    write_json(workdir / "final.json", rows[-1] | final)
    pictures.film_and_curves(workdir, rows)
    if not all(math.isfinite(rows[-1][name]) for name in ("disc_loss", "gen_loss")):
        console.print("[yellow]The last losses are not finite: the game diverged.[/] Lower the learning rates.")
    console.print(f"Done: {final['step']} steps in {tally.seconds:.1f} s of training.", highlight=False)
    console.print(f"Samples: {workdir / 'samples.gif'}", highlight=False, soft_wrap=True, markup=False)


if __name__ == "__main__":
    sys.exit(report_errors(lambda: main(sys.argv[1:])))
