"""What a run does when its numbers are no longer finite: say where that began and stop, or go back and skip it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import jax
from assembly import Run
from chunks import fetch
from config import Config
from machines import Layout
from rich.console import Console
from safekeeping import Safekeeping
from scripts import DIVERGED, Failure
from tally import Tally

from ganjax import parallel, steps
from ganjax.checks import Table
from ganjax.types import GanState, StepInfo

ROLLBACKS = 5  # in a row, without a checkpoint of players that have moved on
PLAYERS = {"discriminator": ("disc_",), "generator": ("gen_", "helper_")}  # as a step moves them, and their fields


class Unsound(NamedTuple):
    """A chunk of steps after which the state, or what the steps said of themselves, isn't finite.

    Attributes:
      first, end: its steps are first + 1 … end.
      config, run, layout, checkpoints: of the run.
      console: where to say so.
    """

    first: int
    end: int
    config: Config
    run: Run
    layout: Layout
    checkpoints: Safekeeping
    console: Console


def last_sound(unsound: Unsound) -> tuple[GanState, int | None]:
    """The newest checkpoint's state and step: no state that isn't finite is saved. Without any, the first state."""
    if unsound.checkpoints.latest_step() is None:
        return unsound.layout.init(), None
    restored = unsound.checkpoints.restore(unsound.layout.template)
    return restored.state, restored.step


def stop(unsound: Unsound, tally: Tally) -> NoReturn:
    """Plays the chunk again from the last checkpoint, step by step, and says where numbers ceased to be finite.

    Raises:
      Failure: always.
    """
    state, saved = last_sound(unsound)
    unsound.console.print("Numbers are no longer finite: looking for the step where that began.", soft_wrap=True)
    begin = first_nonfinite(unsound, state) or f"between steps {unsound.first} and {unsound.end} (not when repeated)"
    kept = "no checkpoint was saved before"
    if saved is not None:
        kept = f"the last sound checkpoint is of step {saved}"
    raise Failure(
        f"Numbers are no longer finite {begin}; {kept}. Lower the learning rates, restrain the discriminator, or give "
        "--on-nonfinite rollback to go on from there and skip what led here.",
        DIVERGED,
    )


def roll_back(unsound: Unsound, tally: Tally) -> GanState:
    """The players of the last checkpoint at the end of the chunk: what came between, data and latents, is skipped.

    Raises:
      Failure: after `ROLLBACKS` in a row that led nowhere.
    """
    if tally.rollbacks == ROLLBACKS:
        raise Failure(
            f"Numbers are no longer finite between steps {unsound.first} and {unsound.end}, after {ROLLBACKS} "
            "rollbacks in a row to one state: skipping data doesn't help. Lower the learning rates.",
            DIVERGED,
        )
    state, saved = last_sound(unsound)
    tally.roll_back()
    unsound.console.print(
        f"[yellow]Numbers are no longer finite between steps {unsound.first} and {unsound.end}:[/] back to the players "
        f"of step {saved or 0}, on with step {unsound.end}; what came between is skipped.",
        highlight=False,
        soft_wrap=True,
    )
    return moved_to(state, unsound.end)


REMEDIES: Table[Callable[[Unsound, Tally], GanState]] = Table("on_nonfinite", {"stop": stop, "rollback": roll_back})


def first_nonfinite(unsound: Unsound, state: GanState) -> str | None:
    """When and where numbers first aren't finite, from a state before; None if that doesn't happen again.

    Chunks before the one at fault are played as they were, and its own steps one at a time: the same numbers, as where
    chunks end changes none.
    """
    config, run, layout = unsound.config, unsound.run, unsound.layout
    step = int(state.step)
    while step < unsound.first:
        length, arrays = fetch(config, layout, step)
        state, _ = layout.compile(length)(state, run.data_key, arrays)
        step += length
    while step < unsound.end:
        state, info = layout.compile(1)(state, run.data_key, layout.arrays(step, 1))
        step += 1
        if not steps.all_finite((state, info)):
            return f"after step {step}: {culprit(parallel.on_host(state), jax.device_get(info))}"
    return None


def culprit(state: GanState, info: StepInfo) -> str:
    """Who ceased to be finite first, in the order in which a step computes: each player's loss, then its state."""
    leaves = steps.nonfinite(state)
    for player, prefixes in PLAYERS.items():
        loss = float(getattr(info, f"{prefixes[0]}loss"))
        own = {name: count for name, count in leaves.items() if name.startswith(prefixes)}
        if own or not math.isfinite(loss):
            return f"the {player}'s loss is {loss:g}, {in_words(own, state)}"
    return f"mean scores are {float(info.real_score):g} on real and {float(info.fake_score):g} on generated samples"


def in_words(leaves: dict[str, int], state: GanState) -> str:
    if not leaves:
        return "its parameters and its optimizer's state are finite"
    name, count = next(iter(leaves.items()))
    more = f" (and {len(leaves) - 1} more arrays)" if len(leaves) > 1 else ""
    return f"{count} of the {size_of(state, name)} numbers of {name} are not finite{more}"


def size_of(state: GanState, name: str) -> int:
    sizes: dict[str, int] = {
        jax.tree_util.keystr(path, simple=True, separator="/"): leaf.size
        for path, leaf in jax.tree_util.tree_leaves_with_path(state)
    }
    return sizes[name]


def moved_to(state: GanState, step: int) -> GanState:
    """The same players at another step, which lies where the old one did."""
    number: Any = jax.device_put(jax.numpy.asarray(step, state.step.dtype), state.step.sharding)
    return state._replace(step=number)
