"""Figures of the statements that are better seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ganjax import divergences
from ganjax.losses import LOSSES
from statements.pairs import PAIRS, SKEW, Pair, normal
from statements.relative import between_points
from statements.slopes import POWERS
from statements.tabulated import best_scores, board

REAL, FAKE, THIRD = "#3b6ea8", "#e07b00", "#2a8c55"
DOTS_PER_INCH = 80


def draw_all(folder: Path) -> list[Path]:
    """Every figure into `folder`; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, draw in FIGURES.items():
        with jax.enable_x64(True):
            figure = draw()
        paths.append(folder / f"{name}.png")
        figure.savefig(paths[-1], dpi=DOTS_PER_INCH, pil_kwargs={"optimize": True})
    return paths


def blank(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), layout="constrained")


def densities(axis: Axes, pair: Pair, x: np.ndarray, height: float = 1.0) -> None:
    """p and q as shades, their top at `height`."""
    p, q = (np.exp(np.asarray(log_density(x))) for log_density in pair.both)
    scale = height / max(p.max(), q.max())
    for values, color, name in ((p, REAL, "p, data"), (q, FAKE, "q, generator")):
        axis.fill_between(x, scale * values, color=color, alpha=0.22, linewidth=0, label=name)


def dress(axis: Axes, title: str, **settings: object) -> None:
    axis.set(**settings)
    axis.set_title(title, fontsize=10)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)


# --- figures


def optimal_discriminator() -> Figure:
    """D* = p/(p + q), and what minimising the minimax loss on a grid finds."""
    figure = blank(9, 3.4)
    for axis, pair in zip(figure.subplots(1, 2), PAIRS, strict=True):
        x = np.linspace(-4.5, 5.5, 400)
        densities(axis, pair, x)
        log_p, log_q = (np.asarray(log_density(x)) for log_density in pair.both)
        axis.plot(x, 1 / (1 + np.exp(log_q - log_p)), color="black", linewidth=1.4, label="p/(p + q)")
        on = board(pair)
        found = jax.nn.sigmoid(best_scores(LOSSES["minimax"]().discriminator, on).point)
        axis.plot(on.points[::4], found[::4], "o", color=THIRD, markersize=3.5, label="minimised loss")
        dress(axis, f"case {pair.name}", xlabel="x", xlim=(x[0], x[-1]), ylim=(0, 1.05))
    figure.axes[0].set_ylabel("D*(x)")
    figure.axes[1].legend(fontsize=8, frameon=False, loc="lower left")
    return figure


SHIFTED: dict[str, tuple[str, Callable[[Pair], Any]]] = {
    "χ² (Pearson)": (FAKE, lambda pair: divergences.pearson(*pair.given)),
    "KL": (FAKE, lambda pair: divergences.kl(*pair.given)),
    "W-divergence (½, 2)": (FAKE, lambda pair: divergences.w_divergence_1d(*pair.given, 0.5, 2.0)),
    "W-divergence (2, 6)": (THIRD, lambda pair: divergences.w_divergence_1d(*pair.given, 2.0, 6.0)),
    "W1": (THIRD, lambda pair: divergences.wasserstein_1d_densities(*pair.given)),
    "GAN-QP, λ = 1": (THIRD, lambda pair: divergences.gan_qp(*pair.squared)),
    "squared Hellinger": (REAL, lambda pair: divergences.squared_hellinger(*pair.given)),
    "least squares": (REAL, lambda pair: divergences.least_squares(*pair.given)),
    "TV (hinge, EBGAN)": (REAL, lambda pair: divergences.total_variation(*pair.given)),
    "JSD": (REAL, lambda pair: divergences.js(*pair.given)),
    "RSGAN": (REAL, lambda pair: np.log(2.0) - divergences.relativistic(*pair.squared)),
}


def shifts() -> Figure:
    """The value against the shift of N(θ, 1) from N(0, 1): who saturates, who grows, who outgrows the shift."""
    figure = blank(8.5, 4.6)
    axis, places = figure.subplots(), np.concatenate([np.linspace(0.0, 3.0, 16), np.linspace(3.5, 7.0, 8)])
    pairs = [Pair("", normal(0.0), normal(float(place)), -13.0, 21.0) for place in places]
    at_the_end = []
    for index, (name, (color, value)) in enumerate(SHIFTED.items()):
        values = np.array([float(value(pair)) for pair in pairs])
        axis.plot(places, values, color=color, linestyle=STYLES[index % len(STYLES)], linewidth=1.5)
        if values[-1] <= TOP:
            at_the_end.append((values[-1], color, name))
        else:  # named where it leaves, written along the upper edge
            leaves = float(np.interp(TOP, values, places))
            axis.annotate(name, (leaves, TOP), (0, 3), textcoords="offset points", color=color, fontsize=8, rotation=30)
    for height, color, name in spread(at_the_end):
        axis.annotate(name, (7.05, height), color=color, fontsize=8, va="center", annotation_clip=False)
    dress(axis, "", xlabel="θ of N(θ, 1) against N(0, 1): blue saturates, green keeps up, orange outgrows the shift")
    axis.set(xlim=(0, 8.6), ylim=(0, TOP), xticks=range(8))
    return figure


TOP = 4.5
STYLES = ("-", "--", ":", "-.")


def spread(labels: list[tuple[float, str, str]], apart: float = 0.17) -> list[tuple[float, str, str]]:
    """The labels with their heights moved up until none covers another."""
    placed: list[tuple[float, str, str]] = []
    for height, color, name in sorted(labels):
        lowest = placed[-1][0] + apart if placed else height
        placed.append((max(height, lowest), color, name))
    return placed


def critics() -> Figure:
    """Kantorovich's critic, slope ±1, beside those of the W-divergence and of WGAN-GP: all rise where p lies."""
    figure = blank(9.5, 3.6)
    for axis, pair in zip(figure.subplots(1, 2), PAIRS, strict=True):
        x, shown = pair.grid, (pair.grid > -4.5) & (pair.grid < 5.5)
        gaps = pair.p.distribution(x) - pair.q.distribution(x)
        curves = {
            "Kantorovich, slope ±1": (-np.sign(gaps), "black", "-"),
            "WGAN-GP, λ = 1": (divergences.wgan_gp_critic_1d(*pair.given, 1.0), REAL, "-"),
            **{
                f"W-divergence ({k:g}, {p:g})": (divergences.w_divergence_critic_1d(*pair.given, k, p), THIRD, dashes)
                for (k, p), dashes in zip(POWERS, ("-", "--"), strict=True)
            },
        }
        densities(axis, pair, x[shown], 1.5)
        for name, (slopes, color, dashes) in curves.items():
            critic = np.cumsum(np.where(np.isfinite(slopes), slopes, 0.0)) * (x[1] - x[0])
            axis.plot(x[shown], (critic - critic[shown].mean())[shown], dashes, color=color, linewidth=1.3, label=name)
        dress(axis, f"case {pair.name}", xlabel="x", xlim=(-4.5, 5.5))
    figure.axes[0].set_ylabel("D(x), its mean taken off")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=6, frameon=False, fontsize=8)
    return figure


def gan_qp_points() -> Figure:
    """Two point masses at distance d: what each game says of them."""
    figure = blank(5.5, 3.6)
    axis, distances = figure.subplots(), np.linspace(0.0, 4.0, 60)
    for lambda_, color in ((1.0, THIRD), (0.4, FAKE)):
        theory = np.array([divergences.gan_qp_points(distance, lambda_) for distance in distances])
        axis.plot(distances, theory, color=color, linewidth=1.4, label=f"GAN-QP, ½λd, λ = {lambda_:g}")
        found = [between_points(float(distance), lambda_) for distance in distances[7::8]]
        axis.plot(distances[7::8], found, "o", color=color, markersize=4.5, label="its loss, minimised")
    axis.plot(
        distances, np.where(distances > 0, np.log(2), 0.0), color=REAL, linewidth=1.4, label="JSD: log 2 for any d > 0"
    )
    dress(axis, "a real and a fake point, d apart", xlabel="d", ylabel="divergence", xlim=(0, 4), ylim=(0, 2.1))
    axis.legend(fontsize=8, frameon=False)
    return figure


def energies() -> Figure:
    """Left: the energy that R1 leaves on the line. Right: in the plane, that of the best discriminator."""
    figure = blank(10, 3.8)
    left, right = figure.subplots(1, 2)
    on_the_line(left, SKEW)
    in_the_plane(right)
    return figure


def on_the_line(axis: Axes, pair: Pair) -> None:
    x = np.linspace(-4.5, 5.0, 1901)
    densities(axis, pair, x, 0.8)
    shown = (x > -3.2) & (x < 3.7)
    for weight, color in ((0.5, "black"), (2.0, "0.55")):
        whole = divergences.r1_energy_slope_1d(*pair.given, weight)
        slopes = np.interp(x, pair.grid, whole)
        energy = np.cumsum(slopes) * (x[1] - x[0])
        energy -= energy[shown].min()
        axis.plot(x[shown], energy[shown], color=color, linewidth=1.4, label=f"U, λ = {weight:g}")
        if weight == 0.5:
            at = np.linspace(-2.8, 3.2, 11)
            u = -np.interp(at, x, slopes)
            heights = np.interp(at, x, energy)
            axis.quiver(at, heights + 0.06, u, 0 * u, color=FAKE, angles="xy", scale_units="xy", scale=0.9, width=0.005)
    dress(
        axis, "R1: U′ = (F_p − F_q)/(2λp); the generator goes along −U′", xlabel="x", xlim=(-3.6, 4.4), ylim=(0, None)
    )
    axis.legend(fontsize=8, frameon=False, loc="upper right")


CENTERS = jnp.array([[1.6, 0.2], [-0.9, 1.3], [-0.8, -1.4]])


def in_the_plane(axis: Axes) -> None:
    """Data on three Gaussians, q one in the middle; U = log q/p."""

    def energy(point: jax.Array) -> jax.Array:
        squares = jnp.sum(jnp.square(point[None] - CENTERS), axis=1)
        log_p = jax.nn.logsumexp(-0.5 * squares / 0.36) - jnp.log(3 * 0.36)
        return -0.5 * jnp.sum(jnp.square(point)) / 0.64 - jnp.log(0.64) - log_p

    line = jnp.linspace(-2.6, 2.6, 121)
    plane = jnp.stack(jnp.meshgrid(line, line), axis=-1)
    values = jax.vmap(jax.vmap(energy))(plane)
    axis.contourf(line, line, values, levels=np.linspace(-6, 5, 23), cmap="Blues_r", extend="both", alpha=0.75)
    samples = 0.8 * jax.random.normal(jax.random.key(2), (70, 2))
    pulls = -jax.vmap(jax.grad(energy))(samples)
    axis.quiver(*samples.T, *pulls.T, color=FAKE, angles="xy", scale_units="xy", scale=9.0, width=0.005)
    axis.plot(*samples.T, ".", color=FAKE, markersize=4, label="generated")
    axis.plot(*CENTERS.T, "+", color="black", markersize=9, label="modes of p")
    dress(axis, "U = log q/p of the best discriminator, low where p lies", xlim=(-2.6, 2.6), ylim=(-2.6, 2.6))
    axis.set_aspect("equal")
    axis.legend(fontsize=8, frameon=True, loc="lower right")


FIGURES: dict[str, Callable[[], Figure]] = {
    "optimal_discriminator": optimal_discriminator,
    "shifts": shifts,
    "critics": critics,
    "gan_qp_points": gan_qp_points,
    "energies": energies,
}
