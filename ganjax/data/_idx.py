"""MNIST and its relatives, read from a folder of IDX files: a strict reader that trusts no header.

An IDX file is: two zero bytes, the element type (8: uint8), the number of axes, each axis's length as a big-endian
32-bit integer, then the bytes, last axis fastest.

Reference: LeCun, Cortes and Burges (1998), The MNIST database of handwritten digits, file formats section.
"""

from __future__ import annotations

import gzip
import io
import math
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from ganjax.checks import InputError, UnknownNameError, unknown_name
from ganjax.data._notes import listed
from ganjax.data._source import Source, check_labels, image_source

_PREFIXES = {"train": "train", "test": "t10k"}
_DEFLATE_RATIO = 1032  # no deflate stream grows by more (RFC 1951: 258 bytes from two bits)
_CHUNK = 1 << 20


def idx_source(folder: str | Path, split: str = "train", *, name: str = "mnist", num_classes: int = 10) -> Source:
    """Images and labels of a folder of IDX files, such as MNIST, Fashion-MNIST or KMNIST as they are distributed.

    Args:
      folder: holds train-images-idx3-ubyte, train-labels-idx1-ubyte and the same with t10k, gzipped with ending
        .gz or not; `images.idx3-ubyte` with a dot is read too.
      split: train, or test for the t10k files.
      name: what error messages call it.
      num_classes: K.

    Returns:
      A source of images [N, H, W, 1] with labels.

    Raises:
      InputError: when a file is missing, is not what its name says, or is shorter or longer than its header
        declares; when there is not one label for each image, or a label is not in [0, K).
    """
    if split not in _PREFIXES:
        raise UnknownNameError(unknown_name(f"split of {name}", split, list(_PREFIXES)))
    image_path = _find(Path(folder), f"{_PREFIXES[split]}-images", "idx3-ubyte")
    label_path = _find(Path(folder), f"{_PREFIXES[split]}-labels", "idx1-ubyte")
    images, labels = read_idx(image_path, rank=3), read_idx(label_path, rank=1)
    if len(images) != len(labels):
        raise InputError(
            f"Expected as many labels as images, got {len(labels)} in {label_path} and {len(images)} in {image_path}: "
            "fetch both files of one split again."
        )
    check_labels(str(label_path), labels, len(images), num_classes)
    return image_source(f"{name} ({split})", images[..., None], labels, num_classes)


def read_idx(path: str | Path, rank: int) -> UInt8[np.ndarray, "..."]:
    """One IDX file of bytes with `rank` axes, gzipped if its name ends in .gz.

    Reads no more than the header declares, and believes the header only as far as the file's size allows.

    Args:
      path: the file.
      rank: how many axes it must have: 3 for images, 1 for labels.

    Returns:
      uint8, of the shape that the header declares.

    Raises:
      InputError: when the file can't be read, has another type or rank, is empty, cut short, too long or corrupt.
    """
    path = Path(path)
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            shape = _read_header(stream, path, rank)
            return _read_body(stream, path, shape).reshape(shape)
    except gzip.BadGzipFile as error:
        raise InputError(f"Expected a gzip file at {path}, got: {error}: {_fetch_again(path)}") from error
    except (EOFError, zlib.error) as error:
        raise InputError(f"Expected a whole gzip file at {path}, got: {error}: {_fetch_again(path)}") from error
    except OSError as error:
        raise InputError(f"Expected a readable file at {path}, got: {error}: check its permissions.") from error


def _read_header(stream: io.BufferedIOBase, path: Path, rank: int) -> tuple[int, ...]:
    expected = bytes([0, 0, 8, rank])
    magic, lengths = stream.read(4), stream.read(4 * rank)
    if magic != expected:
        mend = "add .gz to its name" if magic[:2] == b"\x1f\x8b" else "check that it is the right file, whole"
        raise InputError(
            f"Expected magic number 0x{expected.hex()} at the start of {path}, got 0x{magic.hex()}: {mend}."
        )
    if len(lengths) < 4 * rank:
        raise InputError(
            f"Expected a header of {4 + 4 * rank} bytes in {path}, got {4 + len(lengths)}: {_fetch_again(path)}"
        )
    shape = tuple(int(length) for length in np.frombuffer(lengths, ">u4"))
    if not all(shape):
        raise InputError(
            f"Expected one or more samples in {path}, got declared shape {list(shape)}: {_fetch_again(path)}"
        )
    return shape


def _read_body(stream: io.BufferedIOBase, path: Path, shape: tuple[int, ...]) -> UInt8[np.ndarray, "size"]:
    declared, size = math.prod(shape), path.stat().st_size
    most = size * _DEFLATE_RATIO if path.suffix == ".gz" else size
    if declared > most:
        raise InputError(
            f"Expected {declared} bytes of data in {path} for its declared shape {list(shape)}, "
            f"got a file of {size} bytes: {_fetch_again(path)}"
        )
    body = bytearray()
    # one byte more than declared: it must not be there, and reaching the end makes gzip compare its checksum
    while chunk := stream.read(min(_CHUNK, declared + 1 - len(body))):
        body += chunk
    if len(body) != declared:
        got = f"only {len(body)}" if len(body) < declared else "more"
        raise InputError(
            f"Expected {declared} bytes of data in {path} for its declared shape {list(shape)}, got {got}: "
            f"{_fetch_again(path)}"
        )
    return np.frombuffer(body, np.uint8)


def _find(folder: Path, stem: str, kind: str) -> Path:
    """The first of the four names under which an IDX file is distributed."""
    if not folder.is_dir():
        what = "a file" if folder.exists() else "nothing"
        raise InputError(f"Expected a folder with IDX files at {folder}, got {what} there: check the path.")
    names = [f"{stem}{joint}{kind}{ending}" for ending in ("", ".gz") for joint in ("-", ".")]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    there = listed(sorted(path.name for path in folder.iterdir()))
    raise InputError(
        f"Expected one of {', '.join(names)} in {folder}, got {there or 'an empty folder'}: "
        "put the file there or name the right folder."
    )


def _fetch_again(path: Path) -> str:
    return f"fetch {path.name} again."
