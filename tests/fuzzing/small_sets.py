"""A small set of every kind of file that is read here, written into a folder."""

import gzip
import io
import json
import shutil
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faces
import numpy as np
import originals
import picture_folders
import prepared
from configs import PRESETS
from PIL import Image
from recorded import to_dict

from ganjax import io as ganjax_io

RNG = np.random.default_rng(20)
SHAPES = {"a.kernel": (2, 3), "b.bias": (4,)}


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
        writer = RecordWriter(str(place / f"tiny-train.tfrecord-{i:05d}"))
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
    values = to_dict(PRESETS["mnist-infogan"])
    ganjax_io.write_json(folder / "config.json", values)


def write_metrics(folder: Path) -> None:
    with ganjax_io.MetricsLog(folder) as log:
        for step in (1, 2, 3):
            log.write(step, {"disc_loss": 0.5, "gen_loss": float("nan")})
    for events in folder.glob("events.*"):
        events.unlink()
