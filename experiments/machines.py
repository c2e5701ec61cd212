"""From the devices that a config names to where a run's arrays lie, how its chunks compile, and who writes what."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import assembly
import feeding
import jax
import numpy as np
import workdir as workdir_module
from assembly import Run
from config import Config, Parallel
from limits import check_numbers
from recorded import to_dict
from rich.console import Console
from rich.markup import escape
from scripts import INTERRUPTED, Failure, report_errors

from ganjax import parallel, steps
from ganjax.checks import InputError
from ganjax.parallel import Chunk
from ganjax.types import GanState, PyTree

PEER_LOST = 3  # the exit code of a process that another one has left alone
SECONDS_TO_SPEAK = 2.0  # that the leader stays on after a loss: when it goes, the others are cut off in mid-sentence


class Layout(NamedTuple):
    """A run on its devices.

    Attributes:
      words: the devices, for a person.
      init: makes the first state, where it is to lie.
      template: shapes, types and places of the state, to restore a checkpoint into.
      compile: length -> that many steps in one dispatch, compiled.
      arrays: (first step, number of steps) -> the data of that chunk, where it wants them.
      close: to be called at the end: stops what reads ahead.
    """

    words: str
    init: Callable[[], GanState]
    template: GanState
    compile: Callable[[int], Chunk]
    arrays: Callable[[int, int], PyTree]
    close: Callable[[], None]


def join(settings: Parallel) -> None:
    """Joins the other processes of the run, if it has any. To be called before JAX looks for devices.

    Raises:
      InputError: for settings that no cluster can have, or if the processes don't find each other.
    """
    check_numbers({"parallel": asdict(settings)})
    jax.config.update("jax_enable_preemption_service", False)  # it would only make a note of a SIGTERM
    if settings.coordinator == "auto":
        parallel.initialize(heartbeat_timeout=settings.heartbeat_timeout)
    elif any(x is not None for x in (settings.coordinator, settings.num_processes, settings.process_id)):
        place = settings.coordinator, settings.num_processes, settings.process_id
        parallel.initialize(*place, heartbeat_timeout=settings.heartbeat_timeout)


def layout(run: Run, config: Config) -> Layout:
    """The run on the devices that the config names.

    Raises:
      InputError: if there are no such devices, the batch doesn't divide by them, or the settings contradict each other.
    """
    mesh, mode = parallel.mesh(config.parallel.devices), chosen_mode(config.parallel)
    device = mesh.devices.flat[0]
    words = f"{device.device_kind} ({device.platform}), jax {jax.__version__}"
    if mesh.size == 1 and config.parallel.mode == "auto":
        return alone(run, config, words)
    parallel.check_divides(config.batch_size, mesh)
    sharded = config.parallel.optimizer == "sharded"
    placement = parallel.optimizer_sharded if sharded else parallel.replicated
    place = {"placement": placement} if sharded else {}

    @functools.cache
    def compiled(length: int) -> Chunk:
        sizes = {"batch_size": config.batch_size, "length": length}
        return parallel.MODES[mode](mesh, run.algorithm, run.source.draw, run.source.gather, **sizes, **place)

    made = run.algorithm, mesh, run.init_key, jax.eval_shape(lambda: assembly.example_batch(run, config)), placement
    return Layout(
        words=f"{mesh.size} x {words}, {mode.replace('_', '-')}, {jax.process_count()} process(es)",
        init=lambda: parallel.init(*made),
        template=parallel.template(*made),
        compile=compiled,
        **feeding.shared(run, config, mesh, mode)._asdict(),
    )


def alone(run: Run, config: Config, words: str) -> Layout:
    """The run on the one device there is."""

    @functools.cache
    def compiled(length: int) -> Chunk:
        return steps.compiled_chunk(run.algorithm, run.source.draw, run.source.gather, config.batch_size, length)

    template = assembly.template(run, config)
    return Layout(words, lambda: assembly.init(run, config), template, compiled, *feeding.alone(run, config))


def chosen_mode(settings: Parallel) -> str:
    """The row of `parallel.MODES`.

    Raises:
      InputError: if it can't do what else is asked.
    """
    mode = "jit" if settings.mode == "auto" else settings.mode.replace("-", "_")
    if settings.optimizer == "sharded" and mode != "jit":
        raise InputError(f"Expected --parallel.mode jit with --parallel.optimizer sharded, got {settings.mode}.")
    return mode


def open_workdir(config: Config) -> tuple[Path, bool]:
    """`workdir.open_for_training` by the leader, on behalf of all processes: all go on, or none does.

    Returns:
      The folder, and whether it held the run before.

    Raises:
      InputError: what `open_for_training` raises, or that the processes were not given one config.
    """
    if not same_everywhere(config):
        raise InputError("The processes of this run were given different settings: give all of them the same flags.")
    path, resumed, refusal = Path(), False, None
    if parallel.is_leader():
        try:
            path, resumed = workdir_module.open_for_training(config)
        except InputError as error:
            refusal = error
    if parallel.anywhere(refusal is not None):
        raise refusal or InputError("Process 0 can't open the workdir; it says why.")
    if not parallel.is_leader():
        path = Path(config.workdir or "").expanduser().absolute()
    return path, parallel.anywhere(resumed)


def same_everywhere(config: Config) -> bool:
    values = json.dumps([to_dict(config), config.workdir], sort_keys=True)
    return parallel.alike(np.frombuffer(hashlib.sha256(values.encode()).digest(), np.uint8))


class MutedLog:
    """Stands where the leader has its log: the log of a process that writes none."""

    def __enter__(self) -> MutedLog:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def write(self, *row: Any) -> None:
        pass

    def write_image(self, *picture: Any) -> None:
        pass

    def flush(self) -> None:
        pass


class PeerWatch:
    """Ends this process when an error leaves it, in a run of several: the others can't go on without it, nor it
    without them, and an orderly exit would wait for them for ever. Alone, it lets errors pass."""

    def __enter__(self) -> PeerWatch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or jax.process_count() == 1:
            return
        if isinstance(error, KeyboardInterrupt):
            os._exit(INTERRUPTED)
        code = PEER_LOST
        if parallel.is_lost_peer(error):
            Console(stderr=True).print(
                f"[bold red]error:[/] process {jax.process_index()} has lost another process of this run "
                f"({escape(str(error).splitlines()[0])}). Start all of them again with the same command: the run goes "
                "on from its last checkpoint.",
                highlight=False,
                soft_wrap=True,
            )
        elif isinstance(error, Failure):  # known to every process
            code = report_errors(lambda: _raise(error))
        elif isinstance(error, InputError):
            report_errors(lambda: _raise(error))
        else:
            traceback.print_exception(kind, error, trace)
        sys.stderr.flush()
        time.sleep(SECONDS_TO_SPEAK if parallel.is_leader() else 0)
        os._exit(code)


@contextlib.contextmanager
def beginning() -> Iterator[None]:
    """Like `PeerWatch`, but only for what a process meets when another one has died: all refuse bad input alike."""
    try:
        yield
    except Exception as error:
        if not parallel.is_lost_peer(error):
            raise
        with PeerWatch():
            raise


def _raise(error: BaseException) -> None:
    raise error
