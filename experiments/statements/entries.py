"""What a line of the ledger is: a claim, and two ways to its numbers that share nothing but the claim."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np

Kind = Literal["rounding", "quadrature", "optimization", "sampling", "network"]

# of each kind, what the error may be at most: as a share of the numbers' size, or of 1 where they are smaller; a
# network's always as a share of the number
TOLERANCES: dict[Kind, float] = {
    "rounding": 1e-11,  # both routes are exact but for float64
    "quadrature": 1e-6,
    "optimization": 1e-3,
    "sampling": 0.02,  # and 3 standard errors, whichever is less
    "network": 0.02,
}
STANDARD_ERRORS = 3.0


class Estimate(NamedTuple):
    """A number from samples.

    Attributes:
      value: the mean.
      standard_error: its standard deviation.
    """

    value: Any
    standard_error: Any


class Case(NamedTuple):
    """One pair of distributions, or whatever a claim is about, on which it is tried.

    Attributes:
      name: "A" for N(0, 1) against N(1, 1).
      theory: () -> a number or an array of them.
      found: () -> the same by the other route; an `Estimate` where it is sampled.
    """

    name: str
    theory: Callable[[], Any]
    found: Callable[[], Any]


class Entry(NamedTuple):
    """A claim of the ledger.

    Attributes:
      name: what `--only` takes.
      statement: which of the fourteen statements it belongs to.
      claim: one sentence.
      reference: author, year, arXiv id, equation.
      theory, found: how the two numbers are computed, in words.
      kind: which tolerance applies.
      cases: where it is tried.
      tolerance: a stricter one than its kind's, or None.
    """

    name: str
    statement: int
    claim: str
    reference: str
    theory: str
    found: str
    kind: Kind
    cases: tuple[Case, ...]
    tolerance: float | None = None


class Verdict(NamedTuple):
    """What became of one case.

    Attributes:
      theory, found: the two routes' numbers, flat.
      error: the largest difference, as a share of max(1, |theory|), a network's of |theory|; NaN where a route
        failed.
      tolerance: what it may be.
      holds: whether it is.
      seconds: both routes together.
      problem: the exception that ended a route, or "".
    """

    entry: Entry
    case: str
    theory: tuple[float, ...]
    found: tuple[float, ...]
    error: float
    tolerance: float
    holds: bool
    seconds: float
    problem: str = ""


def judge(entry: Entry, case: Case) -> Verdict:
    """Both routes of one case, compared. A route that raises is a line in red, not the end of the ledger."""
    began = time.perf_counter()
    try:
        theory, (found, error, tolerance) = np.asarray(case.theory(), np.float64), (None, 0.0, 0.0)
        found, error, tolerance = compared(entry, theory, case.found())
    except Exception as problem:
        words = f"{type(problem).__name__}: {problem}"
        return Verdict(entry, case.name, (), (), np.nan, allowed(entry), False, time.perf_counter() - began, words)
    holds = bool(error <= tolerance)  # false for NaN
    numbers = tuple(np.ravel(theory).tolist()), tuple(np.ravel(found).tolist())
    return Verdict(entry, case.name, *numbers, error, tolerance, holds, time.perf_counter() - began)


def allowed(entry: Entry) -> float:
    return TOLERANCES[entry.kind] if entry.tolerance is None else entry.tolerance


def compared(entry: Entry, theory: np.ndarray, found: Any) -> tuple[np.ndarray, float, float]:
    """The other route's numbers, their error and what it may be.

    Raises:
      ValueError: when the two routes give different shapes.
    """
    estimate = found if isinstance(found, Estimate) else Estimate(found, np.inf)
    value = np.asarray(estimate.value, np.float64)
    if value.shape != theory.shape:
        raise ValueError(f"theory gives shape {theory.shape}, the other route {value.shape}")
    size = float(np.max(np.abs(theory)))
    size = size if entry.kind == "network" else max(1.0, size)
    error = float(np.max(np.abs(value - theory))) / size
    if entry.kind != "sampling":
        return value, error, allowed(entry)
    return value, error, min(allowed(entry), STANDARD_ERRORS * float(np.min(estimate.standard_error)) / size)
