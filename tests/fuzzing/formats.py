"""Every kind of file that is read here: how a small one is written, read and looked at."""

import functools
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import faces
import jax
import numpy as np
import originals
import workdir
from rules import check

from fuzzing import small_sets
from ganjax import data
from ganjax import io as ganjax_io
from ganjax.data import Reading, Source, Transform


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
    config = workdir.read_config(folder)
    check(config)


def read_metrics(folder: Path) -> None:
    rows = ganjax_io.read_metrics(folder)
    assert all(isinstance(row["step"], int) for row in rows)
    with ganjax_io.MetricsLog(folder, 2) as log:  # a resumed run's
        log.write(3, {"disc_loss": 1.0})
    assert ganjax_io.read_metrics(folder)[-1] == {"step": 3, "disc_loss": 1.0}


class Format(NamedTuple):
    """A kind of set: how a small one is written, how it is read and looked at, and how train.py is told to use it:
    --data.name, and the place in the folder; or not at all."""

    write: Callable[[Path], None]
    read: Callable[[Path], None]
    named: tuple[str, str] | None = None


def trainable(write: Callable[[Path], None], name: str, file: str = "") -> Format:
    return Format(write, load(name, file), (name, file))


def read_weights(folder: Path) -> None:
    ganjax_io.read_weights(folder / "weights.npz", small_sets.SHAPES)


def write_packed_npz(folder: Path) -> None:
    small_sets.write_npz(folder, save=np.savez_compressed)


def write_gzipped_idx(folder: Path) -> None:
    small_sets.write_idx(folder, zipped=True)


def write_stored_zip(folder: Path) -> None:
    small_sets.write_zip(folder, zipfile.ZIP_STORED)


FORMATS: dict[str, Format] = {
    "idx": trainable(small_sets.write_idx, "mnist"),
    "gzipped idx": trainable(write_gzipped_idx, "mnist"),
    "npz": trainable(small_sets.write_npz, "npz", "set.npz"),
    "packed npz": trainable(write_packed_npz, "npz", "set.npz"),
    "npy": trainable(small_sets.write_npy, "npz", "set.npy"),
    "folder": trainable(small_sets.write_folder, "folder"),
    "streamed folder": Format(small_sets.write_folder, read_stream("folder")),
    "zip": trainable(small_sets.write_zip, "folder", "set.zip"),
    "stored zip": trainable(write_stored_zip, "folder", "set.zip"),
    "streamed zip": Format(small_sets.write_zip, read_stream("folder", "set.zip")),
    "parquet": trainable(small_sets.write_parquet, "parquet", "train.parquet"),
    "array_record": trainable(small_sets.write_prepared, "tfds:tiny"),
    "streamed array_record": Format(small_sets.write_prepared, read_stream("tfds:tiny")),
    "tfrecord": trainable(small_sets.write_tfrecord, "tfds:tiny"),
    "weights": Format(small_sets.write_weights, read_weights),
    "original idx": Format(write_gzipped_idx, read_originals(functools.partial(originals.read_idx, None))),
    "cifar": Format(small_sets.write_cifar, read_originals(originals.read_cifar)),
    "cifar archive": Format(small_sets.write_cifar_archive, read_originals(originals.read_cifar)),
    "celeba": Format(small_sets.write_celeba, read_originals(faces.read_celeba)),
    "config": Format(small_sets.write_config, read_config),
    "metrics": Format(small_sets.write_metrics, read_metrics),
}
