"""The processes of one run: how they join, and what they ask of each other."""

from __future__ import annotations

import jax
import numpy as np
from jax.experimental import multihost_utils

from ganjax.checks import InputError


def initialize(
    coordinator: str | None = None,
    num_processes: int | None = None,
    process_id: int | None = None,
    heartbeat_timeout: int = 60,
) -> None:
    """Joins the processes of one run. Call it before anything else that touches a device.

    With no arguments JAX asks the cluster: SLURM, Open MPI, Kubernetes, Cloud TPU. When a process dies, the others
    stop: at once where its connections close, within `heartbeat_timeout` where it only falls silent.

    Args:
      coordinator: host:port of process 0, with a port that is free there.
      num_processes: how many there are.
      process_id: which one this is, from 0.
      heartbeat_timeout: seconds of silence after which a process counts as dead.

    Raises:
      InputError: if only some of the three are given, if they contradict each other, or if there is no cluster to ask.
    """
    given = {"coordinator": coordinator, "num_processes": num_processes, "process_id": process_id}
    missing = [name for name, value in given.items() if value is None]
    if 0 < len(missing) < len(given):
        raise InputError(f"Expected coordinator, num_processes and process_id together, or none; missing: {missing}.")
    if num_processes is not None and not 0 <= (process_id or 0) < num_processes:
        raise InputError(f"Expected 0 <= process_id < num_processes, got {process_id} of {num_processes}.")
    try:
        jax.distributed.initialize(*given.values(), heartbeat_timeout_seconds=heartbeat_timeout)
    except (ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"Can't join the processes of this run: {reason} Give coordinator, num_processes and process_id."
        ) from error


def is_leader() -> bool:
    """Whether this is the process that writes logs and pictures, and prints."""
    return jax.process_index() == 0


def anywhere(flag: bool) -> bool:
    """Whether the flag is set in any process; all of them must ask, and all get the same answer."""
    if jax.process_count() == 1:
        return flag
    return bool(np.any(multihost_utils.process_allgather(np.asarray(flag))))


def alike(array: np.ndarray) -> bool:
    """Whether the array is the same in every process; all of them must ask."""
    if jax.process_count() == 1:
        return True
    return bool(np.all(multihost_utils.process_allgather(array) == array[None]))


def is_lost_peer(error: BaseException) -> bool:
    """Whether an error is what a process of a run meets when another one of it has died."""
    signs = ("Gloo", "NCCL", "coordination service", "CoordinationService", "Connection closed", "heartbeat")
    return jax.process_count() > 1 and any(sign in str(error) for sign in signs)
