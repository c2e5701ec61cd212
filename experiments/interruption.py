"""Signals that ask a run to stop."""

from __future__ import annotations

import signal
from types import FrameType

from rich.console import Console

STOPPING = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))


class Interruption:
    """Turns the first Ctrl-C, a SIGTERM (preemption) or a SIGHUP (a terminal that closes) into a question asked between
    chunks; a second Ctrl-C exits now."""

    def __init__(self, console: Console):
        self._console, self.asked = console, False

    def __enter__(self) -> Interruption:
        self._before = {number: signal.signal(number, self._ask) for number in STOPPING}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._console.print("Stopping: saving a checkpoint after these steps. Ctrl-C again exits at once.")
