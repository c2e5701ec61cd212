"""One contestant's process: python -m benchmarks.child module:function '{"argument": 1}' SECONDS.

Builds the task, warms it up and says {"ready": facts} in one line on stdout; then each line "run" on stdin is answered
by one timed run, {"cost": number}. When stdin ends, so does the process: no contestant outlives the benchmark.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Sequence
from typing import IO

from benchmarks.task import Task, warm_up


def main(arguments: Sequence[str]) -> None:
    target, given, seconds = arguments
    with own_stdout() as answers:
        task = build(target, json.loads(given))
        calls = warm_up(task, float(seconds))
        say(answers, {"ready": task.facts | {"calls": calls}})
        for line in sys.stdin:
            if line.strip() != "run":
                raise ValueError(f"Expected the line run, got {line!r}.")
            say(answers, {"cost": task.run(calls)})


def own_stdout() -> IO[str]:
    """What was stdout, for the answers alone; what libraries print, C++ included, goes to stderr from now on."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def build(target: str, arguments: dict[str, object]) -> Task:
    """The task of "module:function"."""
    # by name, since each contestant imports what the others must not
    module, _, function = target.partition(":")
    return getattr(importlib.import_module(module), function)(**arguments)


def say(answers: IO[str], message: dict[str, object]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
