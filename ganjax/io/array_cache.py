"""Arrays that take long to make, kept on disk: uncompressed, checked when they are read, made again when damaged."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from ganjax.checks import InputError
from ganjax.io._files import read_json

SUMS = "sha256.json"
PARTIAL = ".partial"
ABANDONED = 24 * 3600  # seconds after which a half-written entry belongs to nobody

Arrays = dict[str, np.ndarray]


def cache_folder() -> Path:
    """Where what can be made again is kept: `$GANJAX_CACHE`, else ganjax in `$XDG_CACHE_HOME`, else ~/.cache/ganjax."""
    chosen, common = os.environ.get("GANJAX_CACHE"), os.environ.get("XDG_CACHE_HOME")
    return Path(chosen or Path(common or Path.home() / ".cache") / "ganjax").expanduser()


def kept_arrays(
    folder: str | os.PathLike[str], key: str, make: Callable[[], Arrays], *, worth_seconds: float = 5.0
) -> tuple[Arrays, tuple[str, ...]]:
    """What make() gives, made now or kept from before.

    An entry is a folder FOLDER/KEY with one uncompressed .npy file an array, mapped into memory when it is read, and
    their checksums. It appears whole or not at all, by one rename. A damaged one is made again, one that can't be
    written is done without, and both are said in a note.

    Args:
      folder: where entries lie; made where it is missing.
      key: a hexadecimal digest of everything that the arrays depend on.
      make: makes them; nothing of it is kept but arrays without Python objects.
      worth_seconds: what is made faster isn't kept.

    Returns:
      The arrays, read-only where they were kept, and notes for a person.

    Raises:
      InputError: for a key that is no digest.
    """
    if not re.fullmatch(r"[0-9a-f]{16,128}", key):
        raise InputError(f"Expected a hexadecimal digest as key, got {key!r}: it names a folder.")
    entry = Path(folder) / key[:32]
    notes: tuple[str, ...] = ()
    if entry.is_dir():
        try:
            return _read(entry, key), (f"read decoded from {entry}",)
        except (OSError, ValueError, KeyError, EOFError) as error:
            notes = (f"made again: {entry} was damaged ({error})",)
    began = time.perf_counter()
    arrays = make()
    if time.perf_counter() - began < worth_seconds and not notes:
        return arrays, notes
    try:
        _write(entry, key, arrays)
    except OSError as error:
        return arrays, (*notes, f"not kept: {entry} can't be written ({error.strerror or error})")
    size = sum(array.nbytes for array in arrays.values())
    return arrays, (*notes, f"kept for next time: {size / 2**20:,.0f} MiB in {entry}")


def _read(entry: Path, key: str) -> Arrays:
    said = read_json(entry / SUMS)
    sums = said["arrays"] if isinstance(said, dict) else None
    if not isinstance(sums, dict) or not sums:
        raise ValueError(f"no checksums in {SUMS}")
    if said["key"] != key:
        raise ValueError("it is another's")
    for name, expected in sums.items():
        if name != Path(name).name or _sha256(entry / f"{name}.npy") != expected:
            raise ValueError(f"wrong checksum of {name}.npy")
    return {name: np.load(entry / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in sums}


def _sha256(path: Path) -> str:
    if not path.is_file():  # a pipe would be waited for
        raise ValueError(f"{path.name} is missing, or no file")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(entry: Path, key: str, arrays: Mapping[str, np.ndarray]) -> None:
    entry.parent.mkdir(parents=True, exist_ok=True)
    _clear_abandoned(entry.parent)
    partial = entry.with_name(f"{entry.name}.{secrets.token_hex(4)}{PARTIAL}")
    try:
        partial.mkdir()
        for name, array in arrays.items():
            with (partial / f"{name}.npy").open("xb") as file:
                np.save(file, array, allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())
        sums = {name: _sha256(partial / f"{name}.npy") for name in arrays}
        (partial / SUMS).write_text(json.dumps({"key": key, "arrays": sums}))
        _publish(partial, entry)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _publish(partial: Path, entry: Path) -> None:
    shutil.rmtree(entry, ignore_errors=True)  # a damaged one
    try:
        partial.rename(entry)
    except OSError:
        if not entry.is_dir():  # else another process has put it there meanwhile
            raise


def _clear_abandoned(folder: Path) -> None:
    """Removes what processes that were killed while writing have left behind."""
    for partial in folder.glob(f"*{PARTIAL}"):
        if time.time() - partial.stat().st_mtime > ABANDONED:
            shutil.rmtree(partial, ignore_errors=True)
