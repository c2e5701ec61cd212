"""Trained classifiers on disk, so that every evaluation of a data set is made with the same weights."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from classifiers import Classifier, LabeledImages, Settings, bind, check_data, network_for, train_classifier

from ganjax.checks import InputError
from ganjax.io import read_arrays

FORMAT = "ganjax classifier 1"  # to be raised whenever the network or its training changes


def cached_classifier(
    folder: Path, name: str, train: LabeledImages, test: LabeledImages, settings: Settings | None = None
) -> Classifier:
    """`train_classifier`, remembered: weights and accuracy are kept in folder/classifier-NAME-HASH.npz.

    The hash is of the data and the settings, so that a change of either trains anew.

    Args:
      folder: where the files lie; made where it is missing.
      name, train, test, settings: as for `train_classifier`.

    Raises:
      InputError: as `train_classifier`; or the file is damaged.
    """
    settings = settings or Settings()
    check_data(train, test, settings)
    if not re.fullmatch(r"[\w.-]+", name):
        raise InputError(f"Expected a name of letters, digits, '-', '_' and '.', got {name!r}: it names a file.")
    fingerprint = _fingerprint(train, test, settings)
    path = Path(folder) / f"classifier-{name}-{fingerprint[:16]}.npz"
    if path.exists():
        network = network_for(train, settings)
        template = jax.eval_shape(network.init, jax.random.key(0), jnp.asarray(train.images[:1]))
        return bind(name, network, train.images.shape[1:], *_read(path, fingerprint, template))
    classifier = train_classifier(name, train, test, settings)
    _write(path, fingerprint, classifier)
    return classifier


def _fingerprint(train: LabeledImages, test: LabeledImages, settings: Settings) -> str:
    digest = hashlib.sha256(f"{FORMAT}; {settings}".encode())
    for array in (*train, *test):
        digest.update(f"; {array.shape} {array.dtype.str}; ".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _named_leaves(params: Any) -> dict[str, Any]:
    return {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_flatten_with_path(params)[0]}


def _checksum(arrays: dict[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def _write(path: Path, fingerprint: str, classifier: Classifier) -> None:
    """Whole or not at all: written beside its place, then moved there."""
    arrays = {name: np.asarray(leaf) for name, leaf in _named_leaves(classifier.params).items()}
    arrays["accuracy"] = np.array(classifier.accuracy)
    everything: dict[str, Any] = {
        "fingerprint": np.array(fingerprint),
        "checksum": np.array(_checksum(arrays)),
        **arrays,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.part")
    try:
        with open(partial, "wb") as file:
            np.savez(file, **everything)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _read(path: Path, fingerprint: str, template: Any) -> tuple[Any, float]:
    """The weights and the accuracy of a file, if it is one that `_write` wrote for this data and these settings."""
    try:
        arrays = read_arrays(path)
    except InputError as error:
        raise _damaged(path, str(error)) from error
    found = {name: str(arrays.pop(name, "")) for name in ("fingerprint", "checksum")}
    if found != {"fingerprint": fingerprint, "checksum": _checksum(arrays)}:
        raise _damaged(path, "its contents are not those that were written for this data")
    accuracy = float(arrays.pop("accuracy", np.nan))
    expected = {name: (leaf.shape, leaf.dtype) for name, leaf in _named_leaves(template).items()}
    if {name: (array.shape, array.dtype) for name, array in arrays.items()} != expected or not 0 <= accuracy <= 1:
        raise _damaged(path, "its arrays are not this network's")
    return jax.tree_util.tree_map_with_path(lambda key, _: arrays[jax.tree_util.keystr(key)], template), accuracy


def _damaged(path: Path, why: str) -> InputError:
    return InputError(f"Expected a classifier's weights in {path}, got a file that can't be used ({why}): delete it.")
