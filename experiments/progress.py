"""What a run shows while it goes: a live bar in a terminal, plain lines in a log file."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

SECONDS_BETWEEN_LINES = 5.0


class Progress:
    """Steps done, speed, losses and time left; a bar where the output is a terminal, else a line every few seconds.

    Args:
      console: where to write.
      start: steps done when this process began.
      total: steps of the whole run.
      batch_size: samples a step, for samples per second.
      noun: what a sample is called: "images" or "points".
    """

    def __init__(self, console: Console, start: int, total: int, batch_size: int, noun: str):
        self._console, self._total, self._batch_size, self._noun = console, total, batch_size, noun
        self._last_step, self._last_time, self._last_line = start, time.perf_counter(), 0.0
        self._speed, self._calls = float("nan"), 0
        self._losses = ""
        columns = (
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.fields[speed]}"),
            TextColumn("{task.fields[losses]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        self._bar = Bar(*columns, console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task("train", total=total, completed=start, speed="", losses="")

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def advance(self, step: int) -> None:
        """`step` steps are done. Speed is a running average over calls, but for the first, which compiles."""
        now = time.perf_counter()
        speed = (step - self._last_step) / max(now - self._last_time, 1e-9)
        self._speed = speed if self._calls < 2 else 0.8 * self._speed + 0.2 * speed
        self._calls += 1
        self._last_step, self._last_time = step, now
        self._bar.update(self._task, completed=step, speed=self._speed_text(), losses=self._losses)

    def restart_clock(self) -> None:
        """What happened since the last call was not training: a compilation, a picture, a checkpoint."""
        self._last_time = time.perf_counter()

    def report(self, step: int, scalars: Mapping[str, float]) -> None:
        """Shows a row of metrics; in a log file at most every few seconds, and always the last."""
        self._losses = f"disc {scalars['disc_loss']:.4f}  gen {scalars['gen_loss']:.4f}"
        self._bar.update(self._task, losses=self._losses)
        now = time.perf_counter()
        due = now - self._last_line > SECONDS_BETWEEN_LINES or step == self._total
        if due and not self._console.is_terminal:
            self._last_line = now
            self._console.print(
                f"step {step}/{self._total} ({100 * step // self._total} %)  {self._losses}  {self._speed_text()}  "
                f"left {self._left(step)}",
                soft_wrap=True,
                highlight=False,
            )

    def note(self, line: str) -> None:
        """Shows a line of its own, above the bar where there is one."""
        self._console.print(line, soft_wrap=True, highlight=False, markup=False)

    @property
    def speed(self) -> float:
        """Steps a second, lately; NaN before the first."""
        return self._speed

    def _speed_text(self) -> str:
        return f"{self._speed:.4g} step/s  {self._speed * self._batch_size:.0f} {self._noun}/s"

    def _left(self, step: int) -> str:
        seconds = round((self._total - step) / max(self._speed, 1e-9))
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
