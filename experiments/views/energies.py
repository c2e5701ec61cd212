"""Energy-based games: the energy E = −D on data, samples and noise; over the plane, its landscape."""

from __future__ import annotations

import jax
import numpy as np

from ganjax.io import histograms_picture, landscape_picture, scatter_limits
from views.scenes import Judges, Scene, View, draw, judge, objective, real

NUM = 2000
GRID = 161


def suits(scene: Scene) -> bool:
    return objective(scene) in ("ebgan", "meg")


def pictures(scene: Scene) -> dict[str, np.ndarray]:
    """energies.png: histograms on data, samples and noise; for points also landscape.png."""
    found = {"energies": histograms_picture(energies(scene), "energy", "energy of data, samples and noise")}
    return found if scene.images else found | {"landscape": landscape(scene)}


def energies(scene: Scene) -> dict[str, np.ndarray]:
    """−D on data, on generated samples, and on noise: uniform over the range of the data, pixel by pixel."""
    fake_key, noise_key = jax.random.split(scene.key)
    data = real(scene, NUM)
    low, high = float(data.min()), float(data.max())
    noise = np.asarray(jax.random.uniform(noise_key, data.shape, minval=low, maxval=high))
    sets = {"data": data, "generated": draw(scene, fake_key, NUM), "noise": noise}
    return {name: -np.asarray(judge(scene, samples).scores) for name, samples in sets.items()}


def landscape(scene: Scene) -> np.ndarray:
    """The energy over the plane, with real and generated points."""
    points = real(scene, NUM)
    limits = scatter_limits(points)
    left, right, bottom, top = limits
    across, along = np.meshgrid(np.linspace(left, right, GRID), np.linspace(bottom, top, GRID))
    heights = -np.asarray(judge(scene, np.stack([across.ravel(), along.ravel()], axis=1)).scores)
    shown = {"real": points[:300], "generated": draw(scene, scene.key, 300)}
    return landscape_picture(heights.reshape(GRID, GRID), limits, shown, "energy E = −D")


def numbers(scene: Scene, judges: Judges | None) -> dict[str, float]:
    """Mean energies, and the diversity of the samples: their mean distance to each other over that of the data."""
    del judges
    fake_key, _ = jax.random.split(scene.key)
    spread = [mean_distance(x) for x in (draw(scene, fake_key, NUM), real(scene, NUM))]
    means = {f"energy[{name}]": float(values.mean()) for name, values in energies(scene).items()}
    return means | {"diversity[mean pairwise distance / the data's]": spread[0] / spread[1]}


def mean_distance(samples: np.ndarray) -> float:
    """The mean Euclidean distance of two different samples."""
    flat = samples.reshape(len(samples), -1).astype(np.float64)
    squares = np.sum(flat**2, axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares[None] - 2 * flat @ flat.T, 0))
    return float(distances.sum() / (len(flat) * (len(flat) - 1)))


ENERGIES = View(suits, pictures, numbers)
