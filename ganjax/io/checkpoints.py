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

import contextlib
import math
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax

from ganjax.checks import InputError
from ganjax.io._failures import SaveError, why
from ganjax.io._manifest import SCHEMA, Restored, Skipped, newest_sound, packed, seal_of
from ganjax.io._orbax import orbax, quiet_stragglers
from ganjax.io._reading import absolute, best_step, restore_latest, restore_step, saved_steps, scores, steps_in
from ganjax.io._retention import Preserved
from ganjax.io._states import state_sha256
from ganjax.types import PyTree

__all__ = [
    "SCHEMA",
    "Checkpoints",
    "Restored",
    "SaveError",
    "Skipped",
    "best_step",
    "restore_latest",
    "restore_step",
    "saved_steps",
    "state_sha256",
]

LONGEST = 2.0  # seconds until a failed save's threads are given up


class Checkpoints:
    """The checkpoints of one run in one folder, for the run that writes them. Use as a context manager.

    Leaving the context waits until the last save is complete; an exit without `close` would lose it. A process
    killed in the middle of a save leaves the earlier checkpoints as they were, and the next writer clears away what
    it left. A save that fails (a full disk, a folder that is gone) leaves them too, and what it wrote is cleared away:
    the next one starts afresh. Only one process (or one multi-process job) may write to a folder at a time; any number
    may read it, with `restore_latest`. In a multi-process job every process makes the same calls, and the state is
    replicated.

    Args:
      directory: the folder; made where missing. A relative path counts from the working directory of now.
      keep_last: how many checkpoints to keep; older ones are deleted once a newer one is complete. The one that was
        saved with the highest score stays as well.
      keep_every: checkpoints of steps that divide by this stay for ever; `None` for none.

    Raises:
      InputError: when `keep_last` or `keep_every` is below 1, or `directory` is a file or can't be written to.
    """

    def __init__(self, directory: str | os.PathLike[str], keep_last: int = 3, keep_every: int | None = None):
        if keep_last < 1:
            raise InputError(f"Expected keep_last >= 1, got {keep_last}.")
        if keep_every is not None and keep_every < 1:
            raise InputError(f"Expected keep_every >= 1, or None, got {keep_every}.")
        self._directory = absolute(directory)
        if self._directory.exists() and not self._directory.is_dir():
            raise InputError(f"Expected a folder for checkpoints, got the file {self._directory}.")
        self._preserved = Preserved(keep_last, keep_every)
        self._pending: int | None = None  # the step of the save under way
        self._latest: tuple[int, str] | None = None  # of the latest save, its step and its manifest's checksum
        try:
            self._open()
        except OSError as error:
            raise InputError(f"Can't keep checkpoints in {self._directory}: {why(error)}.") from error

    def _open(self) -> Any:
        if jax.process_index() == 0:
            _clear_remains(self._directory)
        ocp = orbax()
        options = ocp.CheckpointManagerOptions(
            preservation_policy=self._preserved,
            save_root_metadata=False,
            # made in the background, a folder that cannot be made lets `close` wait for ever
            async_options=ocp.AsyncOptions(create_directories_asynchronously=False),
        )
        self._manager: Any = ocp.CheckpointManager(self._directory, options=options)
        self._preserved.scores = scores(self._directory)
        return self._manager

    def __enter__(self) -> Checkpoints:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def latest_step(self) -> int | None:
        """The newest step that was saved or is being saved, or `None`."""
        return max(self._steps(), default=None)

    def best_step(self) -> int | None:
        """The step that was saved with the highest score, or `None` where none was saved with one."""
        return self._preserved.best(self._steps())

    def _steps(self) -> list[int]:
        return [] if self._manager is None else sorted(self._manager.all_steps())

    def save(
        self, step: int, state: PyTree, extra: Mapping[str, Any] | None = None, score: float | None = None
    ) -> None:
        """Saves `state` in the background. When this returns, the state is copied and may be donated.

        Waits for the save before it, if that is still going on, and raises what went wrong with it; this one has not
        begun then.

        Args:
          step: greater than any step in the folder.
          state: a tree of arrays (typed keys and () included).
          extra: what else belongs to the moment, in JSON's terms: the data cursor, the run's settings.
          score: how good the state is, higher is better; one that is not finite counts as none.

        Raises:
          InputError: when the folder holds this step or a later one, a leaf is not an array, or `extra` is not JSON.
          SaveError: when the save before this one failed, or this one can't begin.
        """
        self.wait()
        with self._reporting(step):
            if jax.process_count() == 1:
                _clear_remains(self._directory)  # which could not be cleared when the save failed
                if self._steps() != steps_in(self._directory):
                    self._start_afresh()  # the folder was deleted, or is another one
            manager = self._manager or self._open()
            latest = self.latest_step()
            if latest is not None and step <= latest:
                raise InputError(
                    f"Expected a step after {latest}, the newest in {self._directory}, got {step}: "
                    "restore before going on, or choose a fresh folder."
                )
            score = float(score) if score is not None and math.isfinite(score) else None
            arrays, manifest = packed(step, state, extra or {}, score)
            if score is not None:
                self._preserved.scores[int(step)] = score  # before the save: Orbax tidies up in its course
            quiet_stragglers()
            self._latest = int(step), manifest["sha256"]
            ocp = orbax()
            items = ocp.args.Composite(state=ocp.args.PyTreeSave(arrays), manifest=ocp.args.JsonSave(manifest))
            if not manager.save(int(step), args=items, force=True):
                raise RuntimeError("Orbax did not save it")
        self._pending = int(step)

    def restore(self, template: PyTree) -> Restored:
        """The newest sound checkpoint.

        Newer ones that are damaged are set aside: their folders are renamed to `damaged-<step>`, so that the run can
        save those steps anew, and they are named in `skipped`.

        Args:
          template: a state of the wanted structure, types and shapes, as arrays or as `jax.eval_shape` gives it;
            where it holds arrays, the restored ones are placed on the same devices.

        Raises:
          InputError: when the folder holds no checkpoint, or none that is sound, or the newest sound one does not fit
            the template, or a damaged one can't be set aside.
          SaveError: when the save before this failed.
        """
        self.wait()
        restored = newest_sound(self._steps() or steps_in(self._directory), self._directory, template)
        if jax.process_index() == 0:
            for skipped in restored.skipped:
                _set_aside(self._directory, skipped.step)
        orbax().multihost.sync_global_processes("damaged checkpoints are set aside")
        if self._manager is not None:
            self._manager.reload()
        self._preserved.scores = scores(self._directory)
        return restored

    def wait(self) -> bool:
        """Waits until the save under way is complete; whether there was one.

        Raises:
          SaveError: when it failed.
        """
        if self._pending is None:
            return False
        with self._reporting(self._pending):
            self._manager.wait_until_finished()
        self._pending = None
        return True

    def withdraw(self) -> None:
        """Deletes the checkpoint that was saved latest: the folder has become another's while it was being saved.

        A checkpoint of the same step that somebody else has saved there stays.
        """
        if self._latest is not None and seal_of(self._directory, self._latest[0]) == self._latest[1]:
            shutil.rmtree(self._directory / str(self._latest[0]), ignore_errors=True)

    def close(self) -> None:
        """Waits for the save under way, then lets go of the folder.

        Raises:
          SaveError: when the save failed.
        """
        try:
            self.wait()
        finally:
            if self._manager is not None:
                self._manager.close()

    @contextlib.contextmanager
    def _reporting(self, step: int) -> Iterator[None]:
        """Turns what a save meets into a `SaveError`, after which the folder is as if it had not been tried."""
        try:
            yield
        except InputError:
            raise
        except Exception as error:  # Orbax's, TensorStore's and the system's, as it happens
            self._pending = None
            self._start_afresh()
            raise SaveError(step, why(error), self._steps() or steps_in(self._directory)) from error

    def _start_afresh(self) -> None:
        """A new manager, which knows what is there: Orbax's counts what it was about to delete as deleted."""
        if jax.process_count() > 1:
            return  # the other processes are in the middle of it, and all will end
        with contextlib.suppress(Exception):  # it repeats what went wrong
            self._manager.close()
        self._manager = None
        _clear_failed(self._directory)
        with contextlib.suppress(OSError):  # else the next save tries again
            self._open()


def _clear_remains(directory: Path) -> bool:
    """Deletes what a killed save left, and says whether there was any. Orbax would do it in a thread that `close` does
    not wait for."""
    remains = list(directory.glob("*.orbax-checkpoint-tmp*"))
    for each in remains:
        shutil.rmtree(each, ignore_errors=True)
    return bool(remains)


def _clear_failed(directory: Path) -> None:
    """Deletes what a save left that has just failed: for a moment there may still be threads that write some of it."""
    quiet, until = 0, time.monotonic() + LONGEST
    while quiet < 3 and time.monotonic() < until:
        quiet = 0 if _clear_remains(directory) else quiet + 1
        time.sleep(0.05)


def _set_aside(directory: Path, step: int) -> None:
    """Renames a damaged checkpoint's folder, out of Orbax's sight; what is in it may still be worth a look."""
    name, number = f"damaged-{step}", 1
    while (directory / name).exists():
        number += 1
        name = f"damaged-{step}-{number}"
    try:
        (directory / str(step)).rename(directory / name)
    except OSError as error:
        raise InputError(
            f"Expected to set the damaged checkpoint {directory / str(step)} aside, got: {why(error)}. Rename it."
        ) from error
