"""A run's numbers: `metrics.jsonl`, one JSON object a line, and TensorBoard's event files, side by side in one folder.

    with MetricsLog(workdir, resume_step) as log:
        log.write(step, {"disc_loss": …, "gen_loss": …})
        log.write_image(step, "samples", image_grid(images))

`read_metrics` reads the lines back.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from jaxtyping import Array, Num, Shaped

from ganjax.checks import InputError
from ganjax.io._files import NON_FINITE, plain, replace_file, write_json
from ganjax.io.pictures import png_bytes, to_uint8

__all__ = ["METRICS_FILE", "MetricsLog", "Scalar", "read_metrics", "write_json"]

METRICS_FILE = "metrics.jsonl"
FLUSH_SECONDS = 10.0  # how long TensorBoard may lag behind, and what a kill may cost it

Scalar = float | np.generic | Num[Array | np.ndarray, ""]
Picture = Num[Array | np.ndarray, "..."]
Pixels = Shaped[np.ndarray, "..."]


class MetricsLog:
    """Writes a run's metrics and pictures. Use as a context manager.

    A line of `metrics.jsonl` is on its way to the disk when `write` returns; the event file follows within 10 seconds
    of writing, or at `flush`. Flush before saving a checkpoint, so that a run resumed from it has all of its curve.

    When a run resumes from a checkpoint, what was logged after that checkpoint belongs to steps that will be taken
    again. Those lines of `metrics.jsonl` are dropped (and a last line that a kill cut short), and TensorBoard is told
    to forget them, so that both show one curve.

    A disk that is full makes `write` raise `OSError`, and writing may go on: what Python's buffer holds (a few
    dozen lines) is written once there is room, lines beyond are lost whole, and TensorBoard gets a new event file.

    Args:
      workdir: the run's folder; made where missing.
      resume_step: the step of the checkpoint that the run resumes from; `None` for a run from its beginning, which
        drops whatever an earlier one has logged here.

    Raises:
      InputError: when `metrics.jsonl` has a line, before its last, that is not a line of metrics.
    """

    def __init__(self, workdir: str | os.PathLike[str], resume_step: int | None = None):
        self._workdir = Path(workdir).absolute()
        self._workdir.mkdir(parents=True, exist_ok=True)
        self._path = self._workdir / METRICS_FILE
        self._digests: list[tuple[int, bytes]] = []  # the step and the SHA-256 of every line
        if self._path.exists():
            lines = [(line, row) for line, row in _lines(self._path) if resume_step is not None]
            kept = [(line, row["step"]) for line, row in lines if row["step"] <= (resume_step or 0)]
            replace_file(self._path, b"".join(line for line, _ in kept))
            self._digests = [(step, hashlib.sha256(line).digest()) for line, step in kept]
        self._file = _open_to_append(self._path)
        self._events: _EventFile | None = _EventFile(self._workdir, 0 if resume_step is None else resume_step + 1)

    def __enter__(self) -> MetricsLog:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def write(self, step: int, scalars: Mapping[str, Scalar]) -> None:
        """Adds one line: the step, then the scalars in their order.

        NaN and ±Infinity are written as the strings "NaN", "Infinity" and "-Infinity": JSON has no such numbers.

        Args:
          step: how many steps were taken.
          scalars: by name; a name with a slash makes a group in TensorBoard.

        Raises:
          InputError: when a scalar is called `step`, or is not a number.
          OSError: when it can't be written.
        """
        values = {name: _number(name, value) for name, value in scalars.items()}
        line = json.dumps(plain({"step": int(step), **values}), allow_nan=False).encode() + b"\n"
        self._file.write(line)
        self._digests.append((int(step), hashlib.sha256(line).digest()))
        self._file.flush()
        self._add(int(step), lambda events: events.scalars(int(step), values))

    def write_image(self, step: int, name: str, array: Picture) -> None:
        """Adds a picture to TensorBoard.

        Args:
          step: how many steps were taken.
          name: the row of pictures that this one continues.
          array: [H, W, C] or [H, W]; uint8, or floating point in [−1, 1].

        Raises:
          InputError: as `save_png` does.
          OSError: when it can't be written.
        """
        pixels = to_uint8(array)
        self._add(int(step), lambda events: events.image(int(step), name, pixels))

    def sha256(self, step: int) -> str:
        """SHA-256 of what was logged up to a step, in hexadecimal: goes into the checkpoint of that step.

        Taken of the SHA-256 of each line. A log that resumes there has the same, unless lines were lost or changed.
        """
        return hashlib.sha256(b"".join(digest for logged, digest in self._digests if logged <= step)).hexdigest()

    def flush(self) -> None:
        """Hands everything written so far to the disk.

        Raises:
          OSError: when it can't be written.
        """
        self._file.flush()
        os.fsync(self._file.fileno())
        if self._events is not None:
            self._guarded(self._events.flush)

    def write_anew(self) -> None:
        """Puts the metrics back where they were, after the folder was deleted or moved away under a running run.

        Raises:
          OSError: when they can't be written.
        """
        content = os.pread(self._file.fileno(), os.fstat(self._file.fileno()).st_size, 0)
        replace_file(self._path, content)
        with contextlib.suppress(OSError):
            self._file.close()
        self._file = _open_to_append(self._path)
        self._drop_events()

    def close(self) -> None:
        """Flushes, and lets go of the files. A second call does nothing.

        Raises:
          OSError: when what was still to be written can't be.
        """
        if not self._file.closed:
            try:
                self.flush()
            finally:
                self._drop_events()
                self._file.close()

    def _add(self, step: int, add: Callable[[_EventFile], None]) -> None:
        if self._events is None:
            self._events = _EventFile(self._workdir, step)
        events = self._events
        self._guarded(lambda: add(events))

    def _guarded(self, write: Callable[[], None]) -> None:
        """A record may have been cut in two by what goes wrong: whatever follows goes to another file."""
        try:
            write()
        except OSError:
            self._drop_events()
            raise

    def _drop_events(self) -> None:
        events, self._events = self._events, None
        if events is not None:
            with contextlib.suppress(OSError):
                events.close()


def read_metrics(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The rows of a `metrics.jsonl`, with NaN and ±Infinity as numbers again.

    Args:
      path: the file, or the folder that holds it. A last line that a kill cut short is left out.

    Raises:
      InputError: when there is no such file, or a line before its last is not a line of metrics.
    """
    path = Path(path)
    if path.is_dir():
        path = path / METRICS_FILE
    if not path.is_file():
        raise InputError(f"Expected a file of metrics, got {path}, which is not there.")
    return [{name: _finite_or_not(value) for name, value in row.items()} for _, row in _lines(path)]


def _finite_or_not(value: Any) -> Any:
    return NON_FINITE.get(value, value) if isinstance(value, str) else value


def _lines(path: Path) -> list[tuple[bytes, dict[str, Any]]]:
    """The whole lines of a file of metrics, each as it stands and as it reads."""
    *whole, _ = path.read_bytes().split(b"\n")  # what follows the last line's end is nothing, or was cut short
    lines = []
    for number, line in enumerate(whole, start=1):
        try:
            row = json.loads(line)
            if not isinstance(row["step"], int):
                raise ValueError("the step is not a number")
            if not all(isinstance(_finite_or_not(value), int | float) for value in row.values()):
                raise ValueError("a metric is not a number")
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            if number == len(whole):
                break  # a machine that lost power may leave a last line of the right length without its content
            raise InputError(
                f"Line {number} of {path} is not a line of metrics: {line[:80]!r}. Was the file damaged, or changed by "
                "hand? Delete the line to do without it."
            ) from error
        lines.append((line + b"\n", row))
    return lines


def _open_to_append(path: Path) -> BinaryIO:
    """Also readable, through its descriptor: a file that is deleted meanwhile is there as long as it is open."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666), "ab")


def _number(name: str, value: object) -> float:
    if name == "step":
        raise InputError("Expected another name for a metric than `step`, which names the line.")
    number = _finite_or_not(plain(value))
    if not isinstance(number, float | int):
        raise InputError(f"Expected a number for {name}, got {value!r}.")
    return number


class _EventFile:
    """One of TensorBoard's event files, written in this thread: `flush` means what it says.

    tensorboardX's own `SummaryWriter` hands events to a queue, which its flush does not empty.
    """

    def __init__(self, workdir: Path, purge_step: int):
        from tensorboardX.proto import event_pb2, summary_pb2
        from tensorboardX.record_writer import RecordWriter

        protocol: Any = event_pb2  # its classes are made while it is imported, unseen by type checkers
        self._event, self._summary = protocol.Event, cast(Any, summary_pb2).Summary
        earlier = len(list(workdir.glob("events.out.tfevents.*")))
        # TensorBoard reads a folder's files in the order of their names: by second, then by number
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{earlier:04d}"
        self._records = RecordWriter(os.fspath(workdir / name))
        self._flushed = time.monotonic()
        try:
            self._add(file_version="brain.Event:2")
            if earlier:
                # "the session starts at this step": TensorBoard forgets all events from it on
                start = protocol.SessionLog(status=protocol.SessionLog.START)
                self._add(step=purge_step, session_log=start)
            self.flush()
        except OSError:
            with contextlib.suppress(OSError):
                self.close()
            (workdir / name).unlink(missing_ok=True)
            raise

    def _add(self, **fields: Any) -> None:
        self._records.write(self._event(wall_time=time.time(), **fields).SerializeToString())
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        entries = [self._summary.Value(tag=name, simple_value=float(value)) for name, value in values.items()]
        self._add(step=step, summary=self._summary(value=entries))

    def image(self, step: int, name: str, pixels: Pixels) -> None:
        height, width, channels = (*pixels.shape, 1)[:3]
        picture = self._summary.Image(
            height=height, width=width, colorspace=channels, encoded_image_string=png_bytes(pixels)
        )
        self._add(step=step, summary=self._summary(value=[self._summary.Value(tag=name, image=picture)]))

    def flush(self) -> None:
        self._records.flush()
        self._flushed = time.monotonic()

    def close(self) -> None:
        self._records.close()
