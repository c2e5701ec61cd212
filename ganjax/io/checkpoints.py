"""Checkpoints: the whole state of a run, saved in the background, restored to the bit or not at all.

A wrapper over Orbax, which writes each checkpoint into a temporary folder and renames it when it is complete. What this
adds: the state is copied before `save` returns, so that it may be donated to the next step; every array carries a
SHA-256 checksum, and a checkpoint that fails it is passed over; a state that does not fit is refused by the name of
the leaf (Orbax would cast a type silently); a save that would do nothing is refused; relative folders work; typed
random keys come back as they were.

    with Checkpoints(workdir / "checkpoints") as checkpoints:
        state, step, extra, skipped = checkpoints.restore(algorithm.init(key, batch))
        …
        checkpoints.save(step, state)
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax

from ganjax.checks import InputError
from ganjax.io._manifest import SCHEMA, Restored, Skipped, attempt, newest_sound, orbax, packed, score_of
from ganjax.io._states import state_sha256
from ganjax.types import PyTree

__all__ = [
    "SCHEMA",
    "Checkpoints",
    "Restored",
    "Skipped",
    "best_step",
    "restore_latest",
    "restore_step",
    "saved_steps",
    "state_sha256",
]


class Preserved:
    """Which checkpoints stay: the newest, and the one of the highest score."""

    def __init__(self, keep_last: int):
        self.keep_last = keep_last
        self.scores: dict[int, float] = {}

    def best(self, steps: Sequence[int]) -> int | None:
        """Of these steps, the one with the highest score, the later one of equals; None where none has a score."""
        scored = [(self.scores[step], step) for step in steps if step in self.scores]
        return max(scored)[1] if scored else None

    def should_preserve(self, checkpoints: Sequence[Any], *, context: Any) -> Sequence[bool]:
        """Orbax's question about the checkpoints it has, oldest first."""
        del context  # how they came to be is nothing to us
        steps = [checkpoint.step for checkpoint in checkpoints]
        kept = {*steps[-self.keep_last :], self.best(steps)}
        return [step in kept for step in steps]


class Checkpoints:
    """The checkpoints of one run in one folder, for the run that writes them. Use as a context manager.

    Leaving the context waits until the last save is complete; an exit without `close` would lose it. A process
    killed in the middle of a save leaves the earlier checkpoints as they were, and the next writer clears away what
    it left. Only one process (or one multi-process job) may write to a folder at a time; any number may read it, with
    `restore_latest`. In a multi-process job every process makes the same calls, and the state is replicated.

    Args:
      directory: the folder; made where missing. A relative path counts from the working directory of now.
      keep_last: how many checkpoints to keep; older ones are deleted once a newer one is complete. The one that was
        saved with the highest score stays as well.

    Raises:
      InputError: when `keep_last` is below 1 or `directory` is a file.
    """

    def __init__(self, directory: str | os.PathLike[str], keep_last: int = 3):
        if keep_last < 1:
            raise InputError(f"Expected keep_last >= 1, got {keep_last}.")
        self._directory = _absolute(directory)
        if self._directory.exists() and not self._directory.is_dir():
            raise InputError(f"Expected a folder for checkpoints, got the file {self._directory}.")
        if jax.process_index() == 0:
            _clear_remains(self._directory)
        ocp = orbax()
        self._preserved = Preserved(keep_last)
        options = ocp.CheckpointManagerOptions(
            preservation_policy=self._preserved,
            save_root_metadata=False,
            # made in the background, a folder that cannot be made lets `close` wait for ever
            async_options=ocp.AsyncOptions(create_directories_asynchronously=False),
        )
        self._manager = ocp.CheckpointManager(self._directory, options=options)
        self._preserved.scores = _scores(self._manager)

    def __enter__(self) -> Checkpoints:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def latest_step(self) -> int | None:
        """The newest step that was saved or is being saved, or `None`."""
        return self._manager.latest_step()

    def best_step(self) -> int | None:
        """The step that was saved with the highest score, or `None` where none was saved with one."""
        return self._preserved.best(self._manager.all_steps())

    def save(
        self, step: int, state: PyTree, extra: Mapping[str, Any] | None = None, score: float | None = None
    ) -> None:
        """Saves `state` in the background. When this returns, the state is copied and may be donated.

        Waits for the save before it, if that is still going on, and raises what went wrong with it.

        Args:
          step: greater than any step in the folder.
          state: a tree of arrays (typed keys and () included).
          extra: what else belongs to the moment, in JSON's terms: the data cursor, the run's settings.
          score: how good the state is, higher is better; one that is not finite counts as none.

        Raises:
          InputError: when the folder holds this step or a later one, a leaf is not an array, or `extra` is not JSON.
        """
        latest = self.latest_step()
        if latest is not None and step <= latest:
            raise InputError(
                f"Expected a step after {latest}, the newest in {self._directory}, got {step}: "
                "restore before going on, or choose a fresh folder."
            )
        ocp = orbax()
        score = score if score is not None and math.isfinite(score) else None
        arrays, manifest = packed(state, extra or {}, score)
        if score is not None:
            self._preserved.scores[int(step)] = score  # before the save: Orbax tidies up in its course
        items = ocp.args.Composite(state=ocp.args.PyTreeSave(arrays), manifest=ocp.args.JsonSave(manifest))
        if not self._manager.save(int(step), args=items, force=True):
            raise RuntimeError(f"Orbax did not save step {step} in {self._directory}.")

    def restore(self, template: PyTree) -> Restored:
        """The newest sound checkpoint.

        Newer ones that are damaged are set aside: their folders are renamed to `damaged-<step>`, so that the run can
        save those steps anew, and they are named in `skipped`.

        Args:
          template: a state of the wanted structure, types and shapes, as arrays or as `jax.eval_shape` gives it;
            where it holds arrays, the restored ones are placed on the same devices.

        Raises:
          InputError: when the folder holds no checkpoint, or none that is sound, or the newest sound one does not fit
            the template.
        """
        self.wait()
        restored = newest_sound(self._manager, self._directory, template)
        if jax.process_index() == 0:
            for skipped in restored.skipped:
                _set_aside(self._directory, skipped.step)
        orbax().multihost.sync_global_processes("damaged checkpoints are set aside")
        self._manager.reload()
        self._preserved.scores = _scores(self._manager)
        return restored

    def wait(self) -> None:
        """Waits until the save under way is complete, and raises what went wrong with it."""
        self._manager.wait_until_finished()

    def close(self) -> None:
        """Waits for the save under way, then lets go of the folder."""
        self._manager.close()


def restore_latest(directory: str | os.PathLike[str], template: PyTree) -> Restored:
    """The newest sound checkpoint in a folder, which is left as it is: for scripts that only read.

    Args:
      directory: the folder that a `Checkpoints` wrote, or is writing.
      template: as for `Checkpoints.restore`.

    Raises:
      InputError: when there is no folder, no checkpoint in it, none that is sound, or the newest sound one does not
        fit the template.
    """
    with _reader(directory) as manager:
        return newest_sound(manager, _absolute(directory), template)


def restore_step(directory: str | os.PathLike[str], template: PyTree, step: int) -> Restored:
    """The checkpoint of one step; the folder is left as it is.

    Args:
      directory: the folder that a `Checkpoints` wrote, or is writing.
      template: as for `Checkpoints.restore`.
      step: which checkpoint.

    Raises:
      InputError: when it is not there, is damaged, or does not fit the template.
    """
    directory = _absolute(directory)
    with _reader(directory) as manager:
        steps = manager.all_steps()
        if step not in steps:
            there = ", ".join(map(str, sorted(steps))) or "none"
            raise InputError(f"No checkpoint of step {step} in {directory}. There: {there}.")
        restored = attempt(manager, step, template)
    if isinstance(restored, Skipped):
        raise InputError(f"The checkpoint of step {step} in {directory} is damaged: {restored.reason}.")
    return restored


def saved_steps(directory: str | os.PathLike[str]) -> list[int]:
    """The steps of the checkpoints in a folder, from the first to the newest.

    Raises:
      InputError: when there is no folder.
    """
    with _reader(directory) as manager:
        return sorted(manager.all_steps())


def best_step(directory: str | os.PathLike[str]) -> int:
    """The step of the checkpoint that was saved with the highest score.

    Raises:
      InputError: when there is no folder, or no checkpoint in it was saved with a score.
    """
    with _reader(directory) as manager:
        preserved = Preserved(keep_last=1)
        preserved.scores = _scores(manager)
        step = preserved.best(manager.all_steps())
    if step is None:
        raise InputError(f"No checkpoint in {directory} was saved with a score: its run was not judged as it trained.")
    return step


def _scores(manager: Any) -> dict[int, float]:
    found = {step: score_of(manager, step) for step in manager.all_steps()}
    return {step: score for step, score in found.items() if score is not None}


def _absolute(directory: str | os.PathLike[str]) -> Path:
    return Path(directory).expanduser().absolute()  # Orbax's threads fail on relative paths


def _reader(directory: str | os.PathLike[str]) -> Any:
    directory = _absolute(directory)
    if not directory.is_dir():
        raise InputError(f"Expected a folder of checkpoints, got {directory}, which is not a folder.")
    ocp = orbax()
    return ocp.CheckpointManager(directory, options=ocp.CheckpointManagerOptions(read_only=True))


def _clear_remains(directory: Path) -> None:
    """Deletes what a killed save left. Orbax would do it in a thread that `close` does not wait for."""
    for remains in directory.glob("*.orbax-checkpoint-tmp*"):
        shutil.rmtree(remains, ignore_errors=True)


def _set_aside(directory: Path, step: int) -> None:
    """Renames a damaged checkpoint's folder, out of Orbax's sight; what is in it may still be worth a look."""
    name, number = f"damaged-{step}", 1
    while (directory / name).exists():
        number += 1
        name = f"damaged-{step}-{number}"
    (directory / str(step)).rename(directory / name)
