"""Plots as arrays of pixels, drawn with Matplotlib's objects alone: no pyplot, no state that another plot could see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Array, Float, UInt8

from ganjax.checks import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Points = Float[Array | np.ndarray, "..."]
Picture = UInt8[np.ndarray, "H W 3"]
Limits = tuple[float, float, float, float]

REAL_COLOR, FAKE_COLOR = "#3b6ea8", "#e07b00"  # told apart by every kind of color vision, and in gray
LOSSES = {"disc_loss": ("discriminator", REAL_COLOR), "gen_loss": ("generator", FAKE_COLOR)}
SCORES = {"real_score": ("real", REAL_COLOR), "fake_score": ("generated", FAKE_COLOR)}
CROWDED = 200  # from this many rows on, a running mean is drawn over the curve


def scatter_limits(real_points: Points, margin: float = 0.25) -> Limits:
    """The square that holds the real points with a margin: give it to every frame of an animation.

    Args:
      real_points: [N, 2].
      margin: what to add on each side, as a share of the points' wider range.

    Returns:
      (left, right, bottom, top).

    Raises:
      InputError: when the points are not [N, 2] with N ≥ 1, or not all finite.
    """
    points = _checked(real_points, "real_points")
    if not (len(points) and np.isfinite(points).all()):
        raise InputError("Expected real_points, one at least and all finite, to take the limits of a plot from.")
    low, high = points.min(axis=0), points.max(axis=0)
    half = (0.5 + margin) * (float(np.max(high - low)) or 1.0)  # all points in one place: any width will do
    x, y = (float(center) for center in (low + high) / 2)
    return x - half, x + half, y - half, y + half


def scatter_picture(
    real_points: Points,
    fake_points: Points,
    *,
    limits: Limits | None = None,
    title: str = "",
    pixels: int = 480,
) -> Picture:
    """Real and generated points in the plane, the generated ones on top. Per batch.

    The axes hold still from frame to frame: they depend on the real points or on `limits` alone. How many generated
    points lie outside them, or are not finite, stands in the legend.

    Args:
      real_points: [N, 2].
      fake_points: [M, 2].
      limits: (left, right, bottom, top); those of `scatter_limits(real_points)` where none are given.
      title: drawn above.
      pixels: the picture's width and height.

    Returns:
      [pixels, pixels, 3].

    Raises:
      InputError: when points are not [N, 2], or the real ones not finite.
    """
    real, fake = _checked(real_points, "real_points"), _checked(fake_points, "fake_points")
    left, right, bottom, top = scatter_limits(real) if limits is None else limits
    inside = (fake >= (left, bottom)).all(axis=1) & (fake <= (right, top)).all(axis=1)  # false for NaN
    outside = len(fake) - int(inside.sum())
    figure = new_figure(pixels, pixels)
    axes = figure.add_axes((0.1, 0.07, 0.85, 0.85))
    label = f"generated ({outside} of {len(fake)} outside)" if outside else "generated"
    # the real points are the larger ones, so that they show around the generated ones that lie on them
    for points, size, color, name in ((real, 30, REAL_COLOR, "real"), (fake[inside], 12, FAKE_COLOR, label)):
        # many points are drawn smaller and fainter, so that their density shows
        few = min(1.0, (500 / max(len(points), 1)) ** 0.5)
        axes.scatter(*points.T, s=size * few, color=color, alpha=0.25 + 0.5 * few, linewidths=0, label=name)
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    _dress(axes, title)
    return rendered(figure)


def curves_picture(rows: Sequence[Mapping[str, Any]], title: str = "") -> Picture:
    """A run's curves over its steps: both players' losses above, the mean scores of real and generated below.

    From 200 rows on, each curve is drawn faintly under its running mean over a 50th of the rows. Where a value is NaN
    or infinite, the curve has a gap.

    Args:
      rows: what `read_metrics` gives: `step` with some of `disc_loss`, `gen_loss`, `real_score`, `fake_score`.
      title: drawn above.

    Returns:
      [600, 800, 3].

    Raises:
      InputError: when no row has any of the four.
    """
    panels = [
        (label, curves)
        for label, names in (("loss", LOSSES), ("score", SCORES))
        if (curves := {name: curve for name in names if (curve := _curve(rows, name))[0].size})
    ]
    if not panels:
        raise InputError(f"Expected rows with {', '.join([*LOSSES, *SCORES])}, got {len(rows)} rows with none of them.")
    figure = new_figure(800, 600)
    all_axes = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
    for axes, (label, curves) in zip(all_axes, panels, strict=True):
        for name, (steps, values) in curves.items():
            _draw(axes, steps, values, *{**LOSSES, **SCORES}[name])
        axes.set_ylabel(label, fontsize=9)
        axes.grid(alpha=0.25)
        _dress(axes, title if axes is all_axes[0] else "")
    all_axes[-1].set_xlabel("step", fontsize=9)
    if len(steps_seen := {row["step"] for row in rows}) == 1:
        all_axes[-1].set_xlim(min(steps_seen) - 1, max(steps_seen) + 1)
    all_axes[-1].xaxis.get_major_locator().set_params(integer=True)
    figure.subplots_adjust(left=0.09, right=0.97, bottom=0.08, top=0.95, hspace=0.16)
    return rendered(figure)


def _checked(points: Points, name: str) -> np.ndarray:
    array = np.asarray(points, np.float64)
    if array.ndim != 2 or array.shape[1] != 2:
        raise InputError(f"Expected {name} [N, 2], got {name}{list(array.shape)}.")
    return array


def _curve(rows: Sequence[Mapping[str, Any]], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Steps and values of the rows that have `name`."""
    pairs = [(row["step"], row[name]) for row in rows if name in row]
    steps, values = np.array(pairs, np.float64).reshape(-1, 2).T
    return steps, values


def _dress(axes: Any, title: str) -> None:
    """Title and legend above the axes, the one left and the other right: inside, they would hide what is drawn."""
    axes.set_title(title, fontsize=10, loc="left")
    axes.tick_params(labelsize=8)
    place = {"loc": "lower right", "bbox_to_anchor": (1.01, 0.985), "borderpad": 0.2}
    legend = axes.legend(**place, ncols=2, fontsize=8, frameon=False, columnspacing=1.0, handletextpad=0.4)
    for handle in legend.legend_handles:
        handle.set_alpha(1.0)
        if hasattr(handle, "set_sizes"):
            handle.set_sizes([20.0])


def _draw(axes: Any, steps: np.ndarray, values: np.ndarray, label: str, color: str) -> None:
    crowded = len(steps) >= CROWDED
    # a mark where a line would not show: few rows, or a single one between two gaps
    axes.plot(
        steps,
        values,
        color=color,
        linewidth=1.2,
        alpha=0.3 if crowded else 1.0,
        marker="" if crowded else ".",
        label=None if crowded else label,
    )
    if crowded:
        axes.plot(steps, _running_mean(values, len(values) // 50), color=color, linewidth=1.6, label=label)


def _running_mean(values: np.ndarray, width: int) -> np.ndarray:
    """The mean over `width` neighbors to each side, fewer at the ends; of what is finite there."""
    finite = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(finite, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(finite)])
    low = np.maximum(np.arange(len(values)) - width, 0)
    high = np.minimum(np.arange(len(values)) + width + 1, len(values))
    num = counts[high] - counts[low]
    return np.where(finite, (sums[high] - sums[low]) / np.maximum(num, 1), np.nan)


def new_figure(width: int, height: int) -> Figure:
    """An empty white figure of so many pixels, which no window shows."""
    # here, since it takes as long to import as JAX does
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 100, height / 100), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)  # belongs to the figure from here on
    return figure


def rendered(figure: Figure) -> Picture:
    """The figure's pixels, uint8 [H, W, 3]."""
    canvas: Any = figure.canvas
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3].copy()
