"""Orbax, kept from talking past its caller: what fails is raised, and needs no traceback on the terminal besides."""

from __future__ import annotations

import functools
import logging
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any


@functools.cache
def orbax() -> Any:
    """Orbax, imported when it is first needed: it takes as long to import as JAX does."""
    import absl.logging
    import orbax.checkpoint as ocp

    if absl.logging.get_verbosity() == absl.logging.WARNING:  # its default: nobody has asked for more
        absl.logging.set_verbosity(absl.logging.ERROR)
        absl.logging.get_absl_logger().addFilter(lambda record: not _is_orbax(record.pathname))
        # of several arrays that can't be written it raises the error of one, and the others' nobody asks for
        logging.getLogger("asyncio").addFilter(_is_anothers)
    return ocp


def quiet_stragglers() -> None:
    """Drops what has nothing to tell: Orbax gives up at the first array that it cannot read or write and closes its
    event loop, and each one still under way then complains, from a thread of its own, that the loop is closed. They may
    do so long after the error was raised, so this stays in place."""
    report = sys.unraisablehook
    if getattr(report, "func", None) is not _unless_straggler:
        sys.unraisablehook = functools.partial(_unless_straggler, report)


def _unless_straggler(report: Callable[[Any], object], unraisable: Any) -> None:
    if not (unraisable.object is None and str(unraisable.exc_value) == "Event loop is closed"):
        report(unraisable)


def _is_anothers(record: logging.LogRecord) -> bool:
    """Whether it does not stem from an error inside Orbax."""
    trace = record.exc_info[2] if record.exc_info else None
    return not any(_is_orbax(frame.filename) for frame in traceback.extract_tb(trace))


def _is_orbax(file: str) -> bool:
    return "orbax" in Path(file).parts
