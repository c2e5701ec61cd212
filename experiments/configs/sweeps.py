"""Sweeps whose cells are not a product: published tables, each method at its own paper's settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from cells import Cell, with_objective
from choices import choose
from config import Config
from sample import Weights

from configs import pacgan_grid, pacgan_ring, stacked_mnist
from ganjax.checks import InputError, Table, unknown_name

Figures = Mapping[str, float]


class Sweep(NamedTuple):
    """What is swept, and what it stands beside.

    Attributes:
      cells: what is played.
      seeds: games of every variation.
      num_samples: each game is judged by.
      weights: the generator that the table is of.
      published: somebody else's figures, by method and metric.
      title: the figure's.
    """

    cells: tuple[Cell, ...]
    seeds: int = 10
    num_samples: int = 2500
    weights: Weights = "raw"
    published: Mapping[str, Figures] = {}
    title: str = ""

    def only(self, labels: Sequence[str]) -> Sweep:
        """The same sweep of some of the cells.

        Raises:
          InputError: for a label that no cell has.
        """
        known = {cell.label: cell for cell in self.cells}
        for label in labels:
            if label not in known:
                raise InputError(unknown_name("cell", label, known))
        return self._replace(cells=tuple(known[label] for label in dict.fromkeys(labels)))


def with_adam(config: Config, b1: float, b2: float = 0.999) -> Config:
    """Both players' decays."""
    return replace(
        config,
        gen_optimizer=replace(config.gen_optimizer, b1=b1, b2=b2),  # type: ignore[call-arg]
        disc_optimizer=replace(config.disc_optimizer, b1=b1, b2=b2),  # type: ignore[call-arg]
    )


def packed(config: Config, packing: int) -> Config:
    """As many packs a batch as there were samples, as in PacGAN's programme."""
    return replace(config, packing=packing, batch_size=packing * config.batch_size)


def pacgan_cells(base: Config) -> tuple[Cell, ...]:
    """The methods of PacGAN's table that are here, and others, each with its own paper's settings.

    Adam's decays, the discriminator's moves and the penalties are the papers', the latter at their weights for points;
    the step size, the networks and the number of generator steps are everybody's.
    """
    dcgan = with_adam(base, 0.5)
    methods = {
        "GAN": base,
        "PacGAN2": packed(base, 2),
        "PacGAN4": packed(base, 4),
        "hinge": with_objective(dcgan, "hinge"),
        "RSGAN": with_objective(dcgan, "relativistic"),
        "GAN-QP": with_objective(dcgan, "gan_qp"),
        "R3GAN": with_objective(with_adam(base, 0.0, 0.99), "r3gan", gamma=0.1),
        "WGAN-GP": with_objective(with_adam(base, 0.5, 0.9), "wgan_gp", weight=0.1),
    }
    return tuple(Cell(label, config) for label, config in methods.items())


def smaller(published: Config, num_steps: int, b1: float) -> Config:
    """The published game cut to what a CPU core plays ten times with eight methods in an hour.

    Networks a quarter as wide, steps ten times as long and forty to fifty times as few; weights start by fan-in, since
    N(0, .02) is for wide layers.
    """
    changed: dict[str, Any] = {
        "generator": choose("generator", "mlp", features=(96, 96, 96, 96), normalization="batch"),
        "discriminator": choose("discriminator", "mlp-maxout", features=(48, 48, 48), pieces=5),
        "gen_optimizer": choose("gen_optimizer", "adam", learning_rate=1e-3, b1=b1),
        "disc_optimizer": choose("disc_optimizer", "adam", learning_rate=1e-3, b1=b1),
        "num_steps": num_steps,
        "checkpoint_every": 1000,
    }
    return replace(published, **changed)


def with_penalty(config: Config, objective: str, penalty: str) -> Config:
    """Another loss under another penalty."""
    return replace(
        config, objective=choose("objective", objective), penalty=choose("penalty", penalty, weight=GAMMA / 2)
    )


def stacked_cells(base: Config) -> tuple[Cell, ...]:
    """The loss ablation (a loss × R1, R2, both or neither, everything else the same), and DCGAN without and with packs.

    The last two are DCGANs as such: batch norm in both networks, Adam (.5, .999), the non-saturating loss.
    """
    bare = replace(base, penalty=choose("penalty", "none"))
    losses = {"GAN": "non-saturating", "RpGAN": "relativistic"}
    cells = {label: replace(bare, objective=choose("objective", loss)) for label, loss in losses.items()}
    for label, loss in losses.items():
        for name, penalty in (("R1", "r1"), ("R2", "r2"), ("R1 + R2", "r1-r2")):
            cells[f"{label} + {name}"] = with_penalty(base, loss, penalty)
    dcgan = replace(with_adam(bare, 0.5), discriminator=choose("discriminator", "dcgan", channels=16, kernel=4))
    dcgan = replace(dcgan, objective=choose("objective", "non-saturating"))
    cells |= {"DCGAN": dcgan, "PacDCGAN2": packed(dcgan, 2)}
    return tuple(Cell(label, config) for label, config in cells.items())


def figures(modes_found: float, high_quality_share: float, reverse_kl: float) -> Figures:
    return {"modes_found": modes_found, "high_quality_share": high_quality_share, "reverse_kl": reverse_kl}


# Lin et al. 2018, arXiv:1712.04086, table 1: means over 10 runs
RING_FIGURES = {
    "GAN": figures(6.3, 0.982, 0.45),
    "ALI": figures(6.6, 0.976, 0.36),
    "PacGAN2": figures(7.9, 0.956, 0.07),
    "PacGAN4": figures(7.8, 0.959, 0.07),
}
GRID_FIGURES = {
    "GAN": figures(17.3, 0.948, 0.70),
    "ALI": figures(24.1, 0.957, 0.14),
    "PacGAN2": figures(23.8, 0.913, 0.13),
    "PacGAN4": figures(24.8, 0.936, 0.04),
}

GAMMA = 1.0  # of R1 and R2 on stacked MNIST


def stacked_figures(modes_found: float, reverse_kl: float) -> Figures:
    return {"modes_found[mnist-classifier]": modes_found, "reverse_kl[mnist-classifier]": reverse_kl}


# The first four: Lin et al. 2018, arXiv:1712.04086, table 2 (ALI, Unrolled and VEEGAN as quoted there from their
# papers); the last two: Huang et al. 2024, arXiv:2501.05441, table 1
STACKED_FIGURES = {
    "DCGAN": stacked_figures(78.9, 4.50),
    "PacDCGAN2": stacked_figures(1000, 0.06),
    "VEEGAN": stacked_figures(150, 2.95),
    "WGAN-GP": stacked_figures(959, 0.73),
    "GAN + R1 + R2": stacked_figures(693, 0.927),
    "RpGAN + R1 + R2": stacked_figures(1000, 0.078),
}

RING, GRID = pacgan_ring.CONFIG, pacgan_grid.CONFIG
# the published b1 of .8 is slow on the grid: .03 of PacGAN2 were good after 8000 steps; with .5, .08 after 4000
SMALL_RING, SMALL_GRID = smaller(RING, num_steps=8000, b1=0.8), smaller(GRID, num_steps=10_000, b1=0.5)

SWEEPS: Table[Sweep] = Table(
    "sweep",
    {
        "pacgan-ring": Sweep(pacgan_cells(SMALL_RING), published=RING_FIGURES, title="8 modes on a ring"),
        "pacgan-grid": Sweep(pacgan_cells(SMALL_GRID), published=GRID_FIGURES, title="25 modes on a grid"),
        "stacked-mnist": Sweep(
            stacked_cells(stacked_mnist.CONFIG),
            seeds=3,
            num_samples=26_000,
            weights="ema",
            published=STACKED_FIGURES,
            title="1000 modes of stacked MNIST",
        ),
        "pacgan-ring-published": Sweep(pacgan_cells(RING), published=RING_FIGURES, title="8 modes on a ring"),
        "pacgan-grid-published": Sweep(pacgan_cells(GRID), published=GRID_FIGURES, title="25 modes on a grid"),
    },
)
