"""Images in a NumPy file: .npz with an array `images` and perhaps `labels`, or .npy with images alone."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from jaxtyping import Int, Shaped, UInt8

from ganjax.checks import InputError
from ganjax.data._source import Source, image_source

MOST_CLASSES = 2**16  # a label beyond is no class's number
MOST_CHANNELS = 4
_GIB = 2**30
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def npz_source(path: str | Path, *, max_bytes: int = 8 * _GIB) -> Source:
    """The images of a NumPy file, in their order. Nothing in it is unpickled.

    Args:
      path: a .npz file with `images`, uint8 [N, H, W, C] or [N, H, W] for gray ones, and, where there are classes,
        `labels`, integers [N] from 0, as many classes as the greatest says; or a .npy file with images.
      max_bytes: the most memory that the images may take; what the file declares is checked before it is read.

    Raises:
      InputError: when the file is not there, is damaged, has no such arrays, or they don't fit each other.
    """
    path = Path(path).expanduser()
    if path.suffix not in (".npz", ".npy") or not path.is_file():
        what = "nothing there" if not path.exists() else "another kind of file"
        raise InputError(f"Expected a .npz or .npy file at {path}, got {what}: correct the path (--data.dir).")
    arrays = _read_npz(path, max_bytes) if path.suffix == ".npz" else {"images": _read_npy(path, max_bytes)}
    if "images" not in arrays:
        raise InputError(
            f"Expected an array called images in {path}, got {', '.join(_names(path)) or 'none'}: "
            "write it with np.savez(file, images=..., labels=...)."
        )
    images, labels = _as_images(path, arrays["images"]), arrays.get("labels")
    num_classes = None if labels is None else _num_classes(path, labels)
    return image_source(path.name, images, labels, num_classes)


def _as_images(path: Path, images: Shaped[np.ndarray, "..."]) -> UInt8[np.ndarray, "N H W C"]:
    """[N, H, W, C], whatever else was stored refused."""
    shaped = images[..., None] if images.ndim == 3 else images
    if images.dtype != np.uint8 or shaped.ndim != 4 or not 1 <= shaped.shape[3] <= MOST_CHANNELS:
        raise InputError(
            f"Expected uint8 images [N, H, W, C], C from 1 to {MOST_CHANNELS}, or [N, H, W] in {path}, got "
            f"{images.dtype} {list(images.shape)}: store bytes 0 to 255, the channels last."
        )
    return shaped


def _num_classes(path: Path, labels: Shaped[np.ndarray, "..."]) -> int:
    if labels.dtype.kind not in "iu" or labels.ndim != 1 or not len(labels):
        raise InputError(
            f"Expected integer labels [N] in {path}, got {labels.dtype} {list(labels.shape)}: number the classes "
            "from 0."
        )
    least, greatest = int(labels.min()), int(labels.max())
    if least < 0 or greatest >= MOST_CLASSES:
        raise InputError(
            f"Expected labels from 0 to at most {MOST_CLASSES - 1} in {path}, got {least} to {greatest}: number the "
            "classes from 0."
        )
    return greatest + 1


def _read_npz(path: Path, max_bytes: int) -> Mapping[str, Shaped[np.ndarray, "..."]]:
    """The arrays `images` and `labels`, those of them that are there."""
    try:
        with zipfile.ZipFile(path) as archive:
            wanted = [name for name in ("images", "labels") if f"{name}.npy" in archive.namelist()]
            for name in wanted:
                with archive.open(f"{name}.npy") as file:
                    _check_header(path, name, file, max_bytes)
            arrays: dict[str, Int[np.ndarray, "..."]] = {}
            for name in wanted:
                with archive.open(f"{name}.npy") as file:
                    arrays[name] = np.lib.format.read_array(file, allow_pickle=False)
                    file.read(1)  # at its end the member's checksum is compared
            return arrays
    except Exception as error:  # damage meets any error of NumPy, the parsers that it asks, and the zip reader
        raise _damaged(path, error) from error


def _read_npy(path: Path, max_bytes: int) -> Shaped[np.ndarray, "..."]:
    try:
        with path.open("rb") as file:
            _check_header(path, "images", file, max_bytes)
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:
        raise _damaged(path, error) from error


def _check_header(path: Path, name: str, file: IO[Any], max_bytes: int) -> None:
    """Raises `InputError` for an array that would not fit, or that holds Python objects."""
    read_header = _HEADERS.get(np.lib.format.read_magic(file))
    if read_header is None:
        raise ValueError("an unknown version of NumPy's format")
    shape, _, dtype = read_header(file)
    if dtype.hasobject:
        raise InputError(f"Expected numbers in {name} of {path}, got pickled Python objects, which may run anything.")
    if any(length < 0 for length in shape):
        raise ValueError(f"a shape of {list(shape)}")
    needed = math.prod(shape) * dtype.itemsize
    if needed > max_bytes:
        raise InputError(
            f"Expected at most {max_bytes / _GIB:.3g} GiB in {name} of {path}, got {needed / _GIB:.3g} GiB: store "
            "fewer or smaller images, or raise max_bytes."
        )


def _damaged(path: Path, error: Exception) -> InputError:
    if isinstance(error, InputError):
        return error
    reason = str(error).partition("\n")[0] or type(error).__name__
    return InputError(f"Expected a whole NumPy file at {path}, got: {reason[:200]}: write it again.")


def _names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist()]
