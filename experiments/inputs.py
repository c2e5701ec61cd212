"""What reading costs beside the step that it feeds: 64-pixel JPEG from disk, and a DCGAN of that size."""

from __future__ import annotations

import contextlib
import io
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import assembly
import content
import jax
import numpy as np
import prepared
from config import Config, Data, choose
from configs import PRESETS
from PIL import Image

from ganjax import data, steps
from ganjax.data import Records, Source, Streaming, Transform

SIDE, LARGE = 64, (218, 178)  # pixels; the second is CelebA's, to be cropped and resized
NUM_PICTURES, NUM_LARGE, NUM_CLASSES = 2048, 512, 2
BATCH, CHUNK = 64, 2  # of the step
READ_STEPS = 32  # batches in one timed reading
WORKERS = (1, 2, 4)
STEP = "the step, in memory"


def config(channels: int = 64) -> Config:
    """The DCGAN that is fed."""
    networks = {name: choose(name, "dcgan", channels=channels, kernel=5) for name in ("generator", "discriminator")}
    return replace(PRESETS["celeba64-dcgan"], batch_size=BATCH, num_steps=2**20, **networks)


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


def variants(folder: Path, settings: Config) -> dict[str, Callable[[], float]]:
    """Each gives µs an image. The step alone comes first, then it with a stream, then reading alone."""
    small = write_zip(folder / "small.zip", NUM_PICTURES, (SIDE, SIDE))
    faces = data.folder_records(
        write_zip(folder / "large.zip", NUM_LARGE, LARGE), transform=Transform(crop=LARGE[1], resolution=SIDE)
    )
    zipped = data.folder_records(small)
    recorded = data.tfds_records("noise", write_array_records(folder, NUM_PICTURES))
    readers = {f"zip, {n} worker{'s' * (n > 1)}": reading(zipped, Streaming(n)) for n in WORKERS}
    return {
        STEP: stepping(settings, small, "device"),
        "the step, streamed": stepping(settings, small, "stream"),
        **readers,
        "zip, 2 workers, without grain": reading(zipped, Streaming(2, reader="threads")),
        "array_record, 2 workers": reading(recorded, Streaming(2)),
        "zip of 178 x 218, resized, 2 workers": reading(faces, Streaming(2)),
    }


def reading(records: Records, streaming: Streaming) -> Callable[[], float]:
    """Reads some batches and throws them away."""
    source = data.stream_source(records, streaming)

    def measure() -> float:
        with contextlib.closing(open_feed(source, jax.random.key(0), READ_STEPS)) as feed:
            began = time.perf_counter()
            feed(0, READ_STEPS)
            return (time.perf_counter() - began) * 1e6 / (READ_STEPS * BATCH)

    return measure


def open_feed(source: Source, key: jax.Array, end: int) -> Any:
    assert source.feed is not None
    return source.feed(key, BATCH, end)


def stepping(settings: Config, path: Path, memory: Any) -> Callable[[], float]:
    """Trains a chunk; of a stream, the next chunk is read meanwhile, as in train.py."""
    run = assembly.assemble(replace(settings, data=Data(name="folder", dir=str(path), memory=memory, cache=False)))
    chunk = jax.jit(steps.chunk(run.algorithm, run.source.draw, run.source.gather, BATCH, CHUNK))
    start = assembly.init(run, settings)
    feed = None if run.source.feed is None else open_feed(run.source, run.data_key, 2**20)
    arrays = [run.source.arrays if feed is None else jax.device_put(feed(0, CHUNK))]

    def measure() -> float:
        began = time.perf_counter()
        state, _ = chunk(start, run.data_key, at_start(arrays[0]) if feed else arrays[0])
        if feed is not None:
            first = int(arrays[0].first) + CHUNK
            arrays[0] = jax.device_put(feed(first, CHUNK))
        jax.block_until_ready(state)
        return (time.perf_counter() - began) * 1e6 / (CHUNK * BATCH)

    return measure


def at_start(arrays: Any) -> Any:
    """For a state that hasn't moved yet, whatever steps they were read for."""
    return arrays._replace(first=np.asarray(0, np.int32))


def verdict(medians: Mapping[str, float]) -> str:
    """Whether the input starves the step: what it needs against what the readers give, from µs an image."""
    a_second = {name: 1e6 / cost for name, cost in medians.items()}
    two = a_second["zip, 2 workers"]
    slower = medians["the step, streamed"] / medians[STEP]
    word = "keeps up with" if two > a_second[STEP] else "starves"
    return (
        f"The step needs {a_second[STEP]:,.0f} images/s; two workers read {two:,.0f} from the zip: the input {word} it "
        f"({two / a_second[STEP]:.1f}x). Streamed, the step takes {slower:.2f}x its time in memory."
    )
