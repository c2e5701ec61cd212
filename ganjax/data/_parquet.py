"""Pictures in parquet files, as Hugging Face's hub serves image sets: a row is a picture and perhaps its label."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from ganjax.checks import InputError, UnknownNameError, unknown_name
from ganjax.data._arrays import MOST_CLASSES
from ganjax.data._folder import Reading, pictures_source
from ganjax.data._pictures import LARGEST_FILE, Pictures
from ganjax.data._source import Source

LABEL = "label"
PARTS = ("train", "validation", "test")
_GIB = 2**30
_ROWS = 64  # at a time


def parquet_source(
    path: str | Path,
    split: str = "train",
    *,
    reading: Reading = Reading(),  # noqa: B008 (a tuple: nobody can change it)
    max_bytes: int = 8 * _GIB,
) -> Source:
    """The pictures of one parquet file or of a folder of them, as images [N, H, W, C], row after row.

    A picture is a struct {bytes, path} of which only the bytes are looked at, or bytes; there must be one such column.
    A column called label, of integers, gives the classes: as many as the file's own description of it names, else as
    the greatest label says. In a folder, files whose names begin with train, validation or test are that split's; where
    none does, all are train. Needs pyarrow.

    Args:
      path: a file, or a folder, also with further folders in it.
      split: train, validation or test.
      reading: how the pictures are read, as in `folder_source`.
      max_bytes: the most memory that the images may take, and that the files may.

    Raises:
      InputError: when pyarrow is not installed, there are no such files, no single column of pictures, one can't be
        read, they differ in size, labels are not integers from 0, or they take more than max_bytes.
    """
    path = Path(path).expanduser()
    pictures = parquet_pictures(path, split, max_bytes)
    return pictures_source(f"{path.name} ({split})", path, pictures, reading, max_bytes)


def parquet_pictures(path: Path, split: str, max_bytes: int = 8 * _GIB) -> Pictures:
    """What `parquet_source` reads, not decoded yet. Errors: its own, where they don't take decoding."""
    files = _of_split(path, split)
    total = sum(file.stat().st_size for file in files)
    if total > max_bytes:
        raise InputError(f"Expected at most {max_bytes / _GIB:.3g} GiB in {path}, got {total / _GIB:.3g} GiB.")
    tables = [_read(file, max_bytes) for file in files]
    columns = [_picture_column(file, table) for file, table in zip(files, tables, strict=True)]
    for file, column in zip(files, columns, strict=True):
        if column != columns[0]:
            raise InputError(
                f"Expected one column of pictures by one name in all files of {path}, got {columns[0]} in "
                f"{files[0].name} and {column} in {file.name}: are they of one set?"
            )
    rows = [
        (f"row {i} of {file.name}", functools.partial(_content, table[columns[0]], i))
        for file, table in zip(files, tables, strict=True)
        for i in range(len(table))
    ]
    if not rows:
        raise InputError(f"Expected one or more rows in {path}, got none: fetch it again.")
    labels = _labels(path, tables)
    num_classes = None if labels is None else _num_classes(path, tables[0], labels)
    return Pictures(rows, labels, num_classes, _stamps(files, tables), noun="row")


def _of_split(path: Path, split: str) -> list[Path]:
    """The files of a split, in the order of their paths."""
    if path.is_file():
        if split != PARTS[0]:
            raise UnknownNameError(
                f"Expected the split train of the one file {path}, got {split!r}: name the file of {split}."
            )
        return [path]
    files = sorted(path.rglob("*.parquet"))
    if not files:
        what = "no .parquet file in it" if path.is_dir() else "nothing there"
        raise InputError(f"Expected a parquet file or a folder of them at {path}, got {what} (--data.dir).")
    parts = {part: [file for file in files if file.name.startswith(part)] for part in PARTS}
    named = {part: found for part, found in parts.items() if found} or {PARTS[0]: files}
    if split not in named:
        raise UnknownNameError(unknown_name(f"split of {path}", split, list(named)))
    return named[split]


def _read(file: Path, max_bytes: int) -> Any:
    """The table of one file."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise InputError(f"Expected pyarrow, which reads {file}, got none installed: pip install pyarrow.") from error
    try:
        opened, batches, size = parquet.ParquetFile(file), [], 0
        # a small file may stand for as many bytes as its author likes: it is unpacked a few rows at a time
        for batch in opened.iter_batches(_ROWS):
            batches.append(batch)
            size += batch.nbytes
            if size > max_bytes:
                raise InputError(f"Expected at most {max_bytes / _GIB:.3g} GiB in {file}, unpacked, got more.")
        return pa.Table.from_batches(batches, opened.schema_arrow)
    except InputError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"Expected a whole parquet file at {file}, got: {reason}: fetch it again.") from error


def _picture_column(path: Path, table: Any) -> str:
    found = [field.name for field in table.schema if _holds_bytes(field.type)]
    if len(found) != 1:
        raise InputError(
            f"Expected one column of pictures (bytes, or structs with bytes) in {path}, got "
            f"{', '.join(found) or 'none'} among {', '.join(table.schema.names)}."
        )
    return found[0]


def _holds_bytes(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return any(field.name == "bytes" and _holds_bytes(field.type) for field in kind)
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _content(column: Any, row: int) -> bytes:
    """One picture's file. A path beside it is not followed: it leads where the file's author wants."""
    value = column[row].as_py()
    value = value["bytes"] if isinstance(value, dict) else value
    if value is None or len(value) > LARGEST_FILE:
        raise ValueError("no bytes" if value is None else f"more than {LARGEST_FILE} bytes")
    return value


def _labels(path: Path, tables: Sequence[Any]) -> Int[np.ndarray, "N"] | None:
    import pyarrow as pa

    if not any(LABEL in table.column_names for table in tables):
        return None
    columns = [table[LABEL] if LABEL in table.column_names else None for table in tables]
    if any(column is None or not pa.types.is_integer(column.type) or column.null_count for column in columns):
        raise InputError(f"Expected an integer label in every row of {path}, got others or none: number the classes.")
    return np.concatenate([column.to_numpy() for column in columns if column is not None]).astype(np.int64)


def _num_classes(path: Path, table: Any, labels: Int[np.ndarray, "N"]) -> int:
    """What Hugging Face's description of the label names, else the greatest label and one."""
    names = _described(table.schema.metadata or {})
    least, greatest = int(labels.min()), int(labels.max())
    if least < 0 or greatest >= (len(names) or MOST_CLASSES):
        raise InputError(
            f"Expected labels from 0 to {(len(names) or MOST_CLASSES) - 1} in {path}, got {least} to {greatest}: "
            "number the classes from 0 (-1 marks rows whose label is kept secret)."
        )
    return len(names) or greatest + 1


def _described(metadata: dict[bytes, bytes]) -> Sequence[str]:
    try:
        label = json.loads(metadata[b"huggingface"])["info"]["features"][LABEL]
        names = label["names"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return ()
    return names if isinstance(names, list) else ()


def _stamps(files: list[Path], tables: list[Any]) -> list[Callable[[], str]]:
    """For each row, what says whether its file has changed."""

    def stamp(file: Path) -> str:
        status = file.stat()
        return f"{file.resolve()} {status.st_size} {status.st_mtime_ns}"

    return [
        functools.partial(stamp, file) for file, table in zip(files, tables, strict=True) for _ in range(len(table))
    ]
