"""Where the data of a run lie: on the device as a whole, or on disk, from where they are streamed."""

from __future__ import annotations

import functools
import math

import numpy as np
from config import Data
from limits import Range

from ganjax import data, io
from ganjax.checks import InputError
from ganjax.data import Reading, Records, Source, Streaming, Transform, UnreadableError
from ganjax.types import PyTree

COUNT = Range(1, 1024)
MOST_IN_MEMORY = 2**32  # bytes of images: on a small machine, twice that for a moment


def load(settings: Data, seed: int) -> Source:
    """The samples that the config names, cropped, resized and converted as it declares, in memory or streamed.

    Both show the same batches. Without a choice, pictures that take more than 4 GiB are streamed: the same everywhere,
    since the processes of one run have to agree.

    Raises:
      InputError: if the set is not there, damaged, or can't be streamed as asked.
    """
    check_numbers(settings)
    reading = reading_of(settings)
    records, how = recorded(settings, reading.transform), Streaming(settings.workers, settings.prefetch)
    if records is not None and streams(settings, records):
        return data.stream_source(records, how)
    if records is not None and not is_folder(settings):
        return data.held_source(records, how)
    return data.load(settings.name, settings.dir, settings.split, seed, reading)


def check_numbers(settings: Data) -> None:
    """Raises `InputError` for fewer than one worker or batch, whether they will be needed or not."""
    for name in ("workers", "prefetch"):
        number = getattr(settings, name)
        if number is not None and number not in COUNT:
            raise InputError(f"Expected --data.{name} {COUNT}, got {number}.")


def reading_of(settings: Data) -> Reading:
    """How pictures are read."""
    transform = Transform(settings.crop, settings.resolution, settings.channels)
    keep = functools.partial(io.kept_arrays, io.cache_folder()) if settings.cache else data.decode_anew
    return Reading(transform, settings.on_error, keep)


def streams(settings: Data, records: Records) -> bool:
    """Whether to leave the set on disk."""
    return settings.memory == "stream" or (settings.memory == "auto" and records.num_bytes > MOST_IN_MEMORY)


def is_folder(settings: Data) -> bool:
    """Whether the set is pictures as files: those are kept decoded between runs, and bad ones may be left out."""
    return settings.name.partition(":")[0] == "folder"


def recorded(settings: Data, transform: Transform) -> Records | None:
    """The set, to be read record by record, where it may have to be.

    Raises:
      InputError: for a stream of what can't be read so, or of what isn't known before all of it was read.
    """
    if settings.memory != "stream" and (
        settings.on_error == "skip" or (settings.memory == "device" and is_folder(settings))
    ):
        return None
    if settings.on_error == "skip":
        raise InputError(
            "Expected --data.on-error error with --data.memory stream, got skip: which pictures can be read must be "
            "known before the first batch; delete the damaged files, or keep the set in memory."
        )
    try:
        records = data.open_records(settings.name, settings.dir, settings.split, transform)
    except UnreadableError:
        if settings.memory == "stream":
            raise
        return None  # whoever reads all of them may leave some out, and says so
    if records is None and settings.memory == "stream":
        raise InputError(
            f"Expected a folder or a zip of pictures, or tfds:NAME, with --data.memory stream, got {settings.name}: "
            "leave it out."
        )
    return records


def stored(source: Source) -> PyTree:
    """The arrays of a set in memory.

    Raises:
      InputError: if it is streamed.
    """
    if source.feed is not None:
        raise InputError(
            f"Expected data in memory here, got {source.spec.name}, which is streamed: train it by train.py, or give "
            "--data.memory device where it fits."
        )
    return source.arrays


def samples(source: Source) -> np.ndarray:
    """The samples of `taken`."""
    return taken(source)[0]


def taken(source: Source) -> tuple[np.ndarray, np.ndarray | None]:
    """All samples of a finite set as they are stored, and their labels; of a stream, no more than take 4 GiB.

    Those are evenly spaced, since folders are in the order of their classes.
    """
    assert source.take is not None  # who asks has seen that the set is finite
    total = fitting = source.spec.num_samples or 0
    if source.feed is not None:
        fitting = min(total, MOST_IN_MEMORY // math.prod(source.spec.shape))
    return source.take(np.arange(fitting) * total // max(fitting, 1))


def words(settings: Data, source: Source) -> str:
    """Where the data lie, and why; nothing to say of what is drawn afresh."""
    if source.spec.num_samples is None:
        return ""
    if source.feed is None:
        asked = " as asked" if settings.memory == "device" else ""
        return f"; in memory{asked}, {size(source.num_bytes)}"
    why = "as asked" if settings.memory == "stream" else f"more than {size(MOST_IN_MEMORY)}"
    how = Streaming(settings.workers, settings.prefetch)
    return f"; streamed, {size(source.num_bytes)}, {why}, by {how.num_workers} threads ({data.installed()})"


def size(num_bytes: int) -> str:
    """12.3 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if num_bytes < 1000:
            return f"{num_bytes:.3g} {unit}"
        num_bytes /= 1000  # type: ignore[assignment]
    return f"{num_bytes:.3g} TB"
