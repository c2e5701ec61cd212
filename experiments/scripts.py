"""What every script here does with bad input (one clear line, exit code 2) and without a reader: it goes on."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO, cast

from jax.errors import JaxRuntimeError
from rich.console import Console
from rich.markup import escape

from ganjax.checks import InputError
from ganjax.io import SaveError

USAGE_ERROR, DIVERGED, LOST, INTERRUPTED = 2, 4, 5, 130
OUT_OF_MEMORY = "RESOURCE_EXHAUSTED"  # what XLA's errors of that kind begin with


class Failure(Exception):
    """What ends a script though its input was right.

    Args:
      message: one clear line: what happened, what is kept, the likely mend.
      code: the process's exit code.
    """

    def __init__(self, message: str, code: int):
        super().__init__(message)
        self.code = code


def report_errors(script: Callable[[], None]) -> int:
    """Runs a script; its exit code. An `InputError`, or a want of memory, becomes a line on stderr and code 2, a
    `Failure` one and its code, what could not be written one and code 5.

    A process that is one of the scripts here ends at once after Ctrl-C, with code 130, and outlives its readers.
    """
    # of a damaged picture Pillow complains in other words, too
    warnings.filterwarnings("ignore", module="PIL")
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    if not is_script():
        return exit_code(script)
    with contextlib.redirect_stdout(lasting(sys.stdout)), contextlib.redirect_stderr(lasting(sys.stderr)):
        try:
            return exit_code(script)
        finally:
            flush()


def exit_code(script: Callable[[], None]) -> int:
    try:
        script()
    except (InputError, Failure, SaveError) as error:
        say(str(error))
        if isinstance(error, Failure):
            return error.code
        return USAGE_ERROR if isinstance(error, InputError) else LOST
    except (MemoryError, JaxRuntimeError) as error:
        if isinstance(error, JaxRuntimeError) and OUT_OF_MEMORY not in str(error):
            raise
        reason = str(error).partition("\n")[0]
        say(f"Not enough memory ({reason}): lower the batch size, the number of samples, or the networks' widths.")
        return USAGE_ERROR
    except BaseException as error:
        if not is_interrupt(error):
            raise
        Console(stderr=True).print("Interrupted.")
        if is_script():
            leave(INTERRUPTED)
        return INTERRUPTED
    return 0


def say(message: str) -> None:
    """One error message."""
    Console(stderr=True).print(f"[bold red]error:[/] {escape(message)}", highlight=False, soft_wrap=True)


def is_interrupt(error: BaseException | None) -> bool:
    """Whether it is Ctrl-C's, or came of it: Python 3.11 wraps what comes while a class is made."""
    return error is not None and (
        isinstance(error, KeyboardInterrupt) or is_interrupt(error.__cause__ or error.__context__)
    )


def flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # nobody is left to read, or ever was
            stream.flush()


class Lasting:
    """A stream whose reader may leave, as `head` does, or a terminal that is closed: what is said then, nobody hears.

    Without it the first line after that would end a run of days. The same for a log on a disk that is full.
    """

    def __init__(self, stream: TextIO):
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._heard_or_not():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._heard_or_not():
            self._stream.flush()

    @contextlib.contextmanager
    def _heard_or_not(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


def lasting(stream: TextIO) -> TextIO:
    return cast(TextIO, Lasting(stream)) if stream else stream  # there may be none: `>&-`


def is_script() -> bool:
    """Whether this process is one of the scripts here, and no test or notebook that calls one."""
    main = getattr(sys.modules["__main__"], "__file__", None)
    return main is not None and Path(main).resolve().parent == Path(__file__).resolve().parent


def leave(code: int) -> None:
    """Ends the process without Python's tidying up, in which threads that computations left running may crash."""
    flush()
    os._exit(code)
