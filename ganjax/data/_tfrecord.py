"""TFRecord files without TensorFlow: an index of where records lie, and both checksums of each that is read.

A file is one record after another: the length n of the data (uint64), a masked checksum of those 8 bytes (uint32), n
bytes of data, a masked checksum of them (uint32); all little-endian. The checksum is CRC-32C, masked because data may
hold checksums themselves: rotate right by 15 bits, add a282ead8₁₆, modulo 2³².

Reference: Castagnoli, Bräuer and Herrmann (1993), Optimization of cyclic redundancy-check codes, doi:10.1109/26.231911;
the framing and the mask are those of TensorFlow's tutorial on TFRecord, section on the format's details.
"""

from __future__ import annotations

import functools
import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, UInt8, UInt32

from ganjax.checks import InputError

_POLYNOMIAL = 0x82F63B78  # of CRC-32C, the lowest power in the highest bit
_MASK_DELTA = 0xA282EAD8
_ONES = 0xFFFFFFFF
_BLOCK = 1024  # bytes taken at once: their table, 1 MiB, stays in a processor's cache
_HEADER, _FOOTER = 12, 4


class Shard(NamedTuple):
    """A stretch of one file's records.

    Attributes:
      path: the file.
      num_records: how many the whole file must hold.
      skip: how many at its beginning are left out.
      take: how many follow that belong to the stretch; −1 for all.
    """

    path: Path
    num_records: int
    skip: int = 0
    take: int = -1


class TFRecords:
    """The records of some files in a row, each read, and its checksums verified, when it is indexed.

    Holds offsets alone, no open files: it may be pickled, and read by several threads.

    Args:
      shards: the stretches.

    Raises:
      InputError: when a file is not there, is cut short or damaged, or holds another number of records than it must.
    """

    def __init__(self, shards: Sequence[Shard]):
        self._paths = [shard.path for shard in shards]
        offsets = [_stretch(shard) for shard in shards]
        self._offsets = np.concatenate([np.zeros(0, np.int64), *offsets])
        self._files = np.repeat(np.arange(len(shards)), [len(each) for each in offsets])

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, index: int) -> bytes:
        """The data of one record.

        Raises:
          IndexError: beyond the last.
          InputError: when the data are not what the checksum says.
        """
        return read_record(self._paths[self._files[index]], int(self._offsets[index]))


def index_records(path: str | Path) -> Int64[np.ndarray, "N"]:
    """Where each record of a file begins, [N]; reads and verifies every length, and none of the data.

    Raises:
      InputError: when the file can't be read, ends inside a record, or a length is not what its checksum says.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            if not path.stat().st_size:
                return np.zeros(0, np.int64)
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                offsets, headers = _scan(path, content)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"Expected a TFRecord file at {path}, got: {error}: prepare the set again.") from error
    _check_headers(path, headers)
    return offsets


def read_record(path: Path, offset: int) -> bytes:
    """The data of the record that begins at `offset`.

    Raises:
      InputError: when the file can't be read, ends inside the record, or one of its checksums is wrong.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            header = file.read(_HEADER)
            left = path.stat().st_size - offset - _HEADER - _FOOTER
            if len(header) < _HEADER or left < 0:
                raise _cut_short(path, offset)
            _check_headers(path, np.frombuffer(header, np.uint8)[None])
            length = int.from_bytes(header[:8], "little")
            if length > left:
                raise _cut_short(path, offset)
            data, footer = file.read(length), file.read(_FOOTER)
    except OSError as error:
        raise InputError(f"Expected a TFRecord file at {path}, got: {error}: prepare the set again.") from error
    if masked_crc32c(data) != int.from_bytes(footer, "little"):
        raise InputError(
            f"Expected a whole record at byte {offset} of {path}, got data that differ from their checksum: "
            "the file is damaged; copy or prepare it again."
        )
    return data


def masked_crc32c(data: bytes) -> int:
    """The checksum as TFRecord files store it: ((c >> 15) | (c << 17)) + a282ead8₁₆ modulo 2³², c = `crc32c`."""
    return _masked(crc32c(data))


def crc32c(data: bytes) -> int:
    """CRC-32C of some bytes, as RFC 3720 has it: reflected, begins with all ones, ends inverted.

    The register after a block is the XOR of one table entry for each of its bytes, by value and by how many bytes
    follow; the register before it is XORed into the block's first four bytes. So a block costs one look-up in NumPy.
    """
    content, register = np.frombuffer(data, np.uint8), _ONES
    for start in range(0, len(content), _BLOCK):
        register = _advance(register, content[start : start + _BLOCK])
    return register ^ _ONES


def _advance(register: int, block: UInt8[np.ndarray, "n"]) -> int:
    """The register after at most `_BLOCK` bytes more."""
    if len(block) < 4:  # the register has no room in it
        for byte in block.tolist():
            register = (register >> 8) ^ int(_table()[-1, (register ^ byte) & 0xFF])
        return register
    mixed = block.copy()
    mixed[:4] ^= np.frombuffer(register.to_bytes(4, "little"), np.uint8)
    return int(np.bitwise_xor.reduce(_entries(mixed)))


def _entries(blocks: UInt8[np.ndarray, "... n"]) -> UInt32[np.ndarray, "... n"]:
    """Each byte's row and column of the table, for blocks that end where the table does."""
    return _table().ravel().take(np.arange(_BLOCK - blocks.shape[-1], _BLOCK) * 256 + blocks)


@functools.cache
def _table() -> UInt32[np.ndarray, "block 256"]:
    """Row −1−j, column b: the register after byte b and then j bytes of zeros, from a register of zeros."""
    single = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        single = (single >> 1) ^ np.where(single & 1, np.uint32(_POLYNOMIAL), np.uint32(0))
    rows = [single]
    for _ in range(_BLOCK - 1):
        rows.append((rows[-1] >> 8) ^ single[rows[-1] & 0xFF])
    return np.stack(rows[::-1])


def _masked(checksum: int) -> int:
    return (((checksum >> 15) | (checksum << 17)) + _MASK_DELTA) & _ONES


def _stretch(shard: Shard) -> Int64[np.ndarray, "n"]:
    offsets = index_records(shard.path)
    if len(offsets) != shard.num_records:
        raise InputError(
            f"Expected {shard.num_records} records in {shard.path}, as the set's description says, got {len(offsets)}: "
            "the file is not whole, or of another set; copy or prepare it again."
        )
    return offsets[shard.skip :][: None if shard.take < 0 else shard.take]


def _scan(path: Path, content: mmap.mmap) -> tuple[Int64[np.ndarray, "N"], UInt8[np.ndarray, "N 12"]]:
    """Where each record begins, and its header. A wrong length is found here, where it leads, or by its checksum."""
    offsets, headers, offset = [], bytearray(), 0
    while offset < len(content):
        header = content[offset : offset + _HEADER]
        after = offset + _HEADER + int.from_bytes(header[:8], "little") + _FOOTER
        if len(header) < _HEADER or after > len(content):
            if len(header) == _HEADER:
                _check_headers(path, np.frombuffer(header, np.uint8)[None])
            raise _cut_short(path, offset)
        offsets.append(offset)
        headers += header
        offset = after
    return np.array(offsets, np.int64), np.frombuffer(bytes(headers), np.uint8).reshape(-1, _HEADER)


def _check_headers(path: Path, headers: UInt8[np.ndarray, "N 12"]) -> None:
    """Raises `InputError` unless every length agrees with its checksum; all at once, for there may be many."""
    mixed = headers[:, :8] ^ np.array([0xFF] * 4 + [0] * 4, np.uint8)
    found = np.bitwise_xor.reduce(_entries(mixed), axis=1) ^ np.uint32(_ONES)
    rotated = (found >> np.uint32(15)) | (found << np.uint32(17))
    stored = np.ascontiguousarray(headers[:, 8:]).view("<u4")[:, 0]
    wrong = np.flatnonzero(rotated + np.uint32(_MASK_DELTA) != stored)
    if len(wrong):
        raise InputError(
            f"Expected a TFRecord file at {path}, got a length that differs from its checksum at record {wrong[0]}: "
            "the file is damaged, or of another kind; copy or prepare it again."
        )


def _cut_short(path: Path, offset: int) -> InputError:
    return InputError(
        f"Expected whole records in {path}, got a file that ends inside the record at byte {offset}: "
        "copy or prepare it again."
    )
