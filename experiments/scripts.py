"""What every script here does with bad input: one clear line, exit code 2."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.markup import escape

from ganjax.checks import InputError

USAGE_ERROR, INTERRUPTED = 2, 130


def report_errors(script: Callable[[], None]) -> int:
    """Runs a script; its exit code. An `InputError` becomes a line on stderr and code 2."""
    try:
        script()
    except InputError as error:
        Console(stderr=True).print(f"[bold red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        return USAGE_ERROR
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted.")
        return INTERRUPTED
    return 0
