"""Data sets by name, for the command line: one signature for all of them."""

from __future__ import annotations

from typing import Protocol

import jax

from ganjax.checks import InputError, Table, UnknownNameError, unknown_name
from ganjax.data._arrays import npz_source
from ganjax.data._digits import digits
from ganjax.data._folder import Reading, folder_source
from ganjax.data._idx import idx_source
from ganjax.data._parquet import parquet_source
from ganjax.data._paths import located
from ganjax.data._source import Source
from ganjax.data._stacked import NUM_STACKED, stacked_source
from ganjax.data._tfds import tfds_source
from ganjax.data._toys import TOYS, toy_dataset, toy_source
from ganjax.data._transform import transformed

_SPLITS = ["train", "test"]
_MOST_SAMPLES = 2**27  # made up at will: they take a gigabyte


class Loader(Protocol):
    """A row of `DATASETS`.

    Args:
      name: the whole name that was asked for, `row` or `row:detail`, for error messages.
      detail: what followed the colon, or "".
      folder: where files lie, or None.
      split: train, test, …
      seed: of fixed points drawn from a toy.
      reading: how pictures are read, for a row of `TRANSFORM_WHILE_READING`; `load` transforms the others' images.
    """

    def __call__(
        self, name: str, detail: str, folder: str | None, split: str, *, seed: int, reading: Reading
    ) -> Source: ...


def load(
    name: str,
    folder: str | None = None,
    split: str = "train",
    seed: int = 0,
    reading: Reading = Reading(),  # noqa: B008 (a tuple: nobody can change it)
) -> Source:
    """A data set by name.

    Args:
      name: a row of `DATASETS`, some of which take a detail after a colon:
        `digits`: 1797 digits of 8×8, needs no files;
        `mnist`: IDX files in `folder`;
        `stacked-mnist`: stacks of three of its digits, 128 000 or as many as the detail says;
        `folder`: pictures in `folder`, which may be a zip archive, classes from its sub-folders;
        `npz`: the arrays `images` and `labels` of the .npz file `folder`, or the images of a .npy file;
        `parquet`: the file `folder`, or the files of that folder, as Hugging Face's hub serves image sets;
        `tfds:NAME`: a set that tensorflow-datasets has prepared in `folder`, such as `tfds:cifar10`;
        `ring`, `grid`, `gaussian`, …: a toy distribution without end; `gaussian:1000`: 1000 fixed points of it.
      folder: where the files lie, for the sets that need some.
      split: which part; train or test, where a set has no others.
      seed: which fixed points of a toy; nothing else depends on it.
      reading: how images are cropped, converted and resized; for pictures also what becomes of damaged ones.

    Returns:
      A source whose batches have no condition; `labelled` adds the labels.

    Raises:
      UnknownNameError: when no row has that name, or the set no such split.
      InputError: when the detail or the folder don't suit the set, or its files are damaged.
    """
    row, _, detail = name.partition(":")
    row = row.replace("-", "_")
    folder = None if folder is None else str(located(folder))
    if reading.on_error != "error" and row not in TRANSFORM_WHILE_READING:
        raise InputError(
            f"Expected --data.on-error error for {row}, got {reading.on_error}: folders alone skip files "
            "(--data.name folder)."
        )
    source = DATASETS[row](name, detail, folder, split, seed=seed, reading=reading)
    return source if row in TRANSFORM_WHILE_READING else transformed(source, reading.transform)


def _load_digits(name: str, detail: str, folder: str | None, split: str, *, seed: int, reading: Reading) -> Source:
    del seed, reading  # nothing is drawn, nothing decoded
    _refuse(name, detail=detail, folder=folder)
    _check_split(name, split, ["train"])
    return digits()


def _load_mnist(name: str, detail: str, folder: str | None, split: str, *, seed: int, reading: Reading) -> Source:
    del seed, reading  # nothing is drawn, nothing decoded
    _refuse(name, detail=detail)
    if folder is None:
        raise InputError(f"Expected a folder with the IDX files of {name}, got none: name it (--data.dir).")
    return idx_source(folder, split)


def _load_stacked(name: str, detail: str, folder: str | None, split: str, *, seed: int, reading: Reading) -> Source:
    num = _count(name, detail, "images", "stacked-mnist:10000") if detail else NUM_STACKED
    return stacked_source(_load_mnist("mnist", "", folder, split, seed=seed, reading=reading), num)


def _load_folder(name: str, detail: str, folder: str | None, split: str, *, seed: int, reading: Reading) -> Source:
    del seed  # nothing is drawn
    _refuse(name, detail=detail)
    if folder is None:
        raise InputError(f"Expected a folder of pictures or a .zip file for {name}, got none: name it (--data.dir).")
    return folder_source(folder, split, reading=reading)


def _load_npz(name: str, detail: str, folder: str | None, split: str, *, seed: int, reading: Reading) -> Source:
    del seed  # nothing is drawn
    _refuse(name, detail=detail)
    _check_split(name, split, ["train"])
    if folder is None:
        raise InputError(f"Expected a .npz or .npy file for {name}, got none: name it (--data.dir).")
    source = npz_source(folder)
    if source.spec.shape[2] == 2 and reading.transform.channels is None:
        raise InputError(
            f"Expected images of 1, 3 or 4 channels in {folder}, got 2, which no picture shows: declare "
            "--data.channels 1 or 3 to lay them, gray and its opacity, on white."
        )
    return source


def _load_parquet(name: str, detail: str, folder: str | None, split: str, *, seed: int, reading: Reading) -> Source:
    del seed  # nothing is drawn
    _refuse(name, detail=detail)
    if folder is None:
        raise InputError(f"Expected a .parquet file or a folder of them for {name}, got none: name it (--data.dir).")
    return parquet_source(folder, split, reading=reading)


def _load_tfds(name: str, detail: str, folder: str | None, split: str, *, seed: int, reading: Reading) -> Source:
    del seed, reading  # nothing is drawn, nothing decoded
    if not detail:
        raise InputError(f"Expected the set's name after a colon, got {name!r}: write for example tfds:cifar10.")
    return tfds_source(detail, folder, split)


def _load_toy(name: str, detail: str, folder: str | None, split: str, *, seed: int, reading: Reading) -> Source:
    del reading  # of pictures
    _refuse(name, folder=folder)
    _check_split(name, split, _SPLITS)
    toy = name.partition(":")[0]
    if not detail:
        return toy_source(toy)
    num = _count(name, detail, "points", f"{toy}:1000")
    key = jax.random.fold_in(jax.random.key(seed), _SPLITS.index(split))
    return toy_dataset(toy, key, num)


def _count(name: str, detail: str, noun: str, example: str) -> int:
    """How many samples the detail asks for."""
    if not detail.isdecimal() or len(detail) > len(str(_MOST_SAMPLES)) or not 1 <= int(detail) <= _MOST_SAMPLES:
        raise InputError(
            f"Expected a number of {noun} from 1 to {_MOST_SAMPLES:,} after the colon, got {name[:100]!r}: write for "
            f"example {example}."
        )
    return int(detail)


def _refuse(name: str, **given: str | None) -> None:
    """Raises `InputError` when an argument is given that the set would ignore."""
    for argument, value in given.items():
        if value:
            raise InputError(f"Expected no {argument} for {name.partition(':')[0]}, got {value!r}: leave it out.")


def _check_split(name: str, split: str, known: list[str]) -> None:
    if split not in known:
        raise UnknownNameError(unknown_name(f"split of {name}", split, known))


TRANSFORM_WHILE_READING = frozenset({"folder", "parquet"})
DATASETS: Table[Loader] = Table(
    "data set",
    {
        "digits": _load_digits,
        "mnist": _load_mnist,
        "stacked_mnist": _load_stacked,
        "folder": _load_folder,
        "npz": _load_npz,
        "parquet": _load_parquet,
        "tfds": _load_tfds,
        **dict.fromkeys(TOYS, _load_toy),
    },
)
