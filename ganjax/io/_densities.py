"""A game on the line: the data's density, the generator's, what the discriminator thinks, and where latents go."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Array, Float

from ganjax.checks import InputError
from ganjax.io._plots import FAKE_COLOR, REAL_COLOR, Picture, new_figure, rendered

Line = Float[Array | np.ndarray, "_"]

DISCRIMINATOR_COLOR = "#555555"
TOP = 1.1  # of the axis: a probability fits, and so do the densities that the line is chosen for


def density_picture(
    line: Line,
    real_density: Line,
    fake_samples: Line,
    *,
    discriminator: Line | None = None,
    latents: Line | None = None,
    destinations: Line | None = None,
    title: str = "",
) -> Picture:
    """One moment of a game on the line, as figure 1 of Goodfellow et al. 2014 (arXiv:1406.2661) draws it.

    Above, over x: the data's density p, a kernel estimate of the generator's density q from samples (above the axis'
    end it is cut), and the discriminator's probability D that x is real. Below, arrows from latents z, in order along
    the lower line, to G(z) on the upper one.

    Args:
      line: [L] increasing points x: what is seen.
      real_density: [L], p at these points.
      fake_samples: [N] draws from q; those off the line, or not finite, are counted in the legend.
      discriminator: [L], D at these points, in [0, 1].
      latents: [K], where the arrows start; needs `destinations`.
      destinations: [K], G(z).
      title: drawn above.

    Returns:
      [400, 560, 3].

    Raises:
      InputError: when what belongs together has different lengths, or the line is not increasing.
    """
    line = np.asarray(line, np.float64)
    _check(line, {"real_density": real_density, "discriminator": discriminator})
    if len(latents if latents is not None else ()) != len(destinations if destinations is not None else ()):
        raise InputError("Expected as many latents as destinations, or neither.")
    samples = np.asarray(fake_samples, np.float64)
    inside = samples[(samples >= line[0]) & (samples <= line[-1])]  # false for NaN
    outside = len(samples) - len(inside)
    figure = new_figure(560, 400)
    axes = figure.add_axes((0.06, 0.32, 0.91, 0.6))
    label = f"generated q ({outside} of {len(samples)} outside)" if outside else "generated q"
    axes.plot(line, np.asarray(real_density), color=REAL_COLOR, linewidth=1.8, linestyle=":", label="data p")
    axes.plot(line, kernel_density(inside, line) * len(inside) / max(len(samples), 1), color=FAKE_COLOR, label=label)
    if discriminator is not None:
        axes.plot(line, np.asarray(discriminator), color=DISCRIMINATOR_COLOR, linestyle="--", label="D(x)")
    axes.set(xlim=(line[0], line[-1]), ylim=(0, TOP))
    axes.set_title(title, fontsize=10, loc="left")
    axes.legend(loc="lower right", bbox_to_anchor=(1.01, 0.985), ncols=3, fontsize=8, frameon=False, borderpad=0.2)
    axes.tick_params(labelsize=8)
    if latents is not None:
        draw_arrows(figure.add_axes((0.06, 0.05, 0.91, 0.2)), line, np.asarray(latents), np.asarray(destinations))
    return rendered(figure)


def draw_arrows(axes: Any, line: np.ndarray, latents: np.ndarray, destinations: np.ndarray) -> None:
    """From the lower line, on which the latents' range is stretched over the axis' middle, to the upper one."""
    low, high = float(latents.min()), float(latents.max())
    share = (latents - low) / ((high - low) or 1.0)
    middle, width = (line[0] + line[-1]) / 2, line[-1] - line[0]
    starts = middle + (share - 0.5) * 0.6 * width
    # an arrow that leaves the picture ends at its edge
    ends = np.clip(np.nan_to_num(destinations, nan=line[0]), line[0], line[-1])
    head = {"arrowstyle": "-|>,head_width=.12,head_length=.25", "color": "#222222", "linewidth": 0.7}
    for start, end in zip(starts, ends, strict=True):
        axes.annotate("", xy=(end, 1.0), xytext=(start, 0.0), arrowprops=head | {"shrinkA": 0, "shrinkB": 0})
    axes.hlines([0.0, 1.0], [starts[0], line[0]], [starts[-1], line[-1]], color="#222222", linewidth=1.0)
    axes.text(line[0], 0.9, " x = G(z)", fontsize=8, va="top")
    axes.text(line[0], 0.0, f" z from {low:.3g} to {high:.3g}", fontsize=8, va="center")
    axes.set(xlim=(line[0], line[-1]), ylim=(-0.1, 1.1))
    axes.set_axis_off()


def kernel_density(samples: Line, line: Line) -> np.ndarray:
    """(1/Nh) Σ φ((x − sample)/h) at the line's points, h by Silverman's rule; zeros where there is no sample.

    A bandwidth narrower than the line's spacing is raised to it. Silverman 1986, "Density Estimation", eq. 3.31.
    """
    samples, line = np.asarray(samples, np.float64), np.asarray(line, np.float64)
    if not len(samples):
        return np.zeros_like(line)
    low, high = np.quantile(samples, (0.25, 0.75))
    spread = min(float(samples.std()), float(high - low) / 1.34) or float(samples.std())
    bandwidth = max(0.9 * spread * len(samples) ** -0.2, float(np.diff(line).min()))
    distances = (line[:, None] - samples[None]) / bandwidth
    return np.exp(-0.5 * distances**2).sum(axis=1) / (len(samples) * bandwidth * np.sqrt(2 * np.pi))


def _check(line: np.ndarray, values: dict[str, Any]) -> None:
    if line.ndim != 1 or len(line) < 2 or not np.all(np.diff(line) > 0):
        raise InputError(f"Expected line [L], two or more increasing points, got line{list(line.shape)}.")
    for name, value in values.items():
        if value is not None and np.shape(value) != line.shape:
            raise InputError(f"Expected {name}[{len(line)}], one for each point, got {name}{list(np.shape(value))}.")
