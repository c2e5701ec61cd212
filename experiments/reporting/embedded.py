"""Pictures inside a page: as data: URIs, none larger than it need be."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from PIL import Image

from ganjax.checks import InputError

SIDE = 720  # pixels of the longer side, at most
MOST_BYTES = 128 * 1024  # of a picture, before base64
QUALITIES = (85, 70, 50, 30)

T = TypeVar("T")


class Embedded(NamedTuple):
    """A picture in a page.

    Attributes:
      uri: all of it.
      width, height: in pixels, to keep its place free.
    """

    uri: str
    width: int
    height: int


def embed_file(path: Path) -> Embedded:
    """A picture file, no larger than a page should hold.

    Raises:
      InputError: if it can't be read as a picture.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as opened:
                return embed(opened)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(f"Expected a picture, got {path}: {error}.") from error


def embed_array(array: np.ndarray) -> Embedded:
    """A picture as `ganjax.io` makes them: uint8 [H, W, C]."""
    return embed(Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array))


def embed(image: Image.Image) -> Embedded:
    image = image.convert("L" if image.mode in ("1", "L", "I", "I;16") else "RGB")
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    tried = ((size, encoded(image, size, options)) for size, options in attempts(image))
    # the smallest has fewer than MOST_BYTES even as it is
    size, content = next((size, content) for size, content in tried if len(content) <= MOST_BYTES)
    return Embedded(f"data:image/webp;base64,{base64.b64encode(content).decode()}", *size)


def attempts(image: Image.Image) -> Iterator[tuple[tuple[int, int], dict[str, Any]]]:
    """Sizes and ways to encode, best first: without loss, with some, with more, smaller."""
    yield image.size, {"lossless": True}
    for divisor in (1, 2, 4):
        for quality in QUALITIES:
            yield (max(1, image.width // divisor), max(1, image.height // divisor)), {"quality": quality}


def encoded(image: Image.Image, size: tuple[int, int], options: dict[str, Any]) -> bytes:
    file, resized = io.BytesIO(), image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)
    resized.save(file, "WEBP", method=2, **options)
    return file.getvalue()


def evenly(items: Sequence[T], most: int) -> list[T]:
    """At most so many of the items, evenly, the first and the last among them."""
    chosen = np.linspace(0, len(items) - 1, min(most, len(items))).round().astype(int)
    return [items[i] for i in chosen[:-1]] + list(items[-1:])
