"""Members of a zip archive, each read with a handle of its own: by many threads at once, and in any order."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

from ganjax.checks import InputError

_HEADER = struct.Struct(
    "<4s22xHH"
)  # a member's own header: its signature, …, the lengths of its name and of its extras
_SIGNATURE = b"PK\x03\x04"
_ENCRYPTED = 1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def check_packing(path: str | Path, info: zipfile.ZipInfo) -> None:
    """Raises `InputError` for a member that `read_member` can't read: one with a password, or of another method."""
    if info.flag_bits & _ENCRYPTED:
        raise InputError(
            f"Expected {path} without a password, got an encrypted {info.filename}: pack the pictures again without "
            "one."
        )
    if info.compress_type not in _METHODS:
        raise InputError(
            f"Expected {path} packed by deflate, got {info.filename} packed otherwise (method {info.compress_type}): "
            "pack the pictures again by deflate, which is what zip does unless told otherwise."
        )


def read_member(path: str | Path, info: zipfile.ZipInfo) -> bytes:
    """The bytes of one member, checked against the archive's checksum.

    A `zipfile.ZipFile` counts its readers without a lock, and each further one would hold the whole directory again:
    here only the member's entry of the directory, read once, is shared.

    Args:
      path: the archive.
      info: the member's entry of its directory, which `check_packing` passes.

    Raises:
      zipfile.BadZipFile: when what lies there is not the member that the directory describes.
      zlib.error: when it can't be decompressed.
      OSError: when the archive can't be read.
    """
    with Path(path).open("rb") as file:
        file.seek(info.header_offset)
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size or header[:4] != _SIGNATURE:
            raise zipfile.BadZipFile(f"no member at byte {info.header_offset}")
        _, name, extras = _HEADER.unpack(header)
        file.seek(name + extras, 1)
        content = file.read(info.compress_size)
    if len(content) != info.compress_size:
        raise zipfile.BadZipFile(f"{len(content)} of {info.compress_size} bytes")
    content = _unpacked(content, info)
    if len(content) != info.file_size or zlib.crc32(content) != info.CRC:
        raise zipfile.BadZipFile("wrong checksum")
    return content


def _unpacked(content: bytes, info: zipfile.ZipInfo) -> bytes:
    if info.compress_type == zipfile.ZIP_STORED:
        return content
    # one byte more than declared is enough to see that there are too many
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, info.file_size + 1)
