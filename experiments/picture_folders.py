"""Pictures of one's own, in a folder or a zip archive, as the content of a prepared set."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from content import Content, Split, image_features, png

from ganjax.checks import InputError
from ganjax.data import Pictures, find_splits, read_picture


def read_pictures(path: Path) -> Content:
    """What `--data.name folder` reads, in the same order and with the same numbers of classes: every split there is.

    Raises:
      InputError: as `ganjax.data.folder_source`: no pictures, some in a class and some in none, a damaged archive.
    """
    parts = {split: pictures() for split, pictures in find_splits(path).items()}
    first, *others = parts.values()
    if any(other.num_classes != first.num_classes for other in others):
        raise InputError(f"Expected classes in every split of {path}, or in none, got them in one: move its pictures.")
    shape = read_picture(path, *first.files[0]).shape
    features = image_features(shape, None, first.num_classes)
    splits = {
        split: Split(len(part.files), functools.partial(_examples, path, part, shape, features["image"]))
        for split, part in parts.items()
    }
    supervised = None if first.num_classes is None else ("image", "label")
    notes = dict.fromkeys(note for part in parts.values() for note in part.notes)  # what all splits say, once
    return Content(features, supervised, splits, tuple(notes))


def _examples(path: Path, part: Pictures, shape: tuple[int, ...], feature: Any) -> Iterator[dict[str, Any]]:
    for i, (name, read) in enumerate(part.files):
        pixels = read_picture(path, name, read, shape[2])
        if pixels.shape != shape:
            raise InputError(
                f"Expected pictures of one size in {path}, got {list(shape)} and {list(pixels.shape)} of {name}: "
                "resize them."
            )
        more = {} if part.labels is None else {"label": int(part.labels[i])}
        yield {"image": _as_stored(read, pixels, feature), **more}


def _as_stored(read: Callable[[], bytes], pixels: np.ndarray, feature: Any) -> bytes:
    """The picture's own file where tensorflow-datasets reads the same pixels out of it, else a PNG."""
    content = read()
    try:
        same = np.array_equal(feature.decode_example_np(content), pixels)
    except Exception:  # whatever it can't read, it can read as PNG
        same = False
    return content if same else png(pixels)
