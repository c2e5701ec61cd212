"""The games that are timed, as configs over data that need no download."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import assembly
import numpy as np
from assembly import Run
from choices import choose
from config import Config, Data, Update
from configs import PRESETS

from ganjax.checks import Table

NUM_DIGITS, NUM_PICTURES = 10_000, 2048


def gaussian() -> Config:
    """The tutorial's Gaussian toy: a linear generator, batches of 8."""
    return PRESETS["gaussian"]


def keras_mnist() -> Config:
    """The Keras programme: the discriminator moves by the real batch, then by the fake one."""
    return PRESETS["tutorial-keras-mnist"]


def keras_mlp() -> Config:
    """The same networks with one move of each player a step, batches of 128."""
    return replace(PRESETS["tutorial-keras-mnist"], update=Update(ema_decay=None), batch_size=128)


def mlp() -> Config:
    """Three hidden layers of 128 on 10 000 points of a ring."""
    networks = {name: choose(name, "mlp", features=(128, 128, 128)) for name in ("generator", "discriminator")}
    return replace(PRESETS["ring"], data=Data(name="ring:10000"), update=Update(ema_decay=None), **networks)


def dcgan(preset: str) -> Config:
    """A preset's DCGAN, 64 channels wide, batches of 64."""
    networks = {name: choose(name, "dcgan", channels=64, kernel=4) for name in ("generator", "discriminator")}
    return replace(PRESETS[preset], update=Update(ema_decay=None), batch_size=64, **networks)


GAMES: Table[Callable[[], Config]] = Table(
    "game",
    {
        "gaussian": gaussian,
        "keras-mnist": keras_mnist,
        "keras-mlp": keras_mlp,
        "mlp": mlp,
        "dcgan-32": lambda: dcgan("cifar10-dcgan"),
        "dcgan-64": lambda: dcgan("celeba64-dcgan"),
    },
)
IMAGES = {  # game -> the shape of its images
    "keras-mnist": (NUM_DIGITS, 28, 28, 1),
    "keras-mlp": (NUM_DIGITS, 28, 28, 1),
    "dcgan-32": (NUM_PICTURES, 32, 32, 3),
    "dcgan-64": (NUM_PICTURES, 64, 64, 3),
}


def config_of(
    game: str,
    *,
    batch_size: int | None = None,
    dtype: str | None = None,
    normalization: str | None = None,
    fused: bool = False,
) -> Config:
    """A game of the table, with what a contestant changes of it.

    Args:
      game: a row of `GAMES`.
      batch_size: by default the game's.
      dtype: what both networks compute in.
      normalization: of the discriminator.
      fused: both players move at once, by one backward pass.
    """
    config = GAMES[game]()
    both = {} if dtype is None else {"dtype": dtype}
    alone = {} if normalization is None else {"normalization": normalization}
    return replace(
        config,
        batch_size=batch_size or config.batch_size,
        generator=replace(config.generator, **both),
        discriminator=replace(config.discriminator, **both, **alone),
        update=replace(config.update, schedule="synchronous", gradients="fused") if fused else config.update,
    )


def assembled(game: str, **changes: Any) -> tuple[Run, Config]:
    """What the config stands for. Images are noise: nothing that is timed depends on what they show."""
    config = config_of(game, **changes)
    if game not in IMAGES:
        return assembly.assemble(config), config
    with tempfile.TemporaryDirectory() as folder:  # read once, then in memory
        path = Path(folder) / "noise.npy"
        np.save(path, np.random.default_rng(0).integers(0, 256, IMAGES[game], np.uint8))
        return assembly.assemble(replace(config, data=Data(name="npz", dir=str(path)))), config
