"""LAPGAN: the same samples at every resolution, from coarse to fine."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from ganjax import pyramids
from ganjax.io import image_grid
from views.scenes import Scene, View, no_numbers

COLUMNS, ROWS = 12, 3


def suits(scene: Scene) -> bool:
    return scene.config.data.condition == "pyramid"


def pictures(scene: Scene) -> dict[str, np.ndarray]:
    """levels.png: under each other the smallest image, each doubling of it, and the next sample below."""
    latents = scene.run.game.prior.sample(scene.key, COLUMNS * ROWS)
    levels = scene.config.data.levels

    @jax.jit
    def made(latents: jax.Array) -> list[jax.Array]:
        stacked, _ = scene.run.game.generator.apply(scene.generator, latents)
        return pyramids.coarse_to_fine(pyramids.unstack(stacked, levels))

    images = made(latents)
    side = images[-1].shape[1]
    full = [jnp.repeat(jnp.repeat(x, side // x.shape[1], axis=1), side // x.shape[1], axis=2) for x in images]
    rows = [np.asarray(x).reshape(ROWS, COLUMNS, *x.shape[1:]) for x in full]
    return {"levels": image_grid(np.stack(rows, axis=1).reshape(-1, *full[-1].shape[1:]), COLUMNS)}


LEVELS = View(suits, pictures, no_numbers)
