"""Pictures in a folder or a zip archive, classes from sub-folders, read into memory."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from ganjax.checks import InputError
from ganjax.data._source import Source, image_source

ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}
SPLITS = ("train", "test")
LARGEST_FILE = 2**26  # bytes: beyond, it is no picture to train on
_GIB = 2**30


class _Pictures(NamedTuple):
    """Picture files by their path inside the folder or archive, `/` between parts, and how to read one."""

    read: Mapping[str, Callable[[], bytes]]
    close: Callable[[], None]


def folder_source(path: str | Path, split: str = "train", *, max_bytes: int = 8 * _GIB) -> Source:
    """The pictures of a folder or a zip archive, all of one size, as images [N, H, W, C] in the order of their paths.

    `[ROOT/]SPLIT/CLASS/NAME.png`: where there is a folder called train or test, `split` chooses one; the folder below
    it is the class, numbered by the names' order, and pictures that lie in none have no labels. C is 1 if the first
    picture is gray, else 3; transparency is dropped. An archive is read as it is, without unpacking.

    Args:
      path: a folder, or a file that ends in .zip.
      split: train or test; where there are no such folders, train is everything.
      max_bytes: the most memory that the images may take.

    Raises:
      InputError: when there are no pictures, they differ in size, some have a class and others none, one can't be read,
        or they take more than max_bytes.
    """
    path = Path(path).expanduser()
    pictures = _open(path)
    try:
        chosen = _of_split(path, sorted(pictures.read), split)
        labels, num_classes = _labels(path, list(chosen))
        images = _decode(path, [(name, pictures.read[name]) for name in chosen.values()], max_bytes)
    finally:
        pictures.close()
    return image_source(f"{path.name} ({split})", images, labels, num_classes)


def _open(path: Path) -> _Pictures:
    if path.is_dir():
        files = {file.relative_to(path).as_posix(): file for file in path.rglob("*") if _is_picture(file.name)}
        return _Pictures({name: file.read_bytes for name, file in files.items()}, lambda: None)
    if not path.is_file():
        raise InputError(
            f"Expected a folder of pictures or a .zip file, but there is no {path}: correct the path (--data.dir)."
        )
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"Expected a folder of pictures or a .zip file, got {path}: {error}.") from error
    members = [info for info in archive.infolist() if _is_picture(info.filename) and not info.is_dir()]
    large = [info.filename for info in members if info.file_size > LARGEST_FILE]
    if large:
        archive.close()
        raise InputError(f"Expected pictures of at most {LARGEST_FILE} bytes in {path}, got a larger {large[0]}.")
    return _Pictures({info.filename: lambda info=info: archive.read(info) for info in members}, archive.close)


def _is_picture(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() in ENDINGS and not path.name.startswith(".") and "__MACOSX" not in path.parts


def _of_split(path: Path, names: list[str], split: str) -> dict[tuple[str, ...], str]:
    """(class folder, …, file) -> name, for the pictures of one split."""
    if not names:
        raise InputError(
            f"Expected pictures ({', '.join(sorted(ENDINGS))}) in {path}, got none: is it the right place?"
        )
    parts = {PurePosixPath(name).parts: name for name in names}
    while len({each[0] for each in parts}) == 1 and min(map(len, parts)) > 1 and next(iter(parts))[0] not in SPLITS:
        parts = {each[1:]: name for each, name in parts.items()}  # a folder around everything is no class
    splits = {each[0] for each in parts if len(each) > 1} & set(SPLITS)
    if splits:
        if split not in splits:
            raise InputError(f"Expected a split of {path} among {', '.join(sorted(splits))}, got {split!r}.")
        return {each[1:]: name for each, name in parts.items() if each[0] == split and len(each) > 1}
    if split != "train":
        raise InputError(
            f"Expected the split train of {path}, which has no folders {' and '.join(SPLITS)}, got {split!r}."
        )
    return parts


def _labels(path: Path, places: list[tuple[str, ...]]) -> tuple[np.ndarray | None, int | None]:
    """[N], the number of the folder that each picture lies in, and how many there are; None without folders."""
    within = [len(place) > 1 for place in places]
    if not any(within):
        return None, None
    if not all(within):
        stray = "/".join(places[within.index(False)])
        raise InputError(f"Expected every picture of {path} in the folder of a class, got {stray} in none: move it.")
    classes = {name: number for number, name in enumerate(sorted({place[0] for place in places}))}
    return np.array([classes[place[0]] for place in places]), len(classes)


def _decode(path: Path, files: list[tuple[str, Callable[[], bytes]]], max_bytes: int) -> UInt8[np.ndarray, "N H W C"]:
    """All pictures in one array, allocated once."""
    stream = _pixels(path, files)
    first = next(stream)
    if first.size * len(files) > max_bytes:
        raise InputError(
            f"Expected at most {max_bytes / _GIB:.3g} GiB of images, got {first.size * len(files) / _GIB:.3g} GiB in "
            f"{path}: take fewer or smaller pictures, or raise max_bytes."
        )
    images = np.empty((len(files), *first.shape), np.uint8)
    images[0] = first
    for index, image in enumerate(stream, start=1):
        if image.shape != first.shape:
            raise InputError(
                f"Expected pictures of one size in {path}, got {list(first.shape)} of {files[0][0]} and "
                f"{list(image.shape)} of {files[index][0]}: resize them."
            )
        images[index] = image
    return images


def _pixels(path: Path, files: list[tuple[str, Callable[[], bytes]]]) -> Iterator[UInt8[np.ndarray, "H W C"]]:
    mode = None
    for name, read in files:
        try:
            with Image.open(io.BytesIO(read())) as picture:
                mode = mode or ("L" if picture.mode in ("1", "L", "LA") else "RGB")
                pixels = np.asarray(picture.convert(mode))
        except (
            OSError,
            ValueError,
            SyntaxError,
            zlib.error,
            zipfile.BadZipFile,
            Image.DecompressionBombError,
        ) as error:
            raise InputError(
                f"Expected a picture in {name} of {path}, but it can't be read ({type(error).__name__}): "
                "replace or delete it."
            ) from error
        yield pixels if pixels.ndim == 3 else pixels[..., None]
