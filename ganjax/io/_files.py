"""Files that appear whole or not at all, and JSON that every reader can read."""

from __future__ import annotations

import hashlib
import json
import math
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from ganjax.checks import InputError

SEAL = "sha256"  # the field that seals the others
MOST_JSON = 2**24  # bytes; every JSON file here has far fewer
NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def replace_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Writes `content` to `path`, atomically: a reader, or a kill, sees the old file or the new one, never a part.

    Missing parent folders are made.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # in the same folder, since a rename is atomic only within one file system
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def plain(value: object) -> Any:
    """`value` with nothing but what JSON has: arrays become lists, and NaN, Infinity and −Infinity strings.

    JSON has no such numbers. The strings are spelt as Python's `float` and JavaScript's `Number` read them back,
    so that a diverged run's log stays valid and still says how it diverged.

    Raises:
      InputError: on something that has no JSON form, or a key that is not a string.
    """
    if isinstance(value, Mapping):
        if wrong := [key for key in value if not isinstance(key, str)]:
            raise InputError(f"Expected strings as keys, got {wrong[0]!r}.")
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return _plain_number(value)


def _plain_number(value: object) -> Any:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, float):
        name = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return value if math.isfinite(value) else name
    if isinstance(value, np.generic) or (hasattr(value, "shape") and hasattr(value, "dtype")):
        array = np.asarray(value)
        if array.dtype.kind in "biufU":
            return plain(array.tolist())
        if jnp.issubdtype(array.dtype, jnp.floating) or jnp.issubdtype(array.dtype, jnp.integer):
            return plain(array.astype(np.float64).tolist())  # bfloat16 and the like, not NumPy's own: exact in float64
    raise InputError(f"Expected numbers, strings, lists and mappings, got a {type(value).__name__}: {value!r}.")


def write_json(path: str | os.PathLike[str], value: object) -> None:
    """Writes `value` as indented JSON, atomically. Arrays become lists; NaN and ±Infinity become strings.

    Args:
      path: where to; missing parent folders are made.
      value: mappings with string keys, sequences, numbers, strings, arrays, `None`, paths.

    Raises:
      InputError: on something that has no JSON form.
    """
    text = json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False)
    replace_file(path, f"{text}\n".encode())


def read_json(path: str | os.PathLike[str]) -> Any:
    """What a JSON file holds. Nothing in it is executed, and no more of it is read than 16 MiB.

    Raises:
      ValueError: when it is no file, larger, not JSON, or nested deeper than Python can follow.
      OSError: when it can't be read.
    """
    path = Path(path)
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
        raise ValueError(f"{path.name} is not a file")
    with path.open("rb") as file:
        content = file.read(MOST_JSON + 1)
    if len(content) > MOST_JSON:
        raise ValueError(f"{path.name} is larger than {MOST_JSON:,} bytes")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} is not valid JSON: {error}") from error


def write_sealed(path: str | os.PathLike[str], values: Mapping[str, Any]) -> None:
    """`write_json`, with a field `sha256` more, by which `read_sealed` knows whether the others are as they were.

    Raises:
      InputError: as `write_json`.
    """
    write_json(path, {**values, SEAL: _seal(values)})


def read_sealed(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What `write_sealed` wrote. A file without a seal is taken as it is: its writer, or reader, took it off.

    Raises:
      ValueError: as `read_json`; when it holds something else than fields with names; or when the seal is broken.
      OSError: when it can't be read.
    """
    values = read_json(path)
    if not isinstance(values, dict):
        raise ValueError(f"{Path(path).name} holds no names with values, but {type(values).__name__}")
    seal = values.pop(SEAL, None)
    if seal is not None and seal != _seal(values):
        raise ValueError(
            f"{Path(path).name} is not as it was written, but damaged, or changed by hand; if the change is meant, "
            f"delete its line {SEAL}"
        )
    return values


def _seal(values: Mapping[str, Any]) -> str:
    """SHA-256 of values, in hexadecimal; how they are laid out in their file does not matter."""
    return hashlib.sha256(json.dumps(plain(values), sort_keys=True, allow_nan=False).encode()).hexdigest()
