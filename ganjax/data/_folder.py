"""Pictures in a folder or a zip archive, classes from sub-folders, read into memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import PIL
from jaxtyping import Shaped, UInt8

from ganjax.checks import InputError
from ganjax.data._decode import UnreadableError, read_picture
from ganjax.data._notes import counted
from ganjax.data._pictures import Pictures, find_pictures
from ganjax.data._source import Source, image_source
from ganjax.data._transform import Transform, check_transform

_GIB = 2**30
FORMAT = "ganjax pictures 1"  # raised whenever the same file gives other pixels

Arrays = dict[str, Shaped[np.ndarray, "..."]]
Keep = Callable[[str, Callable[[], Arrays]], tuple[Arrays, tuple[str, ...]]]


def decode_anew(key: str, make: Callable[[], Arrays]) -> tuple[Arrays, tuple[str, ...]]:
    """The `Keep` that keeps nothing."""
    del key
    return make(), ()


class Reading(NamedTuple):
    """How pictures are read.

    Attributes:
      transform: what is done to each.
      on_error: a file that can't be read is an error, or is left out, counted and named in a note.
      keep: (a key for all that the pixels depend on, how to make arrays) -> those arrays, made now or kept from before,
        and notes. Reading files may take minutes; what remembers them is no part of this package.
    """

    transform: Transform = Transform()
    on_error: Literal["error", "skip"] = "error"
    keep: Keep = decode_anew


def folder_source(
    path: str | Path,
    split: str = "train",
    *,
    reading: Reading = Reading(),  # noqa: B008 (a tuple: nobody can change it)
    max_bytes: int = 8 * _GIB,
) -> Source:
    """The pictures of a folder or a zip archive, as images [N, H, W, C] in the order of their paths.

    `[ROOT/]SPLIT/CLASS/NAME.png`: where there is a folder called train or test, `split` chooses one; the folder below
    it is the class, and pictures that lie in none have no labels. Classes are numbered by the order of their names in
    all splits together: one that has no pictures, or none in this split, keeps its number and is named in a note. C is
    as the transform declares; by default 1 if the first picture is gray, else 3. Pictures are decoded and transformed
    one at a time, so that memory is bounded by the result; without a resolution or a crop they must all have one size.
    An archive is read as it is, without unpacking, and gives what its unpacked folder gives.

    Args:
      path: a folder, or a zip archive.
      split: train or test; where there are no such folders, train is everything.
      reading: how the pictures are read; `spec.notes` says what was left out.
      max_bytes: the most memory that the images may take.

    Raises:
      InputError: when there are no pictures, they differ in size, some have a class and others none, one can't be read,
        a color picture comes among gray ones, or they take more than max_bytes.
    """
    path = Path(path).expanduser()
    return pictures_source(f"{path.name} ({split})", path, find_pictures(path, split), reading, max_bytes)


def pictures_source(name: str, path: Path, pictures: Pictures, reading: Reading, max_bytes: int) -> Source:
    """These pictures of `path`, read into memory. Errors: those of `folder_source`."""
    check_transform(reading.transform)
    arrays, notes = reading.keep(_key(pictures, reading), lambda: _read_all(path, pictures, reading, max_bytes))
    images, kept = arrays["images"], arrays["kept"]
    labels = None if pictures.labels is None else pictures.labels[kept]
    source = image_source(name, images, labels, pictures.num_classes)
    missing = np.setdiff1d(np.arange(len(pictures.files)), kept)
    unread = counted("{} left out: can't be read", [pictures.files[index][0] for index in missing], pictures.noun)
    return source._replace(spec=source.spec._replace(notes=(*pictures.notes, *unread, *notes)))


def _key(pictures: Pictures, reading: Reading) -> str:
    """Of all that the pixels depend on: the files, the transform, the decoder."""
    digest = hashlib.sha256(f"{FORMAT}; Pillow {PIL.__version__}; {reading[:2]}".encode())
    for (name, _), stamp in zip(pictures.files, pictures.stamps, strict=True):
        digest.update(f"\n{name} {stamp()}".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _read_all(path: Path, pictures: Pictures, reading: Reading, max_bytes: int) -> Arrays:
    """All pictures in one array, allocated once, and which of the files they are."""
    total, names = len(pictures.files), [name for name, _ in pictures.files]
    images, kept = np.empty((0, 0, 0, 0), np.uint8), np.empty(total, np.int64)
    num = 0
    for index, image in _readable(path, pictures, reading):
        if not num:
            images = _room(path, (total, *image.shape), max_bytes)
        if image.shape != images.shape[1:]:
            raise InputError(
                f"Expected pictures of one size in {path}, got {list(images.shape[1:])} of {names[kept[0]]} and "
                f"{list(image.shape)} of {names[index]}: declare a resolution to resize them to (--data.resolution)."
            )
        images[num], kept[num] = image, index
        num += 1
    if not num:
        raise InputError(f"Expected pictures in {path}, got {total} files of which none can be read.")
    return {"images": images[:num], "kept": kept[:num]}


def _readable(path: Path, pictures: Pictures, reading: Reading) -> Iterator[tuple[int, UInt8[np.ndarray, "H W C"]]]:
    """The number and the pixels of each file that can be read, all with as many channels as the first."""
    channels = None
    for index, (name, read) in enumerate(pictures.files):
        try:
            image = read_picture(path, name, read, channels, reading.transform)
        except UnreadableError as error:
            if reading.on_error == "error":
                mend = f"{str(error).removesuffix('.')}, or leave such files out (--data.on-error skip)."
                raise UnreadableError(mend) from error
            continue
        channels = image.shape[-1]
        yield index, image


def _room(path: Path, shape: tuple[int, ...], max_bytes: int) -> UInt8[np.ndarray, "N H W C"]:
    needed = int(np.prod(shape, dtype=np.int64))
    if needed > max_bytes:
        raise InputError(
            f"Expected at most {max_bytes / _GIB:.3g} GiB of images, got {needed / _GIB:.3g} GiB in {path}: lower the "
            "resolution (--data.resolution), take fewer pictures, or raise max_bytes."
        )
    return np.empty(shape, np.uint8)
