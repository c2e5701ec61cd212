"""Pictures of a run: grids of samples, animations, scatters of points, curves. Files appear whole or not at all."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Shaped, UInt8
from PIL import Image

from ganjax.checks import InputError, check_positive
from ganjax.io._courses import Course, courses_picture
from ganjax.io._densities import density_picture, kernel_density
from ganjax.io._energies import histograms_picture, landscape_picture
from ganjax.io._files import replace_file
from ganjax.io._intervals import Dots, intervals_picture
from ganjax.io._plots import curves_picture, scatter_limits, scatter_picture

__all__ = [
    "Course",
    "Dots",
    "Pixels",
    "courses_picture",
    "curves_picture",
    "curves_png",
    "density_picture",
    "histograms_picture",
    "image_grid",
    "intervals_picture",
    "kernel_density",
    "landscape_picture",
    "png_bytes",
    "save_gif",
    "save_png",
    "scatter_limits",
    "scatter_picture",
    "to_uint8",
]

AnyArray = Shaped[Array | np.ndarray, "..."]
Pixels = UInt8[np.ndarray, "..."]  # [H, W] or [H, W, C]


def to_uint8(images: AnyArray) -> Pixels:
    """Pixels as a screen has them: uint8 as it is; floating point from [−1, 1] to 0 … 255. Elementwise.

    round((x + 1) · 127.5), values outside [−1, 1] clipped; NaN is drawn as −1, black.

    Raises:
      InputError: on another type: integers other than uint8 have no agreed range.
    """
    array = np.asarray(images)
    if array.dtype == np.uint8:
        return array
    if not jnp.issubdtype(array.dtype, jnp.floating):
        raise InputError(f"Expected images as uint8 or as floating point in [−1, 1], got {array.dtype}.")
    values = np.nan_to_num(array.astype(np.float32), nan=-1.0, posinf=1.0, neginf=-1.0)
    return np.rint((np.clip(values, -1.0, 1.0) + 1.0) * 127.5).astype(np.uint8)


def image_grid(
    images: AnyArray, columns: int | None = None, *, padding: int = 2, min_side: int = 400, background: int = 255
) -> UInt8[np.ndarray, "H W C"]:
    """Images side by side in rows, with lines between and around them, small ones enlarged. Per batch.

    Image i stands in row i // columns, column i % columns; places that are left over show the background. Each pixel
    becomes a square of k × k, with the smallest k that makes the grid's longer side at least `min_side`.

    Args:
      images: [N, H, W, C]; uint8, or floating point in [−1, 1].
      columns: images a row; √N, rounded up, where none is given.
      padding: the width of the lines, in pixels of the result.
      min_side: 0 leaves the images at their size.
      background: the gray of the lines, 0 … 255.

    Returns:
      [H', W', C].

    Raises:
      InputError: when `images` is not [N, H, W, C] with N ≥ 1, or `columns` is below 1.
    """
    pixels = to_uint8(images)
    if pixels.ndim != 4 or 0 in pixels.shape:
        raise InputError(f"Expected images [N, H, W, C], got {list(pixels.shape)}.")
    num, height, width, channels = pixels.shape
    columns = math.ceil(math.sqrt(num)) if columns is None else columns
    if columns < 1:
        raise InputError(f"Expected columns >= 1, got {columns}.")
    rows = math.ceil(num / columns)
    factors = [
        math.ceil((min_side - padding * (across + 1)) / (across * size))
        for across, size in ((columns, width), (rows, height))
    ]
    factor = max(1, min(factors))
    height, width = height * factor, width * factor
    pixels = pixels.repeat(factor, axis=1).repeat(factor, axis=2)
    shape = (rows * (height + padding) + padding, columns * (width + padding) + padding, channels)
    grid = np.full(shape, background, np.uint8)
    for index, image in enumerate(pixels):
        top = padding + index // columns * (height + padding)
        left = padding + index % columns * (width + padding)
        grid[top : top + height, left : left + width] = image
    return grid


def png_bytes(array: AnyArray) -> bytes:
    """A picture as the bytes of a PNG file; the same picture gives the same bytes.

    Args:
      array: [H, W] or [H, W, C] with C one of 1 (gray), 3 (RGB), 4 (RGBA); uint8, or floating point in [−1, 1].

    Raises:
      InputError: when `array` is none of these.
    """
    return _encoded(_pillow(array), format="PNG", optimize=True)


def save_png(path: str | os.PathLike[str], array: AnyArray) -> None:
    """Writes a picture as PNG, atomically; missing parent folders are made.

    Args:
      path: where to.
      array: [H, W] or [H, W, C] with C one of 1, 3, 4; uint8, or floating point in [−1, 1].

    Raises:
      InputError: when `array` is none of these.
    """
    replace_file(path, png_bytes(array))


def save_gif(
    path: str | os.PathLike[str],
    frames: Sequence[AnyArray | str | os.PathLike[str]],
    duration: float = 0.12,
    *,
    last_duration: float = 2.0,
    max_frames: int = 60,
) -> None:
    """Writes an animation that repeats for ever, atomically; missing parent folders are made.

    Of more than `max_frames` frames that many are taken, evenly, the first and the last among them.

    Args:
      path: where to.
      frames: pictures as for `save_png`, or the paths of picture files, in order and all of one size.
      duration: seconds a frame is shown, in steps of .01.
      last_duration: the same for the last frame, which is held to be looked at.
      max_frames: keeps the file small.

    Raises:
      InputError: when there are no frames, their sizes differ, or a file is not there or is not a picture.
    """
    check_positive(duration=duration, last_duration=last_duration, max_frames=max_frames)
    if len(frames) == 0:
        raise InputError("Expected at least one frame for an animation, got none.")
    chosen = np.linspace(0, len(frames) - 1, min(max_frames, len(frames))).round().astype(int)
    chosen[-1] = len(frames) - 1  # also where there is room for one only
    pictures = [_frame(frames[index]) for index in chosen]
    sizes = {picture.size: index for index, picture in zip(chosen, pictures, strict=True)}
    if len(sizes) > 1:
        got = ", ".join(f"{width} × {height} (frame {index})" for (width, height), index in sizes.items())
        raise InputError(f"Expected frames of one size, got {got}.")
    if any(picture.mode != "L" for picture in pictures):
        pictures = [picture.convert("RGB") for picture in pictures]
    durations = [round(duration * 1000)] * (len(pictures) - 1) + [round(last_duration * 1000)]
    content = _encoded(
        pictures[0], format="GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0, optimize=True
    )
    replace_file(path, content)


def curves_png(path: str | os.PathLike[str], rows: Sequence[Mapping[str, Any]], title: str = "") -> None:
    """Writes `curves_picture(rows, title)` as PNG, atomically.

    Raises:
      InputError: when `rows` has none of the curves.
    """
    save_png(path, curves_picture(rows, title))


def _pillow(array: AnyArray) -> Image.Image:
    pixels = to_uint8(array)
    if pixels.ndim == 3 and pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    if 0 in pixels.shape or not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[-1] in (3, 4))):
        raise InputError(f"Expected a picture [H, W] or [H, W, C] with C = 1, 3 or 4, got {list(pixels.shape)}.")
    return Image.fromarray(np.ascontiguousarray(pixels))


def _frame(frame: AnyArray | str | os.PathLike[str]) -> Image.Image:
    if not isinstance(frame, str | os.PathLike):
        return _pillow(frame)
    try:
        with Image.open(frame) as picture:
            return picture.convert("L" if picture.mode in ("1", "L") else "RGB")
    except Exception as error:  # damage meets any error of Pillow
        raise InputError(f"Expected a picture as a frame, got {os.fspath(frame)}: {error}.") from error


def _encoded(picture: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, **options)
    return buffer.getvalue()
