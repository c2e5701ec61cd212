"""Numbers over the steps of a run: one panel a quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ganjax.checks import InputError
from ganjax.io._plots import FAKE_COLOR, REAL_COLOR, Picture, new_figure, rendered

COLUMNS, WIDTH, HEIGHT = 3, 360, 240  # panels in a row, and the pixels of each


class Course(NamedTuple):
    """One panel.

    Attributes:
      steps: where the quantity was measured.
      values: [N], what came out; where one is not finite, the line has a gap.
      half_widths: [N], of the bars around them, or ().
      best: the step to mark, or None.
    """

    steps: Sequence[int]
    values: Sequence[float]
    half_widths: Sequence[float] = ()
    best: int | None = None


def courses_picture(panels: Mapping[str, Course], title: str = "") -> Picture:
    """How quantities went over the steps of a run, a panel each, three in a row. Per batch.

    Args:
      panels: by the quantity's name.
      title: drawn above.

    Returns:
      [H, W, 3]; as wide and as high as the panels need.

    Raises:
      InputError: when there is no panel, or one has not as many values as steps.
    """
    if not panels:
        raise InputError("Expected panels to draw, got none.")
    for name, course in panels.items():
        if len(course.steps) != len(course.values):
            raise InputError(f"Expected {len(course.steps)} values of {name}, one a step, got {len(course.values)}.")
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(columns * WIDTH, rows * HEIGHT + 30)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (name, course) in zip(grid, panels.items(), strict=False):
        axes.plot(course.steps, course.values, color=FAKE_COLOR, marker=".", linewidth=1.2)
        if course.half_widths:
            axes.errorbar(course.steps, course.values, course.half_widths, fmt="none", ecolor=FAKE_COLOR, alpha=0.5)
        if course.best is not None:
            axes.axvline(course.best, color=REAL_COLOR, linewidth=0.8, linestyle=":")
        axes.set_title(name, fontsize=8, loc="left")
        axes.tick_params(labelsize=7)
        axes.grid(alpha=0.25)
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    figure.suptitle(title, fontsize=10, x=0.02, ha="left")
    figure.tight_layout()
    return rendered(figure)
