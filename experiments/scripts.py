"""What every script here does with bad input: one clear line, exit code 2."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from jax.errors import JaxRuntimeError
from rich.console import Console
from rich.markup import escape

from ganjax.checks import InputError

USAGE_ERROR, INTERRUPTED = 2, 130
OUT_OF_MEMORY = "RESOURCE_EXHAUSTED"  # what XLA's errors of that kind begin with


def report_errors(script: Callable[[], None]) -> int:
    """Runs a script; its exit code. An `InputError`, or a want of memory, becomes a line on stderr and code 2.

    After Ctrl-C a process that is one of the scripts here ends at once, with code 130.
    """
    # of a damaged picture Pillow complains in other words, too
    warnings.filterwarnings("ignore", module="PIL")
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    try:
        script()
    except InputError as error:
        say(str(error))
        return USAGE_ERROR
    except (MemoryError, JaxRuntimeError) as error:
        if isinstance(error, JaxRuntimeError) and OUT_OF_MEMORY not in str(error):
            raise
        reason = str(error).partition("\n")[0]
        say(f"Not enough memory ({reason}): lower the batch size, the number of samples, or the networks' widths.")
        return USAGE_ERROR
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted.")
        if is_script():
            leave(INTERRUPTED)
        return INTERRUPTED
    return 0


def say(message: str) -> None:
    """One error message."""
    Console(stderr=True).print(f"[bold red]error:[/] {escape(message)}", highlight=False, soft_wrap=True)


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
