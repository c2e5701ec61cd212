"""A run's checkpoints as its readers see them: the folder is left as it is, and may be written to meanwhile."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from ganjax.checks import InputError
from ganjax.io._manifest import Restored, Skipped, attempt, newest_sound, score_of
from ganjax.io._retention import Preserved
from ganjax.types import PyTree


def restore_latest(directory: str | os.PathLike[str], template: PyTree) -> Restored:
    """The newest sound checkpoint in a folder, which is left as it is: for scripts that only read.

    Args:
      directory: the folder that a `Checkpoints` wrote, or is writing.
      template: as for `Checkpoints.restore`.

    Raises:
      InputError: when there is no folder, no checkpoint in it, none that is sound, or the newest sound one does not
        fit the template.
    """
    directory = _folder(directory)
    return newest_sound(steps_in(directory), directory, template)


def restore_step(directory: str | os.PathLike[str], template: PyTree, step: int) -> Restored:
    """The checkpoint of one step; the folder is left as it is.

    Args:
      directory: the folder that a `Checkpoints` wrote, or is writing.
      template: as for `Checkpoints.restore`.
      step: which checkpoint.

    Raises:
      InputError: when it is not there, is damaged, or does not fit the template.
    """
    directory = _folder(directory)
    steps = steps_in(directory)
    if step not in steps:
        there = ", ".join(map(str, steps)) or "none"
        raise InputError(f"No checkpoint of step {step} in {directory}. There: {there}.")
    restored = attempt(directory, step, template)
    if isinstance(restored, Skipped):
        raise InputError(f"The checkpoint of step {step} in {directory} is damaged: {restored.reason}.")
    return restored


def saved_steps(directory: str | os.PathLike[str]) -> list[int]:
    """The steps of the checkpoints in a folder, from the first to the newest.

    Raises:
      InputError: when there is no folder.
    """
    return steps_in(_folder(directory))


def best_step(directory: str | os.PathLike[str]) -> int:
    """The step of the checkpoint that was saved with the highest score.

    Raises:
      InputError: when there is no folder, no checkpoint in it was saved with a score, or one that may be the best is
        damaged.
    """
    directory, preserved = _folder(directory), Preserved(keep_last=1)
    try:
        found = {step: score_of(directory, step) for step in steps_in(directory)}
    except InputError as error:
        raise InputError(f"{error} It may have been the best one: name the step of another.") from error
    preserved.scores = {step: score for step, score in found.items() if score is not None}
    step = preserved.best(preserved.scores)
    if step is None:
        raise InputError(f"No checkpoint in {directory} was saved with a score: its run was not judged as it trained.")
    return step


def scores(directory: Path) -> dict[int, float]:
    """What the checkpoints in a folder were saved with, by step; those without a score, or damaged, left out."""
    found = {}
    for step in steps_in(directory):
        with contextlib.suppress(InputError):  # whoever restores it says so
            found[step] = score_of(directory, step)
    return {step: score for step, score in found.items() if score is not None}


def steps_in(directory: Path) -> list[int]:
    """The steps of the complete checkpoints in a folder, oldest first; none where there is no folder."""
    try:
        found = [path for path in directory.iterdir() if re.fullmatch(r"0|[1-9]\d{0,17}", path.name, re.ASCII)]
    except OSError:
        return []
    return sorted(int(path.name) for path in found if path.is_dir())


def absolute(directory: str | os.PathLike[str]) -> Path:
    """The folder, wherever the working directory goes later."""
    return Path(directory).expanduser().absolute()  # Orbax's threads fail on relative paths


def _folder(directory: str | os.PathLike[str]) -> Path:
    directory = absolute(directory)
    if not directory.is_dir():
        raise InputError(f"Expected a folder of checkpoints, got {directory}, which is not a folder.")
    return directory
