"""What a sweep's cells leave behind: a file each, and of all of them a table, a figure and the numbers as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cells import Cell
from configs.sweeps import Sweep
from intervals import Estimate, estimate, in_words
from recorded import to_dict
from rich.markup import escape
from rich.table import Table

from ganjax.checks import InputError
from ganjax.io import Dots, intervals_picture, read_sealed, replace_file, save_png, write_json, write_sealed

COUNTS = ("num_samples", "num_real", "num_fake", "classifier_accuracy")  # of the protocol, not of a game


class Finished(NamedTuple):
    """A cell that was played to its end.

    Attributes:
      label: the cell's.
      seconds: of training, all its games together, compilation included.
      rows: a game each: variation, seed, and its numbers under raw and ema; neither where it diverged.
    """

    label: str
    seconds: float
    rows: list[dict[str, Any]]


class Line(NamedTuple):
    """One variation of a cell in the table.

    Attributes:
      name: what it is called.
      estimates: of every metric.
      values: of every metric, one a game; NaN for a game that diverged.
      minutes: of training, all the cell's games together.
    """

    name: str
    estimates: dict[str, Estimate]
    values: dict[str, list[float]]
    minutes: float


def path_of(workdir: Path, cell: Cell) -> Path:
    return workdir / "cells" / f"{cell.slug}.json"


def read_finished(workdir: Path, cell: Cell) -> Finished | None:
    """The cell's result; None where it isn't finished."""
    path = path_of(workdir, cell)
    try:
        return Finished(**read_sealed(path)) if path.exists() else None
    except (ValueError, TypeError, OSError) as error:
        raise InputError(f"{path} is not a cell's result ({error}): delete it, and the cell is judged anew.") from error


def write_finished(workdir: Path, cell: Cell, finished: Finished) -> None:
    write_sealed(path_of(workdir, cell), finished._asdict())


def summarize(sweep: Sweep, finished: Mapping[str, Finished], workdir: Path) -> Table:
    """Writes table.md, sweep.png and sweep.json; the table for a terminal.

    Args:
      sweep: what was swept.
      finished: every cell's result, by label.
      workdir: where to.
    """
    lines = [
        line_of(cell, variation, finished[cell.label], sweep)
        for cell in sweep.cells
        for variation in range(len(cell.variations))
    ]
    metrics = list(dict.fromkeys(name for line in lines for name in line.estimates))
    rows = [["", *metrics, "minutes"], *(cells_of(line, metrics, sweep) for line in lines), *published(sweep, metrics)]
    replace_file(workdir / "table.md", markdown(rows).encode())
    save_png(workdir / "sweep.png", picture(sweep, lines, metrics))
    write_json(workdir / "sweep.json", as_json(sweep, lines, finished))
    return for_terminal(rows)


def line_of(cell: Cell, variation: int, finished: Finished, sweep: Sweep) -> Line:
    """The estimates of one variation, over its seeds."""
    games = [row for row in finished.rows if row["variation"] == variation]
    chosen = [row.get(sweep.weights, row.get("raw")) for row in games]  # without an average there is only the raw one
    metrics = dict.fromkeys(name for numbers in chosen if numbers for name in numbers if name not in COUNTS)
    values = {name: [float(numbers[name]) if numbers else float("nan") for numbers in chosen] for name in metrics}
    estimates = {name: estimate(each) for name, each in values.items()}
    return Line(cell.name_of(variation), estimates, values, finished.seconds / 60)


def cells_of(line: Line, metrics: Sequence[str], sweep: Sweep) -> list[str]:
    """A row of the table."""
    nothing = Estimate(float("nan"), float("nan"), 0)
    words = [in_words(line.estimates.get(name, nothing), sweep.seeds) for name in metrics]
    return [line.name, *words, f"{line.minutes:.1f}"]


def published(sweep: Sweep, metrics: Sequence[str]) -> list[list[str]]:
    """The rows that the sweep stands beside."""
    return [
        [f"{name}, published", *(f"{figures[metric]:g}" if metric in figures else "" for metric in metrics), ""]
        for name, figures in sweep.published.items()
    ]


def for_terminal(rows: Sequence[Sequence[str]]) -> Table:
    """The first row is the head. Nothing is cut off: what is too wide goes on in the next line."""
    table = Table()
    for name in rows[0]:
        table.add_column(escape(name), overflow="fold")
    for row in rows[1:]:
        table.add_row(*map(escape, row))
    return table


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """The first row is the head."""
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def picture(sweep: Sweep, lines: Sequence[Line], metrics: Sequence[str]) -> Any:
    """Every line's games, mean and interval, with the published figures of the same name."""
    names = [line.name for line in lines] + [name for name in sweep.published if name not in {x.name for x in lines}]
    drawn = {line.name: line for line in lines}

    def dots(name: str, metric: str) -> Dots:
        reference = sweep.published.get(name, {}).get(metric)
        if name not in drawn or metric not in drawn[name].estimates:
            return Dots(reference=reference)
        value = drawn[name].estimates[metric]
        return Dots(drawn[name].values[metric], value.mean, value.half_width, reference)

    panels = {metric: [dots(name, metric) for name in names] for metric in metrics}
    return intervals_picture(names, panels, f"{sweep.title}: {sweep.weights} weights, {sweep.seeds} seeds")


def as_json(sweep: Sweep, lines: Sequence[Line], finished: Mapping[str, Finished]) -> dict[str, Any]:
    """Every number there is."""
    table = {
        line.name: {name: value._asdict() for name, value in line.estimates.items()} | {"minutes": line.minutes}
        for line in lines
    }
    return {
        "title": sweep.title,
        "weights": sweep.weights,
        "seeds": sweep.seeds,
        "num_samples": sweep.num_samples,
        "table": table,
        "published": sweep.published,
        "cells": {
            cell.label: {
                "seconds": finished[cell.label].seconds,
                "rows": finished[cell.label].rows,
                "config": to_dict(cell.config),
                "variations": [dict(numbers) for numbers in cell.variations],
            }
            for cell in sweep.cells
        },
    }
