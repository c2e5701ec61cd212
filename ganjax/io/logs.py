"""A run's numbers: `metrics.jsonl`, one JSON object a line, and TensorBoard's event files, side by side in one folder.

    with MetricsLog(workdir, resume_step) as log:
        log.write(step, {"disc_loss": …, "gen_loss": …})
        log.write_image(step, "samples", image_grid(images))

`read_metrics` reads the lines back.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

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

    Args:
      workdir: the run's folder; made where missing.
      resume_step: the step of the checkpoint that the run resumes from; `None` for a run from its beginning, which
        drops whatever an earlier one has logged here.

    Raises:
      InputError: when `metrics.jsonl` has a line, before its last, that is not a line of metrics.
    """

    def __init__(self, workdir: str | os.PathLike[str], resume_step: int | None = None):
        workdir = Path(workdir)
        workdir.mkdir(parents=True, exist_ok=True)
        path = workdir / METRICS_FILE
        if path.exists():
            kept = [line for line, row in _lines(path) if resume_step is not None and row["step"] <= resume_step]
            replace_file(path, b"".join(kept))
        self._file = path.open("ab")
        self._events = _EventFile(workdir, 0 if resume_step is None else resume_step + 1)

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
        """
        values = {name: _number(name, value) for name, value in scalars.items()}
        self._file.write(json.dumps(plain({"step": int(step), **values}), allow_nan=False).encode() + b"\n")
        self._file.flush()
        self._events.scalars(int(step), values)

    def write_image(self, step: int, name: str, array: Picture) -> None:
        """Adds a picture to TensorBoard.

        Args:
          step: how many steps were taken.
          name: the row of pictures that this one continues.
          array: [H, W, C] or [H, W]; uint8, or floating point in [−1, 1].

        Raises:
          InputError: as `save_png` does.
        """
        self._events.image(int(step), name, to_uint8(array))

    def flush(self) -> None:
        """Hands everything written so far to the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._events.flush()

    def close(self) -> None:
        """Flushes, and lets go of the files. A second call does nothing."""
        if not self._file.closed:
            self.flush()
            self._file.close()
            self._events.close()


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
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            if number == len(whole):
                break  # a machine that lost power may leave a last line of the right length without its content
            raise InputError(f"Line {number} of {path} is not a line of metrics: {line[:80]!r}.") from error
        lines.append((line + b"\n", row))
    return lines


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
        self._records = RecordWriter(os.fspath(workdir.absolute() / name))
        self._flushed = time.monotonic()
        self._add(file_version="brain.Event:2")
        if earlier:
            # "the session starts at this step": TensorBoard forgets all events from it on
            start = protocol.SessionLog(status=protocol.SessionLog.START)
            self._add(step=purge_step, session_log=start)
        self.flush()

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
