"""Signals that ask a run to stop."""

from __future__ import annotations

import signal
from types import FrameType

from rich.console import Console

STOPPING = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))


class Interruption:
    """Turns the first Ctrl-C, a SIGTERM (preemption) or a SIGHUP (a terminal that closes) into a question asked between
    chunks; a second Ctrl-C exits now.

    The answer comes after the chunk under way, what is due at its end (a picture, a judgment) and the save: within
    about the longest round of the loop so far, which is what the message says.
    """

    def __init__(self, console: Console):
        self._console, self.asked, self._longest = console, False, 0.0

    def took(self, seconds: float) -> None:
        """A round of the loop took so long."""
        self._longest = max(self._longest, seconds)

    def __enter__(self) -> Interruption:
        self._before = {number: signal.signal(number, self._ask) for number in STOPPING}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        within = f", within about {self._longest:.0f} s" if self._longest >= 1 else ""
        self._console.print(f"Stopping: saving a checkpoint after these steps{within}. Ctrl-C again exits at once.")
