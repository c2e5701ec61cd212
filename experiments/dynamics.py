"""The Dirac-GAN under every loss and regularizer that it can be played with: python experiments/dynamics.py.

The smallest GAN there is: the data are one point at 0, the generator puts a point at θ, the discriminator scores
D(x) = φx. At the equilibrium (0, 0) it prints the eigenvalues of the vector field v and the factor by which one step of
each schedule makes a small deviation grow; above 1 it never settles. Trajectories from (1, 1) go to a figure.
Mescheder et al. 2018, arXiv:1801.04406, section 2.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import tyro
from compiled import keep_compiled
from limits import check_numbers
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from outputs import check_file
from rich.console import Console
from rich.table import Column, Table
from scripts import report_errors

from ganjax import objectives, steps
from ganjax.architectures import stateless
from ganjax.types import Algorithm, Batch, Game, Objective, Prior

SCHEDULES: dict[str, Callable[..., Algorithm]] = {
    "synchronous": steps.synchronous,
    "alternating": steps.alternating,
    "extragradient": steps.extragradient,
    "optimistic": steps.optimistic,
    "runge_kutta": steps.runge_kutta,
}
DRAWN = {"synchronous": "#e07b00", "alternating": "#3b6ea8", "extragradient": "#2a8c55"}
NEEDS_MORE = ("ebgan", "infogan", "ogan", "meg", "acgan", "projection", "lapgan")  # features, a helper or labels
LIMIT = 2.2  # of both axes
DATA = Batch(jnp.zeros((2, 1), jnp.float32))


@dataclass(frozen=True)
class Options:
    """The Dirac-GAN under every loss and regularizer that it can be played with."""

    step: float = 0.2
    """length of a gradient step, both players'"""
    num_steps: int = 300
    """steps of a trajectory"""
    gamma: float = 1.0
    """the weight of R1 in non_saturating_r1, and of R1 and R2 in r3gan; critical damping is at 1"""
    penalty: float = 1.0
    """the weight of wgan_gp, wgan_lp and dragan; 10, as on images, is too stiff for a step of 0.2"""
    consensus: float = 1.0
    """the weight of consensus optimization"""
    output: Path = Path("runs/dirac.png")
    """the figure"""


class Row(NamedTuple):
    """What is known of one game.

    Attributes:
      eigenvalues: of v′ at (0, 0), or None where v is not smooth.
      radii: by schedule, the spectral radius of one step there.
      paths: by schedule, [num_steps + 1, 2].
      arrows: v on a grid, [N, N, 2].
    """

    eigenvalues: np.ndarray | None
    radii: dict[str, float]
    paths: dict[str, np.ndarray]
    arrows: np.ndarray


def dirac(objective: Objective, start: tuple[float, float]) -> Game:
    """G = θ, D(x) = φx, from (θ, φ) = start."""
    theta, phi = (jnp.asarray(x, jnp.float64) for x in start)
    return Game(
        generator=stateless(lambda key, z: theta, lambda theta, z: z + theta),
        discriminator=stateless(lambda key, x: phi, lambda phi, x: phi * x[:, 0]),
        objective=objective,
        prior=Prior(lambda key, num: jnp.zeros((num, 1)), (1,)),
    )


def playable(options: Options) -> dict[str, tuple[Objective, steps.Gradients]]:
    """Every objective of scores and slopes, and consensus optimization on one of them."""
    weighted: dict[str, Objective] = {
        "non_saturating_r1": objectives.non_saturating_r1(options.gamma),
        "r3gan": objectives.r3gan(options.gamma),
        "wgan_gp": objectives.wgan_gp(options.penalty),
        "wgan_lp": objectives.wgan_lp(options.penalty),
        "dragan": objectives.dragan(options.penalty),
        "wgan_div": objectives.wgan_div(k=0.1),  # 2, as on images, is too stiff for a step of 0.2
    }
    found = {
        name: (weighted.get(name) or builder(), steps.separate)
        for name, builder in objectives.OBJECTIVES.items()
        if name not in NEEDS_MORE
    }
    return found | {"non_saturating, consensus": (objectives.non_saturating(), steps.consensus(options.consensus))}


def study(objective: Objective, gradients: steps.Gradients, options: Options) -> Row:
    """Everything about one game."""
    flow = field_at_zero(objective, gradients)
    radii, paths = {}, {}
    for name, schedule in SCHEDULES.items():
        settings = optax.sgd(options.step), optax.sgd(options.step)
        radii[name] = radius(schedule(dirac(objective, (0.0, 0.0)), *settings, gradients=gradients))
        if name in DRAWN:
            paths[name] = path(schedule(dirac(objective, (1.0, 1.0)), *settings, gradients=gradients), options)
    grid = np.linspace(-LIMIT, LIMIT, 10)  # an even number keeps off (0, 0)
    points = jnp.stack(jnp.meshgrid(grid, grid), axis=-1)
    arrows = jax.jit(jax.vmap(jax.vmap(flow.function)))(points)
    return Row(spectrum(flow), radii, paths, np.asarray(arrows))


def field_at_zero(objective: Objective, gradients: steps.Gradients) -> steps.Flow:
    game = dirac(objective, (0.0, 0.0))
    algorithm = steps.synchronous(game, optax.sgd(1.0), optax.sgd(1.0))
    state = algorithm.init(jax.random.key(0), DATA)
    return steps.vector_field(game, state, algorithm.deal(state.key, state.step, 2), DATA, gradients)


def spectrum(flow: steps.Flow) -> np.ndarray | None:
    """Eigenvalues of v′ at the point, or None where v jumps there or is not finite."""
    around = jax.vmap(flow.function)(flow.point[None] + 1e-6 * jnp.array([[1.0, 1.0], [-1.0, 1.0], [0.0, 1e-3]]))
    if not np.all(np.abs(around) < 1e-4):
        return None
    return steps.eigenvalues(jax.jit(lambda: steps.jacobian(flow))())


def radius(algorithm: Algorithm) -> float:
    """Of one step at (0, 0): the second, since an optimistic first step has no past."""
    state, _ = algorithm.step(algorithm.init(jax.random.key(0), DATA), DATA)
    matrix = jax.jit(lambda: steps.jacobian(steps.one_step(algorithm, state, DATA)))()
    return steps.spectral_radius(matrix) if np.isfinite(matrix).all() else float("nan")


def path(algorithm: Algorithm, options: Options) -> np.ndarray:
    """(θ, φ) from the start on, [num_steps + 1, 2]."""

    def body(state: Any, _: None) -> tuple[Any, jax.Array]:
        return algorithm.step(state, DATA)[0], jnp.stack([state.gen_params, state.disc_params])

    state = algorithm.init(jax.random.key(0), DATA)
    return np.asarray(jax.jit(lambda state: jax.lax.scan(body, state, length=options.num_steps + 1)[1])(state))


def table(rows: dict[str, Row], options: Options) -> Table:
    """Eigenvalues, and growth by schedule."""
    drawn = Table(
        Column("loss and regularizer", no_wrap=True), "eigenvalues of v′", *SCHEDULES, title=f"step {options.step}"
    )
    for name, row in rows.items():
        if row.eigenvalues is None:
            drawn.add_row(name, "v jumps here", *["—"] * len(SCHEDULES))
        else:
            drawn.add_row(name, pair(row.eigenvalues), *(f"{row.radii[schedule]:.6f}" for schedule in SCHEDULES))
    return drawn


def pair(values: np.ndarray) -> str:
    """Two eigenvalues in a few letters."""
    first, second = values.round(6) + 0.0
    if first.imag:
        return f"{first.real:.4f} ± {first.imag:.4f}i"
    return f"{first.real:.4f}, {second.real:.4f}"


def figure(rows: dict[str, Row], options: Options) -> Figure:
    """One panel a row of the table."""
    columns = 5
    height = -(-len(rows) // columns)
    drawn = Figure(figsize=(2.3 * columns, 2.45 * height + 0.5), layout="constrained")
    axes = np.ravel(drawn.subplots(height, columns, sharex=True, sharey=True))
    for axis, (name, row) in zip(axes, rows.items(), strict=False):
        panel(axis, name, row)
    for axis in axes[len(rows) :]:
        axis.set_axis_off()
    drawn.suptitle(f"Dirac-GAN: θ across, φ up, {options.num_steps} steps of {options.step} from (1, 1)", fontsize=11)
    handles, labels = axes[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=9)
    return drawn


def panel(axis: Axes, name: str, row: Row) -> None:
    """The field as arrows of one length, trajectories over it, their ends as dots."""
    grid = np.linspace(-LIMIT, LIMIT, len(row.arrows))
    length = np.maximum(np.linalg.norm(row.arrows, axis=-1, keepdims=True), 1e-12)
    u, v = np.moveaxis(row.arrows / length, -1, 0)
    axis.quiver(grid, grid, u, v, color="0.7", scale=18, width=0.007, pivot="mid")
    for schedule, color in DRAWN.items():
        trajectory = row.paths[schedule]
        axis.plot(*trajectory.T, color=color, linewidth=0.9, label=schedule)
        axis.plot(*trajectory[-1], "o", color=color, markersize=3.5)
    axis.plot(0, 0, "+", color="black", markersize=7)
    axis.set(xlim=(-LIMIT, LIMIT), ylim=(-LIMIT, LIMIT), aspect="equal", xticks=(-2, 0, 2), yticks=(-2, 0, 2))
    axis.set_title(name.replace("_", " "), fontsize=8)
    axis.tick_params(labelsize=7)


def main(options: Options) -> None:
    check_numbers(vars(options))
    check_file(options.output)
    with jax.enable_x64(True):
        rows = {name: study(*game, options) for name, game in playable(options).items()}
    console = Console()
    console.width = max(console.width, 140)  # whole numbers, also into a file
    console.print(table(rows, options), highlight=False)
    figure(rows, options).savefig(options.output, dpi=64, pil_kwargs={"optimize": True})


def entry(arguments: Sequence[str]) -> int:
    return report_errors(lambda: main(tyro.cli(Options, args=list(arguments), prog="dynamics.py", description=__doc__)))


if __name__ == "__main__":
    keep_compiled()
    sys.exit(entry(sys.argv[1:]))
