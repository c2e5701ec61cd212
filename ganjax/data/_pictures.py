"""Which pictures a folder or a zip archive holds, in what order, of which class. Nothing is decoded or unpacked."""

from __future__ import annotations

import functools
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from ganjax.checks import InputError
from ganjax.data._archive import read_member

ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"}
SPLITS = ("train", "test")
LARGEST_FILE = 2**26  # bytes: beyond, it is no picture to train on
NAMED = 3  # of files that a note counts


class Pictures(NamedTuple):
    """The pictures of one split, in the order of their paths.

    Attributes:
      files: each one's path inside the folder or archive, `/` between parts, and how to read its bytes, which any
        number of threads may do at once.
      labels: [N], the number of the class that each belongs to; None without classes.
      num_classes: K, or None.
      stamps: for each file, what says whether it has changed: a folder's place, sizes and times, or the checksums of an
        archive's directory.
      notes: what was left out, a sentence each.
    """

    files: list[tuple[str, Callable[[], bytes]]]
    labels: Int[np.ndarray, "N"] | None
    num_classes: int | None
    stamps: list[Callable[[], str]]
    notes: tuple[str, ...] = ()


class _File(NamedTuple):
    read: Callable[[], bytes]
    stamp: Callable[[], str]


def find_pictures(path: Path, split: str) -> Pictures:
    """What `folder_source` reads, not read yet.

    Files whose ending is no picture's are left out, counted in a note; hidden files and folders, and what macOS adds to
    archives, silently.

    Raises:
      InputError: when there are no pictures, some have a class and others none, there is no such split, a file is too
        large for a picture, or the archive is damaged or has names that leave it.
    """
    found = _open(path)
    others = sorted(name for name in found if PurePosixPath(name).suffix.lower() not in ENDINGS)
    chosen = _of_split(path, sorted(found.keys() - set(others)), split)
    files = [found[name] for name in chosen.values()]
    return Pictures(
        [(name, file.read) for name, file in zip(chosen.values(), files, strict=True)],
        *_labels(path, list(chosen)),
        stamps=[file.stamp for file in files],
        notes=counted("{} left out: no picture by its ending", others),
    )


def counted(sentence: str, names: Sequence[str]) -> tuple[str, ...]:
    """A note on some files, how many and the first few by name; none where there are none."""
    if not names:
        return ()
    listed = ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
    return (sentence.format(f"{len(names):,} file{'s' * (len(names) > 1)}") + f" ({listed})",)


def _open(path: Path) -> dict[str, _File]:
    """How to read each file, by its path inside the folder or archive."""
    if path.is_dir():
        return dict(_in_folder(path))
    if not path.is_file():
        raise InputError(
            f"Expected a folder of pictures or a .zip file, but there is no {path}: correct the path (--data.dir)."
        )
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
    except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise InputError(
            f"Expected a folder of pictures or a whole .zip file, got {path} of {path.stat().st_size:,} bytes: {error}."
            " If it was cut short on its way, fetch it again."
        ) from error
    return dict(_in_archive(path, members))


def _in_folder(root: Path) -> Iterator[tuple[str, _File]]:
    root = root.resolve()
    seen = {root}
    for folder, below, names in os.walk(root, followlinks=True):
        here = Path(folder)
        # a link to a folder above would lead round in circles
        fresh = [name for name in below if not _is_litter(name) and (here / name).resolve() not in seen]
        seen |= {(here / name).resolve() for name in fresh}
        below[:] = fresh
        for name in names:
            file = here / name
            if not _is_litter(name) and file.is_file():
                yield file.relative_to(root).as_posix(), _File(file.read_bytes, functools.partial(_stamp, file))


def _stamp(file: Path) -> str:
    status = file.stat()
    return f"{file} {status.st_size} {status.st_mtime_ns}"


def _in_archive(path: Path, members: list[zipfile.ZipInfo]) -> Iterator[tuple[str, _File]]:
    for info in members:
        name = info.filename.replace("\\", "/")  # as some programs write it
        parts = PurePosixPath(name).parts
        if any(map(_is_litter, parts)):
            continue
        if PurePosixPath(name).is_absolute() or ".." in parts:
            raise InputError(f"Expected names that stay inside {path}, got {info.filename!r}: pack the pictures again.")
        if info.file_size > LARGEST_FILE:
            raise InputError(f"Expected pictures of at most {LARGEST_FILE} bytes in {path}, got a larger {name}.")
        stamp = f"{name} {info.file_size} {info.CRC} {info.header_offset}"
        yield name, _File(functools.partial(read_member, path, info), lambda stamp=stamp: stamp)


def _is_litter(part: str) -> bool:
    return (part.startswith(".") and part != "..") or part == "__MACOSX"


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
