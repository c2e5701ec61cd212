"""What every script here does with bad input: one clear line, exit code 2."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console

from ganjax.checks import InputError

USAGE_ERROR = 2


def report_errors(script: Callable[[], None]) -> int:
    """Runs a script; its exit code. An `InputError` becomes a line on stderr and code 2."""
    try:
        script()
    except InputError as error:
        Console(stderr=True).print("[bold red]error:[/]", str(error), highlight=False, soft_wrap=True, markup=True)
        return USAGE_ERROR
    return 0
