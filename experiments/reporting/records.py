"""What a run has left in its folder so far. Whatever is missing is left out, and said; nothing is written."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import workdir
from config import Config
from recorded import from_dict

from ganjax.checks import InputError
from ganjax.io import read_metrics

NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}  # as JSON spells them
SNAPSHOTS = "step_" + "[0-9]" * 8 + ".png"
PLAYERS = ("disc_loss", "gen_loss")
# what says how a number was come by, and is none to compare runs by
FACTS = ("step", "num_real", "num_fake", "num_samples", "num_train", "classifier_accuracy", "sampling_seed")


class Record(NamedTuple):
    """A run as its folder tells it.

    Attributes:
      name: what the page calls it.
      folder: where it lies.
      values: what config.json holds.
      config: the same as this version of ganjax reads it; None where it can't.
      rows: metrics.jsonl's, by step, with numbers only.
      files: what final.json, evaluation.json, evaluations.json and parzen.json hold, by name without ending.
      notes: sentences about what is missing or damaged.
    """

    name: str
    folder: Path
    values: dict[str, Any]
    config: Config | None
    rows: list[dict[str, float]]
    files: dict[str, Any]
    notes: tuple[str, ...]

    @property
    def final(self) -> dict[str, Any]:
        """final.json's content; empty until the run has ended."""
        return self.files.get("final", {})

    @property
    def snapshots(self) -> list[Path]:
        """The pictures of samples, by step."""
        return sorted((self.folder / "samples").glob(SNAPSHOTS))

    @property
    def step(self) -> int:
        """The last step of which there is a trace."""
        seen = [int(row["step"]) for row in self.rows[-1:]] + [step_of(path) for path in self.snapshots[-1:]]
        return max(seen, default=0)

    @property
    def num_steps(self) -> int | None:
        """The steps that the config asks for."""
        return self.values["num_steps"] if isinstance(self.values.get("num_steps"), int) else None


def step_of(snapshot: Path) -> int:
    return int(snapshot.stem.removeprefix("step_"))


def read_all(folders: Sequence[Path]) -> list[Record]:
    """The runs in some folders, each with a name of its own.

    Raises:
      InputError: for no folders, one that is given twice, or one that holds no run.
    """
    if not folders:
        raise InputError("Expected the workdir of a run of experiments/train.py, or several, got none.")
    places = [folder.expanduser().resolve() for folder in folders]
    twice = next((folder for folder, place in zip(folders, places, strict=True) if places.count(place) > 1), None)
    if twice is not None:
        raise InputError(f"Expected workdirs that differ, got {twice} more than once.")
    return [read(folder, name) for folder, name in zip(folders, names(places), strict=True)]


def names(places: Sequence[Path]) -> list[str]:
    """The folders' names, with as many parents as it takes to tell them apart."""
    for depth in range(1, max(len(place.parts) for place in places)):
        found = ["/".join(place.parts[-depth:]) for place in places]
        if len(set(found)) == len(found):
            return found
    return [str(place) for place in places]


def read(folder: Path, name: str) -> Record:
    """The run in a folder.

    Raises:
      InputError: if there is none, or a line of metrics before the last can't be read.
    """
    values, notes = workdir.read_values(folder), []
    config = None
    try:
        config = from_dict(values, str(folder / "config.json"))
    except InputError as error:
        notes.append(f"config.json is not of this version of ganjax and is shown as it stands. {error}")
    rows = read_rows(folder)
    if not rows:
        notes.append("metrics.jsonl has no rows yet: there are no curves.")
    files = {}
    for stem in ("final", "evaluation", "evaluations", "parzen"):
        kind = list if stem == "evaluations" else dict
        content = read_json(folder / f"{stem}.json")
        if isinstance(content, kind):
            files[stem] = content
        elif content is not None:
            notes.append(f"{stem}.json can't be read and is left out.")
    return Record(name, folder, values, config, rows, files, tuple(notes))


def read_rows(folder: Path) -> list[dict[str, float]]:
    """The numbers of metrics.jsonl by step; none where there is no such file yet."""
    if not (folder / "metrics.jsonl").is_file():
        return []
    rows = [numbers_in(row) for row in read_metrics(folder)]
    return sorted((row for row in rows if math.isfinite(row["step"])), key=lambda row: row["step"])


def read_json(path: Path) -> Any:
    """What the file holds; None where it is not there, False where it isn't JSON."""
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text())
    except ValueError:
        return False


def numbers_in(values: Mapping[str, Any]) -> dict[str, float]:
    """Those of the values that are numbers, or stand for one that JSON has not."""
    found = {name: as_number(value) for name, value in values.items()}
    return {name: value for name, value in found.items() if value is not None}


def as_number(value: object) -> float | None:
    """The number that a value of a JSON file is; None where it is none."""
    if isinstance(value, str):
        return NON_FINITE.get(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:  # JSON's whole numbers have no end
        return math.copysign(math.inf, value)


# ---------------------------------------------------------------- how far it came


class Status(NamedTuple):
    """How a run stands: finished, unfinished or diverged; and how far it came."""

    kind: str
    reached: str


def status(record: Record) -> Status:
    losses = [row for row in record.rows if any(name in row for name in PLAYERS)][-1:]
    planned = "" if record.num_steps is None else f" of {figures(record.num_steps)}"
    ended = record.final and (record.num_steps is None or record.step >= record.num_steps)
    finite = all(math.isfinite(row.get(name, 0.0)) for row in losses for name in PLAYERS)
    return Status(
        "finished" if ended and finite else "unfinished" if finite else "diverged",
        f"{figures(record.step)}{planned} steps",
    )


# ---------------------------------------------------------------- numbers for people


def figures(value: float) -> str:
    """Whole numbers with their thousands apart, others to four figures."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}".replace(",", "\u202f").replace("-", "−")
    return f"{value:.4g}".replace("-", "−")


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, whichever is read best."""
    if not math.isfinite(seconds):
        return figures(seconds)
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
