"""Which pictures a folder or a zip archive holds, in what order, of which class. Nothing is decoded or unpacked."""

from __future__ import annotations

import functools
import itertools
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from ganjax.checks import InputError, UnknownNameError
from ganjax.data._archive import check_packing, read_member
from ganjax.data._notes import counted

ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"}
SPLITS = ("train", "test")
LARGEST_FILE = 2**26  # bytes: beyond, it is no picture to train on

Place = tuple[str, ...]  # the parts of a path; a folder's last one is empty


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
      noun: what a note calls one of `files`.
    """

    files: list[tuple[str, Callable[[], bytes]]]
    labels: Int[np.ndarray, "N"] | None
    num_classes: int | None
    stamps: list[Callable[[], str]]
    notes: tuple[str, ...] = ()
    noun: str = "file"


class _File(NamedTuple):
    read: Callable[[], bytes]
    stamp: Callable[[], str]


def find_pictures(path: Path, split: str) -> Pictures:
    """One split of `find_splits`.

    Raises:
      InputError: its errors; when there is no such split, or some of its pictures have a class and others none.
    """
    splits = find_splits(path)
    if split not in splits:
        raise UnknownNameError(
            f"Expected a split of {path} among {', '.join(sorted(splits))}, got {split!r}: choose one of them, or move "
            f"the pictures to folders called {' and '.join(SPLITS)}."
        )
    return splits[split]()


def find_splits(path: Path) -> dict[str, Callable[[], Pictures]]:
    """What `folder_source` reads, not read yet: train, test or both, as there are folders; without them train.

    A class is a folder directly below a split, with pictures or without, and has one number in all splits: its place
    among the sorted names of all of them. Left out and counted in a note: files whose ending is no picture's, links to
    nothing and what else is no file, and pictures beside the splits. Left out silently: hidden files and folders, and
    what macOS adds to archives.

    Raises:
      InputError: when there are no pictures, a folder can't be read, one is called Train or TEST, a file is too large
        for a picture, or the archive is damaged, encrypted, or has names that leave it. The splits' own, when they are
        called: when some pictures have a class and others none.
    """
    found = _open(path)
    places: dict[str, Place] = {name: tuple(name.split("/")) for name in sorted(found)}
    files = [name for name in places if not name.endswith("/")]
    named = [name for name in files if PurePosixPath(name).suffix.lower() in ENDINGS]
    whole = {name: file for name in named if (file := found[name]) is not None}
    notes = counted("{} left out: no picture by its ending", sorted(set(files) - set(named)))
    notes += counted("{} left out: a link to nothing, or no file", sorted(set(named) - set(whole)))
    if not whole:
        got = "; ".join(("none", *notes))
        raise InputError(
            f"Expected pictures ({', '.join(sorted(ENDINGS))}) in {path}, got {got}: is it the right place?"
        )
    bases = _splits(path, [places[name] for name in whole])
    inside = {split: [name for name in whole if _below(places[name], base)] for split, base in bases.items()}
    beside = sorted(set(whole).difference(*inside.values()))
    notes += counted(f"{{}} left out: in neither {' nor '.join(SPLITS)}", beside)
    classes = sorted({p[len(base)] for base in bases.values() for p in places.values() if _below(p, base, 1)})

    def pictures(split: str) -> Pictures:
        names = inside[split]
        labels = _labels(path, [places[name][len(bases[split]) :] for name in names], classes)
        empty = [] if labels is None else [classes[i] for i in np.setdiff1d(np.arange(len(classes)), labels)]
        return Pictures(
            [(name, whole[name].read) for name in names],
            labels,
            None if labels is None else len(classes),
            [whole[name].stamp for name in names],
            (*notes, *counted(f"{{}} without pictures in {split}", empty, "class")),
        )

    return {split: functools.partial(pictures, split) for split in bases}


def _open(path: Path) -> dict[str, _File | None]:
    """How to read each file, by its path inside the folder or archive; None for folders, whose paths end with /, and
    for what is no file."""
    try:
        if path.is_dir():
            return dict(_in_folder(path.resolve()))
        there = path.is_file()
    except OSError as error:
        raise InputError(
            f"Expected to read the folder {error.filename or path}, got: {error.strerror or error}: check its "
            "permissions."
        ) from error
    if not there:
        raise InputError(
            f"Expected a folder of pictures or a .zip file, but there is no {path}: correct the path (--data.dir)."
        )
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise InputError(
            f"Expected a folder of pictures or a whole .zip file, got {path} of {path.stat().st_size:,} bytes: {error}."
            " If it was cut short on its way, fetch it again."
        ) from error
    return dict(_in_archive(path, members))


def _in_folder(root: Path) -> Iterator[tuple[str, _File | None]]:
    seen = {root}
    for folder, below, names in os.walk(root, onerror=_raise, followlinks=True):
        here = Path(folder)
        # a link to a folder above would lead round in circles
        fresh = [name for name in sorted(below) if not _is_litter(name) and (here / name).resolve() not in seen]
        seen |= {(here / name).resolve() for name in fresh}
        below[:] = fresh
        yield from ((f"{(here / name).relative_to(root).as_posix()}/", None) for name in fresh)
        for file in (here / name for name in names if not _is_litter(name)):
            read, stamp = functools.partial(_content, file), functools.partial(_stamp, file)
            readable = _File(read, stamp) if file.is_file() else None
            yield file.relative_to(root).as_posix(), readable


def _raise(error: OSError) -> None:
    raise error


def _content(file: Path) -> bytes:
    """The bytes of a file, if there are not too many of them: nobody knows what it is before it is read."""
    if file.stat().st_size > LARGEST_FILE:
        raise ValueError(f"more than {LARGEST_FILE} bytes")
    return file.read_bytes()


def _stamp(file: Path) -> str:
    status = file.stat()
    return f"{file} {status.st_size} {status.st_mtime_ns}"


def _in_archive(path: Path, members: list[zipfile.ZipInfo]) -> Iterator[tuple[str, _File | None]]:
    for info in members:
        written = info.filename.replace("\\", "/")  # as some programs write it
        place = PurePosixPath(written)
        if not place.parts or any(map(_is_litter, place.parts)):
            continue
        if place.is_absolute() or ".." in place.parts:
            raise InputError(f"Expected names that stay inside {path}, got {info.filename!r}: pack the pictures again.")
        if info.file_size > LARGEST_FILE:
            raise InputError(f"Expected pictures of at most {LARGEST_FILE} bytes in {path}, got a larger {place}.")
        if written.endswith("/"):
            yield f"{place}/", None
            continue
        if place.suffix.lower() in ENDINGS:
            check_packing(path, info)
        stamp = f"{place} {info.file_size} {info.CRC} {info.header_offset}"
        yield str(place), _File(functools.partial(read_member, path, info), lambda stamp=stamp: stamp)


def _is_litter(part: str) -> bool:
    return (part.startswith(".") and part != "..") or part == "__MACOSX"


def _splits(path: Path, places: Sequence[Place]) -> dict[str, Place]:
    """Where each split lies. Folders around everything are neither splits nor classes."""
    folders = [place[:-1] for place in places]
    pairs = zip(min(folders), max(folders), strict=False)  # what the first and the last share, all share
    around = (part for part, other in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
    root = tuple(itertools.takewhile(lambda part: part.lower() not in SPLITS, around))
    tops = {place[len(root)] for place in places if len(place) > len(root) + 1}
    odd = sorted(top for top in tops.difference(SPLITS) if top.lower() in SPLITS)
    if odd:
        raise InputError(
            f"Expected the folders of splits in {path} to be called {' and '.join(SPLITS)}, got {', '.join(odd)}: "
            "rename each, also where it is a class."
        )
    return {split: (*root, split) for split in SPLITS if split in tops} or {SPLITS[0]: root}


def _below(place: Place, base: Place, depth: int = 0) -> bool:
    """Whether a path lies below `base`, in at least `depth` further folders."""
    return len(place) > len(base) + depth and place[: len(base)] == base


def _labels(path: Path, places: Sequence[Place], classes: Sequence[str]) -> Int[np.ndarray, "N"] | None:
    """[N], the number of the folder that each picture lies in; None without folders."""
    within = [len(place) > 1 for place in places]
    if not any(within):
        return None
    if not all(within):
        stray = "/".join(places[within.index(False)])
        raise InputError(f"Expected every picture of {path} in the folder of a class, got {stray} in none: move it.")
    numbers = {name: number for number, name in enumerate(classes)}
    return np.array([numbers[place[0]] for place in places])
