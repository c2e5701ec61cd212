"""From a picture file's bytes to pixels, whatever kind of picture it is."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Shaped, UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from ganjax.checks import InputError
from ganjax.data._transform import Transform, on_white

FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "PPM")  # none that starts another program, as EPS does
LARGEST_PICTURE = 2**26  # pixels: a small file can claim to be a picture that fills the memory
GRAY = ("1", "L", "LA")
DEEP = ("I;16", "I;16B", "I;16L", "I;16N")  # Pillow's names of 16-bit grays
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    KeyError,
    IndexError,
    EOFError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    Image.DecompressionBombError,
    UserWarning,  # where warnings are errors
)


class UnreadableError(InputError):
    """A file that holds no picture, or a damaged one."""


def read_picture(
    path: Path,
    name: str,
    read: Callable[[], bytes],
    channels: int | None = None,
    transform: Transform = Transform(),  # noqa: B008 (a tuple: nobody can change it)
) -> UInt8[np.ndarray, "H W C"]:
    """One picture, turned as its EXIF orientation says, transformed.

    Gray pictures have one channel, all others three. What is transparent is laid on white. 16-bit gray is scaled,
    round(v · 255/65535); of 16-bit colors Pillow keeps the high byte, ⌊v/256⌋, at most one level away. CMYK becomes RGB
    by Pillow's formula; color profiles are not applied.

    Args:
      path: the folder or archive, for error messages.
      name: the file in it, likewise.
      read: gives its bytes.
      channels: of the set's other pictures, where the transform doesn't declare them: a gray one among color pictures
        is repeated.
      transform: what is done to it.

    Raises:
      UnreadableError: when it can't be read.
      InputError: when it is a color picture among gray ones, or the transform doesn't suit it.
    """
    try:
        pixels = decode(read())
    except UnreadableError as error:
        raise UnreadableError(f"{name} of {path}: {error}") from error
    except PermissionError as error:
        raise UnreadableError(
            f"Expected to read {name} of {path}, got: {error.strerror or error}: check its permissions."
        ) from error
    except _BROKEN as error:
        raise UnreadableError(
            f"Expected a picture in {name} of {path}, but it can't be read ({_reason(error)}): replace or delete it."
        ) from error
    try:
        return transform(_as_others(pixels, None if transform.channels else channels))
    except InputError as error:
        raise InputError(f"{name} of {path}: {error}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):  # whose own words are of the bytes' address
        return f"none of {', '.join(FORMATS)}"
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def decode(content: bytes) -> UInt8[np.ndarray, "H W C"]:
    """A picture's pixels: [H, W, 1] if it is gray, else [H, W, 3].

    Raises:
      UnreadableError: for pictures too large, or of numbers that have no white.
      OSError and others: whatever Pillow raises for what it can't read.
    """
    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        if picture.width * picture.height > LARGEST_PICTURE:
            raise UnreadableError(
                f"Expected a picture of at most {LARGEST_PICTURE:,} pixels, got {picture.height} x {picture.width}: "
                "make it smaller."
            )
        ImageOps.exif_transpose(picture, in_place=True)
        pixels = _pixels(picture)
    return pixels if pixels.ndim == 3 else pixels[..., None]


def _pixels(picture: Image.Image) -> UInt8[np.ndarray, "..."]:
    if picture.mode in DEEP or (picture.mode == "I" and picture.format in ("PNG", "PPM")):
        return eight_bits(np.asarray(picture))
    if picture.mode in ("I", "F"):
        raise UnreadableError(f"Expected a picture of 8 or 16 bits, got mode {picture.mode}: convert it.")
    if not picture.has_transparency_data:
        return np.asarray(picture.convert("L" if picture.mode in GRAY else "RGB"))
    pixels = on_white(np.asarray(picture.convert("RGBA")))
    return pixels[..., :1] if picture.mode in GRAY else pixels


def eight_bits(values: Shaped[np.ndarray, "H W"]) -> UInt8[np.ndarray, "H W"]:
    """0 … 65535 as 0 … 255: round(v · 255/65535). Elementwise. Pillow's own conversion cuts off at 255."""
    return ((values.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)


def _as_others(pixels: UInt8[np.ndarray, "H W C"], channels: int | None) -> UInt8[np.ndarray, "H W _"]:
    if channels is None or pixels.shape[2] == channels:
        return pixels
    if channels == 1:
        raise InputError(
            "Expected a gray picture, as the first one is, got a color picture: declare --data.channels 3 (or 1)."
        )
    return np.repeat(pixels, channels, axis=2)
