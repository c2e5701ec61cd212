"""Processes that are killed at random moments, and can be asked before what they were doing."""

import itertools
import os
import random
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]

# runs before the script: a thread that tells whoever connects which functions are on the main thread's stack
WATCH = """
import os, socket, sys, threading, types

def answer(server, main):
    while True:
        connection, _ = server.accept()
        frame, calls = sys._current_frames().get(main), []
        while isinstance(frame, types.FrameType):  # the main thread goes on, and what was a frame may be anything
            calls.append(f"{frame.f_code.co_filename} {frame.f_code.co_name}")
            frame = frame.f_back
        with connection:
            connection.sendall("\\n".join(calls).encode())

server = socket.create_server(("localhost", 0))
threading.Thread(target=answer, args=(server, threading.get_ident()), daemon=True).start()
with open(os.environ["WATCHED"] + str(os.getpid()), "w") as file:
    file.write(f"{server.getsockname()[1]}\\n")
"""

# the first of which a function is on the stack; loops compile before they train
PHASES = {
    "saving": ("io/checkpoints.py save", "io/checkpoints.py wait", "io/checkpoints.py close"),
    "restoring": ("io/checkpoints.py __init__", "io/checkpoints.py restore", "train.py begin", "sweep.py init"),
    "judging": ("train.py judge", "examiner.py tried", "sweep.py judged"),
    "final pictures": ("train.py finish", "train.py draw_views", "summaries.py summarize"),
    "drawing": ("train.py show",),
    "training": ("train.py loop", "sweep.py play"),
    "setting up": ("train.py main", "sweep.py main"),
}
COMPILING = ("_src/compiler.py compile_or_get_cached", "_src/pjit.py _infer_params", "interpreters/pxla.py lower")


def phase_of(calls: Sequence[str]) -> str:
    """What a script was doing, from its main thread's stack: files and functions."""

    def has(functions: Sequence[str]) -> bool:
        return any(call.endswith("/" + function) for call in calls for function in functions)

    phase = next((phase for phase, functions in PHASES.items() if has(functions)), "importing" if calls else "leaving")
    return "compiling" if phase == "training" and has(COMPILING) else phase


class Watched:
    """A running process; `end_all` kills those that still run.

    Args:
      command: as for subprocess.
      folder: for its output.
      environment: what changes in it; None takes a variable away.
    """

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str | None]):
        (folder / "site").mkdir(parents=True, exist_ok=True)
        (folder / "site" / "sitecustomize.py").write_text(WATCH)
        path = os.pathsep.join(filter(None, [str(folder / "site"), os.environ.get("PYTHONPATH")]))
        merged = {**os.environ, "PYTHONPATH": path, "WATCHED": str(folder / "port-"), **environment}
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
        self._port = folder / f"port-{self.process.pid}"
        STARTED.append(self)

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
        if not (self._port.exists() and self._port.read_text().endswith("\n")):
            return "starting"
        try:
            with socket.create_connection(("localhost", int(self._port.read_text())), timeout=2) as connection:
                return phase_of(connection.makefile().read().splitlines())
        except OSError:  # its threads have stopped
            return "leaving"

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
            time.sleep(0.005)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


STARTED: list[Watched] = []


def end_all() -> None:
    while STARTED:
        STARTED.pop().kill()


class Kill(NamedTuple):
    """One of a campaign.

    Attributes:
      phase: of the first victim.
      saving: whether a checkpoint was half-written then.
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
AIMS = (None, None, "training", None, None, "saving", None, None, "judging")  # by turns; None: at any time
PATIENCE = 6  # kills without a step forward, after which the next ones come later


def latest(checkpoints: Path) -> int:
    """The newest checkpoint in a folder."""
    return max((int(path.name) for path in checkpoints.glob("*") if path.name.isdigit()), default=0)


def half_written(checkpoints: Path) -> set[Path]:
    """The checkpoints that are being saved, or that a kill has cut short."""
    return set(checkpoints.glob("*.orbax-checkpoint-tmp*"))


def campaign(
    start: Callable[[], list[Watched]], checkpoints: Callable[[], Path], num: int, span: float, rng: random.Random
) -> list[Kill]:
    """Kills a run again and again, at times uniform in its life, and every third time in a phase aimed at; it goes on.

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
    for aim in itertools.cycle(AIMS):
        if len(kills) == num:
            break
        remains, started, moment = half_written(checkpoints()), start(), rng.uniform(0, span)
        try:
            if outlived(started, lambda first, aim=aim, moment=moment: is_time(first, aim, moment)):
                span = min(span, max(process.seconds for process in started))
                continue
            kills.append(strike(started, checkpoints(), remains, rng))
        finally:
            for process in started:
                process.kill()
        stuck = len({kill.step for kill in kills[-PATIENCE:]}) == 1 and len(kills) % PATIENCE == 0
        span *= 1.3 if stuck else 1.0
    return kills


def is_time(process: Watched, aim: str | None, moment: float) -> bool:
    """Whether to strike: in the phase aimed at, or so many seconds after the start."""
    return process.seconds >= moment if aim is None else process.phase() == aim


def outlived(started: Sequence[Watched], is_time: Callable[[Watched], bool]) -> bool:
    """Whether the processes came to their end before it was time."""
    while any(process.runs for process in started) and not is_time(started[0]):
        time.sleep(0.01)
    ended = [process for process in started if not process.runs]
    assert all(process.wait() == 0 for process in ended), "\n".join(process.output for process in started)
    return len(ended) == len(started)


def strike(started: Sequence[Watched], checkpoints: Path, remains: set[Path], rng: random.Random) -> Kill:
    """Kills some of the processes, one at least, and sees what becomes of the others."""
    victims = [process for process in started if process.runs]
    victims = rng.sample(victims, rng.randint(1, len(victims)))
    phase, seconds = victims[0].phase(), victims[0].seconds
    for victim in victims:
        victim.process.kill()
    for victim in victims:
        victim.process.wait()
    saving, step, struck = bool(half_written(checkpoints) - remains), latest(checkpoints), time.monotonic()
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
