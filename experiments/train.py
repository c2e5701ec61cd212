"""Trains a GAN: python experiments/train.py [PRESET] [--field value ...].

With no arguments, the `digits` preset: real images that come with scikit-learn, offline, in minutes; `--list` shows all
presets. Every setting is a flag (`--help` lists them); a workdir holds the whole run, and the same command on the same
workdir goes on where it stopped, bit for bit. This is the file to copy for a loop of one's own.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import assembly
import jax
import listing
import machines
import memory
import pictures
import safekeeping
import tyro
import views
from assembly import Run
from chunks import fetch
from collapse import CollapseWatch
from compiled import keep_compiled
from config import Config
from configs import PRESETS
from examiner import Examine, due, in_words, rehearsed, tried
from flags import with_named_choices
from interruption import Interruption
from judges import check_asked
from machines import Layout, MutedLog, PeerWatch
from progress import Progress
from rich.console import Console
from safekeeping import Safekeeping, SteadyLog
from scripts import report_errors
from soundness import REMEDIES, Unsound
from tally import Tally
from views import Scene

from ganjax import parallel, steps
from ganjax.checks import InputError
from ganjax.io import read_metrics, state_sha256, write_json
from ganjax.types import GanState

DEFAULT_PRESET = "digits"
WIDTH = 130  # of the list of presets


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
    preset = with_named_choices(replace(preset, workdir=f"runs/{name}"), flags)
    description = (
        f"Presets: {', '.join(PRESETS)} (train.py --list says more of them). "
        f"Trains one: train.py [PRESET] [OPTIONS]; {DEFAULT_PRESET} by default. "
        "Any --….name may be FILE.py:FUNCTION, a builder of your own."
    )
    return tyro.cli(Config, default=preset, args=list(flags), prog=f"train.py {name}", description=description)


def main(arguments: Sequence[str]) -> None:
    if list(arguments) == ["--list"]:
        console = Console()
        console.width = max(console.width, WIDTH)  # whole words, also into a pipe
        console.print(listing.table(listing.entries()), highlight=False)
        return
    config = parse(arguments)
    check_asked(config)
    machines.join(config.parallel)
    keep_compiled()
    console = Console(quiet=not parallel.is_leader())
    with machines.beginning():
        run = assembly.assemble(config)
        layout = machines.layout(run, config)
        rehearsed(config, run)
        workdir, resumed = machines.open_workdir(config)
        describe(console, config, run, layout, (workdir, resumed))
        train(console, config, run, layout, workdir)


# ---------------------------------------------------------------- the loop


class Session(NamedTuple):
    """A run that is going on in this process, and where it leaves its traces."""

    config: Config
    run: Run
    layout: Layout
    console: Console
    workdir: Path
    checkpoints: Safekeeping
    log: SteadyLog | MutedLog
    progress: Progress
    examine: Examine | None
    watch: CollapseWatch | None
    tally: Tally
    interruption: Interruption


def train(console: Console, config: Config, run: Run, layout: Layout, workdir: Path) -> None:
    """Trains from the latest checkpoint, or from the start, to `num_steps` or the first Ctrl-C."""
    kept = safekeeping.for_training(config, workdir, console)
    with Interruption(console) as interruption, kept as checkpoints:  # the last save is not cut short either
        state, tally = begin(console, layout, checkpoints)
        start = int(state.step)
        examine = tried(config, run, workdir, state)
        progress = Progress(console, start, config.num_steps, config.batch_size, assembly.noun(run))
        log = checkpoints.log(start) if parallel.is_leader() else MutedLog()
        watch = CollapseWatch(run) if parallel.is_leader() else None
        with contextlib.ExitStack() as at_end, log, progress, PeerWatch():
            at_end.callback(layout.close)
            place = config, run, layout, console, workdir
            session = Session(*place, checkpoints, log, progress, examine, watch, tally, interruption)
            if start < config.num_steps:
                console.print("Compiling: the first steps take their time.")
            else:
                console.print("It is complete. To train longer is another run: --num-steps and another --workdir.")
            if start == 0:
                show(session, state)
            state = loop(session, state)
    step = int(state.step)
    if step < config.num_steps:
        console.print(f"Stopped at step {step} of {config.num_steps}; the same command goes on from there.")
    else:
        state = parallel.on_host(state)
        if parallel.is_leader():
            checkpoints.finishing("final.json or curves", lambda: finish(console, workdir, state, tally))
            checkpoints.finishing("Pictures of the end", lambda: draw_views(console, config, run, state, workdir))
    checkpoints.conclude()


def begin(console: Console, layout: Layout, checkpoints: Safekeeping) -> tuple[GanState, Tally]:
    """The state to go on from, and the running sums that belong to it."""
    if checkpoints.latest_step() is None:
        return layout.init(), Tally()
    restored = checkpoints.restore(layout.template)
    console.print(f"Resumed from the checkpoint at step {restored.step}.")
    try:
        return restored.state, Tally(**restored.extra)
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"The checkpoint at step {restored.step} is not one of this script: {error}.") from error


def loop(session: Session, state: GanState) -> GanState:
    """Chunk after chunk; between chunks, whatever is due at that step."""
    config, step, stopping = session.config, int(state.step), parallel.anywhere(session.interruption.asked)
    length, arrays = fetch(config, session.layout, step)
    while step < config.num_steps and not stopping:
        began = time.perf_counter()
        state, sound, following = play(session, state, length, arrays)
        step, (length, arrays) = step + length, following
        last, stopping = step == config.num_steps, parallel.anywhere(session.interruption.asked)
        session.progress.advance(step)
        if step % config.sample_every == 0 or last:
            show(session, state)
        if step % config.log_every == 0 or last:
            report(session, step)
        judgment = judge(session, state) if session.examine is not None and due(config, step) else None
        if step % config.checkpoint_every == 0 or last or stopping or judgment is not None or not sound:
            save(session, state, sound, judgment)
        session.progress.restart_clock()
        session.interruption.took(time.perf_counter() - began)
    return state


def play(session: Session, state: GanState, length: int, arrays: Any) -> tuple[GanState, bool, tuple[int, Any]]:
    """A chunk of steps, and while it is computed the next one's length and data; whether all its numbers are finite.

    Where they aren't, the config says what to do about it: the state is then another one.
    """
    config, run, layout, began = session.config, session.run, session.layout, time.perf_counter()
    step = int(state.step)
    state, info = layout.compile(length)(state, run.data_key, arrays)
    finite = steps.all_finite((state, info))
    following = fetch(config, layout, step + length)
    info, sound = jax.device_get((info, finite))
    if sound:
        session.tally.add(info, length, time.perf_counter() - began)
    else:
        unsound = Unsound(step, step + length, config, run, layout, session.checkpoints, session.console)
        state = REMEDIES[config.on_nonfinite](unsound, session.tally)
    return state, bool(sound), following


def report(session: Session, step: int) -> None:
    """A row of metrics: the means since the last one, and what was measured beside them."""
    row = session.tally.take()
    if row:
        session.log.write(step, row | {"steps_per_second": session.progress.speed})
        session.progress.report(step, row)


def show(session: Session, state: GanState) -> None:
    """A picture of the same latents as ever, and how unlike the samples are, by the process that writes."""
    if session.watch is None:
        return
    config, step = session.config, int(state.step)
    session.checkpoints.trying("The pictures of samples", lambda: draw(session, state))
    if step:
        diversity = session.watch.diversity(state)
        session.tally.beside["diversity"] = diversity
        warning = session.watch.warning(diversity, step / config.num_steps)
        if warning is not None:
            session.progress.note(f"step {step}  warning: {warning}")


def draw(session: Session, state: GanState) -> None:
    picture = pictures.snapshot(session.run, session.config, state, session.workdir)
    if int(state.step):
        session.log.write_image(int(state.step), "samples", picture)


def judge(session: Session, state: GanState) -> float | InputError:
    """The numbers of now, into the log and onto the terminal; the score that says whether this is the best so far.

    What keeps a state from being judged is given back, not raised: the training until here must not be lost with it.
    """
    assert session.examine is not None
    step = int(state.step)
    try:
        numbers, score = session.examine(state)
    except InputError as error:
        return error
    session.log.write(step, {pictures.JUDGED + name: value for name, value in numbers.items()})
    session.progress.note(f"step {step}  {in_words(numbers, session.config)}")
    return score


def save(session: Session, state: GanState, sound: bool, judgment: float | InputError | None) -> None:
    """A checkpoint, and only then the error of a judgment."""
    session.log.flush()  # what a checkpoint has seen must not be lost after it
    if sound:
        session.tally.rollbacks = 0
    score = None if isinstance(judgment, InputError) else judgment
    session.checkpoints.save(int(state.step), parallel.on_host(state), extra=session.tally.as_dict(), score=score)
    if isinstance(judgment, InputError):
        raise judgment


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
    last = {name: value for row in rows if row["step"] == rows[-1]["step"] for name, value in row.items()}
    write_json(workdir / "final.json", last | final)
    pictures.film_and_curves(workdir, rows)
    console.print(f"Done: {final['step']} steps in {tally.seconds:.1f} s of training.", highlight=False)
    for line in (f"Samples: {workdir / 'samples.gif'}", f"Next: sample.py, evaluate.py or report.py {workdir}"):
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def draw_views(console: Console, config: Config, run: Run, state: GanState, workdir: Path) -> None:
    """After that: what this method has to show beside samples."""
    scene = Scene(run, config, state, steps.generator_variables(state), run.sample_key)
    for path in views.save_all(scene, workdir):
        console.print(f"Picture: {path}", highlight=False, soft_wrap=True, markup=False)


if __name__ == "__main__":
    sys.exit(report_errors(lambda: main(sys.argv[1:])))
