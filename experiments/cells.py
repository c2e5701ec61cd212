"""What a sweep is made of: cells, each a config whose games differ in their seed and in the numbers that it varies."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from choices import choose, spelled
from config import Config
from flags import recommended_update, with_named_choices

from ganjax.checks import InputError, Table

Numbers = Mapping[str, Any]  # by name in VARIED; floats, or traced


def with_learning_rate(config: Config, value: Any) -> Config:
    """Both players' step size."""
    return replace(
        config,
        gen_optimizer=replace(config.gen_optimizer, learning_rate=value),  # type: ignore[call-arg]
        disc_optimizer=replace(config.disc_optimizer, learning_rate=value),  # type: ignore[call-arg]
    )


def with_penalty_weight(config: Config, value: Any) -> Config:
    """The weight of the penalty that is added to the objective."""
    return replace(config, penalty=replace(config.penalty, weight=value))  # type: ignore[call-arg]


VARIED: Table[Callable[[Config, Any], Config]] = Table(
    "varied number", {"learning_rate": with_learning_rate, "penalty_weight": with_penalty_weight}
)


class Member(NamedTuple):
    """One game of a cell's population.

    Attributes:
      seed: every random number of the game follows from it, as in train.py.
      variation: which of the cell's variations it plays.
    """

    seed: int
    variation: int


@dataclass(frozen=True)
class Cell:
    """Games that are one compiled programme.

    Attributes:
      label: what tables and files call it.
      config: what all its games share.
      variations: the numbers that distinguish its games, one mapping a variation; by default a single one, of none.
    """

    label: str
    config: Config
    variations: tuple[Numbers, ...] = field(default=({},))

    @property
    def slug(self) -> str:
        """The label as a file name."""
        return re.sub(r"[^a-z0-9.]+", "-", self.label.lower()).strip("-")

    def members(self, seeds: int) -> list[Member]:
        """Every variation with every seed, a variation's games side by side."""
        every = range(self.config.seed, self.config.seed + seeds)
        return [Member(seed, variation) for variation in range(len(self.variations)) for seed in every]

    def settings(self, seeds: int) -> dict[str, np.ndarray]:
        """The members' numbers, one [N] array a name."""
        members = self.members(seeds)
        return {
            name: np.array([self.variations[member.variation][name] for member in members], np.float32)
            for name in self.variations[0]
        }

    def name_of(self, variation: int) -> str:
        """The label, with the variation's own numbers where there are several."""
        numbers = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in self.variations[variation].items())
        return f"{self.label}, {numbers}" if numbers else self.label


def with_numbers(config: Config, numbers: Numbers) -> Config:
    """The config with the varied numbers in their places. They may be traced."""
    for name, value in numbers.items():
        config = VARIED[name](config, value)
    return config


def product(
    preset: str,
    presets: Mapping[str, Config],
    *,
    objectives: Sequence[str],
    penalties: Sequence[str] = ("none",),
    packings: Sequence[int] = (1,),
    learning_rates: Sequence[float] = (),
    penalty_weights: Sequence[float] = (),
) -> tuple[Cell, ...]:
    """Every objective with every penalty and every packing, each a cell, on a preset's data and networks.

    An objective brings its paper's `disc_steps` and `clip`; one with a preset of its own, such as ring-ebgan, that
    preset. Learning rates and penalty weights vary inside a cell; without a penalty there is no weight to vary.

    Raises:
      UnknownNameError: for an unknown preset, objective or penalty.
      InputError: for an empty list, or one that names something twice.
    """
    objectives, penalties = ([spelled(name) for name in names] for names in (objectives, penalties))
    lists = {"objectives": objectives, "penalties": penalties, "packings": packings}
    for flag, values in (*lists.items(), ("learning-rates", learning_rates), ("penalty-weights", penalty_weights)):
        if len(set(values)) < len(values) or (flag in lists and not values):
            raise InputError(f"Expected different values after --{flag}, one at least, got {list(values)}.")
    base = presets[preset]
    cells = []
    for objective, penalty, packing in itertools.product(objectives, penalties, packings):
        own = presets.get(f"{preset}-{objective}", base)
        shared = with_named_choices(own, ["--objective.name", objective, "--penalty.name", penalty])
        weights = penalty_weights if penalty != "none" else ()
        cells.append(
            Cell(
                label=label_of(objective, penalty, packing),
                config=replace(shared, packing=packing),
                variations=variations(learning_rate=learning_rates, penalty_weight=weights),
            )
        )
    return tuple(cells)


def label_of(objective: str, penalty: str, packing: int) -> str:
    """An objective, what is added to it, and how many samples are judged together."""
    added = "" if penalty == "none" else f" + {penalty}"
    return f"{objective}{added}" + ("" if packing == 1 else f", packing {packing}")


def variations(**values: Sequence[float]) -> tuple[Numbers, ...]:
    """Every combination of the given values; names without values are left out."""
    given = {name: list(each) for name, each in values.items() if each}
    return tuple(dict(zip(given, combination, strict=True)) for combination in itertools.product(*given.values()))


def with_objective(config: Config, name: str, **arguments: Any) -> Config:
    """The config with another objective and the discriminator's moves and clipping of its paper."""
    config = replace(config, objective=choose("objective", name, **arguments))
    return replace(config, update=recommended_update(config))
