"""Pictures of energies: how they are distributed on several sets of samples, and their landscape over the plane."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Array, Float

from ganjax.checks import InputError
from ganjax.io._plots import FAKE_COLOR, REAL_COLOR, Limits, Picture, new_figure, rendered

Values = Float[Array | np.ndarray, "_"]
COLORS = (REAL_COLOR, FAKE_COLOR, "#2a8c55", "#7a4fa3")
BINS = 60


def histograms_picture(groups: Mapping[str, Values], label: str, title: str = "") -> Picture:
    """Histograms of several sets of numbers over one axis, each of area 1.

    The axis reaches from the least to the greatest of the groups' .5 and 99.5 percent quantiles, so that a few
    extreme numbers don't press the rest together; what lies outside is counted in the outermost bars.

    Args:
      groups: name -> numbers [N]; four groups at most.
      label: of the axis.
      title: drawn above.

    Returns:
      [360, 640, 3].

    Raises:
      InputError: when there are no groups or too many, or one has no finite number.
    """
    if not 0 < len(groups) <= len(COLORS):
        raise InputError(f"Expected 1 to {len(COLORS)} groups of numbers, got {len(groups)}.")
    finite = {name: np.asarray(x, np.float64)[np.isfinite(np.asarray(x))] for name, x in groups.items()}
    empty = [name for name, values in finite.items() if not values.size]
    if empty:
        raise InputError(f"Expected finite numbers in every group, got none in {', '.join(empty)}.")
    ends = np.concatenate([np.quantile(values, (0.005, 0.995)) for values in finite.values()])
    low, high = float(ends.min()), float(ends.max())
    half = 0.5 * (high - low) or 0.5  # all numbers equal: any width will do
    edges = np.linspace(low + half - 1.05 * half, high - half + 1.05 * half, BINS + 1)
    figure = new_figure(640, 360)
    axes = figure.add_axes((0.08, 0.14, 0.89, 0.76))
    for (name, values), color in zip(finite.items(), COLORS, strict=False):
        inside = np.clip(values, edges[0], edges[-1])
        axes.hist(inside, edges.tolist(), density=True, color=color, alpha=0.45, label=name)
    axes.set_xlabel(label, fontsize=9)
    axes.set_yticks([])
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_title(title, fontsize=10)
    axes.legend(fontsize=8, frameon=False)
    return rendered(figure)


def landscape_picture(
    heights: Float[np.ndarray, "Y X"], limits: Limits, points: Mapping[str, Float[np.ndarray, "_ 2"]], title: str = ""
) -> Picture:
    """A function over a rectangle of the plane as shades with level lines, and points on top.

    Shades end at the 2 and 98 percent quantiles of the heights: far from the data they may rise without bound.

    Args:
      heights: [Y, X], values on the grid that spans `limits`, first row at the bottom.
      limits: (left, right, bottom, top).
      points: name -> points [N, 2]; drawn in the order given.
      title: drawn above.

    Returns:
      [520, 600, 3].

    Raises:
      InputError: when no height is finite.
    """
    finite = heights[np.isfinite(heights)]
    if not finite.size:
        raise InputError("Expected finite heights for a landscape, got none.")
    low, high = np.quantile(finite, (0.02, 0.98))
    levels = np.linspace(low, high if high > low else low + 1, 24)
    left, right, bottom, top = limits
    across, along = np.linspace(left, right, heights.shape[1]), np.linspace(bottom, top, heights.shape[0])
    figure = new_figure(600, 520)
    axes = figure.add_axes((0.08, 0.07, 0.76, 0.86))
    shades = axes.contourf(across, along, heights, levels.tolist(), cmap="cividis", extend="both")
    axes.contour(across, along, heights, levels[::3].tolist(), colors="white", linewidths=0.4, alpha=0.5)
    bar = figure.colorbar(shades, cax=figure.add_axes((0.87, 0.07, 0.03, 0.86)))
    bar.ax.tick_params(labelsize=8)
    for (name, positions), color in zip(points.items(), ("white", "#ff7f0e", "#d62728"), strict=False):
        inside = (positions >= (left, bottom)).all(axis=1) & (positions <= (right, top)).all(axis=1)
        axes.scatter(*positions[inside].T, s=5, color=color, linewidths=0, alpha=0.8, label=name)
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    axes.tick_params(labelsize=8)
    axes.set_title(title, fontsize=10)
    legend = axes.legend(fontsize=8, framealpha=0.6, loc="upper right", facecolor="#555555", labelcolor="white")
    for handle in legend.legend_handles:
        handle.set_alpha(1.0)  # type: ignore[union-attr]
    return rendered(figure)
