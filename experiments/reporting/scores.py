"""The numbers of runs side by side: what each means, which way is better, and whose is best."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from judges import PRIMARY, best_known, row_of
from pictures import JUDGED

from ganjax.metrics import Metric
from reporting.records import FACTS, Record, as_number, figures, numbers_in
from reporting.series import BETTER, ERROR, Points, error_name, parts

REFERENCES = ("training images",)  # in the place of a generator's samples: nothing to choose between
Numbers = dict[str, float]


class Cell(NamedTuple):
    """One run's number: in figures, with its spread, "" where there is none; whether it is the best in its row."""

    text: str
    spread: str = ""
    best: bool = False
    more: str = ""


class Line(NamedTuple):
    """One number of all runs.

    Attributes:
      name: of the metric.
      of: what it was measured with, or "".
      direction: which way is better, in words, or "".
      unit: or "".
      protocol: what has to be said beside the number, or "".
      cells: a run each.
    """

    name: str
    of: str
    direction: str
    unit: str
    protocol: str
    cells: list[Cell]


class Scores(NamedTuple):
    """A table of numbers.

    Attributes:
      title: where they come from.
      facts: how they were come by: a name with a text for each run.
      lines: the numbers.
      remarks: sentences to read beside them.
    """

    title: str
    facts: dict[str, list[str]]
    lines: list[Line]
    remarks: list[str]


# ---------------------------------------------------------------- the tables


def tables(records: Sequence[Record], found: Sequence[Points]) -> list[Scores]:
    """Those tables that any of the runs has numbers for."""
    made = [
        of_file("evaluate.py", "evaluation", records),
        while_training(records, found),
        of_file("parzen.py: the protocol of 2014", "parzen", records),
    ]
    return [each for each in made if each.lines]


def of_file(title: str, stem: str, records: Sequence[Record]) -> Scores:
    """What a script has written into the workdirs."""
    contents = [record.files.get(stem, {}) for record in records]
    columns = [numbers_in(content) for content in contents]
    told = [content["protocols"] if isinstance(content.get("protocols"), Mapping) else {} for content in contents]
    said = {name: str(text) for protocols in reversed(told) for name, text in protocols.items()}
    facts = {
        name: [fact(content.get(name)) for content in contents]
        for name in dict.fromkeys(name for content in contents for name in content)
        if name in (*FACTS, "generator", "weights", "sampling_seeds")
    }
    lines = [line(name, said.get(name, ""), columns) for name in names(columns)]
    rest = [f"{name}: {text}" for name, text in said.items() if name not in names(columns)]
    return Scores(title, facts, lines, [*unlike(facts), *spreads(lines), *rest])


def while_training(records: Sequence[Record], found: Sequence[Points]) -> Scores:
    """What the runs were judged by on the way: the last numbers, and the best of each with its step."""
    histories = [
        {name.removeprefix(JUDGED): points for name, points in each.items() if name.startswith(JUDGED)}
        for each in found
    ]
    columns = [{name: float(values[-1]) for name, (_, values) in history.items()} for history in histories]
    facts = {
        "step": [last_step(history) for history in histories],
        "num_fake": [fact(record.values.get("eval_samples")) for record in records],
    }
    lines = []
    for name in names(columns):
        made = line(name, "", columns)
        tops = [best_so_far(name, history) for history in histories]
        lines.append(made._replace(cells=[cell._replace(more=top) for cell, top in zip(made.cells, tops, strict=True)]))
    return Scores("while training: the last numbers", facts, lines, [*unlike(facts), *spreads(lines)])


def names(columns: Sequence[Numbers]) -> list[str]:
    """The numbers that get a line."""
    every = dict.fromkeys(name for column in columns for name in column)
    return [name for name in every if name not in FACTS and ERROR not in name and not name.endswith("_std")]


def fact(value: Any) -> str:
    number = as_number(value)
    if isinstance(value, list):
        return ", ".join(map(fact, value))
    return figures(number) if number is not None else "" if value is None else str(value)


def unlike(facts: Mapping[str, Sequence[str]]) -> list[str]:
    """A sentence on what keeps the numbers from being compared, if anything does."""
    apart = []
    for name, values in facts.items():
        there = [value for value in values if value]
        if len(set(there)) > 1 and name != "classifier_accuracy":
            apart.append(f"{name} {', '.join(value or '(none)' for value in values)}")
    return [f"Not judged alike: {'; '.join(apart)}. Compare with care."] if apart else []


def spreads(lines: Sequence[Line]) -> list[str]:
    """What ± means, where it stands."""
    there = any(cell.spread for each in lines for cell in each.cells)
    words = "± is the standard deviation over sampling seeds where there are several, else the number's standard error."
    return [words] if there else []


# ---------------------------------------------------------------- one number


def line(name: str, said: str, columns: Sequence[Numbers]) -> Line:
    """A number of every run, with the best marked where there are several to choose from."""
    base, label = parts(name)
    row = None if label in REFERENCES else row_of(name)
    values = [column.get(name) for column in columns]
    leading = leaders(values, row)
    cells = [
        Cell(figures(value), spread(name, column), i in leading) if value is not None else Cell("")
        for i, (value, column) in enumerate(zip(values, columns, strict=True))
    ]
    meaning = (BETTER[row.direction], row.unit) if row else ("", "")
    return Line(base, label, *meaning, protocol(said, row), cells)


def spread(name: str, numbers: Numbers) -> str:
    """The deviation over sampling seeds, or else the number's own standard error."""
    found = numbers.get(f"{name}_std", numbers.get(error_name(name), math.nan))
    return f"± {figures(found)}" if math.isfinite(found) else ""


def protocol(said: str, row: Metric | None) -> str:
    """What stands beside a number, without the direction and the unit, which have a place of their own."""
    if row is None:
        return said
    prefix = f"{row.direction} is {'better' if row.target is None else 'best'}; {row.unit}; "
    return said.removeprefix(prefix) or row.protocol


def cost(row: Metric) -> Callable[[float], float]:
    """What is least where the number is best."""
    if row.target is not None:
        target = row.target
        return lambda value: abs(value - target)
    return (lambda value: value) if row.direction == "lower" else (lambda value: -value)


def leaders(values: Sequence[float | None], row: Metric | None) -> set[int]:
    """Who has the best value; nobody where there is no telling, or no difference."""
    finite = {i: value for i, value in enumerate(values) if value is not None and math.isfinite(value)}
    if row is None or len(finite) < 2:
        return set()
    costs = {i: cost(row)(value) for i, value in finite.items()}
    best = {i for i, each in costs.items() if each == min(costs.values())}
    return best if len(best) < len(finite) else set()


def best_so_far(name: str, history: Points) -> str:
    """The best of a run's numbers with its step; "" where there is no telling."""
    row = row_of(name)
    if row is None or name not in history:
        return ""
    finite = [
        (cost(row)(value), step, value) for step, value in zip(*history[name], strict=True) if math.isfinite(value)
    ]
    if not finite:
        return ""
    _, step, value = min(finite)
    return f"best {figures(float(value))} at step {figures(float(step))}"


def last_step(history: Points) -> str:
    return figures(max((float(steps[-1]) for steps, _ in history.values()), default=math.nan)) if history else ""


# ---------------------------------------------------------------- the run itself


def primary(tables: Sequence[Scores]) -> Line | None:
    """The number by which runs are compared first: that of the first table that has one."""
    for table in tables:
        by_name = {each.name: each for each in reversed(table.lines)}
        name = best_known(by_name, PRIMARY)
        if name is not None:
            return by_name[name]
    return None
