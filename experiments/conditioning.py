"""What both networks are told beside their input, and how that makes samples: nothing, labels, or coarse images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from config import Data

from ganjax import data, pyramids
from ganjax.checks import InputError, Table
from ganjax.data import Source
from ganjax.types import Condition


class Conditioning(NamedTuple):
    """How a game is conditioned.

    Attributes:
      prepare: (source, levels) -> the source whose batches carry the condition.
      context: (indices of samples [B], number of classes) -> what the generator is given after the latents.
      finish: (the generator's output, levels) -> samples as the data has them.
    """

    prepare: Callable[[Source, int], Source]
    context: Callable[[jax.Array, int | None], tuple[Condition, ...]]
    finish: Callable[[jax.Array, int], jax.Array]


def labels_in_turn(indices: jax.Array, num_classes: int | None) -> tuple[Condition, ...]:
    """Sample i is of class i mod K: every class as often, and a grid of K columns has a class in each."""
    assert num_classes is not None  # a source without labels has been refused
    return (indices % num_classes,)


CONDITIONINGS: Table[Conditioning] = Table(
    "condition",
    {
        "none": Conditioning(
            prepare=lambda source, levels: source,
            context=lambda indices, num_classes: (),
            finish=lambda samples, levels: samples,
        ),
        "labels": Conditioning(
            prepare=lambda source, levels: data.labelled(source),
            context=labels_in_turn,
            finish=lambda samples, levels: samples,
        ),
        "pyramid": Conditioning(
            prepare=data.pyramid,
            context=lambda indices, num_classes: (),  # coarse to fine from its own images
            finish=lambda samples, levels: pyramids.compose(pyramids.unstack(samples, levels)),
        ),
    },
)


def check_networks(networks: dict[str, Any], settings: Data, source: Source) -> None:
    """Raises `InputError` if a network is built for another number of classes or levels than the data has.

    A label beyond a network's table would be read as another one, and channels may divide by a wrong number of levels:
    neither could be seen later.
    """
    there = source.spec.num_classes
    classes = {name: getattr(choice, "num_classes", None) for name, choice in networks.items()}
    wrong = {name: number for name, number in classes.items() if number not in (None, there)}
    if wrong and source.labels is not None:
        flags = " ".join(f"--{name}.num-classes {there}" for name in wrong)
        got = " and ".join(sorted({str(number) for number in wrong.values()}))
        raise InputError(f"Expected {flags}, as {source.spec.name} has, got {got}.")
    for name, choice in networks.items():
        levels = getattr(choice, "levels", None)
        if levels is not None and settings.condition == "pyramid" and levels != settings.levels:
            raise InputError(f"Expected --{name}.levels {settings.levels}, as data.levels says, got {levels}.")
