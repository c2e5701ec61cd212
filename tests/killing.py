"""Processes that are killed at random moments, and can be asked before what they were doing."""

import os
import random
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]

# runs before the script: at SIGUSR1 the main thread writes down its stack, also from within a long call
WATCH = """
import faulthandler, os, signal
stacks = open(os.path.join(os.environ["STACKS"], str(os.getpid())), "a")
faulthandler.register(signal.SIGUSR1, file=stacks, all_threads=False)
stacks.write("ready\\n")
stacks.flush()
"""

# the first of which a function is on the stack
PHASES = {
    "saving": ("io/checkpoints.py save", "io/checkpoints.py wait", "io/checkpoints.py close"),
    "restoring": ("io/checkpoints.py __init__", "io/checkpoints.py restore", "train.py begin", "sweep.py init"),
    "judging": ("train.py judge", "examiner.py tried", "sweep.py judged"),
    "final pictures": ("train.py finish", "train.py draw_views", "summaries.py summarize"),
    "drawing": ("train.py show",),
    "compiling": ("_src/compiler.py compile_or_get_cached", "_src/pjit.py _infer_params", "interpreters/pxla.py lower"),
    "training": ("train.py loop", "sweep.py play"),
    "setting up": ("train.py main", "sweep.py main"),
}


def phase_of(stack: str) -> str:
    """What a script was doing, from its main thread's stack."""
    calls = [f"{path} {function}" for path, function in re.findall(r'File "(.*?)", line \S+ in (\S+)', stack)]
    for phase, functions in PHASES.items():
        if any(call.endswith("/" + function) for call in calls for function in functions):
            return phase
    if "  ...\n" in stack:
        return "compiling"  # nothing else calls so deep that the outermost calls are left out
    return "importing" if calls else "leaving"


class Watched:
    """A running process.

    Args:
      command: as for subprocess.
      folder: for its output and its stacks.
      environment: what changes in it; None takes a variable away.
    """

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str | None]):
        (folder / "site").mkdir(parents=True, exist_ok=True)
        (folder / "site" / "sitecustomize.py").write_text(WATCH)
        (folder / "stacks").mkdir(exist_ok=True)
        path = os.pathsep.join(filter(None, [str(folder / "site"), os.environ.get("PYTHONPATH")]))
        merged = {**os.environ, "PYTHONPATH": path, "STACKS": str(folder / "stacks"), **environment}
        number = len(list(folder.glob("output-*")))
        self._output = folder / f"output-{number:03}"
        with self._output.open("w") as file:
            self.began = time.monotonic()
            self.process = subprocess.Popen(
                list(command),
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env={name: value for name, value in merged.items() if value is not None},
            )
        self._stacks = folder / "stacks" / str(self.process.pid)

    @property
    def output(self) -> str:
        return self._output.read_text(errors="replace")

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def phase(self) -> str:
        """What it is doing now."""
        if not self._stacks.exists() or not self._stacks.stat().st_size:
            return "starting"
        before = seen = self._stacks.stat().st_size
        self.process.send_signal(signal.SIGUSR1)
        for _ in range(100):
            time.sleep(0.003)
            size = self._stacks.stat().st_size
            if size == seen > before:
                break
            seen = size
        with self._stacks.open() as file:
            file.seek(before)
            return phase_of(file.read())

    def wait(self, seconds: float = 300) -> int:
        return self.process.wait(timeout=seconds)

    def wait_for(self, phase: str, seconds: float = 120) -> None:
        """Waits until it does that."""
        self.wait_until(lambda: self.phase() == phase, seconds)

    def wait_until(self, condition: Callable[[], bool], seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.runs, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.002)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Kill(NamedTuple):
    """One of a campaign.

    Attributes:
      phase: of the first victim.
      saving: whether a checkpoint was half-written.
      seconds: from the start of the process.
      step: of the newest checkpoint.
      aftermath: (exit code, seconds after the kill) of each process that was left; None for one that went on.
    """

    phase: str
    saving: bool
    seconds: float
    step: int
    aftermath: tuple[tuple[int | None, float], ...] = ()


SECONDS_TO_NOTICE = 30.0  # that a process may go on without the others
PATIENCE = 6  # kills without a step forward, after which the next ones come later


def latest(checkpoints: Path) -> int:
    """The newest checkpoint in a folder."""
    return max((int(path.name) for path in checkpoints.glob("*") if path.name.isdigit()), default=0)


def is_saving(checkpoints: Path) -> bool:
    """Whether a checkpoint is half-written."""
    return any(checkpoints.glob("*.orbax-checkpoint-tmp*"))


def campaign(
    start: Callable[[], list[Watched]], checkpoints: Callable[[], Path], num: int, span: float, rng: random.Random
) -> list[Kill]:
    """Kills a run again and again, at times uniform in its life; the run goes on each time.

    Args:
      start: starts the run's processes.
      checkpoints: the folder to which it saves now.
      num: how many kills.
      span: seconds of life that a process is allowed at most; more where the run gets nowhere, less once it is done.
      rng: the times, and of several processes the victims.

    Returns:
      The kills. A process that ended by itself, with code 0, is none.
    """
    kills: list[Kill] = []
    while len(kills) < num:
        started = start()
        try:
            if outlived(started, rng.uniform(0, span)):
                span = min(span, max(process.seconds for process in started))
                continue
            kills.append(strike(started, checkpoints(), rng))
        finally:
            for process in started:
                process.kill()
        stuck = len({kill.step for kill in kills[-PATIENCE:]}) == 1 and len(kills) % PATIENCE == 0
        span *= 1.3 if stuck else 1.0
    return kills


def outlived(started: Sequence[Watched], seconds: float) -> bool:
    """Whether the processes came to their end, within that time."""
    while any(process.runs for process in started) and started[0].seconds < seconds:
        time.sleep(0.01)
    ended = [process for process in started if not process.runs]
    assert all(process.wait() == 0 for process in ended), "\n".join(process.output for process in started)
    return len(ended) == len(started)


def strike(started: Sequence[Watched], checkpoints: Path, rng: random.Random) -> Kill:
    """Kills some of the processes, one at least, and sees what becomes of the others."""
    victims = [process for process in started if process.runs]
    victims = rng.sample(victims, rng.randint(1, len(victims)))
    phase, seconds = victims[0].phase(), victims[0].seconds
    for victim in victims:
        victim.process.kill()
    for victim in victims:
        victim.process.wait()
    saving, step, struck = is_saving(checkpoints), latest(checkpoints), time.monotonic()
    # for one that has not joined them the others wait for minutes
    patience = 0.0 if phase in ("starting", "importing") else SECONDS_TO_NOTICE
    aftermath = []
    for process in started:
        if process not in victims:
            while process.runs and time.monotonic() - struck < patience:
                time.sleep(0.01)
            aftermath.append((process.process.poll(), round(time.monotonic() - struck, 1)))
    return Kill(phase, saving, round(seconds, 1), step, tuple(aftermath))


def in_words(kills: Sequence[Kill]) -> str:
    """How many fell in which phase."""
    counts = Counter(kill.phase for kill in kills) | Counter({"a save under way": sum(kill.saving for kill in kills)})
    return ", ".join(f"{phase} {number}" for phase, number in counts.most_common())


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return listener.getsockname()[1]
