"""Summaries as one picture: speed-ups beside what was asked for, and curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganjax.checks import InputError
from ganjax.io import save_png

MET, MISSED, ASKED = "#3b6ea8", "#e07b00", "#444444"
WIDTH, CURVE_HEIGHT, TARGET_HEIGHT, MARGIN = 1100, 420, 24, 90


def save(path: Path, results: Sequence[dict[str, Any]]) -> None:
    """Writes the figure of all comparisons.

    Raises:
      InputError: if none of them has a measured target or a curve.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    asked = [(result, target) for result in results for target in result["targets"] if "median" in target]
    curves = [result for result in results if "curve" in result]
    if not (asked or curves):
        raise InputError(
            "Expected targets or curves to draw, got none: choose other benchmarks, or leave --figure out."
        )
    heights = ([MARGIN + TARGET_HEIGHT * len(asked)] if asked else []) + ([CURVE_HEIGHT] if curves else [])
    figure = Figure(figsize=(WIDTH / 100, sum(heights) / 100), dpi=100, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)  # belongs to the figure from here on
    parts = iter(figure.subfigures(len(heights), height_ratios=heights, squeeze=False)[:, 0])
    if asked:
        draw_targets(next(parts).subplots(), asked)
    if curves:
        draw_curves(next(parts).subplots(1, len(by_size(curves)), squeeze=False)[0], by_size(curves))
    save_png(path, pixels(figure))


def draw_targets(axes: Any, asked: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """A line each: how many times better than its bound, the first at the top. A bound from below is turned over."""
    for place, (_, target) in enumerate(reversed(asked)):
        median, *ends = (over_bound(target, target[name]) for name in ("median", "least", "greatest"))
        color = MET if target["met"] else MISSED
        axes.plot(ends, [place, place], color=color, linewidth=2)
        axes.plot([median], [place], "o", color=color, markersize=6)
    axes.axvline(1.0, color=ASKED, linewidth=1, linestyle="--")
    axes.set_yticks(range(len(asked)), [words(*pair) for pair in reversed(asked)], fontsize=8)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda x, place: f"{x:g}")
    axes.set_xlabel(
        "measured ÷ asked for, or the reverse for bounds from above; right of 1: met", fontsize=9, loc="right"
    )
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(axis="x", alpha=0.25)


def over_bound(target: dict[str, Any], value: float) -> float:
    return value / target["bound"] if target["sign"] == ">=" else target["bound"] / value


def words(result: dict[str, Any], target: dict[str, Any]) -> str:
    return f"{result['title']}: {target['target']}\n{target['median']:.3g} ({target['sign']} {target['bound']:g})"


def by_size(curves: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """One plot a size."""
    plots: dict[str, list[dict[str, Any]]] = {}
    for result in curves:
        plots.setdefault(result["curve"]["size"], []).append(result)
    return plots


def draw_curves(all_axes: Any, plots: dict[str, list[dict[str, Any]]]) -> None:
    """Medians, and the range of the rounds around them."""
    for axes, (size, results) in zip(all_axes, plots.items(), strict=True):
        for result in results:
            points = result["curve"]["points"]
            rows = [row for row in result["rows"] if row["contestant"] in points]
            sizes = [points[row["contestant"]] for row in rows]
            (line,) = axes.plot(sizes, [row["median"] for row in rows], marker=".", label=result["title"])
            ends = ([row[name] for row in rows] for name in ("least", "greatest"))
            axes.fill_between(sizes, *ends, color=line.get_color(), alpha=0.2, linewidth=0)
        axes.set(xscale="log", yscale="log")
        axes.set_xlabel(size, fontsize=9)
        axes.set_ylabel(results[0]["unit"], fontsize=9)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.25)
        axes.legend(fontsize=7, frameon=False)


def pixels(figure: Any) -> Any:
    import numpy as np

    figure.canvas.draw()
    return np.array(figure.canvas.buffer_rgba())[..., :3].copy()
