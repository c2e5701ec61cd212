"""Where a set is said to lie: looked at once, so that what can't be a path is refused before anybody opens it."""

from __future__ import annotations

from pathlib import Path

from ganjax.checks import InputError


def located(folder: str | Path) -> Path:
    """The path with a ~ at its beginning replaced, whether something is there or not.

    Raises:
      InputError: when the system can't say: a name too long, a folder that may not be looked into, nobody's home.
    """
    try:
        path = Path(folder).expanduser()
        path.exists()
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"Expected a path to data, got {str(folder)[:200]!r}: {reason} (--data.dir).") from error
    return path
