"""What reading costs beside the step that it feeds: 64-pixel JPEG from disk, and a DCGAN of that size."""

from __future__ import annotations

import contextlib
import io
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import assembly
import content
import jax
import numpy as np
import prepared
from config import Config, Data
from PIL import Image

from benchmarks.games import config_of
from benchmarks.ours import about, compiled_chunk
from benchmarks.task import Task, repeated, temporary_folder
from ganjax import data
from ganjax.checks import Table
from ganjax.data import Records, Source, Streaming, Transform

SIDE, LARGE = 64, (218, 178)  # pixels; the second is CelebA's, to be cropped and resized
NUM_PICTURES, NUM_LARGE, NUM_CLASSES = 2048, 512, 2
BATCH, CHUNK = 64, 2  # of the step
READ_STEPS = 32  # batches in one timed reading


def settings() -> Config:
    """The DCGAN that is fed, for longer than it is timed."""
    return replace(config_of("dcgan-64", batch_size=BATCH), num_steps=2**20)


# ---------------------------------------------------------------- contestants


def reading(kind: str, workers: int, reader: str | None = None) -> Task:
    """Reads some batches and throws them away. The unit is an image.

    Args:
      kind: a row of `SETS`.
      workers: threads or processes that read.
      reader: a row of `data.READERS`; None for grain where it is installed.
    """
    source = data.stream_source(SETS[kind](temporary_folder()), Streaming(workers, reader=reader))

    def run(calls: int) -> float:
        with contextlib.closing(open_feed(source, jax.random.key(0), calls * READ_STEPS)) as feed:
            began = time.perf_counter()
            for call in range(calls):
                feed(call * READ_STEPS, READ_STEPS)
            return (time.perf_counter() - began) * 1e6 / (calls * READ_STEPS * BATCH)

    return Task(run, about(), calls=1)


def stepping(memory: str) -> Task:
    """Trains a chunk at a time; of a stream, the next chunk is read meanwhile, as in train.py. The unit is an image."""
    config, path = settings(), write_zip(temporary_folder() / "small.zip", NUM_PICTURES, (SIDE, SIDE))
    found = Data(name="folder", dir=str(path), memory=memory, cache=False)  # type: ignore[arg-type]
    run = assembly.assemble(replace(config, data=found))
    advance, held = compiled_chunk(run, config, CHUNK), [assembly.init(run, config)]
    feed = None if run.source.feed is None else open_feed(run.source, run.data_key, config.num_steps)
    arrays = [run.source.arrays if feed is None else jax.device_put(feed(0, CHUNK))]

    def call() -> None:
        held[0], _ = advance(held[0], run.data_key, arrays[0])
        if feed is not None:
            arrays[0] = jax.device_put(feed(int(arrays[0].first) + CHUNK, CHUNK))
        jax.block_until_ready(held[0])

    return Task(repeated(call, lambda: None, CHUNK * BATCH), about())


def open_feed(source: Source, key: jax.Array, end: int) -> Any:
    assert source.feed is not None
    return source.feed(key, BATCH, end)


# ---------------------------------------------------------------- the files


def zipped(folder: Path) -> Records:
    """Small pictures in a zip."""
    return data.folder_records(write_zip(folder / "small.zip", NUM_PICTURES, (SIDE, SIDE)))


def resized(folder: Path) -> Records:
    """Larger ones, to be cropped and resized."""
    path = write_zip(folder / "large.zip", NUM_LARGE, LARGE)
    return data.folder_records(path, transform=Transform(crop=LARGE[1], resolution=SIDE))


def recorded(folder: Path) -> Records:
    """Small pictures as a set of tensorflow-datasets."""
    return data.tfds_records("noise", write_array_records(folder, NUM_PICTURES))


SETS: Table[Callable[[Path], Records]] = Table(
    "set of pictures", {"zip": zipped, "zip-resized": resized, "array-record": recorded}
)


def pictures(num: int, shape: tuple[int, int]) -> Iterator[bytes]:
    """JPEG files of smooth noise, about as large as photographs of their size."""
    draws = np.random.default_rng(0)
    for _ in range(num):
        coarse = np.clip(128 + 50 * draws.normal(size=(shape[0] // 4, shape[1] // 4, 3)), 0, 255).astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(coarse).resize((shape[1], shape[0]), Image.Resampling.BICUBIC).save(
            file, format="jpeg", quality=90
        )
        yield file.getvalue()


def write_zip(path: Path, num: int, shape: tuple[int, int]) -> Path:
    """An archive of them, in folders of two classes."""
    with zipfile.ZipFile(path, "w") as archive:
        for i, picture in enumerate(pictures(num, shape)):
            archive.writestr(f"{i % NUM_CLASSES}/{i:06}.jpg", picture)
    return path


def write_array_records(folder: Path, num: int) -> Path:
    """The same as a set of tensorflow-datasets."""
    features = content.image_features((SIDE, SIDE, 3), "jpeg", NUM_CLASSES)
    examples = ({"image": x, "label": i % NUM_CLASSES} for i, x in enumerate(pictures(num, (SIDE, SIDE))))
    made = content.Content(features, ("image", "label"), {"train": content.Split(num, lambda: examples)})
    prepared.write(prepared.Identity("noise", "1.0.0", "Noise."), made, folder, lambda split, done: None)
    return folder
