"""What a comparison is to show, and whether it did."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Measured(NamedTuple):
    """One contestant's result.

    Attributes:
      costs: one a round, of one unit of work.
      facts: what its process said of itself.
    """

    costs: list[float]
    facts: dict[str, Any]


Results = Mapping[str, Measured]


class Target(NamedTuple):
    """A number with a bound.

    Attributes:
      words: what it is.
      values: (results by contestant) -> the number, one a round. KeyError where a contestant was missing.
      bound: that the median is to reach.
      at_least: whether from above; else from below.
    """

    words: str
    values: Callable[[Results], list[float]]
    bound: float
    at_least: bool = True


def speedups(results: Results, contestant: str, against: str) -> list[float]:
    """How many times as fast, round by round: both costs of a ratio are of the same round."""
    pairs = zip(results[against].costs, results[contestant].costs, strict=True)
    return [theirs / own for theirs, own in pairs]


def faster(contestant: str, against: str, least: float) -> Target:
    """`contestant` is at least so many times as fast as another one."""
    return Target(f"{contestant}, against {against}", lambda results: speedups(results, contestant, against), least)


def within(contestant: str, most: float) -> Target:
    """It costs at most so much."""
    return Target(f"cost of {contestant}", lambda results: results[contestant].costs, most, at_least=False)


def computes(contestant: str, against: str, most: float) -> Target:
    """It computes at most such a share of the FLOPs of another one."""

    def values(results: Results) -> list[float]:
        return [results[contestant].facts["gflop"] / results[against].facts["gflop"]]

    return Target(f"FLOPs of {contestant}, share of {against}", values, most, at_least=False)


def spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "least": min(values), "greatest": max(values)}


def judged(target: Target, results: Results) -> dict[str, Any]:
    """The target, what was measured of it, and `met`: None where a contestant was missing."""
    asked = {"target": target.words, "sign": ">=" if target.at_least else "<=", "bound": target.bound}
    try:
        found = spread(target.values(results))
    except KeyError:
        return asked | {"met": None}
    met = found["median"] >= target.bound if target.at_least else found["median"] <= target.bound
    return asked | found | {"met": met}
