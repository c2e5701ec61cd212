"""metrics.jsonl as panels of curves: which curves stand together, thinned to what a page can draw."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from judges import best_known, row_of
from pictures import JUDGED

from reporting.records import FACTS, Record, figures, numbers_in

MOST_POINTS, MOST_PANELS = 900, 60  # of a curve, of a page
SHOWN = 6  # panels to begin with
GROUPS = {
    "loss": {"disc_loss": "discriminator", "gen_loss": "generator"},
    "mean score": {"real_score": "real", "fake_score": "generated"},
}
LAST = ("steps_per_second",)
ERROR = "_standard_error"
BETTER = {"lower": "↓ lower is better", "higher": "↑ higher is better", "zero": "0 is best", "half": "½ is best"}
OF_CHECKPOINTS = "evaluate.py "  # what the names of numbers in evaluations.json start with here


class Curve(NamedTuple):
    """One line of a panel.

    Attributes:
      run: whose, as an index.
      label: what it is called beside the others of its panel; "" where it is alone.
      color: an index.
      steps, values: [N]; None where the value is not finite.
      errors: [N], standard errors, or [].
    """

    run: int
    label: str
    color: int
    steps: list[int]
    values: list[float | None]
    errors: list[float | None]


class Panel(NamedTuple):
    """Curves over one pair of axes.

    Attributes:
      title: the quantity.
      of: what the quantity is of (a network, a script), or "".
      direction: which way is better, in words, or "" where that is not known.
      unit: or "".
      shown: whether the page shows it to begin with.
      curves: at least one.
    """

    title: str
    of: str
    direction: str
    unit: str
    shown: bool
    curves: list[Curve]


class Extremes(NamedTuple):
    """A curve in words."""

    run: int
    metric: str
    last: str
    lowest: str
    highest: str
    not_finite: int


Points = dict[str, tuple[np.ndarray, np.ndarray]]  # steps and values by metric


def points_of(record: Record) -> Points:
    """Every metric of a run: its own rows, and what evaluate.py --step all has found."""
    judged = [numbers_in(row) for row in record.files.get("evaluations", ()) if isinstance(row, Mapping)]
    collected: dict[str, list[tuple[float, float]]] = {}
    for prefix, rows in (("", record.rows), (OF_CHECKPOINTS, [row for row in judged if "step" in row])):
        for row in sorted(rows, key=lambda row: row["step"]):
            for name, value in row.items():
                if name not in FACTS:
                    collected.setdefault(prefix + name, []).append((row["step"], value))
    columns = {name: np.array(pairs, float).T for name, pairs in collected.items()}
    return {name: (steps, values) for name, (steps, values) in columns.items()}


def panels(records: Sequence[Record], found: Sequence[Points]) -> tuple[list[Panel], int]:
    """The panels of some runs, the first ones most wanted, and how many there would be without a limit.

    A single run's losses stand in one panel, and so do its scores; of several runs each quantity has its own.

    Args:
      records: the runs.
      found: the `points_of` each.
    """
    names = ordered(name for points in found for name in points)
    grouped = groups(names) if len(records) == 1 else {name: {name: ""} for name in names}
    made = [panel(title, members, records, found) for title, members in grouped.items()]
    return [each._replace(shown=i < SHOWN) for i, each in enumerate(made[:MOST_PANELS])], len(made)


def ordered(names: Iterable[str]) -> list[str]:
    """Metrics that get a panel: the primary number, then the players', then the others; speed last."""
    known = [name for name in dict.fromkeys(names) if ERROR not in name and not name.endswith("_std")]
    players = [name for members in GROUPS.values() for name in members]
    judged = {bare(name): name for name in reversed(known) if name != bare(name)}
    first = best_known(judged)
    rank = {name: position for position, name in enumerate([judged.get(first or "", ""), *players])}
    return sorted(known, key=lambda name: (name in LAST, rank.get(name, len(rank))))


def bare(name: str) -> str:
    """A metric's name without where it was measured."""
    return name.removeprefix(JUDGED).removeprefix(OF_CHECKPOINTS)


def parts(name: str) -> tuple[str, str]:
    """frechet_distance[digits-classifier] as the metric and what it was measured with."""
    base, _, rest = name.partition("[")
    return base, rest.rpartition("]")[0]


def groups(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """The names by panel, each with its label in it."""
    found: dict[str, dict[str, str]] = {}
    for name in names:
        title = next((title for title, members in GROUPS.items() if name in members), name)
        found.setdefault(title, {})[name] = GROUPS.get(title, {}).get(name, "")
    return found


def panel(title: str, members: Mapping[str, str], records: Sequence[Record], found: Sequence[Points]) -> Panel:
    base, label = parts(bare(title))
    row = row_of(base)
    where = "checkpoints, by evaluate.py" if title.startswith(OF_CHECKPOINTS) else ""
    curves = [
        curve(points, metric, (run, words, position) if len(records) == 1 else (run, record.name, run))
        for run, (record, points) in enumerate(zip(records, found, strict=True))
        for position, (metric, words) in enumerate(members.items())
        if metric in points
    ]
    return Panel(
        base,
        ", ".join(filter(None, (label, where))),
        BETTER[row.direction] if row else "",
        row.unit if row else "",
        False,
        curves,
    )


def curve(points: Points, metric: str, identity: tuple[int, str, int]) -> Curve:
    steps, values = points[metric]
    kept = thinned(values)
    errors = points.get(error_name(metric), (steps, np.array([])))[1]
    errors = errors[kept] if len(errors) == len(values) else errors[:0]
    return Curve(*identity, [int(step) for step in steps[kept]], plain(values[kept]), plain(errors))


def error_name(metric: str) -> str:
    """What the standard error of a metric is called."""
    base, bracket, label = metric.partition("[")
    return f"{base}{ERROR}{bracket}{label}"


def thinned(values: np.ndarray) -> np.ndarray:
    """Indices of at most MOST_POINTS of the values [N]: of every stretch the lowest, the highest, and one that is not
    finite where there is one; the first and the last."""
    if len(values) <= MOST_POINTS:
        return np.arange(len(values))
    kept = {0, len(values) - 1}
    for stretch in np.array_split(np.arange(len(values)), MOST_POINTS // 3 - 1):
        finite = stretch[np.isfinite(values[stretch])]
        if len(finite):
            kept |= {int(finite[values[finite].argmin()]), int(finite[values[finite].argmax()])}
        if len(finite) < len(stretch):
            kept.add(int(np.setdiff1d(stretch, finite)[0]))
    return np.array(sorted(kept))


def plain(values: np.ndarray) -> list[float | None]:
    """Numbers to six figures, as JSON has them."""
    return [float(f"{value:.6g}") if math.isfinite(value) else None for value in values]


def extremes(found: Sequence[Points]) -> list[Extremes]:
    """The last, the lowest and the highest value of every curve, for who can't see or point at it."""
    names = ordered(name for points in found for name in points)[:MOST_PANELS]
    return [in_words(run, name, *found[run][name]) for name in names for run in range(len(found)) if name in found[run]]


def in_words(run: int, metric: str, steps: np.ndarray, values: np.ndarray) -> Extremes:
    finite = np.isfinite(values)
    lowest, highest = "", ""
    if finite.any():
        at = np.flatnonzero(finite)
        lowest, highest = (
            f"{figures(float(values[i]))} at step {figures(float(steps[i]))}"
            for i in (at[values[at].argmin()], at[values[at].argmax()])
        )
    return Extremes(run, metric, figures(float(values[-1])), lowest, highest, int((~finite).sum()))


def as_json(panels: Sequence[Panel], records: Sequence[Record]) -> dict[str, Any]:
    """What the page's script reads."""
    drawn = [each._asdict() | {"curves": [curve._asdict() for curve in each.curves]} for each in panels]
    return {"runs": [record.name for record in records], "panels": drawn}
