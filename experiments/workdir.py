"""A run's folder: opened for a new run, for the same run again, or for reading; never for another run's."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import config as config_module
from config import Config

from ganjax.checks import InputError
from ganjax.io import write_json


def open_for_training(path: Path, config: Config) -> bool:
    """Makes the folder and writes config.json, or checks that it holds this very run. True if it held it before.

    Raises:
      InputError: if it holds a run with another config, or can't be written. Nothing in it was changed then.
    """
    values = config_module.to_dict(config)
    if path.exists() and not path.is_dir():
        raise InputError(f"Expected a folder as workdir, got the file {path}: give another --workdir.")
    try:
        existing = read_config_values(path)
        if existing is not None:
            check_same(path, existing, json.loads(json.dumps(values)))
        check_writable(path)
    except OSError as error:
        raise InputError(f"Can't write in the workdir {path}: {error.strerror}. Give another --workdir.") from error
    if existing is None:
        write_json(path / "config.json", values)
    return existing is not None


def check_same(path: Path, there: dict[str, Any], here: dict[str, Any]) -> None:
    lines = config_module.differences(there, here)
    if lines:
        listed = "\n  ".join(lines)
        raise InputError(
            f"{path} holds a run with another config:\n  {listed}\n"
            "Give another --workdir, or the settings of the run that is there to go on with it."
        )


def check_writable(path: Path) -> None:
    """Raises OSError unless a file can be made there."""
    path.mkdir(parents=True, exist_ok=True)
    probe = path / f".probe-{os.getpid()}"
    probe.touch()
    probe.unlink()


def read_config_values(path: Path) -> dict[str, Any] | None:
    """The values in the folder's config.json; None if it has none."""
    file = path / "config.json"
    if not file.exists():
        return None
    try:
        values = json.loads(file.read_text())
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is not valid JSON: {error}. Give another --workdir.") from error
    if not isinstance(values, dict):
        raise InputError(f"Expected an object of settings in {file}, got {type(values).__name__}.")
    return values


def read_config(path: Path) -> Config:
    """The config of the run in a folder.

    Raises:
      InputError: if there is no run.
    """
    if not path.is_dir():
        raise InputError(f"There is no folder {path}: give the --workdir of a run of experiments/train.py.")
    values = read_config_values(path)
    if values is None:
        raise InputError(f"There is no run in {path} (no config.json): give the workdir of experiments/train.py.")
    return config_module.from_dict(values)
