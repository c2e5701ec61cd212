"""What there is to train: every preset with its data, its minutes and what it shows.

What a preset shows is the head of its file's docstring; its minutes are those that README.md, beside this file, has
measured.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from configs import MODULES, PRESETS
from rich.markup import escape
from rich.table import Table

README = Path(__file__).with_name("README.md")
COMMAND = re.compile(r"`(?:python experiments/train\.py ?)?([^`]*)`")
UNMEASURED = "not measured"


class Entry(NamedTuple):
    """A line of the list."""

    preset: str
    data: str
    minutes: str
    shows: str


def entries() -> list[Entry]:
    """One for each preset."""
    minutes = measured(README.read_text())
    return [
        Entry(name, config.data.name, minutes.get(name, UNMEASURED), shown(name)) for name, config in PRESETS.items()
    ]


def shown(name: str) -> str:
    """The first paragraph of a preset's docstring, without its name."""
    head = (MODULES[name].__doc__ or "").partition("\n\n")[0]
    return " ".join(head.removeprefix(f"{name}: ").split())


def measured(text: str) -> dict[str, str]:
    """Minutes by preset, from every table of a Markdown text with a column of them.

    A run with other settings than the preset's stands in only where the preset itself was not measured, and is named.
    """
    found: dict[str, str] = {}
    others: dict[str, str] = {}
    for command, minutes in rows(text):
        name, *flags = command.replace("--data.dir DIR", "").split() or ["digits"]
        if flags:
            others.setdefault(name, f"{minutes} with {' '.join(flags)}")
        elif minutes:
            found[name] = minutes
    return others | found


def rows(text: str) -> Iterator[tuple[str, str]]:
    """(what train.py is given, minutes) of each row of such tables."""
    header: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not header or not cells:
            header = cells
            continue
        row = dict(zip(header, cells, strict=False))
        command = COMMAND.fullmatch(row.get("preset", row.get("command", "")))
        if command and "minutes" in row:
            yield command[1], row["minutes"]


def table(listed: list[Entry]) -> Table:
    made = Table("preset", "data", "minutes", "what it shows", title="train.py PRESET", title_justify="left")
    made.columns[0].no_wrap = made.columns[1].no_wrap = True
    made.columns[2].max_width = 30
    for entry in listed:
        made.add_row(*map(escape, entry))
    made.caption = (
        f"Minutes are of two busy CPU cores; {UNMEASURED}: no such run on record. A run with other settings is named."
    )
    return made
