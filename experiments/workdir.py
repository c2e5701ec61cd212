"""A run's folder: opened for a new run, for the same run again, or for reading; never for another run's."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import own
from config import Config
from recorded import differences, from_dict, to_dict

from ganjax.checks import InputError
from ganjax.io import read_sealed, write_sealed

CONFIG = "config.json"
LOCKS: list[IO[str]] = []  # open until the process ends


def open_for_training(config: Config) -> tuple[Path, bool]:
    """`open_folder` for a run of train.py; one of an earlier version goes on, with what that version did."""
    return open_folder(config.workdir, to_dict(config), completed)


def completed(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a config.json with those fields that its version did not have yet.

    Where they name a file of somebody's own that this command line does not, they stay as they are: it isn't run.
    """
    names = [choice.get("name") for choice in values.values() if isinstance(choice, Mapping)]
    if not all(own.is_known(name) for name in names if isinstance(name, str)):
        return dict(values)
    return json.loads(json.dumps(to_dict(from_dict(values))))


def open_folder(
    workdir: str | None,
    values: Mapping[str, Any],
    complete: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
) -> tuple[Path, bool]:
    """Makes a run's folder and writes config.json, or checks that it holds this very run; locks it till the end.

    Args:
      workdir: the folder; None is refused.
      values: everything that makes the run what it is, for config.json.
      complete: what the values that are there mean today.

    Returns:
      The folder, and whether it held the run before.

    Raises:
      InputError: if it holds a run with another config, another process trains in it, or it can't be written. Nothing
        in it was changed then.
    """
    if not workdir:
        raise InputError("Expected a folder as workdir, got none: give --workdir.")
    try:
        path = Path(workdir).expanduser().absolute()
        check_folder(path)
        existing = read_config_values(path)
        if existing is not None:
            check_same(path, complete(existing), json.loads(json.dumps(values)))
        check_writable(path)
        lock(path)
        if existing is None:
            write_sealed(path / CONFIG, values)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: ~ of nobody
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"Can't write in the workdir {workdir}: {reason}. Give another --workdir.") from error
    return path, existing is not None


def check_folder(path: Path) -> None:
    """Raises unless what stands there, if anything, is a folder laid out like a run's."""
    if path.exists() and not path.is_dir():
        raise InputError(f"Expected a folder as workdir, got the file {path}: give another --workdir.")
    for name, is_right in (("samples", Path.is_dir), ("checkpoints", Path.is_dir), ("metrics.jsonl", Path.is_file)):
        if (path / name).exists() and not is_right(path / name):
            raise InputError(f"{path / name} is not what a run keeps there: give another --workdir.")
    if (path / "checkpoints").is_dir() and any((path / "checkpoints").iterdir()) and not (path / CONFIG).exists():
        raise InputError(
            f"{path} holds checkpoints but no config.json to say of what run: put it back, or give another --workdir."
        )


def lock(path: Path) -> None:
    """Keeps other processes from training in the folder until this one ends, however it ends."""
    handle = (path / ".lock").open("a")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InputError(f"Another process is training in {path}: wait for it, or give another --workdir.") from error
    LOCKS.append(handle)


def is_held(path: Path) -> bool:
    """Whether the folder is still the one that this process has locked, and not deleted, renamed or another's."""
    try:
        there = os.stat(path / ".lock")
    except OSError:
        return False
    return any(os.path.samestat(there, os.fstat(handle.fileno())) for handle in LOCKS)


def check_same(path: Path, there: Mapping[str, Any], here: Mapping[str, Any]) -> None:
    lines = differences(there, here)
    if lines:
        listed = "\n  ".join(lines)
        raise InputError(
            f"{path} holds a run with another config:\n  {listed}\n"
            "Give another --workdir, or the settings of the run that is there to go on with it: they are a part of "
            "what a run is, its length too."
        )


def check_writable(path: Path) -> None:
    """Raises OSError unless a file can be made there."""
    path.mkdir(parents=True, exist_ok=True)
    probe = path / f".probe-{os.getpid()}"
    probe.touch()
    probe.unlink()


def read_config_values(path: Path) -> dict[str, Any] | None:
    """The values in the folder's config.json; None if it has none.

    Raises:
      InputError: if it can't be read, or isn't as it was written.
    """
    file = path / CONFIG
    if not file.exists():
        return None
    if not file.is_file():  # a pipe would be waited for
        raise InputError(f"{file} is not what a run keeps there: give another --workdir.")
    try:
        return read_sealed(file)
    except (ValueError, OSError, RecursionError) as error:
        raise InputError(
            f"Expected the settings of a run in {file}, got: {error}. Or give another --workdir."
        ) from error


def read_config(path: Path) -> Config:
    """The config of the run in a folder.

    Raises:
      InputError: if there is no run.
    """
    return from_dict(read_values(path), str(path / "config.json"))


def read_values(path: Path) -> dict[str, Any]:
    """What config.json of the run in a folder holds, whichever version wrote it.

    Raises:
      InputError: if there is no run.
    """
    if not path.is_dir():
        raise InputError(f"There is no folder {path}: give the --workdir of a run of experiments/train.py.")
    values = read_config_values(path)
    if values is None:
        raise InputError(f"There is no run in {path} (no config.json): give the workdir of experiments/train.py.")
    return values
