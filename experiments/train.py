"""Trains a GAN: python experiments/train.py [PRESET] [--field value ...].

With no arguments, the `digits` preset: real images that come with scikit-learn, offline, in minutes. Every setting is
a flag (`--help` lists them); a workdir holds the whole run, and the same command on the same workdir goes on where it
stopped, bit for bit. This is the file to copy for a loop of one's own.
"""

from __future__ import annotations

import contextlib
import math
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import assembly
import config as config_module
import jax
import machines
import memory
import pictures
import tyro
import views
from assembly import Run
from compiled import keep_compiled
from config import Config
from configs import PRESETS
from examiner import Examine, due, in_words, rehearsed, tried
from judges import check_asked
from machines import Layout, MutedLog, PeerWatch
from progress import Progress
from rich.console import Console
from scripts import report_errors
from views import Scene

from ganjax import parallel, steps
from ganjax.checks import InputError
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
    config = parse(arguments)
    check_asked(config)
    machines.join(config.parallel)
    keep_compiled()
    console = Console(quiet=not parallel.is_leader())
    run = assembly.assemble(config)
    layout = machines.layout(run, config)
    rehearsed(config, run)
    workdir, resumed = machines.open_workdir(config)
    describe(console, config, run, layout, (workdir, resumed))
    train(console, config, run, layout, workdir)


# ---------------------------------------------------------------- the loop


def train(console: Console, config: Config, run: Run, layout: Layout, workdir: Path) -> None:
    """Trains from the latest checkpoint, or from the start, to `num_steps` or the first Ctrl-C."""
    with Checkpoints(workdir / "checkpoints", keep_last=config.keep_checkpoints) as checkpoints:
        state, tally = begin(console, layout, checkpoints)
        start = int(state.step)
        examine = tried(config, run, workdir, state)
        progress = Progress(console, start, config.num_steps, config.batch_size, assembly.noun(run))
        log = MetricsLog(workdir, start or None) if parallel.is_leader() else MutedLog()
        with contextlib.ExitStack() as at_end, log, progress, Interruption(console) as interruption, PeerWatch():
            at_end.callback(layout.close)
            outputs = Outputs(workdir, checkpoints, log, progress, examine)
            if start == 0:
                show(config, run, state, outputs)
            state = loop(config, run, layout, state, outputs, tally=tally, interruption=interruption)
    step = int(state.step)
    if step < config.num_steps:
        console.print(f"Stopped at step {step} of {config.num_steps}; the same command goes on from there.")
    else:
        state = parallel.on_host(state)
        if parallel.is_leader():
            finish(console, workdir, state, tally)
            draw_views(console, config, run, state, workdir)


def begin(console: Console, layout: Layout, checkpoints: Checkpoints) -> tuple[GanState, Tally]:
    """The state to go on from, and the running sums that belong to it."""
    if checkpoints.latest_step() is None:
        return layout.init(), Tally()
    restored = checkpoints.restore(layout.template)
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
    log: MetricsLog | MutedLog
    progress: Progress
    examine: Examine | None


def loop(
    config: Config,
    run: Run,
    layout: Layout,
    state: GanState,
    outputs: Outputs,
    *,
    tally: Tally,
    interruption: Interruption,
) -> GanState:
    """Chunk after chunk; between chunks, whatever is due at that step."""
    _, checkpoints, log, progress, examine = outputs
    step, stopping = int(state.step), False
    length, arrays = fetch(config, layout, step)
    while step < config.num_steps and not stopping:
        began = time.perf_counter()
        state, info = layout.compile(length)(state, run.data_key, arrays)
        following, arrays = fetch(config, layout, step + length)  # while that is computed
        tally.add(jax.device_get(info), length, time.perf_counter() - began)
        step += length
        last, stopping = step == config.num_steps, parallel.anywhere(interruption.asked)
        progress.advance(step)
        if step % config.log_every == 0 or last:
            row = tally.take()
            log.write(step, row | {"steps_per_second": progress.speed})
            progress.report(step, row)
        if step % config.sample_every == 0 or last:
            show(config, run, state, outputs)
        judged, problem = None, None
        if examine is not None and due(config, step):
            try:
                judged = judge(config, examine, state, outputs)
            except InputError as error:  # the training until here must not be lost with it
                problem = error
        if step % config.checkpoint_every == 0 or last or stopping or judged is not None or problem is not None:
            log.flush()  # what a checkpoint has seen must not be lost after it
            checkpoints.save(step, parallel.on_host(state), extra=tally.as_dict(), score=judged)
        if problem is not None:
            raise problem
        progress.restart_clock()
        length = following
    return state


def fetch(config: Config, layout: Layout, step: int) -> tuple[int, Any]:
    """How many steps the chunk from `step` on has, and its data; nothing after the last step."""
    length = next_stop(config, step) - step
    return length, layout.arrays(step, length) if length else None


def show(config: Config, run: Run, state: GanState, outputs: Outputs) -> None:
    """A picture of the same latents as ever, by the process that writes."""
    if parallel.is_leader():
        picture = pictures.snapshot(run, config, state, outputs.workdir)
        if int(state.step):
            outputs.log.write_image(int(state.step), "samples", picture)


def judge(config: Config, examine: Examine, state: GanState, outputs: Outputs) -> float:
    """The numbers of now, into the log and onto the terminal; the score that says whether this is the best so far."""
    step = int(state.step)
    numbers, score = examine(state)
    outputs.log.write(step, {pictures.JUDGED + name: value for name, value in numbers.items()})
    outputs.progress.note(f"step {step}  {in_words(numbers, config)}")
    return score


def next_stop(config: Config, step: int) -> int:
    """The next step at which a chunk ends. A function of the step alone, so a resumed run cuts the same chunks."""
    intervals = (config.steps_per_call, config.log_every, config.sample_every, config.checkpoint_every)
    intervals += () if config.eval_every is None else (config.eval_every,)
    return min(config.num_steps, *((step // interval + 1) * interval for interval in intervals))


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


def describe(console: Console, config: Config, run: Run, layout: Layout, place: tuple[Path, bool]) -> None:
    """What is about to happen, in four lines."""
    workdir, resumed = place
    count = {name: parameters(getattr(layout.template, f"{name}_params")) for name in ("gen", "disc")}
    console.print(
        f"data       {config.data.name}: {assembly.describe(run.source.spec)}{memory.words(config.data, run.source)}",
        highlight=False,
        soft_wrap=True,
    )
    for note in run.source.spec.notes:
        console.print(f"           {note}", highlight=False, soft_wrap=True, markup=False)
    console.print(
        f"game       {config.objective.name}: generator {count['gen']:,}, "  # type: ignore[attr-defined]
        f"discriminator {count['disc']:,} parameters",
        highlight=False,
    )
    console.print(f"device     {layout.words}", highlight=False)
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
    last = {name: value for row in rows[-2:] if row["step"] == rows[-1]["step"] for name, value in row.items()}
    write_json(workdir / "final.json", last | final)
    pictures.film_and_curves(workdir, rows)
    if not all(math.isfinite(last[name]) for name in ("disc_loss", "gen_loss")):
        console.print("[yellow]The last losses are not finite: the game diverged.[/] Lower the learning rates.")
    console.print(f"Done: {final['step']} steps in {tally.seconds:.1f} s of training.", highlight=False)
    console.print(f"Samples: {workdir / 'samples.gif'}", highlight=False, soft_wrap=True, markup=False)


def draw_views(console: Console, config: Config, run: Run, state: GanState, workdir: Path) -> None:
    """After that: what this method has to show beside samples."""
    scene = Scene(run, config, state, steps.generator_variables(state), run.sample_key)
    for path in views.save_all(scene, workdir):
        console.print(f"Picture: {path}", highlight=False, soft_wrap=True, markup=False)


if __name__ == "__main__":
    sys.exit(report_errors(lambda: main(sys.argv[1:])))
