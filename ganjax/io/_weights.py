"""A network's weights in one file, checked on the way in and on the way out."""

from __future__ import annotations

import hashlib
import io
import math
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ganjax.checks import InputError
from ganjax.io._files import replace_file

SOURCE, FINGERPRINT = "source_sha256", "fingerprint"  # stand in the file beside the weights
SPARE = 2**20  # bytes of headers and notes beside the weights
PICKLE = b"\x80"  # what every binary pickle starts with, PyTorch's older files among them

Arrays = Mapping[str, np.ndarray]
Shapes = Mapping[str, tuple[int, ...]]


class SavedWeights(NamedTuple):
    """What a file of weights holds.

    Attributes:
      arrays: float32, by name.
      fingerprint: their `weights_sha256`.
      source_sha256: of the file that they were converted from, as it was noted then.
    """

    arrays: dict[str, np.ndarray]
    fingerprint: str
    source_sha256: str


def weights_sha256(arrays: Arrays) -> str:
    """The SHA-256 of weights themselves (names, shapes, float32 entries), whatever file they lie in: 64 digits."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name], "<f4")
        digest.update(f"{name} {array.shape} ".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def write_weights(path: str | os.PathLike[str], arrays: Arrays, shapes: Shapes, source_sha256: str) -> str:
    """Writes weights as one `.npz`, atomically, and gives their fingerprint.

    Args:
      path: where to; missing parent folders are made.
      arrays: float32, by name.
      shapes: the names and shapes that they must have.
      source_sha256: of the file that they come from.

    Raises:
      InputError: arrays that are not of these names and shapes, not float32, or not finite.
    """
    _check(arrays, shapes, "the weights")
    fingerprint = weights_sha256(arrays)
    buffer = io.BytesIO()
    notes = {SOURCE: np.array(source_sha256), FINGERPRINT: np.array(fingerprint)}
    np.savez(buffer, allow_pickle=False, **arrays, **notes)
    replace_file(path, buffer.getvalue())
    return fingerprint


def read_weights(path: str | os.PathLike[str], shapes: Shapes, *, convert: str = "") -> SavedWeights:
    """Weights from a file that `write_weights` wrote. Nothing in it is executed.

    Args:
      path: the `.npz`.
      shapes: the names and shapes that its arrays must have.
      convert: the command that makes such a file, for the error's mend.

    Raises:
      InputError: no such file, a damaged one, a PyTorch file, or arrays that are not these.
    """
    path = Path(path)
    mend = f" Make it with: {convert}" if convert else ""
    if not path.is_file():
        what = "no file" if path.exists() else "not there"
        raise InputError(f"Expected a file of weights, got {path}, which is {what}.{mend}")
    if _is_torch(path):
        raise InputError(f"Expected weights as .npz, got {path}, a PyTorch file: convert it first.{mend}")
    try:
        arrays = read_arrays(path, 2 * sum(4 * math.prod(shape) for shape in shapes.values()) + SPARE)
    except InputError as error:
        raise InputError(f"Expected weights in {path}, got a file that can't be read ({error}).{mend}") from error
    notes = {name: str(arrays.pop(name, "")) for name in (SOURCE, FINGERPRINT)}
    _check(arrays, shapes, str(path))
    if (fingerprint := weights_sha256(arrays)) != notes[FINGERPRINT]:
        raise InputError(f"Expected the weights that were written to {path}, got others: the file is damaged.{mend}")
    return SavedWeights(arrays, fingerprint, notes[SOURCE])


def read_arrays(path: Path, most_bytes: int = 2**33) -> dict[str, np.ndarray]:
    """What a `.npz` holds, which is nothing but arrays. Nothing in it is executed.

    Args:
      path: the file.
      most_bytes: that it may hold, unpacked; what it declares is believed no further.

    Raises:
      InputError: it can't be read; the message is the reason alone.
    """
    try:
        _check_size(path, most_bytes)
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = dict(file)
    except Exception as error:  # damage meets any error of NumPy, the zip reader, its decoders and the memory
        # a TypeError is a lone array's; of pickles NumPy's words are to trust and execute them
        other = isinstance(error, TypeError) or "pickle" in str(error)
        reason = "it is no .npz of arrays alone" if other else str(error) or type(error).__name__
        raise InputError(reason.splitlines()[0]) from error
    if strange := [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]:
        raise InputError(f"{strange[0]} in it is no array")
    return arrays


def _check_size(path: Path, most_bytes: int) -> None:
    """Raises `InputError` for what is no file, or holds too much. The zip reader gives no more than is declared."""
    if not path.is_file():  # a pipe would be waited for
        raise InputError("it is no file")
    size = path.stat().st_size
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            size = max(size, sum(info.file_size for info in archive.infolist()))
    if size > most_bytes:
        raise InputError(f"it holds {size:,} bytes, more than {most_bytes:,}")


def _is_torch(path: Path) -> bool:
    """Whether PyTorch wrote it: a pickle, or a zip with one in it."""
    try:
        with path.open("rb") as file:
            if file.read(1) == PICKLE:
                return True
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("data.pkl") for name in archive.namelist())
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return False


def _check(arrays: Arrays, shapes: Shapes, where: str) -> None:
    if wrong := sorted(shapes.keys() ^ arrays.keys()):
        what = f"lacks {wrong[0]}" if wrong[0] in shapes else f"has {wrong[0]} too"
        raise InputError(
            f"Expected {len(shapes)} arrays of this network's names in {where}, got {len(arrays)}: it {what}."
        )
    for name, shape in shapes.items():
        array = arrays[name]
        if array.shape != tuple(shape) or array.dtype != np.float32:
            raise InputError(
                f"Expected {name}{list(shape)} of float32 in {where}, got {list(array.shape)} of {array.dtype}."
            )
        if not np.isfinite(array).all():
            raise InputError(f"Expected finite weights in {where}, got NaN or infinity in {name}.")
