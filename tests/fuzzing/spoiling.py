"""Ways to spoil a file, from a flipped byte to a header that lies."""

import gzip
import io
import json
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from fuzzing.small_sets import encoded, pictures

Spoil = Callable[[bytes, np.random.Generator], bytes]
EXTREMES = (
    b"\0" * 4,
    b"\xff" * 4,
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\0" * 8,
    b"\xff" * 8,
    b"\x80" + b"\0" * 7,
)


def anywhere(size: int, rng: np.random.Generator) -> int:
    """A place in a file: every second one near an end, where headers and directories are."""
    near = int(rng.integers(0, 120))
    return int(rng.choice([near, size - 1 - near, *rng.integers(0, max(size, 1), 2)])) % max(size, 1)


def flip(content: bytes, rng: np.random.Generator) -> bytes:
    spoilt = bytearray(content)
    for _ in range(int(rng.choice([1, 1, 1, 2, 5, 50]))):
        if spoilt:
            spoilt[anywhere(len(spoilt), rng)] ^= 1 << int(rng.integers(8))
    return bytes(spoilt)


def truncate(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: anywhere(len(content), rng)]


def insert(content: bytes, rng: np.random.Generator) -> bytes:
    place = anywhere(len(content), rng)
    return content[:place] + rng.bytes(int(rng.choice([1, 4, 100, 5000]))) + content[place:]


def remove(content: bytes, rng: np.random.Generator) -> bytes:
    place = anywhere(len(content), rng)
    return content[:place] + content[place + int(rng.choice([1, 4, 100])) :]


def overwrite(content: bytes, rng: np.random.Generator) -> bytes:
    """A number of four or eight bytes becomes the least, the greatest or −1."""
    place, number = anywhere(len(content), rng), EXTREMES[int(rng.integers(len(EXTREMES)))]
    return content[:place] + number + content[place + len(number) :]


def empty(content: bytes, rng: np.random.Generator) -> bytes:
    del content, rng
    return b""


def double(content: bytes, rng: np.random.Generator) -> bytes:
    del rng
    return content * 2


def noise(content: bytes, rng: np.random.Generator) -> bytes:
    return rng.bytes(len(content))


def other_format(content: bytes, rng: np.random.Generator) -> bytes:
    """The right name, and in the file something else."""
    del content
    return OTHERS[int(rng.integers(len(OTHERS)))]()


WORDS = (
    *(b"null", b"-1", b"0", b"1e400", b"99999999999999999999", b"[]", b"{}", b'"x"', b"NaN", b"true", b'"\\u0000"'),
    *(b"[" * 5000, b"9" * 5000, b"3.5", b'"\xff\xfe"', b"-Infinity", b'"1"', b'["4","7","3"]'),
)


def reword(content: bytes, rng: np.random.Generator) -> bytes:
    """A word of a text, such as a value in JSON, becomes another."""
    found = list(re.finditer(rb'"[^"]*"|-?[\d.]+|true|false|null|\w+', content))
    if not found:
        return flip(content, rng)
    one = found[int(rng.integers(len(found)))]
    return content[: one.start()] + WORDS[int(rng.integers(len(WORDS)))] + content[one.end() :]


SPOILERS: dict[str, Spoil] = {
    each.__name__: each
    for each in (flip, truncate, insert, remove, overwrite, empty, double, noise, other_format, reword)
}


def npy(header: str, body: bytes = b"\0" * 64, version: tuple[int, int] = (1, 0)) -> bytes:
    """A NumPy file that says what it likes."""
    text = header.encode("latin1") + b"\n"
    length = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + length + text + body


def npy_lie(content: bytes, rng: np.random.Generator) -> bytes:
    del content
    shapes = (
        "(12, 8, 8, 1)",
        "(1000000000000, 8, 8, 1)",
        "(-1, 8, 8, 1)",
        "(12,)",
        "()",
        "(0, 8, 8, 1)",
        "(2, 0, 0, 1)",
    )
    kinds = ("|u1", "<f8", "|O", "|S3", "<M8[s]", "|V4", "<i8", "<U99999999")
    shape, kind = (each[int(rng.integers(len(each)))] for each in (shapes, kinds))
    header = f"{{'descr': '{kind}', 'fortran_order': {rng.integers(2) == 1}, 'shape': {shape}, }}"
    more = ("", "(", "\0", "]" * 300, "__import__('os').system('true')")[int(rng.integers(5))]
    return npy(header + more, version=((1, 0), (2, 0), (3, 0), (9, 9))[int(rng.integers(4))])


def npz_lie(content: bytes, rng: np.random.Generator) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("images.npy", "labels.npy")[: int(rng.integers(1, 3))]:
            archive.writestr(name, npy_lie(content, rng))
    return file.getvalue()


def png_lie(content: bytes, rng: np.random.Generator) -> bytes:
    """Another width and height in a header whose checksum is right."""
    del content
    made = bytearray(encoded(pictures(1, 8, 3)[0], "png"))
    sides = struct.pack(">II", *(int(x) for x in rng.choice([0, 1, 7, 9, 60000, 2**31 - 1, 2**32 - 1], 2)))
    made[16:24] = sides
    made[29:33] = struct.pack(">I", zlib.crc32(bytes(made[12:29])))
    return bytes(made)


def gzip_bomb(content: bytes, rng: np.random.Generator) -> bytes:
    """Two hundred megabytes of zeros in a few hundred kilobytes, after a header of the right kind."""
    del content, rng
    return gzip.compress(bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**20, 16, 12) + bytes(2 * 10**8), 9)


def zip_bomb(content: bytes, rng: np.random.Generator) -> bytes:
    del content, rng
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/0.png", bytes(10**8))
        archive.writestr("images.npy", bytes(10**7))
    return file.getvalue()


def text(content: bytes, rng: np.random.Generator) -> bytes:
    del content, rng
    return "Nothing of that kind, ünïcödé\n".encode() * 40


OTHERS = [
    lambda: encoded(pictures(1, 8, 3)[0], "png"),
    lambda: gzip.compress(b"\0" * 1000),
    lambda: npy("{'descr': '|u1', 'fortran_order': False, 'shape': (64,), }"),
    lambda: json.dumps({"a": [1, 2]}).encode(),
    lambda: b"\x80\x04\x95\x10\0\0\0\0\0\0\0",  # how a pickle begins
    lambda: b"PAR1" + bytes(40) + b"PAR1",
    lambda: b"PK\x05\x06" + bytes(18),  # a zip archive with nothing in it
    lambda: b"%PDF-1.7\n",
    lambda: "ünïcödé".encode("utf-16"),
]

LIES: dict[str, tuple[Spoil, ...]] = {
    "npz": (npz_lie, zip_bomb),
    "packed npz": (npz_lie, zip_bomb),
    "npy": (npy_lie,),
    "weights": (npz_lie, zip_bomb),
    "gzipped idx": (gzip_bomb,),
    "folder": (png_lie,),
    "zip": (zip_bomb,),
    "streamed zip": (zip_bomb,),
    "cifar archive": (gzip_bomb,),
    "config": (reword,) * 6,
    "metrics": (reword,) * 6,
    "array_record": (reword,) * 4,
    "tfrecord": (reword,) * 4,
    "celeba": (reword,) * 4,
}


class Damage(NamedTuple):
    """What is done to a set: which file of how many, how, with which random numbers. Printable, and so repeatable."""

    kind: str
    file: int
    how: str
    seed: int


def damages(kinds: Sequence[str]) -> st.SearchStrategy[Damage]:
    return st.integers(0, 2**64 - 1).map(lambda number: damage_of(Random(number), kinds))


def damage_of(rng: Random, kinds: Sequence[str]) -> Damage:
    kind = rng.choice(kinds)
    ways = [*SPOILERS, *(spoiler.__name__ for spoiler in LIES.get(kind, ())), *PLACES]
    return Damage(kind, rng.randrange(100), rng.choice(ways), rng.randrange(2**32))


def apply(damage: Damage, folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    file, rng = files[damage.file % len(files)], np.random.default_rng(damage.seed)
    if damage.how in PLACES:
        PLACES[damage.how](file, files[int(rng.integers(len(files)))])
        return
    spoilers = SPOILERS | {spoiler.__name__: spoiler for spoiler in LIES.get(damage.kind, ())}
    file.write_bytes(spoilers[damage.how](file.read_bytes(), rng))


def delete(file: Path, other: Path) -> None:
    del other
    file.unlink()


def swap(file: Path, other: Path) -> None:
    """Two files of the set change places."""
    content = file.read_bytes()
    file.write_bytes(other.read_bytes())
    other.write_bytes(content)


def to_folder(file: Path, other: Path) -> None:
    del other
    file.unlink()
    file.mkdir()


def to_loop(file: Path, other: Path) -> None:
    """A link to itself."""
    del other
    file.unlink()
    os.symlink(file, file)


def to_pipe(file: Path, other: Path) -> None:
    """A pipe that nobody writes to: whoever opens it waits for ever."""
    del other
    file.unlink()
    os.mkfifo(file)


PLACES: dict[str, Callable[[Path, Path], None]] = {
    each.__name__: each for each in (delete, swap, to_folder, to_loop, to_pipe)
}
