"""One checkpoint as Orbax holds it: the arrays, and a manifest that says what each of them must be."""

from __future__ import annotations

import errno
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from ganjax.checks import InputError
from ganjax.io._bounds import check_claims, check_folder, stored_form
from ganjax.io._files import read_json
from ganjax.io._orbax import orbax, quiet_stragglers
from ganjax.io._states import HostArray, Leaf, differences, digest, form, host_copies, is_key, named_leaves, place
from ganjax.types import PyTree

NO_DAMAGE = (errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM)  # another try may well succeed
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


def packed(
    step: int, state: PyTree, extra: Mapping[str, Any], score: float | None = None
) -> tuple[dict[str, HostArray], dict[str, str]]:
    """The arrays to give to Orbax, by name, and the manifest to lay beside them.

    Whatever a restored run is made of is under a checksum: each array has its own in the manifest, and the manifest,
    with the step, `extra`, the score and the schema, has one over its text.

    Raises:
      InputError: when there are no arrays, a leaf is not an array, or `extra` is not JSON.
    """
    leaves = named_leaves(state)
    arrays = dict(zip(leaves, host_copies(leaves.values()), strict=True))
    rows = [[name, *form(leaf), digest(form(leaf), arrays[name])] for name, leaf in leaves.items()]
    said = {"schema": SCHEMA, "step": int(step), "leaves": rows, "extra": dict(extra), "score": score}
    try:
        contents = json.dumps(said, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"Expected in `extra` only what JSON can hold: {error}.") from error
    # Orbax refuses arrays without entries; the manifest says all there is to say of them
    given = {name: array for name, array in arrays.items() if array.size}
    if not given:
        raise InputError("Expected a state with arrays in it, got one without: there is nothing to save.")
    return given, {"contents": contents, "sha256": hashlib.sha256(contents.encode()).hexdigest()}


def newest_sound(steps: Iterable[int], directory: Path, template: PyTree) -> Restored:
    """The newest checkpoint that passes its checks, with those that did not in `skipped`.

    Raises:
      InputError: when there is none, or it does not fit the template.
    """
    skipped: list[Skipped] = []
    for step in sorted(steps, reverse=True):
        restored = attempt(directory, step, template)
        if isinstance(restored, Restored):
            return restored._replace(skipped=tuple(skipped))
        skipped.append(restored)
    if not skipped:
        raise InputError(f"No checkpoint in {directory}.")
    reasons = "; ".join(f"step {step}: {reason}" for step, reason in skipped)
    raise InputError(f"No sound checkpoint in {directory}: {reasons}. Delete the folder to begin anew.")


def score_of(directory: Path, step: int) -> float | None:
    """The score that a checkpoint was saved with; None where it has none.

    Raises:
      InputError: when its manifest is of another schema, or can't be read.
    """
    try:
        return _read_manifest(directory / str(step), step).score
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"The checkpoint of step {step} in {directory} is damaged: {_words(error)}.") from error


def seal_of(directory: Path, step: int) -> str | None:
    """The checksum over a checkpoint's manifest, as it stands there: that of the same save alone; None without one."""
    try:
        return read_json(directory / str(step) / "manifest" / "metadata")["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def attempt(directory: Path, step: int, template: PyTree) -> Restored | Skipped:
    """The checkpoint of one step, or what is wrong with it.

    Raises:
      InputError: when it is sound and does not fit the template.
    """
    expected, folder = named_leaves(template), directory / str(step)
    try:
        check_folder(folder, expected.values())
        manifest = _read_manifest(folder, step)
        _check_fits(step, manifest.leaves, expected)
        _check_kinds(manifest.leaves, expected)
        arrays = _read_arrays(folder, expected)
        for name, leaf in manifest.leaves.items():
            _check_digest(name, leaf, arrays[name], manifest.digests[name])
    except (InputError, MemoryError):
        raise
    except Exception as error:  # damage meets any error of Orbax, TensorStore, the JSON reader and the file system
        if isinstance(error, OSError) and error.errno in NO_DAMAGE:
            raise InputError(
                f"The checkpoint of step {step} in {directory} can't be read: {error.strerror}."
            ) from error
        return Skipped(step, _words(error))
    placed = [place(arrays[name], manifest.leaves[name], like) for name, like in expected.items()]
    return Restored(jax.tree.unflatten(jax.tree.structure(template), placed), step, manifest.extra)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip()}".splitlines()[0]


class _Manifest(NamedTuple):
    leaves: dict[str, Leaf]
    digests: dict[str, str]
    extra: dict[str, Any]
    score: float | None


def _read_manifest(folder: Path, step: int) -> _Manifest:
    sealed = read_json(folder / "manifest" / "metadata")
    if hashlib.sha256(sealed["contents"].encode()).hexdigest() != sealed["sha256"]:
        raise ValueError("the manifest does not match its checksum")
    contents = json.loads(sealed["contents"])
    _check_schema(contents["schema"], step)
    if (saved := contents.get("step", step)) != step:  # the first ones did not say
        raise ValueError(f"it was saved at step {saved} and lies in the place of step {step}")
    leaves = {name: Leaf(dtype, tuple(shape), impl) for name, dtype, shape, impl, _ in contents["leaves"]}
    digests = {name: sha256 for name, *_, sha256 in contents["leaves"]}
    extra, score = contents["extra"], contents.get("score")
    if not isinstance(extra, dict) or not (score is None or (isinstance(score, float) and math.isfinite(score))):
        raise ValueError("the manifest is not one of a checkpoint")
    return _Manifest(leaves, digests, extra, score)


def _check_schema(schema: object, step: int) -> None:
    if not isinstance(schema, int):
        raise ValueError("the manifest names no schema")
    if schema != SCHEMA:
        mend = "update ganjax, or restore it" if schema > SCHEMA else "restore it"
        raise InputError(
            f"Expected a checkpoint of schema {SCHEMA}, got {schema} at step {step}, which "
            f"{'a newer' if schema > SCHEMA else 'an older'} version of ganjax wrote: {mend} with the version that "
            "wrote it."
        )


def _check_fits(step: int, saved: Mapping[str, Leaf], expected: Mapping[str, Any]) -> None:
    """Raises `InputError` unless the saved leaves are the expected ones."""
    found = differences(saved, {name: form(leaf) for name, leaf in expected.items()})
    if found:
        more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
        raise InputError(
            f"The checkpoint of step {step} does not fit: {'; '.join(found[:3])}{more}. "
            "Give the networks, the optimizers and the precision that the run was started with."
        )


def _check_kinds(saved: Mapping[str, Leaf], expected: Mapping[str, Any]) -> None:
    """Raises `ValueError` unless keys, and they alone, name a generator, and the one that their type belongs to."""
    for name, leaf in saved.items():
        dtype = str(jax.eval_shape(lambda impl=leaf.impl: jax.random.key(0, impl=impl)).dtype) if leaf.impl else ""
        if dtype != (leaf.dtype if is_key(expected[name]) else ""):
            raise ValueError(f"{name} is {leaf}, which {leaf.impl!r} does not make")


def _read_arrays(folder: Path, expected: Mapping[str, Any]) -> dict[str, HostArray]:
    """The numbers of every leaf, read once the storage is known to claim nothing else."""
    ocp = orbax()
    handler, storage = ocp.PyTreeCheckpointHandler(), folder / "state"
    full = {name: leaf for name, leaf in expected.items() if 0 not in leaf.shape}
    as_numpy = {name: ocp.RestoreArgs(restore_type=np.ndarray) for name in full}
    quiet_stragglers()
    check_claims(handler.metadata(storage).tree, full)
    arrays = handler.restore(storage, args=ocp.args.PyTreeRestore(restore_args=as_numpy))
    empty = {name: stored_form(leaf) for name, leaf in expected.items() if 0 in leaf.shape}
    return {**arrays, **{name: np.zeros(form.shape, form.dtype) for name, form in empty.items()}}


def _check_digest(name: str, leaf: Leaf, array: HostArray, sha256: str) -> None:
    if not leaf.impl and form(array) != leaf:
        raise ValueError(f"{name} is {form(array)}, not {leaf}")
    if digest(leaf, array) != sha256:
        raise ValueError(f"{name} does not match its checksum")
