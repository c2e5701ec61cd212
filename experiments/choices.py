"""What varies between runs, as rows of the library's tables with their keyword arguments.

A `Choice` is a row of one of the tables with that row's own keyword arguments as fields, so a new objective or
architecture has its command-line options, and their help, by existing.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import own
from optimizers import OPTIMIZERS
from penalties import PENALTIES

from ganjax.architectures import ARCHITECTURES, HELPERS
from ganjax.augmentations import AUGMENTATIONS
from ganjax.checks import Table
from ganjax.objectives import OBJECTIVES
from ganjax.priors import PRIORS


def no_helper() -> None:
    """Two players and nobody else."""


TABLES: dict[str, Mapping[str, Callable[..., Any]]] = {
    "objective": OBJECTIVES,
    "generator": Table("generator", {name: row.generator for name, row in ARCHITECTURES.items()}),
    "discriminator": Table("discriminator", {name: row.discriminator for name, row in ARCHITECTURES.items()}),
    "prior": PRIORS,
    "gen_optimizer": OPTIMIZERS,
    "disc_optimizer": OPTIMIZERS,
    "helper": Table("helper network", {"none": no_helper, **HELPERS}),
    "penalty": PENALTIES,
    "augment": AUGMENTATIONS,
}


@dataclass(frozen=True)
class Choice:
    """A row of a table, by name, with the row's keyword arguments."""


def spelled(name: str) -> str:
    """A row's name as the command line spells it; one's own, FILE.py:FUNCTION, as it is."""
    return name if own.is_own(name) else name.replace("_", "-")


def builder_of(kind: str, name: str) -> Callable[..., Any]:
    """A row of a table, or one's own."""
    return own.builder(kind, name) if own.is_own(name) else TABLES[kind][name.replace("-", "_")]


@functools.cache
def choice_type(kind: str, name: str) -> type[Choice]:
    """The dataclass of one row: `name`, then each keyword argument of its builder with its annotation and default."""
    builder = builder_of(kind, name)
    names = tuple(row.replace("_", "-") for row in TABLES[kind]) + ((name,) if own.is_own(name) else ())
    hints = typing.get_type_hints(builder)
    fields: list[Any] = [("name", Literal[names], field(default=name))]
    for parameter in inspect.signature(builder).parameters.values():
        if parameter.default is not inspect.Parameter.empty:
            fields.append((parameter.name, hints[parameter.name], field(default=parameter.default)))
    made = dataclasses.make_dataclass(name.title().replace("-", ""), fields, bases=(Choice,), frozen=True)
    made.__doc__ = builder.__doc__
    return made


def choose(kind: str, name: str, **arguments: Any) -> Any:
    """Row `name` of table `kind` with some of its arguments set: choose("objective", "wgan-gp", weight=0.1)."""
    return choice_type(kind, spelled(name))(**arguments)


def arguments_of(choice: Choice) -> dict[str, Any]:
    """The keyword arguments that a choice carries for its builder."""
    return {f.name: getattr(choice, f.name) for f in dataclasses.fields(choice) if f.name != "name"}


def build(kind: str, choice: Choice, *positional: Any) -> Any:
    """Calls the chosen row's builder."""
    name: str = choice.name  # type: ignore[attr-defined]
    made = builder_of(kind, name)(*positional, **arguments_of(choice))
    own.check_made(kind, name, made)
    return made
