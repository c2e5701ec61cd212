"""A run's settings: which preset they are nearest to, where they differ from it and from each other's."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from config import CHOICES, Config
from configs import PRESETS
from flags import with_named_choices
from recorded import to_dict

from reporting.records import Record

LONGEST = 300  # characters of a value
ABSENT = object()


class Setting(NamedTuple):
    """One run's value.

    Attributes:
      text: the value, or "" where the run has no such setting.
      preset: the preset's value where it differs, else None.
    """

    text: str
    preset: str | None


class Line(NamedTuple):
    """One setting of all runs.

    Attributes:
      name: without its group.
      values: of each run.
      differs: whether it is among the settings to look at: those in which the runs differ, or for one run those in
        which it differs from the preset.
    """

    name: str
    values: list[Setting]
    differs: bool


class Nearest(NamedTuple):
    """The preset with the fewest differences from a run.

    Attributes:
      name: of the preset.
      values: its settings, by dotted name.
      command: what trains the run.
    """

    name: str
    values: dict[str, Any]
    command: str


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by their dotted names."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return found


def settings_of(config: Config) -> dict[str, Any]:
    """A config's settings by dotted name, as JSON would give them back."""
    return flat(json.loads(json.dumps(to_dict(config))))


def shown(record: Record) -> dict[str, Any]:
    """A run's settings by dotted name, defaults of fields that its version had not yet included."""
    return flat(record.values) if record.config is None else settings_of(record.config)


def nearest(record: Record) -> Nearest | None:
    """The preset that a run most likely started from; of equals the one that the folder is named after, or the first.

    None where the config is not of this version.
    """
    if record.config is None:
        return None
    mine = shown(record)

    def distance(name: str) -> tuple[int, bool]:
        theirs = settings_of(PRESETS[name])
        differing = sum(mine.get(key, ABSENT) != theirs.get(key, ABSENT) for key in mine.keys() | theirs.keys())
        return differing, record.folder.resolve().name != name

    name = min(PRESETS, key=distance)
    return Nearest(name, settings_of(PRESETS[name]), command(name, record.config))


def command(preset: str, config: Config) -> str:
    """The command line of train.py that makes this config out of a preset."""
    wanted = settings_of(config)
    kinds = {f"{kind}.name" for kind in CHOICES}
    base = settings_of(PRESETS[preset])
    flags = [
        word for name in wanted if name in kinds and wanted[name] != base[name] for word in flag(name, wanted[name])
    ]
    # a named choice brings its own defaults, and a named objective its own update
    base = settings_of(with_named_choices(PRESETS[preset], flags))
    rest = [word for name in wanted if wanted[name] != base.get(name, ABSENT) for word in flag(name, wanted[name])]
    return shlex.join(["python", "experiments/train.py", preset, *flags, *rest])


def flag(name: str, value: Any) -> list[str]:
    """A setting as the command line spells it."""
    spelled = name.replace("_", "-")
    if isinstance(value, bool):
        group, dot, last = spelled.rpartition(".")
        return [f"--{spelled}" if value else f"--{group}{dot}no-{last}"]
    if isinstance(value, list):
        return [f"--{spelled}", *map(str, value)]
    word = str(value)
    return [f"--{spelled}={word}"] if word.startswith("-") else [f"--{spelled}", word]


def table(records: Sequence[Record], presets: Sequence[Nearest | None]) -> dict[str, list[Line]]:
    """Every setting of every run, by group: data, prior, …, and run for those of no group."""
    columns = [shown(record) for record in records]
    groups: dict[str, list[Line]] = {}
    for name in dict.fromkeys(name for column in columns for name in column):
        group, _, last = name.rpartition(".")
        found = [column.get(name, ABSENT) for column in columns]
        values = [setting(value, name, preset) for value, preset in zip(found, presets, strict=True)]
        alone = len(records) == 1
        differs = values[0].preset is not None if alone else any(value != found[0] for value in found)
        groups.setdefault(group or "run", []).append(Line(last, values, differs))
    return groups


def setting(value: Any, name: str, preset: Nearest | None) -> Setting:
    theirs = value if preset is None else preset.values.get(name, ABSENT)
    return Setting(in_words(value), None if theirs == value else in_words(theirs) or "not there")


def in_words(value: Any) -> str:
    """A setting for people: short, and never empty where there is one."""
    if value is ABSENT:
        return ""
    if isinstance(value, list):
        text = ", ".join(map(in_words, value)) or "none"
    elif value is None or value == "":
        text = "none"
    else:
        text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"
