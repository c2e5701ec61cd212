"""Every kind of file that is read here, written small, and ways to spoil it.

`FORMATS` writes a set and reads it; `spoil` changes one of its files, from a flipped byte to a header that lies.
"""

import gzip
import io
import json
import os
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import config as config_module
import faces
import jax
import numpy as np
import originals
import picture_folders
import prepared
from configs import PRESETS
from hypothesis import strategies as st
from PIL import Image

from ganjax import data
from ganjax import io as ganjax_io
from ganjax.data import Reading, Source, Transform

RNG = np.random.default_rng(20)
SHAPES = {"a.kernel": (2, 3), "b.bias": (4,)}


# ---------------------------------------------------------------- writing


def pictures(num: int = 12, side: int = 8, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(num * side + channels).integers(0, 256, (num, side, side, channels), np.uint8)


def labels(num: int = 12, classes: int = 10) -> np.ndarray:
    return np.arange(num) * 7 % classes


def write_idx(folder: Path, zipped: bool = False, num: int = 12, side: int = 8) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("train", "t10k"):
        arrays = {"images-idx3": pictures(num, side)[..., 0], "labels-idx1": labels(num).astype(np.uint8)}
        for stem, array in arrays.items():
            content = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
            name = f"{part}-{stem}-ubyte"
            (folder / (f"{name}.gz" if zipped else name)).write_bytes(
                gzip.compress(content, mtime=0) if zipped else content
            )


def write_npz(
    folder: Path, num: int = 12, side: int = 8, channels: int = 1, save: Callable[..., Any] = np.savez
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / "set.npz", images=pictures(num, side, channels), labels=labels(num))


def write_npy(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "set.npy", pictures(channels=3))


def encoded(image: np.ndarray, kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, kind)
    return file.getvalue()


KINDS = {"png": "png", "jpg": "jpeg", "bmp": "bmp", "webp": "webp", "tif": "tiff", "ppm": "ppm"}


def members() -> dict[str, bytes]:
    """Two classes, every kind of picture."""
    images = pictures(2 * len(KINDS), 8, 3)
    return {
        f"{'ab'[i % 2]}/{i}.{ending}": encoded(images[i], KINDS[ending]) for i, ending in enumerate([*KINDS, *KINDS])
    }


def write_folder(folder: Path) -> None:
    for name, content in members().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def write_zip(folder: Path, method: int = zipfile.ZIP_DEFLATED) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "set.zip", "w", method) as archive:
        for name, content in members().items():
            archive.writestr(name, content)


def write_parquet(folder: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"bytes": encoded(image, "png"), "path": f"{i}.png"} for i, image in enumerate(pictures(channels=3))]
    table = pa.table({"image": rows, "label": labels()})
    label = {"names": [str(i) for i in range(10)], "_type": "ClassLabel"}
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": {"label": label}}})})
    parquet.write_table(table, folder / "train.parquet", row_group_size=5)


def write_prepared(folder: Path) -> None:
    """A set as prepare_data.py leaves it: array_record."""
    write_folder(folder / "pictures")
    content = picture_folders.read_pictures(folder / "pictures")
    prepared.write(prepared.Identity("tiny", "1.0.0", "some"), content, folder, lambda split, done: None)
    shutil.rmtree(folder / "pictures")


def write_tfrecord(folder: Path) -> None:
    """The same records as TFRecord files."""
    import tensorflow_datasets as tfds
    from tensorboardX.record_writer import RecordWriter

    write_prepared(folder)
    place = folder / "tiny/1.0.0"
    source = tfds.builder_from_directory(place).as_data_source(
        "train", deserialize_method=tfds.decode.DeserializeMethod.RAW_BYTES
    )
    records = list(source)
    for file in folder.rglob("*.array_record*"):
        file.unlink()
    for i in range(2):
        writer = RecordWriter(str(place / f"tiny-train.tfrecord-{i:05d}-of-00002"))
        for record in records[i::2]:
            writer.write(record)
        writer.close()
    description = json.loads((place / "dataset_info.json").read_text())
    description["fileFormat"] = "tfrecord"
    description["splits"][0]["shardLengths"] = [str(len(records[i::2])) for i in range(2)]
    (place / "dataset_info.json").write_text(json.dumps(description))


def write_weights(folder: Path) -> None:
    arrays = {name: np.ones(shape, np.float32) for name, shape in SHAPES.items()}
    ganjax_io.write_weights(folder / "weights.npz", arrays, SHAPES, "abc")


def cifar() -> dict[str, bytes]:
    rows = RNG.integers(0, 256, (2, originals.CIFAR_ROW), np.uint8)
    rows[:, 0] %= 10
    batches = {name: rows.tobytes() for names in originals.CIFAR_SPLITS.values() for name in names}
    return batches | {originals.CIFAR_NAMES: "\n".join(f"class{i}" for i in range(10)).encode()}


def write_cifar(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in cifar().items():
        (folder / name).write_bytes(content)


def write_cifar_archive(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / "cifar-10-binary.tar.gz", "w:gz") as tar:
        for name, content in cifar().items():
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def write_celeba(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{i + 1:06d}.jpg" for i in range(6)]
    with zipfile.ZipFile(folder / faces.ARCHIVE, "w") as archive:
        for name, image in zip(names, pictures(6, 10, 3), strict=True):
            archive.writestr(f"img_align_celeba/{name}", encoded(image, "jpeg"))
    (folder / faces.PARTITION).write_text("".join(f"{name} {i % 3}\n" for i, name in enumerate(names)))
    rows = [f"{name} 1 -1" for name in names]
    (folder / faces.ATTRIBUTES).write_text("\n".join(["6", "Bald Young", *rows]) + "\n")


def write_config(folder: Path) -> None:
    values = config_module.to_dict(PRESETS["mnist-infogan"])
    ganjax_io.write_json(folder / "config.json", values)


def write_metrics(folder: Path) -> None:
    with ganjax_io.MetricsLog(folder) as log:
        for step in (1, 2, 3):
            log.write(step, {"disc_loss": 0.5, "gen_loss": float("nan")})
    for events in folder.glob("events.*"):
        events.unlink()


# ---------------------------------------------------------------- reading


def load(name: str, file: str = "") -> Callable[[Path], None]:
    def read(folder: Path) -> None:
        resolution = None if name in ("mnist", "npz") else 8
        source = data.load(name, str(folder / file), reading=Reading(Transform(resolution=resolution)))
        check_sane(source)

    return read


def check_sane(source: Source) -> None:
    """A batch of it is what a game can be played on."""
    num = min(4, source.spec.num_samples or 4)
    batch = data.batch_at(source, jax.random.key(0), 0, num)
    samples = np.asarray(batch.samples)
    assert samples.shape == (num, *source.spec.shape)
    assert samples.dtype == np.float32
    assert np.abs(samples).max() <= 1
    if source.spec.num_classes is not None:
        assert source.labels is not None
        found = np.asarray(source.arrays.labels)
        assert found.shape == (source.spec.num_samples,)
        assert found.min() >= 0
        assert found.max() < source.spec.num_classes


def read_stream(name: str, file: str = "") -> Callable[[Path], None]:
    """The same record by record, as a streamed run reads it."""

    def read(folder: Path) -> None:
        records = data.open_records(name, str(folder / file), "train", Transform(resolution=8))
        assert records is not None
        for i in range(records.spec.num_samples or 0):
            image, label = records.read(i)
            assert image.shape == records.spec.shape
            assert label is None or 0 <= label < (records.spec.num_classes or 0)

    return read


def read_originals(reader: Callable[[Path], Any]) -> Callable[[Path], None]:
    """As prepare_data.py does: everything that would be written."""

    def read(folder: Path) -> None:
        for split in reader(folder).splits.values():
            assert len(list(split.examples())) == split.num

    return read


def read_config(folder: Path) -> None:
    import workdir

    config = workdir.read_config(folder)
    config_module.check(config)


def read_metrics(folder: Path) -> None:
    rows = ganjax_io.read_metrics(folder)
    assert all(isinstance(row["step"], int) for row in rows)
    with ganjax_io.MetricsLog(folder, 2) as log:  # a resumed run's
        log.write(3, {"disc_loss": 1.0})
    assert ganjax_io.read_metrics(folder)[-1] == {"step": 3, "disc_loss": 1.0}


class Format(NamedTuple):
    """A kind of set: how a small one is written, and how it is read and looked at."""

    write: Callable[[Path], None]
    read: Callable[[Path], None]


FORMATS: dict[str, Format] = {
    "idx": Format(write_idx, load("mnist")),
    "gzipped idx": Format(lambda folder: write_idx(folder, zipped=True), load("mnist")),
    "npz": Format(write_npz, load("npz", "set.npz")),
    "packed npz": Format(lambda folder: write_npz(folder, save=np.savez_compressed), load("npz", "set.npz")),
    "npy": Format(write_npy, load("npz", "set.npy")),
    "folder": Format(write_folder, load("folder")),
    "streamed folder": Format(write_folder, read_stream("folder")),
    "zip": Format(write_zip, load("folder", "set.zip")),
    "stored zip": Format(lambda folder: write_zip(folder, zipfile.ZIP_STORED), load("folder", "set.zip")),
    "streamed zip": Format(write_zip, read_stream("folder", "set.zip")),
    "parquet": Format(write_parquet, load("parquet", "train.parquet")),
    "array_record": Format(write_prepared, load("tfds:tiny")),
    "streamed array_record": Format(write_prepared, read_stream("tfds:tiny")),
    "tfrecord": Format(write_tfrecord, load("tfds:tiny")),
    "weights": Format(write_weights, lambda folder: _ignore(ganjax_io.read_weights(folder / "weights.npz", SHAPES))),
    "original idx": Format(
        lambda folder: write_idx(folder, zipped=True), read_originals(lambda folder: originals.read_idx(None, folder))
    ),
    "cifar": Format(write_cifar, read_originals(originals.read_cifar)),
    "cifar archive": Format(write_cifar_archive, read_originals(originals.read_cifar)),
    "celeba": Format(write_celeba, read_originals(faces.read_celeba)),
    "config": Format(write_config, read_config),
    "metrics": Format(write_metrics, read_metrics),
}


def _ignore(value: object) -> None:
    del value


# ---------------------------------------------------------------- spoiling

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
    import re

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


def damages() -> st.SearchStrategy[Damage]:
    return st.integers(0, 2**64 - 1).map(lambda number: damage_of(Random(number)))


def damage_of(rng: Random) -> Damage:
    kind = rng.choice(sorted(FORMATS))
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
