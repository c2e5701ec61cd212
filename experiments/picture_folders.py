"""Pictures of one's own, in a folder or a zip archive, as the content of a prepared set."""

from __future__ import annotations

import functools
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from content import Content, Split, image_features, png

from ganjax.checks import InputError
from ganjax.data._decode import read_picture
from ganjax.data._pictures import SPLITS, Pictures, find_pictures


def read_pictures(path: Path) -> Content:
    """What `--data.name folder` reads, in the same order: train and test where there are such folders, classes below.

    Raises:
      InputError: as `ganjax.data.folder_source`: no pictures, some in a class and some in none, a damaged archive.
    """
    parts = {split: find_pictures(path, split) for split in _splits(path)}
    train = parts[SPLITS[0]]
    classes = {part.num_classes for part in parts.values()}
    if len(classes) > 1:
        raise InputError(
            f"Expected as many classes in every part of {path}, got {' and '.join(str(each) for each in classes)}: "
            "give each part a folder for every class."
        )
    shape = read_picture(path, *train.files[0]).shape
    features = image_features(shape, None, train.num_classes)
    splits = {
        split: Split(len(part.files), functools.partial(_examples, path, part, shape, features["image"]))
        for split, part in parts.items()
    }
    supervised = None if train.num_classes is None else ("image", "label")
    return Content(features, supervised, splits, tuple(note for part in parts.values() for note in part.notes))


def _splits(path: Path) -> tuple[str, ...]:
    """train, and test where a folder of that name lies beside that of train."""
    train, test = SPLITS
    parts = PurePosixPath(find_pictures(path, train).files[0][0]).parts[:-1]
    if train not in parts:
        return (train,)
    beside = PurePosixPath(*parts[: parts.index(train)], test)
    if path.is_dir():
        return SPLITS if (path / beside).is_dir() else (train,)
    with zipfile.ZipFile(path) as archive:
        return SPLITS if any(name.startswith(f"{beside}/") for name in archive.namelist()) else (train,)


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
