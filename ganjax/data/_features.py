"""What a prepared set says of its features, looked at before tensorflow-datasets believes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ganjax.checks import InputError

_MOST = 2**24  # bytes of a description
_NAMES = ("pythonClassName", "python_class_name", "type")
_OWN = "tensorflow_datasets."


def check_features(folder: Path) -> None:
    """Refuses a set whose features.json names classes that are not tensorflow-datasets' own.

    It would import whatever module is named there, which runs what the module's file holds.

    Raises:
      InputError: for such a name, or a description that can't be read.
    """
    file = folder / "features.json"
    if not file.is_file():
        return  # whoever needs it says so
    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST + 1)
        if len(content) > _MOST:
            raise ValueError(f"more than {_MOST} bytes of features.json")
        strange = [name for name in _classes(json.loads(content)) if not name.startswith(_OWN)]
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"Expected a prepared data set at {folder}, got: {error}: prepare it again.") from error
    if strange:
        raise InputError(
            f"Expected features of tensorflow-datasets in {file}, got {strange[0][:80]!r}, which would be imported, "
            "whatever it is: prepare the set again, or write its images to a .npz file."
        )


def _classes(described: Any) -> Iterator[str]:
    """Every name of a class, at any depth."""
    if not isinstance(described, dict | list):
        return
    entries = described.items() if isinstance(described, dict) else enumerate(described)
    for name, value in entries:
        if name in _NAMES and isinstance(value, str):
            yield value
        yield from _classes(value)
