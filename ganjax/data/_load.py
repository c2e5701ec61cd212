"""Data sets by name, for the command line: one signature for all of them."""

from __future__ import annotations

from typing import Protocol

import jax

from ganjax.checks import InputError, Table, unknown_name
from ganjax.data._digits import digits
from ganjax.data._folder import folder_source
from ganjax.data._idx import idx_source
from ganjax.data._source import Source
from ganjax.data._tfds import tfds_source
from ganjax.data._toys import TOYS, toy_dataset, toy_source

_SPLITS = ["train", "test"]


class Loader(Protocol):
    """A row of `DATASETS`.

    Args:
      name: the whole name that was asked for, `row` or `row:detail`, for error messages.
      detail: what followed the colon, or "".
      folder: where files lie, or None.
      split: train, test, …
      seed: of fixed points drawn from a toy.
    """

    def __call__(self, name: str, detail: str, folder: str | None, split: str, seed: int) -> Source: ...


def load(name: str, folder: str | None = None, split: str = "train", seed: int = 0) -> Source:
    """A data set by name.

    Args:
      name: a row of `DATASETS`, some of which take a detail after a colon:
        `digits`: 1797 digits of 8×8, needs no files;
        `mnist`: IDX files in `folder`;
        `folder`: pictures in `folder`, which may be a zip archive, classes from its sub-folders;
        `tfds:NAME`: a set that tensorflow-datasets has prepared in `folder`, such as `tfds:cifar10`;
        `ring`, `grid`, `gaussian`, …: a toy distribution without end; `gaussian:1000`: 1000 fixed points of it.
      folder: where the files lie, for the sets that need some.
      split: which part; train or test, where a set has no others.
      seed: which fixed points of a toy; nothing else depends on it.

    Returns:
      A source whose batches have no condition; `labelled` adds the labels.

    Raises:
      UnknownNameError: when no row has that name.
      InputError: when the detail, the folder or the split don't suit the set, or its files are damaged.
    """
    row, _, detail = name.partition(":")
    return DATASETS[row](name, detail, folder, split, seed)


def _load_digits(name: str, detail: str, folder: str | None, split: str, seed: int) -> Source:
    del seed  # nothing is drawn
    _refuse(name, detail=detail, folder=folder)
    _check_split(name, split, ["train"])
    return digits()


def _load_mnist(name: str, detail: str, folder: str | None, split: str, seed: int) -> Source:
    del seed  # nothing is drawn
    _refuse(name, detail=detail)
    if folder is None:
        raise InputError(f"Expected a folder with the IDX files of {name}, got none: name it.")
    return idx_source(folder, split)


def _load_folder(name: str, detail: str, folder: str | None, split: str, seed: int) -> Source:
    del seed  # nothing is drawn
    _refuse(name, detail=detail)
    if folder is None:
        raise InputError(f"Expected a folder of pictures or a .zip file for {name}, got none: name it (--data.dir).")
    return folder_source(folder, split)


def _load_tfds(name: str, detail: str, folder: str | None, split: str, seed: int) -> Source:
    del seed  # nothing is drawn
    if not detail:
        raise InputError(f"Expected the set's name after a colon, got {name!r}: write for example tfds:cifar10.")
    return tfds_source(detail, folder, split)


def _load_toy(name: str, detail: str, folder: str | None, split: str, seed: int) -> Source:
    _refuse(name, folder=folder)
    _check_split(name, split, _SPLITS)
    toy = name.partition(":")[0]
    if not detail:
        return toy_source(toy)
    if not detail.isdecimal():
        raise InputError(f"Expected a number of points after the colon, got {name!r}: write for example {toy}:1000.")
    key = jax.random.fold_in(jax.random.key(seed), _SPLITS.index(split))
    return toy_dataset(toy, key, int(detail))


def _refuse(name: str, **given: str | None) -> None:
    """Raises `InputError` when an argument is given that the set would ignore."""
    for argument, value in given.items():
        if value:
            raise InputError(f"Expected no {argument} for {name.partition(':')[0]}, got {value!r}: leave it out.")


def _check_split(name: str, split: str, known: list[str]) -> None:
    if split not in known:
        raise InputError(unknown_name(f"split of {name}", split, known))


DATASETS: Table[Loader] = Table(
    "data set",
    {
        "digits": _load_digits,
        "mnist": _load_mnist,
        "folder": _load_folder,
        "tfds": _load_tfds,
        **dict.fromkeys(TOYS, _load_toy),
    },
)
