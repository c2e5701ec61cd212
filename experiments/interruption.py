"""Signals that ask a run to stop."""

from __future__ import annotations

import signal
import socket
import threading

from rich.console import Console
from scripts import INTERRUPTED, leave

STOPPING = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))


class Interruption:
    """Turns the first Ctrl-C, a SIGTERM (preemption) or a SIGHUP (a terminal that closes) into a question asked between
    chunks; a second Ctrl-C exits now. Signals that are ignored, as SIGHUP is under nohup, stay so.

    The answer comes after the chunk under way, what is due at its end (a picture, a judgment) and the save: within
    about the longest round of the loop so far, which is what the message says.

    A thread hears the signals: Python's own handlers are called when a compilation or a chunk has come to its end, and
    that may take minutes.
    """

    def __init__(self, console: Console):
        self._console, self.asked, self._longest = console, False, 0.0

    def took(self, seconds: float) -> None:
        """A round of the loop took so long."""
        self._longest = max(self._longest, seconds)

    def __enter__(self) -> Interruption:
        ear, self._mouth = socket.socketpair()
        self._mouth.setblocking(False)
        heeded = [number for number in STOPPING if signal.getsignal(number) != signal.SIG_IGN]
        self._before = {number: signal.signal(number, lambda *_: None) for number in heeded}
        self._other = signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._listen, args=(ear,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        signal.set_wakeup_fd(self._other)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._mouth.close()

    def _listen(self, ear: socket.socket) -> None:
        with ear:
            while numbers := ear.recv(1):
                if numbers[0] in self._before:
                    self._hear(numbers[0])

    def _hear(self, number: int) -> None:
        if self.asked and number == signal.SIGINT:
            self._console.show_cursor()
            self._console.print("Interrupted.")
            leave(INTERRUPTED)
        if not self.asked:
            self.asked = True
            within = f", within about {self._longest:.0f} s" if self._longest >= 1 else ""
            self._console.print(f"Stopping: saving a checkpoint after these steps{within}. Ctrl-C again exits at once.")
