"""Writes a set as tensorflow-datasets prepares it, in array_record files, without TensorFlow: all of it or nothing."""

from __future__ import annotations

import itertools
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from content import Content

from ganjax.checks import InputError
from ganjax.io.array_cache import ABANDONED

EXAMPLES_A_FILE = 1 << 14
_AT_ONCE = 256  # examples between two reports


class Identity(NamedTuple):
    """What a prepared set is called.

    Attributes:
      name: tensorflow-datasets' kind of name: small letters, digits and underscores.
      version: three numbers with dots.
      description: a sentence.
      homepage: where the set is described, or "".
    """

    name: str
    version: str
    description: str
    homepage: str = ""


def folder_of(identity: Identity, data_dir: Path) -> Path:
    """Where the prepared set will lie, where `tfds.builder` and `ganjax.data.find_prepared` look for it.

    Raises:
      InputError: when it is there already.
    """
    folder = data_dir / identity.name / identity.version
    if folder.exists():
        raise InputError(
            f"Expected no set at {folder} yet, got one: use it (--data.name tfds:{identity.name} --data.dir "
            f"{data_dir}), or delete the folder to prepare it again."
        )
    return folder


def write(identity: Identity, content: Content, data_dir: Path, advance: Callable[[str, int], None]) -> Path:
    """Writes every split in its original order.

    Everything goes to a folder beside the final one, whose name nobody takes for a version; it gets its own name when
    it is whole, and goes away when something fails.

    Args:
      identity: what the set is called.
      content: what it holds.
      data_dir: where prepared sets lie.
      advance: told the split and how many of its examples are done.

    Returns:
      The folder.

    Raises:
      InputError: when the set is there already, a picture can't be read, or there is no room or no permission.
    """
    target = folder_of(identity, data_dir)
    with _aside(target) as folder:
        writer = _writer(identity, content, folder)
        writer.initialize_splits(list(content.splits))
        for split, part in content.splits.items():
            done = 0
            for examples in _in_groups(part.examples()):
                with _writing(folder):
                    writer.add_examples({split: examples})
                done += len(examples)
                advance(split, done)
        with _writing(folder):
            writer.close_all()
            os.rename(folder, target)
    return target


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """A new folder beside the target, which is gone afterwards unless it was renamed."""
    _clear_abandoned(target)
    folder = target.parent / f"incomplete.{uuid.uuid4().hex[:8]}_{target.name}"  # as tensorflow-datasets calls its own
    with _writing(folder):
        folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _clear_abandoned(target: Path) -> None:
    """Removes what preparations that were killed have left behind."""
    for folder in target.parent.glob(f"incomplete.*_{target.name}"):
        if time.time() - folder.stat().st_mtime > ABANDONED:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turns a failure to write into an `InputError`; array_record's own failures are RuntimeErrors."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"Expected room and permission to write at {folder}, got: {error}: name another place with --data-dir."
        ) from error


def _writer(identity: Identity, content: Content, folder: Path) -> Any:
    import tensorflow_datasets as tfds  # half a second, and --help doesn't need it

    # tensorflow-datasets' builders shuffle and encode pictures with TensorFlow; this writer of theirs does neither
    info = tfds.core.DatasetInfo(
        builder=tfds.core.DatasetIdentity(
            name=identity.name, version=tfds.core.Version(identity.version), data_dir=str(folder), module_name=""
        ),
        features=content.features,
        supervised_keys=content.supervised,
        description=identity.description,
        homepage=identity.homepage,
        disable_shuffling=True,
    )
    return tfds.core.SequentialWriter(info, EXAMPLES_A_FILE, file_format="array_record")


def _in_groups(examples: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while group := list(itertools.islice(examples, _AT_ONCE)):
        yield group
