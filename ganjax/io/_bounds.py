"""What a checkpoint's folder may hold and claim: checked before anything in it is believed, or takes memory."""

from __future__ import annotations

import errno
import math
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jax

from ganjax.io._states import is_key

SPARE = 2**26  # bytes that a folder may hold beside the arrays
SLACK = 2  # and how many times theirs, however they are packed


def stored_form(leaf: Any) -> Any:
    """Shape and type of a leaf as it lies in a checkpoint: a typed key as its words."""
    return jax.eval_shape(jax.random.key_data, leaf) if is_key(leaf) else leaf


def check_folder(folder: Path, leaves: Iterable[Any]) -> None:
    """Looks at everything in a checkpoint's folder without opening any of it.

    Raises:
      ValueError: when something is neither a file nor a folder (a reader of a pipe would wait for ever, a link leads
        elsewhere), or the files take more room than these leaves can.
      OSError: when it can't be looked at.
    """
    forms = [stored_form(leaf) for leaf in leaves]
    most = SPARE + SLACK * sum(math.prod(form.shape) * form.dtype.itemsize for form in forms)
    total = 0
    for place, folders, files in os.walk(folder, onerror=_raise):
        for name in (*folders, *files):
            path = os.path.join(place, name)
            status = os.lstat(path)
            if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
                raise ValueError(f"{name} in it is neither a file nor a folder")
            if not os.access(path, os.R_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
            total += status.st_size
    if total > most:
        raise ValueError(f"it takes {total:,} bytes, and a state like this at most {most:,}")


def check_claims(claimed: Mapping[str, Any], leaves: Mapping[str, Any]) -> None:
    """Compares what the storage says of its arrays with what they must be; it allocates whatever they claim.

    Args:
      claimed: by name, shape, type and the shape of the chunks in which an array is stored.
      leaves: by name, what they must be.

    Raises:
      ValueError: for an array too many, another shape or type, or chunks larger than their array.
      KeyError: when one is missing.
    """
    if others := claimed.keys() - leaves.keys():
        raise ValueError(f"{min(others)} is stored too, which is no part of the state")
    for name, leaf in leaves.items():
        said, form = claimed[name], stored_form(leaf)
        if tuple(said.shape) != tuple(form.shape) or said.dtype != form.dtype:
            raise ValueError(f"{name} is stored as {said.dtype}{list(said.shape)}, not {form.dtype}{list(form.shape)}")
        chunk = getattr(said.storage, "chunk_shape", None) or ()
        if any(length > max(side, 1) for length, side in zip(chunk, form.shape, strict=False)):
            raise ValueError(f"{name} is stored in chunks of {list(chunk)}, larger than {list(form.shape)}")


def _raise(error: OSError) -> None:
    raise error
