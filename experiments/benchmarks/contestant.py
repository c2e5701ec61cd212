"""A contestant as the benchmark sees it: a process that is asked for one timed run at a time."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from ganjax.checks import InputError

EXPERIMENTS = Path(__file__).resolve().parents[1]
SECONDS_TO_LEAVE = 10.0
LAST_LINES = 16  # of a failed contestant's stderr

MENDS: dict[str, str] = {  # package -> what installs it
    "torch": "pip install torch  (the extra bench)",
    "tensorflow": "pip install tensorflow-cpu",
    "keras": "pip install tensorflow-cpu  (Keras comes with it)",
}
ENVIRONMENT = {
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # several processes share an accelerator
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "KERAS_BACKEND": "tensorflow",
}


class Contestant(NamedTuple):
    """Something that is timed, in a process of its own.

    Attributes:
      name: in tables.
      build: "module:function", which gives a `Task`.
      arguments: the function's, JSON-ready.
      environment: variables of its process alone.
      needs: the packages without which it stays out of the comparison.
    """

    name: str
    build: str
    arguments: Mapping[str, Any] = {}
    environment: Mapping[str, str] = {}
    needs: tuple[str, ...] = ()

    @property
    def missing(self) -> str | None:
        """What installs the first package that it lacks; None if it lacks none."""
        lacking = [name for name in self.needs if importlib.util.find_spec(name) is None]
        return MENDS.get(lacking[0], f"pip install {lacking[0]}") if lacking else None


class Running:
    """A contestant's process: start it, wait until it is `ready`, then `measure` as often as you like.

    Raises:
      InputError: from any of them, if the process ends, with the end of what it said on stderr.
    """

    def __init__(self, contestant: Contestant, seconds: float):
        self.name = contestant.name
        self._stderr = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 (closed on exit)
        paths = [str(EXPERIMENTS), str(EXPERIMENTS.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        command = [contestant.build, json.dumps(dict(contestant.arguments)), str(seconds)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.child", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            env=os.environ | ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(paths)} | dict(contestant.environment),
        )

    def ready(self) -> dict[str, Any]:
        """The contestant's facts, once it is built and warm."""
        return self._answer("ready")

    def measure(self) -> float:
        """One timed run: its cost."""
        with contextlib.suppress(BrokenPipeError):  # it has ended: the answer will say so
            self._stdin.write("run\n")
            self._stdin.flush()
        return self._answer("cost")

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._stdin.close()
        try:
            self._process.wait(SECONDS_TO_LEAVE if kind is None else 0.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._stderr.close()

    @property
    def _stdin(self) -> Any:
        return self._process.stdin

    def _answer(self, key: str) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            self._stderr.seek(0)
            said = "\n".join(self._stderr.read().strip().splitlines()[-LAST_LINES:])
            raise InputError(f"Expected the contestant {self.name!r} to run, but it ended with code {code}:\n{said}")
        return json.loads(line)[key]
