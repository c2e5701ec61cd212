"""What every script here does with bad input: one clear line, exit code 2."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from ganjax.checks import InputError
from ganjax.io import SaveError

USAGE_ERROR, LOST, INTERRUPTED = 2, 4, 130


class LostError(Exception):
    """What a script made could not be written in the end; the message says what, why, and what to do."""


def report_errors(script: Callable[[], None]) -> int:
    """Runs a script; its exit code. An `InputError` becomes a line on stderr and code 2, results that could not be
    written one and code 4.

    After Ctrl-C a process that is one of the scripts here ends at once, with code 130.
    """
    try:
        script()
    except (InputError, LostError, SaveError) as error:
        Console(stderr=True).print(f"[bold red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        return USAGE_ERROR if isinstance(error, InputError) else LOST
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted.")
        if is_script():
            leave(INTERRUPTED)
        return INTERRUPTED
    return 0


def is_script() -> bool:
    """Whether this process is one of the scripts here, and no test or notebook that calls one."""
    main = getattr(sys.modules["__main__"], "__file__", None)
    return main is not None and Path(main).resolve().parent == Path(__file__).resolve().parent


def leave(code: int) -> None:
    """Ends the process without Python's tidying up, in which threads that computations left running may crash."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody is left to read
            stream.flush()
    os._exit(code)
