"""The rows that a command line names, found before it is parsed: each brings options of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import own
from choices import choose
from config import CHOICES, Config, Update

from ganjax.objectives import SETTINGS, Settings


def with_named_choices(config: Config, arguments: Sequence[str]) -> Config:
    """The preset with every choice that the command line names, so that the named row's own fields can be parsed.

    A choice that keeps its name keeps the preset's values; one that changes starts from the new row's defaults, and a
    new objective brings its own `disc_steps` and `clip` (flags still override them). A file that is named is run.

    Raises:
      UnknownNameError: if a table has no such row.
      InputError: if FILE.py:FUNCTION can't be a row.
    """
    for kind in CHOICES:
        name = named(arguments, kind)
        if name is not None and name != getattr(config, kind).name:
            if own.is_own(name):
                own.run_file(own.parts(name)[0])
            config = dataclasses.replace(config, **{kind: choose(kind, name)})
            if kind == "objective":
                config = dataclasses.replace(config, update=recommended_update(config))
    return config


def recommended_update(config: Config) -> Update:
    """The update with the discriminator's moves and the clipping that the objective's paper used."""
    settings = SETTINGS.get(config.objective.name.replace("-", "_"), Settings())  # type: ignore[attr-defined]
    disc_steps = settings.disc_steps if config.update.schedule == "alternating" else 1
    return dataclasses.replace(config.update, disc_steps=disc_steps, clip=settings.clip)


def named(arguments: Sequence[str], kind: str) -> str | None:
    """The value of --KIND.name among raw arguments, in any of the spellings that the parser takes; the last wins."""
    flags, found = (f"--{kind}.name", f"--{kind.replace('_', '-')}.name"), None
    for i, argument in enumerate(arguments):
        flag, equals, value = argument.partition("=")
        if flag in flags:
            found = value if equals else (arguments[i + 1] if i + 1 < len(arguments) else None)
    return found
