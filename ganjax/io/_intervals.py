"""Means with their intervals, method under method: one panel a quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ganjax.checks import InputError
from ganjax.io._plots import FAKE_COLOR, REAL_COLOR, Picture, new_figure, rendered

FAINT, REFERENCE_COLOR = 0.35, "#666666"


class Dots(NamedTuple):
    """One line of a panel.

    Attributes:
      values: one a run, drawn faintly; what is not finite is left out.
      mean: drawn as a dot, where it is finite.
      half_width: of the interval drawn around the mean, where it is finite.
      reference: somebody else's figure, drawn hollow, or None.
    """

    values: Sequence[float] = ()
    mean: float = float("nan")
    half_width: float = float("nan")
    reference: float | None = None


def intervals_picture(labels: Sequence[str], panels: Mapping[str, Sequence[Dots]], title: str = "") -> Picture:
    """A dot and an interval for each label, one panel beside the other; the first label on top. Per batch.

    Args:
      labels: what the lines are called.
      panels: for each quantity, one `Dots` a label.
      title: drawn above.

    Returns:
      [H, W, 3]; as wide and as high as panels and labels need.

    Raises:
      InputError: when there is no panel or no label, or a panel has not one `Dots` a label.
    """
    if not (labels and panels):
        raise InputError(f"Expected labels and panels to draw, got {len(labels)} labels and {len(panels)} panels.")
    for name, lines in panels.items():
        if len(lines) != len(labels):
            raise InputError(f"Expected {len(labels)} lines in the panel {name}, one a label, got {len(lines)}.")
    left, width, top, height = 30 + 7 * max(len(label) for label in labels), 290, 60, 24 * len(labels) + 14
    total_width, total_height = left + len(panels) * width, top + height + 40
    figure = new_figure(total_width, total_height)
    for index, (name, lines) in enumerate(panels.items()):
        place = (left + index * width) / total_width, 40 / total_height, (width - 25) / total_width
        axes = figure.add_axes((*place, height / total_height))
        _draw(axes, lines)
        axes.set_xlabel(name, fontsize=9)
        axes.set_yticks(range(len(labels)), labels if index == 0 else [""] * len(labels), fontsize=9)
        axes.set_ylim(len(labels) - 0.5, -0.5)
    figure.text(12 / total_width, 1 - 14 / total_height, title, fontsize=10, va="center")
    _key(figure, total_height, any(line.reference is not None for lines in panels.values() for line in lines))
    return rendered(figure)


def _draw(axes: Any, lines: Sequence[Dots]) -> None:
    for row, line in enumerate(lines):
        values = np.array([value for value in line.values if np.isfinite(value)])
        # spread a little, in their order, so that equal ones can be counted
        heights = row + 0.3 * np.linspace(-1, 1, len(values)) if len(values) > 1 else np.full(len(values), row)
        axes.scatter(values, heights, s=9, color=REAL_COLOR, alpha=FAINT, linewidths=0, clip_on=False)
        if np.isfinite(line.half_width):
            axes.plot([line.mean - line.half_width, line.mean + line.half_width], [row, row], color=REAL_COLOR, lw=2.2)
        if np.isfinite(line.mean):
            axes.plot([line.mean], [row], "o", color=REAL_COLOR, markersize=6)
        if line.reference is not None:
            axes.plot([line.reference], [row], "D", color=FAKE_COLOR, markersize=7, markerfacecolor="none", mew=1.5)
    axes.grid(axis="x", alpha=0.25)
    axes.tick_params(labelsize=8, length=0)
    axes.margins(x=0.06)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _key(figure: Any, total_height: int, with_reference: bool) -> None:
    """What the marks are, under the title."""
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], marker=".", color=REAL_COLOR, alpha=FAINT, linestyle="", label="a seed"),
        Line2D([], [], marker="o", color=REAL_COLOR, linewidth=2.2, markersize=6, label="mean, 95 % interval"),
    ]
    if with_reference:
        hollow: dict[str, Any] = {"marker": "D", "color": FAKE_COLOR, "markerfacecolor": "none", "linestyle": ""}
        marks.append(Line2D([], [], label="published", **hollow))
    place: dict[str, Any] = {"loc": "upper right", "bbox_to_anchor": (0.995, 1 - 24 / total_height), "borderpad": 0.2}
    figure.legend(handles=marks, ncols=len(marks), fontsize=8, frameon=False, handletextpad=0.4, **place)
