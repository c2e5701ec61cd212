"""One checkpoint as Orbax holds it: the arrays, and a manifest that says what each of them must be."""

from __future__ import annotations

import functools
import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from ganjax.checks import InputError
from ganjax.io._states import HostArray, Leaf, differences, digest, form, host_copies, named_leaves, place
from ganjax.types import PyTree

SCHEMA = 1  # of the manifest; raised when an older reader would misread a newer one


class Skipped(NamedTuple):
    """A checkpoint that was passed over.

    Attributes:
      step: which.
      reason: what is wrong with it.
    """

    step: int
    reason: str


class Restored(NamedTuple):
    """What came back from a checkpoint.

    Attributes:
      state: as it was saved, to the bit; with the template's structure and on the template's devices.
      step: the step it was saved at.
      extra: what was saved beside it.
      skipped: newer checkpoints that were found damaged, newest first; tell the user.
    """

    state: PyTree
    step: int
    extra: dict[str, Any]
    skipped: tuple[Skipped, ...] = ()


@functools.cache
def orbax() -> Any:
    """Orbax, imported when it is first needed: it takes as long to import as JAX does."""
    import absl.logging
    import orbax.checkpoint as ocp

    if absl.logging.get_verbosity() == absl.logging.WARNING:  # its default: nobody has asked for more
        absl.logging.set_verbosity(absl.logging.ERROR)
    return ocp


def packed(
    state: PyTree, extra: Mapping[str, Any], score: float | None = None
) -> tuple[dict[str, HostArray], dict[str, str]]:
    """The arrays to give to Orbax, by name, and the manifest to lay beside them.

    Raises:
      InputError: when there are no arrays, a leaf is not an array, or `extra` is not JSON.
    """
    leaves = named_leaves(state)
    arrays = dict(zip(leaves, host_copies(leaves.values()), strict=True))
    rows = [[name, *form(leaf), digest(form(leaf), arrays[name])] for name, leaf in leaves.items()]
    try:
        contents = json.dumps({"schema": SCHEMA, "leaves": rows, "extra": dict(extra), "score": score}, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"Expected in `extra` only what JSON can hold: {error}.") from error
    # Orbax refuses arrays without entries; the manifest says all there is to say of them
    given = {name: array for name, array in arrays.items() if array.size}
    if not given:
        raise InputError("Expected a state with arrays in it, got one without: there is nothing to save.")
    return given, {"contents": contents, "sha256": hashlib.sha256(contents.encode()).hexdigest()}


def newest_sound(manager: Any, directory: Path, template: PyTree) -> Restored:
    """The newest checkpoint that passes its checks, with those that did not in `skipped`.

    Raises:
      InputError: when there is none, or it does not fit the template.
    """
    skipped: list[Skipped] = []
    for step in sorted(manager.all_steps(), reverse=True):
        restored = attempt(manager, step, template)
        if isinstance(restored, Restored):
            return restored._replace(skipped=tuple(skipped))
        skipped.append(restored)
    if not skipped:
        raise InputError(f"No checkpoint in {directory}.")
    reasons = "; ".join(f"step {step}: {reason}" for step, reason in skipped)
    raise InputError(f"No sound checkpoint in {directory}: {reasons}.")


def score_of(manager: Any, step: int) -> float | None:
    """The score that a checkpoint was saved with; None where it has none, or its manifest can't be read."""
    try:
        return _read_manifest(manager, step).get("score")
    except Exception:  # damage; whoever restores the checkpoint says so
        return None


def attempt(manager: Any, step: int, template: PyTree) -> Restored | Skipped:
    """The checkpoint of one step, or what is wrong with it.

    Raises:
      InputError: when it is sound and does not fit the template.
    """
    expected = named_leaves(template)
    try:
        contents = _read_manifest(manager, step)
        saved, digests = _fitting(step, contents, expected)
        arrays = _read_arrays(manager, step, saved)
        for name, leaf in saved.items():
            _check_digest(name, leaf, arrays[name], digests[name])
    except InputError:
        raise
    except Exception as error:  # damage meets any error of Orbax, TensorStore, the JSON reader and the file system
        return Skipped(step, f"{type(error).__name__}: {str(error).strip()}".splitlines()[0])
    placed = [place(arrays[name], saved[name], like) for name, like in expected.items()]
    return Restored(jax.tree.unflatten(jax.tree.structure(template), placed), step, contents["extra"])


def _read_manifest(manager: Any, step: int) -> dict[str, Any]:
    ocp = orbax()
    manifest = manager.restore(step, args=ocp.args.Composite(manifest=ocp.args.JsonRestore())).manifest
    if hashlib.sha256(manifest["contents"].encode()).hexdigest() != manifest["sha256"]:
        raise ValueError("the manifest does not match its checksum")
    return json.loads(manifest["contents"])


def _fitting(
    step: int, contents: Mapping[str, Any], expected: Mapping[str, Any]
) -> tuple[dict[str, Leaf], dict[str, str]]:
    """The saved leaves and their digests, once they are known to be the expected ones."""
    if contents["schema"] != SCHEMA:
        raise InputError(
            f"Expected a checkpoint of schema {SCHEMA}, got {contents['schema']} at step {step}: "
            "restore it with the version of ganjax that wrote it."
        )
    saved = {name: Leaf(dtype, tuple(shape), impl) for name, dtype, shape, impl, _ in contents["leaves"]}
    digests = {name: sha256 for name, *_, sha256 in contents["leaves"]}
    found = differences(saved, {name: form(leaf) for name, leaf in expected.items()})
    if found:
        more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
        raise InputError(
            f"The checkpoint of step {step} does not fit: {'; '.join(found[:3])}{more}. "
            "Give the networks, the optimizers and the precision that the run was started with."
        )
    return saved, digests


def _read_arrays(manager: Any, step: int, saved: Mapping[str, Leaf]) -> dict[str, HostArray]:
    ocp = orbax()
    full = {name: ocp.RestoreArgs(restore_type=np.ndarray) for name, leaf in saved.items() if 0 not in leaf.shape}
    items = ocp.args.Composite(state=ocp.args.PyTreeRestore(restore_args=full))
    before = sys.unraisablehook
    # stays in place when the next line raises: the stragglers report after that
    sys.unraisablehook = functools.partial(_unless_straggler, before)
    arrays = manager.restore(step, args=items).state
    sys.unraisablehook = before
    empty = {name: np.zeros(leaf.shape, leaf.dtype) for name, leaf in saved.items() if 0 in leaf.shape}
    return {**arrays, **empty}


def _check_digest(name: str, leaf: Leaf, array: HostArray, sha256: str) -> None:
    if not leaf.impl and form(array) != leaf:
        raise ValueError(f"{name} is {form(array)}, not {leaf}")
    if digest(leaf, array) != sha256:
        raise ValueError(f"{name} does not match its checksum")


def _unless_straggler(report: Callable[[Any], object], unraisable: Any) -> None:
    """Drops what has nothing to tell: Orbax gives up at the first array that it cannot read and closes its event
    loop, and each read still under way then complains, from a thread of its own, that the loop is closed."""
    if not (unraisable.object is None and str(unraisable.exc_value) == "Event loop is closed"):
        report(unraisable)
