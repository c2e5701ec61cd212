"""A run on a disk that may fail: a line says what could not be written, the training goes on, the next try comes.

`Safekeeping` stands where `Checkpoints` would, and gives the log that stands where `MetricsLog` would. What is lost at
the very end, when there is no next try, becomes the script's exit code.
"""

from __future__ import annotations

import errno
import functools
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import workdir as workdir_module
from config import Config
from rich.console import Console
from scripts import LOST, Failure

from ganjax.checks import InputError
from ganjax.io import Checkpoints, MetricsLog, Restored, SaveError, why
from ganjax.types import PyTree

LOGGED = "logged_sha256"  # of the metrics until a checkpoint, among what it holds beside the state
AGAIN = "Make room, or give back what is missing; then the same command goes on from there"


class Safekeeping:
    """The checkpoints of a run, saved whenever that is possible. Use as a context manager.

    Args:
      checkpoints: where they go.
      workdir: the run's folder, as `workdir.open_folder` opened it.
      reopen: opens it once more; called when it is not there any more.
      say: shows a line.
    """

    def __init__(
        self, checkpoints: Checkpoints, workdir: Path, reopen: Callable[[], object], say: Callable[[str], None]
    ):
        self._checkpoints, self._workdir, self._reopen, self._say = checkpoints, workdir, reopen, say
        self._log: MetricsLog | None = None
        self._logged: str | None = None
        self._failed: SaveError | None = None  # the last save, where it did
        self._last: int | None = None  # the step of the last one that was tried
        self._told: set[str] = set()
        self._missing: list[str] = []

    def __enter__(self) -> Safekeeping:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        try:
            self._settle(self._fail if kind else self._note)  # `conclude` tells of the last one, if it is reached
        finally:
            self._checkpoints.close()

    # ------------------------------------------------------------ checkpoints

    def latest_step(self) -> int | None:
        """As `Checkpoints.latest_step`."""
        return self._checkpoints.latest_step()

    def restore(self, template: PyTree) -> Restored:
        """As `Checkpoints.restore`; says what was passed over, a save under way that failed too."""
        self._settle(self._fail)
        restored = self._checkpoints.restore(template)
        for skipped in restored.skipped:
            self._say(f"Passed over the checkpoint at step {skipped.step}: {skipped.reason}")
        extra = dict(restored.extra)
        self._logged = extra.pop(LOGGED, None)
        return restored._replace(extra=extra)

    def save(
        self, step: int, state: PyTree, extra: Mapping[str, Any] | None = None, score: float | None = None
    ) -> None:
        """As `Checkpoints.save`; what goes wrong, with this save or the one before, is told and not raised.

        Raises:
          InputError: in a run of several processes, which can't go on when one of them fails.
        """
        self._settle(self._fail)
        logged = {} if self._log is None else {LOGGED: self._log.sha256(step)}
        try:
            self._return()
            self._last = step
            self._checkpoints.save(step, state, {**(extra or {}), **logged}, score)
        except SaveError as error:
            self._fail(error)
        except OSError as error:
            self._fail(SaveError(step, why(error)))

    def _settle(self, fail: Callable[[SaveError], None]) -> None:
        """Waits for the save under way; what went wrong with it goes to `fail`."""
        try:
            if self._checkpoints.wait():
                self._failed = None
        except SaveError as error:
            fail(error)

    def _note(self, error: SaveError) -> None:
        if jax.process_count() > 1:
            raise InputError(f"{error} {AGAIN}.") from error
        self._failed = error

    def _fail(self, error: SaveError) -> None:
        self._note(error)
        self._say(f"{error} The training goes on, and the next checkpoint is tried when it is due.")

    def _return(self) -> None:
        """Makes the run's folder anew where it was deleted or renamed.

        Raises:
          OSError: where another run's stands there now, or it can't be made.
        """
        if jax.process_count() > 1 or workdir_module.is_held(self._workdir):
            return
        self._settle(self._fail)
        try:
            self._clear_strays()
            self._reopen()
        except InputError as error:
            raise OSError(errno.ENOENT, " ".join(str(error).rstrip(".").split())) from error
        if self._log is not None:
            self._log.write_anew()
        self._say(
            f"{self._workdir} is not the folder that it was: deleted, or renamed. It is made anew, with its settings, "
            "the metrics until now, and the checkpoints from now on."
        )

    def _clear_strays(self) -> None:
        """Deletes what a save that was under way has made in the folder's place: all, or in another run's folder the
        checkpoint."""
        checkpoints, ours = self._workdir / "checkpoints", re.compile(rf"{self._last}(\.orbax-checkpoint-tmp.*)?")
        alone = self._workdir.is_dir() and list(self._workdir.iterdir()) == [checkpoints]
        if alone and all(ours.fullmatch(path.name) for path in checkpoints.iterdir()):
            shutil.rmtree(checkpoints)
        else:
            self._checkpoints.withdraw()

    # ------------------------------------------------------------ the rest

    def log(self, start: int) -> SteadyLog:
        """The log of the run, which goes on from step `start`.

        Raises:
          InputError: when it can't be begun, or is damaged.
        """
        try:
            self._log = MetricsLog(self._workdir, start or None)
        except OSError as error:
            raise InputError(f"Can't write in the workdir {self._workdir}: {why(error)}.") from error
        if self._logged is not None and self._logged != self._log.sha256(start):
            self._say(
                f"metrics.jsonl is not what was logged until step {start}: lines of it were lost or changed. The state "
                "of the run is sound, and goes on; do not trust the curves until there."
            )
        return SteadyLog(self._log, self)

    def trying(self, what: str, write: Callable[[], object]) -> None:
        """Writes something of the run; where that fails it says so, the first time, and goes on without."""
        try:
            self._return()
            write()
        except OSError as error:
            if what not in self._told:
                self._told.add(what)
                self._say(f"{what} could not be written: {why(error)}. The training goes on without.")

    def finishing(self, what: str, write: Callable[[], object]) -> None:
        """Writes what belongs to the end; `conclude` counts it as lost where that fails."""
        try:
            self._return()
            write()
        except OSError as error:
            self._missing.append(f"{what} could not be written: {why(error)}.")

    def conclude(self) -> None:
        """To be called at the end.

        Raises:
          Failure: where the last checkpoint, or what belongs to the end, could not be written.
        """
        lost = [] if self._failed is None else [str(self._failed)]
        if lost or self._missing:
            raise Failure(f"{' '.join((*lost, *self._missing))} {AGAIN}.", LOST)


def for_training(config: Config, workdir: Path, console: Console) -> Safekeeping:
    """The safekeeping of a run of train.py."""
    checkpoints = Checkpoints(workdir / "checkpoints", config.keep_checkpoints, config.keep_every)
    say = functools.partial(console.print, style="yellow", highlight=False, soft_wrap=True, markup=False)
    return Safekeeping(checkpoints, workdir, lambda: workdir_module.open_for_training(config), say)


class SteadyLog:
    """A `MetricsLog` that goes on when it can't be written, and tells so once."""

    def __init__(self, log: MetricsLog, keeping: Safekeeping):
        self._log, self._keeping = log, keeping

    def __enter__(self) -> SteadyLog:
        return self

    def __exit__(self, *exception: object) -> None:
        self._try(self._log.close)

    def write(self, step: int, scalars: Mapping[str, Any]) -> None:
        self._try(lambda: self._log.write(step, scalars))

    def write_image(self, step: int, name: str, picture: Any) -> None:
        self._try(lambda: self._log.write_image(step, name, picture))

    def flush(self) -> None:
        self._try(self._log.flush)

    def _try(self, write: Callable[[], object]) -> None:
        self._keeping.trying("The log (metrics.jsonl, TensorBoard's events)", write)
