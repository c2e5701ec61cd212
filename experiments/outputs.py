"""Where a script is to write: tried before anything is computed, so that no result is lost for want of a place."""

from __future__ import annotations

import os
from pathlib import Path

from ganjax.checks import InputError


def check_folder(folder: Path) -> None:
    """Makes the folder where it is missing.

    Raises:
      InputError: if no file can be made there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"Can't write in {folder}: {reason}. Name another place.") from error


def check_file(file: Path | None) -> None:
    """Makes the file's folder where it is missing; None is no file, and right.

    Raises:
      InputError: if the file can't be made, or a folder has its name.
    """
    if file is None:
        return
    check_folder(file.parent)
    if os.path.isdir(file):
        raise InputError(f"Expected a file to write, got the folder {file}: name a file in it.")
