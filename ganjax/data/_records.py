"""Sets of images that are read one record at a time, in any order: what a stream is made of."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from ganjax.checks import InputError
from ganjax.data._decode import read_picture
from ganjax.data._paths import located
from ganjax.data._pictures import find_pictures
from ganjax.data._source import Spec
from ganjax.data._tfds import open_prepared
from ganjax.data._transform import Transform, check_transform

Picture = UInt8[np.ndarray, "H W C"]
BOUNDS = (-1.0, 1.0)


class Records(NamedTuple):
    """A finite set of images on disk.

    Attributes:
      spec: what it holds; num_samples is never None.
      read: i -> the image [H, W, C] and, where there are classes, the label of record i. Any number of threads may call
        it at once. Raises `InputError` that names the record when it can't be read, or differs in shape.
    """

    spec: Spec
    read: Callable[[int], tuple[Picture, int | None]]

    @property
    def num_bytes(self) -> int:
        """What all images take in memory."""
        return (self.spec.num_samples or 0) * math.prod(self.spec.shape)


def open_records(
    name: str,
    folder: str | Path | None,
    split: str = "train",
    transform: Transform = Transform(),  # noqa: B008 (a tuple: nobody can change it)
) -> Records | None:
    """The set that `load` calls `name`, if it can be read record by record: `folder` and `tfds:NAME`; else None.

    Reads no more than a description or a directory, and one image.

    Raises:
      InputError: when the set is not there, is damaged, or the transform doesn't suit it.
    """
    row, _, detail = name.partition(":")
    folder = None if folder is None else located(folder)
    if row == "folder" and folder is not None and not detail:
        return folder_records(folder, split, transform)
    return tfds_records(detail, folder, split, transform) if row == "tfds" and detail else None


def folder_records(
    path: str | Path,
    split: str = "train",
    transform: Transform = Transform(),  # noqa: B008
) -> Records:
    """The images of `folder_source`, in its order and with its labels, each read when it is asked for.

    Args:
      path: a folder, or a zip archive.
      split: train or test.
      transform: what is done to each.

    Raises:
      InputError: as `folder_source`; of the files, only the first is looked into now.
    """
    check_transform(transform)
    path = Path(path).expanduser()
    pictures = find_pictures(path, split)
    files, labels = pictures.files, pictures.labels
    first = read_picture(path, *files[0], None, transform)

    def read(i: int) -> tuple[Picture, int | None]:
        image = read_picture(path, *files[i], first.shape[-1], transform)
        return image, None if labels is None else int(labels[i])

    spec = Spec(f"{path.name} ({split})", first.shape, len(files), pictures.num_classes, BOUNDS, pictures.notes)
    return Records(spec, _of_one_shape(spec, read, lambda i: files[i][0]))


def tfds_records(
    name: str,
    data_dir: str | Path | None = None,
    split: str = "train",
    transform: Transform = Transform(),  # noqa: B008
) -> Records:
    """The images of `tfds_source`, in its order and with its labels, each read when it is asked for.

    Args:
      name, data_dir, split: as for `tfds_source`.
      transform: what is done to each; with a resolution, the set's own images may differ in size.

    Raises:
      InputError: as `tfds_source`; of the records, only the first is looked into now.
    """
    check_transform(transform)
    prepared = open_prepared(name, data_dir, split)

    def read(i: int) -> tuple[Picture, int | None]:
        image, label = prepared.read(i)
        try:
            return transform(image), label
        except InputError as error:
            raise InputError(f"record {i} of {prepared.folder}: {error}") from error

    shape = read(0)[0].shape
    spec = Spec(f"{name} ({split})", shape, prepared.num_samples, prepared.num_classes, BOUNDS)
    return Records(spec, _of_one_shape(spec, read, lambda i: f"record {i} of {prepared.folder}"))


def _of_one_shape(
    spec: Spec, read: Callable[[int], tuple[Picture, int | None]], words: Callable[[int], str]
) -> Callable[[int], tuple[Picture, int | None]]:
    """`read`, which refuses an image of another shape and a label that is no class."""

    def checked(i: int) -> tuple[Picture, int | None]:
        image, label = read(i)
        if image.shape != spec.shape:
            raise InputError(
                f"Expected images of one shape in {spec.name}, got {list(spec.shape)} of the first and "
                f"{list(image.shape)} of {words(i)}: declare a resolution to resize them to (--data.resolution)."
            )
        if label is not None and not 0 <= label < (spec.num_classes or 0):
            raise InputError(
                f"Expected labels of {spec.name} from 0 to {(spec.num_classes or 0) - 1}, got {label} of {words(i)}: "
                "correct the labels or the number of classes."
            )
        return image, label

    return checked
