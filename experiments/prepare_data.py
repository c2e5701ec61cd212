"""Prepares image sets for tensorflow-datasets without TensorFlow: python experiments/prepare_data.py NAME --from DIR

    python experiments/prepare_data.py mnist --from DIR             # from original files that are there
    python experiments/prepare_data.py cifar10 --download           # from the network
    python experiments/prepare_data.py folder:faces --from faces.zip    # a folder or .zip of pictures, named faces
    python experiments/train.py mnist --data.name tfds:mnist --data.dir DATA_DIR

A set becomes array_record files below --data-dir, in its original order, which tfds.builder_from_directory reads too.
Without --download nothing touches the network; a download that broke off goes on with the same command.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from content import Content
from downloads import Remote, RoomError, fetch, sha256_of
from originals import ORIGINALS, Original
from picture_folders import read_pictures
from prepared import Identity, folder_of, write
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from scripts import report_errors

from ganjax import data
from ganjax.checks import InputError

FOLDER = "folder"


@dataclass(frozen=True)
class Options:
    """Prepares an image set for tensorflow-datasets, without TensorFlow."""

    name: Annotated[str, tyro.conf.Positional]
    """mnist, fashion-mnist, cifar10, celeba, or folder:NAME for pictures of one's own"""
    source: Annotated[Path | None, tyro.conf.arg(name="from")] = None
    """the folder (or the one file) with the original files"""
    download: bool = False
    """fetch them from where they were published, into DATA_DIR/downloads"""
    data_dir: Path | None = None
    """where prepared sets lie; by default $TFDS_DATA_DIR or ~/tensorflow_datasets"""


def main(options: Options, console: Console) -> None:
    """Finds or fetches the originals, writes the set, and says how to train on it."""
    data_dir = data.prepared_root(options.data_dir)
    row, _, detail = options.name.partition(":")
    if row == FOLDER:
        identity, content = from_folder(options, detail, data_dir)
    else:
        identity, content = from_original(console, options, data_dir)
    for note in content.notes:
        console.print(f"[yellow]Note:[/] {escape(note)}", soft_wrap=True, highlight=False)
    with counting(console, content) as advance:
        folder = write(identity, content, data_dir, advance)
    counts = ", ".join(f"{split.num:,} {name}" for name, split in content.splits.items())
    console.print(f"{identity.name}: {counts}, in {folder}", soft_wrap=True, highlight=False)
    console.print(f"Train with --data.name tfds:{identity.name} --data.dir {data_dir}", soft_wrap=True, highlight=False)


def from_original(console: Console, options: Options, data_dir: Path) -> tuple[Identity, Content]:
    """A published set, from files that are there or that are fetched."""
    original = ORIGINALS[options.name]
    identity = Identity(original.name, original.version, f"{options.name}, in its original order", original.homepage)
    folder_of(identity, data_dir)  # refuses what is there already, before anything is fetched
    if options.download:
        if options.source is not None:
            raise InputError("Expected --from or --download, got both: leave one out.")
        place = download(console, options.name, original, data_dir)
    elif options.source is None:
        raise InputError(
            f"Expected the original files of {options.name}, got neither --from nor --download: name the folder that "
            f"holds {original.wanted} with --from, or let --download fetch them."
        )
    else:
        place = options.source.expanduser()
        compare(console, original, place)
    try:
        return identity, original.read(place)
    except OSError as error:
        raise InputError(
            f"Expected to read the original files in {place}, got: {error}: check their permissions."
        ) from error


def from_folder(options: Options, detail: str, data_dir: Path) -> tuple[Identity, Content]:
    """Pictures of one's own, under a name of one's own."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", detail):
        raise InputError(
            f"Expected a name of small letters, digits and underscores after the colon, got {options.name!r}: write "
            "for example folder:faces."
        )
    if options.source is None or options.download:
        raise InputError(
            f"Expected --from with a folder or .zip file of pictures for {options.name}, and no --download."
        )
    identity = Identity(detail, "1.0.0", f"Pictures of {options.source.name}, in the order of their paths")
    folder_of(identity, data_dir)
    return identity, read_pictures(options.source.expanduser())


def download(console: Console, name: str, original: Original, data_dir: Path) -> Path:
    """The folder with a set's files, fetched.

    Raises:
      InputError: when they are not to be had: what to fetch by hand, and the command that goes on from there.
    """
    folder = data_dir / "downloads" / original.name
    by_hand = (
        f"Fetch by hand: {' '.join(remote.url for remote in original.files) or original.homepage} "
        f"({original.wanted}), then run: python experiments/prepare_data.py {name} --from DIR --data-dir {data_dir}"
    )
    if not original.files:
        raise InputError(f"Expected a set that can be downloaded, got {name}, which only a browser can. {by_hand}")
    try:
        for remote in original.files:
            with fetching(console, remote) as advance:
                fetch(remote, folder, advance)
    except RoomError:
        raise  # by hand it would not fit either
    except InputError as error:
        raise InputError(f"{error} {by_hand}") from error
    return folder


def compare(console: Console, original: Original, place: Path) -> None:
    """Says which files are not the published ones: a part of a set is a set too, but its name should not mislead."""
    for remote in original.files:
        try:
            path = place / remote.name if place.is_dir() else place
            other = path.is_file() and path.name == remote.name and sha256_of(path) != remote.sha256
        except OSError:
            continue  # whoever reads it says so
        if other:
            console.print(
                f"[yellow]Not the published file:[/] {path} (another SHA-256)", soft_wrap=True, highlight=False
            )


@contextmanager
def counting(console: Console, content: Content) -> Iterator[Callable[[str, int], None]]:
    """A bar for each split."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks = {name: bars.add_task(name, total=split.num) for name, split in content.splits.items()}
        yield lambda split, done: bars.update(tasks[split], completed=done)


@contextmanager
def fetching(console: Console, remote: Remote) -> Iterator[Callable[[int], None]]:
    """A bar for one file; a line where the output is no terminal."""
    if not console.is_terminal:
        console.print(f"Fetching {remote.url} ({remote.size:,} bytes)", soft_wrap=True, highlight=False)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task(remote.name, total=remote.size)
        yield lambda done: bars.update(task, completed=done)


def entry(arguments: Sequence[str]) -> int:
    def script() -> None:
        options = tyro.cli(Options, args=list(arguments), prog="prepare_data.py", description=__doc__)
        main(options, Console())

    return report_errors(script)


if __name__ == "__main__":
    sys.exit(entry(sys.argv[1:]))
