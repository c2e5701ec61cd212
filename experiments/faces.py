"""CelebA from its own files: the aligned pictures' archive, the list of splits, and the attributes where they are."""

from __future__ import annotations

import functools
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from content import Content, Split, image_features
from PIL import Image

from ganjax.checks import InputError

ARCHIVE, PARTITION, ATTRIBUTES = "img_align_celeba.zip", "list_eval_partition.txt", "list_attr_celeba.txt"
SPLITS = ("train", "validation", "test")  # 0, 1, 2 in the list
LARGEST = 2**24  # bytes of a picture: theirs have ten thousand
LARGEST_LIST = 2**27


class Attributes(NamedTuple):
    """Names [A], and by picture a truth value for each."""

    names: tuple[str, ...]
    rows: Mapping[str, tuple[bool, ...]]


def read_celeba(folder: Path) -> Content:
    """The aligned and cropped pictures, as the JPEG files that they are, in the order of the list of splits.

    Raises:
      InputError: when a file is missing or damaged, the lists and the archive don't name the same pictures, or a
        picture differs from the first in size.
    """
    for name in (ARCHIVE, PARTITION):
        if not (folder / name).is_file():
            raise InputError(
                f"Expected {name} in {folder}, got none: fetch img/{ARCHIVE}, Eval/{PARTITION} and, where you want "
                f"them, Anno/{ATTRIBUTES} with a browser from http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html."
            )
    partition = _read_partition(folder / PARTITION)
    attributes = _read_attributes(folder / ATTRIBUTES)
    members = _members(folder / ARCHIVE)
    _check_names(folder / PARTITION, set(partition), folder / ARCHIVE, set(members))
    if attributes is not None:
        _check_names(folder / ATTRIBUTES, set(attributes.rows), folder / PARTITION, set(partition))
    first = _size(folder / ARCHIVE, _read(folder / ARCHIVE, members[next(iter(partition))]))
    splits = {
        split: [name for name, each in partition.items() if each == number] for number, split in enumerate(SPLITS)
    }
    examples = functools.partial(_examples, folder / ARCHIVE, members, attributes, first)
    return Content(
        image_features(first, "jpeg", None, attributes=attributes and attributes.names),
        None,
        {split: Split(len(names), functools.partial(examples, names)) for split, names in splits.items() if names},
    )


def _examples(
    archive: Path,
    members: Mapping[str, zipfile.ZipInfo],
    attributes: Attributes | None,
    shape: tuple[int, int, int],
    names: list[str],
) -> Iterator[dict[str, Any]]:
    with zipfile.ZipFile(archive) as opened:
        for name in names:
            content = _read(archive, members[name], opened)
            found = _size(archive, content, name)
            if found != shape:
                raise InputError(
                    f"Expected pictures of one size in {archive}, got {list(shape)} and {list(found)} of {name}: "
                    "fetch the aligned and cropped ones again."
                )
            more = (
                {}
                if attributes is None
                else {"attributes": dict(zip(attributes.names, attributes.rows[name], strict=True))}
            )
            yield {"image": content, **more}


def _members(archive: Path) -> dict[str, zipfile.ZipInfo]:
    """The archive's pictures by the last part of their names: nothing is unpacked, so that no name leads anywhere."""
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = [info for info in opened.infolist() if info.filename.endswith(".jpg")]
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"Expected a whole zip archive at {archive}, got: {error}: fetch it again.") from error
    large = [info.filename for info in infos if info.file_size > LARGEST]
    if large:
        raise InputError(f"Expected pictures of at most {LARGEST} bytes in {archive}, got a larger {large[0]}.")
    return {PurePosixPath(info.filename).name: info for info in infos}


def _read(archive: Path, info: zipfile.ZipInfo, opened: zipfile.ZipFile | None = None) -> bytes:
    try:
        if opened is not None:
            return opened.read(info)
        with zipfile.ZipFile(archive) as own:
            return own.read(info)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise InputError(
            f"Expected a whole picture {info.filename} in {archive}, got: {error}: fetch the archive again."
        ) from error


def _size(archive: Path, content: bytes, name: str = "the first picture") -> tuple[int, int, int]:
    """[H, W, 3] of a JPEG file, from its header: the archive's checksum has seen to the rest."""
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as picture:
            width, height = picture.size
            mode = picture.mode
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"Expected a JPEG picture in {name} of {archive}, got: {error}: fetch it again.") from error
    if mode != "RGB":
        raise InputError(f"Expected RGB pictures in {archive}, got the mode {mode} of {name}: fetch it again.")
    return height, width, 3


def _lines(path: Path) -> list[list[str]]:
    if path.stat().st_size > LARGEST_LIST:
        raise InputError(f"Expected a list of at most {LARGEST_LIST} bytes at {path}, got a larger file.")
    try:
        return [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Expected a text file at {path}, got: {error}: fetch it again.") from error


def _read_partition(path: Path) -> dict[str, int]:
    """Picture -> 0, 1 or 2, in the list's order."""
    partition: dict[str, int] = {}
    for number, line in enumerate(_lines(path), start=1):
        if len(line) != 2 or line[1] not in ("0", "1", "2") or line[0] in partition:
            raise InputError(
                f"Expected a picture that was not there before and 0, 1 or 2 in line {number} of {path}, got "
                f"{' '.join(line)[:80]!r}: fetch it again."
            )
        partition[line[0]] = int(line[1])
    if not partition:
        raise InputError(f"Expected one or more pictures in {path}, got none: fetch it again.")
    return partition


def _read_attributes(path: Path) -> Attributes | None:
    """How many pictures; in the next line the attributes' names; then a picture a line, with 1 or -1 for each."""
    if not path.is_file():
        return None
    lines = _lines(path)
    if len(lines) < 3 or lines[0] != [str(len(lines) - 2)]:
        raise InputError(
            f"Expected as many rows in {path} as its first line says, got {len(lines) - 2}: fetch it again."
        )
    names = tuple(lines[1])
    rows = {}
    for number, (name, *values) in enumerate(lines[2:], start=3):
        if len(values) != len(names) or set(values) - {"1", "-1"}:
            raise InputError(
                f"Expected {len(names)} times 1 or -1 in line {number} of {path}, got others: fetch it again."
            )
        rows[name] = tuple(value == "1" for value in values)
    return Attributes(names, rows)


def _check_names(path: Path, names: set[str], other: Path, others: set[str]) -> None:
    """Raises `InputError` unless two files name the same pictures."""
    lacking = sorted(names ^ others)
    if lacking:
        where, there = (path, other) if lacking[0] in names else (other, path)
        raise InputError(
            f"Expected the same pictures in {path.name} and {other.name} of {path.parent}, got {lacking[0][:80]} in "
            f"{where.name} alone ({len(lacking)} such): fetch {there.name} again."
        )
