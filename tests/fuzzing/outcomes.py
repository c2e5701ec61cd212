"""How a script ended: what it may do with any input is its work, or one message and exit code 2.

`outcome` runs a script in this process; everything else that comes out of it is a bug.
"""

import contextlib
import faulthandler
import gc
import io
import signal
import sys
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import workdir as workdir_module
from hypothesis import HealthCheck, Phase, seed, settings

SECONDS = 400  # that a case may take, before it counts as hanging; the widest networks take 100 of an idle machine's


class Hanging(BaseException):
    """Of no kind that a script could take for one of its own errors: a TimeoutError passes for a disk's."""


class Outcome(NamedTuple):
    """How a script ended: its exit code, and what it said."""

    code: int
    out: str
    err: str


def outcome(script: Callable[[], int]) -> Outcome:
    """A script's end. Its exceptions pass through: none may leave it."""
    # as the interpreter opens them
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", errors="strict", write_through=True)
    err = io.TextIOWrapper(io.BytesIO(), "utf-8", errors="backslashreplace", write_through=True)
    try:
        with within_seconds(SECONDS), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = script()
    except SystemExit as stopped:  # the parser's own
        code = stopped.code if isinstance(stopped.code, int) else 1
    finally:
        for handle in workdir_module.LOCKS:
            handle.close()
        workdir_module.LOCKS.clear()
    told = (typing.cast(io.BytesIO, stream.buffer).getvalue().decode() for stream in (out, err))
    return Outcome(code, *told)


@contextlib.contextmanager
def within_seconds(seconds: float) -> Iterator[None]:
    """Raises `Hanging` in what takes longer; ends the process where not even that is heard."""

    def hanging(number: int, frame: types.FrameType | None) -> None:
        raise Hanging(f"took longer than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, hanging)
    signal.setitimer(signal.ITIMER_REAL, seconds, 5)  # again, if the first is lost in a place that drops errors
    faulthandler.dump_traceback_later(2 * seconds, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def is_refusal(ended: Outcome) -> bool:
    """Whether it was refused, as things are to be refused: code 2 and one message on stderr."""
    if ended.code != 2:
        return False
    parsers = ended.err.count("For full helptext, ") == 1
    assert is_one_message(ended.err) or parsers, ended
    assert "Traceback" not in ended.err
    return True


def is_one_message(told: str) -> bool:
    """Whether a script said one error, and nothing else."""
    return told.count("error: ") == 1 and told.startswith("error: ") and "Traceback" not in told


def cases(examples: int, number: int) -> Callable[[Any], Any]:
    """Hypothesis' settings of a search that is the same whenever it is made, and stops at the first failure."""
    quick = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck), "print_blob": False}
    made = settings(max_examples=examples, phases=[Phase.generate], **quick)
    return lambda test: seed(number)(made(test))


def forget_compiled() -> None:
    """Frees what hundreds of compiled programs hold."""
    jax.clear_caches()
    gc.collect()
