"""The pictures of runs: samples over training, and whatever the method has left beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ganjax.checks import InputError
from reporting.embedded import Embedded, embed_file, evenly
from reporting.records import Record, step_of

MOST_FRAMES, MOST_FRAMES_OF_ALL = 24, 96  # snapshots of a run, of a page
MOST_PICTURES_OF_ALL = 48

# by name, what a picture shows; the views' first, then those of sample.py
CAPTIONS = {
    r"codes": "a row for each value of the categorical code, the same noise down a column",
    r"continuous_\d+": "a continuous code moves along each row, a category a row",
    r"classes": "a row for each class",
    r"reconstructions": "rows of originals, each over its reconstructions",
    r"interpolations": "in each row the way between the reconstructions of two real images",
    r"energies": "the discriminator's energies of data, samples and noise",
    r"landscape": "the energy over the plane, with real and generated points",
    r"mala": "samples, and what they become when their latents are moved by MALA",
    r"levels": "the same samples at every resolution, from coarse to fine",
    r"langevin": "samples whose latents were moved by Langevin's chains",
    r"rejection": "samples that the discriminator accepts",
    r"truncation": "samples of truncated latents",
    r"neighbors": "samples, each with the nearest of the data",
    r"inversion": "real samples, each with the nearest that the generator was found to make",
    r"sample": "samples, as sample.py has drawn them",
}
INTERPOLATION = "interpolation"
DRAWN_HERE = ("curves", "evaluations", INTERPOLATION)  # by the page itself


class Frame(NamedTuple):
    """Samples at a step."""

    step: int
    picture: Embedded


class Film(NamedTuple):
    """A run's samples over training: those shown, of how many, and how many of the chosen can't be read."""

    frames: list[Frame]
    total: int
    unread: int


class Exhibit(NamedTuple):
    """Pictures of one kind.

    Attributes:
      name: of the file, without its ending.
      caption: what it shows.
      pictures: by the index of the run.
    """

    name: str
    caption: str
    pictures: dict[int, Embedded]


class Gallery(NamedTuple):
    """The exhibits; of how many pictures; and the files that can't be read."""

    exhibits: list[Exhibit]
    total: int
    unread: list[str]

    @property
    def shown(self) -> int:
        return sum(len(exhibit.pictures) for exhibit in self.exhibits)


def film(record: Record, most: int) -> Film:
    """A run's snapshots, at most so many of them."""
    snapshots, frames = record.snapshots, []
    chosen = evenly(snapshots, most)
    for path in chosen:
        picture = readable(path)
        if picture is not None:
            frames.append(Frame(step_of(path), picture))
    return Film(frames, len(snapshots), len(chosen) - len(frames))


def films(records: Sequence[Record]) -> list[Film]:
    return [film(record, min(MOST_FRAMES, MOST_FRAMES_OF_ALL // len(records))) for record in records]


def gallery(records: Sequence[Record]) -> Gallery:
    """The pictures of all runs, those of one name beside each other."""
    files: dict[str, dict[int, Path]] = {}
    for run, record in enumerate(records):
        for path in sorted(record.folder.glob("*.png")):
            if path.stem not in DRAWN_HERE:
                files.setdefault(path.stem, {})[run] = path
    total, room, unread, exhibits = sum(map(len, files.values())), MOST_PICTURES_OF_ALL, [], []
    for name in sorted(files, key=rank):
        found = {run: (path, readable(path)) for run, path in list(files[name].items())[:room]}
        unread += [str(path) for path, picture in found.values() if picture is None]
        pictures = {run: picture for run, (_, picture) in found.items() if picture is not None}
        room -= len(pictures)
        if pictures:
            exhibits.append(Exhibit(name, caption(name), pictures))
    return Gallery(exhibits, total, unread)


def readable(path: Path) -> Embedded | None:
    """The picture; None where the file is none, or was cut short."""
    try:
        return embed_file(path)
    except InputError:
        return None


def rank(name: str) -> tuple[int, str]:
    """In the order of the captions, unknown pictures last."""
    known = [i for i, pattern in enumerate(CAPTIONS) if re.fullmatch(pattern, name)]
    return (*known, len(CAPTIONS))[0], name


def caption(name: str) -> str:
    return next((words for pattern, words in CAPTIONS.items() if re.fullmatch(pattern, name)), "")
