"""Command lines of the scripts that read a run, and what a run's config.json may say."""

import copy
import typing
from collections.abc import Sequence
from random import Random
from typing import Any

from hypothesis import strategies as st

from fuzzing.words import METRICS, STRAYS, TEXTS, flag, words_of

# what is sensible, but takes longer than a case may
OPTIONS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("num", "num_samples"), ("64", "1", "5", "0", "-1", "2.5", "1048577", "9" * 400)),
    **dict.fromkeys(("interpolate", "neighbors", "invert"), ("1", "3", "0", "-1", "1001", "9" * 400)),
    "sampler_steps": ("1", "3", "0", "-1", "1000001"),
    "sampling_seeds": ("1", "2", "0", "-1", "1001"),
    "step": ("1", "2", "0", "-1", "latest", "best", "all", "newest", "", "9" * 400),
    "metrics": METRICS,
}


def options_lines(options: type[Any], workdirs: Sequence[str], scratch: str) -> st.SearchStrategy[list[str]]:
    """Command lines of a script with these options, whose first argument is a run's folder."""
    hints = typing.get_type_hints(options)
    del hints["workdir"]

    def line(rng: Random) -> list[str]:
        words = [rng.choice(workdirs) if rng.random() < 0.95 else rng.choice(NO_FOLDERS)]
        for name in rng.sample(sorted(hints), rng.choice((0, 1, 2, 3, 4))):
            words += flag(name, *option_words(rng, name, hints[name], scratch))
        return words + (rng.sample(STRAYS, 1) if rng.random() < 0.02 else [])

    return st.integers(0, 2**64 - 1).map(lambda number: line(Random(number)))


NO_FOLDERS = (
    "",
    "/nowhere/at/all",
    "/dev/null",
    "~nobody-lives-here",
    "x" * 5000,
    "a\nb",
    "\udcff",
    "ünïcödé",
    "/proc",
)


def option_words(rng: Random, name: str, annotation: Any, scratch: str) -> list[str]:
    """What may follow one of their flags."""
    if name == "output":
        return [rng.choice((f"{scratch}/some/where", "/dev/null/x", "/proc/x", f"{scratch}/{'x' * 300}", ""))]
    if name == "weights":
        return [rng.choice(NO_FOLDERS)]
    if name == "metrics":
        return [rng.choice(METRICS if rng.random() < 0.9 else TEXTS) for _ in range(rng.choice((0, 1, 2)))]
    return [rng.choice(OPTIONS[name])] if name in OPTIONS else words_of(rng, annotation)


# ---------------------------------------------------------------- settings in config.json

VALUES = (
    None,
    True,
    0,
    -1,
    1,
    2,
    3,
    1.5,
    10**30,
    -1e300,
    float("nan"),
    float("inf"),
    "",
    "x",
    "ring",
    "hinge",
    "\0",
    [],
)
VALUES += ([1], [8, 8], [0], ["x"], [[1]], [1] * 101, {}, {"name": "adam"}, {"name": None}, {"a": {"b": 1}}, "9" * 5000)


def changed_settings(values: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """What a config.json may say after somebody, or a broken disk, has changed it."""
    return st.integers(0, 2**64 - 1).map(lambda number: changed(Random(number), values))


def changed(rng: Random, values: dict[str, Any]) -> dict[str, Any]:
    made = copy.deepcopy(values)
    for _ in range(rng.choice((1, 1, 2, 3))):
        inside = rng.choice([made, *(each for each in made.values() if isinstance(each, dict))])
        name, chance = rng.choice([*inside, "new"]), rng.random()
        if chance < 0.1:
            inside.pop(name, None)
        else:
            inside[name] = copy.deepcopy(rng.choice(VALUES))
    return made
