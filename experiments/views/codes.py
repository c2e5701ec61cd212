"""InfoGAN: what each code does to a sample, and whether the categorical one found the classes by itself."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import linear_sum_assignment

from ganjax.io import image_grid
from views.scenes import Judges, Scene, View, floats, judge, make, objective

COLUMNS = 12
REACH = 2.0  # the continuous codes are trained on (−1, 1) and shown a little beyond, as in the paper's figure 2


def suits(scene: Scene) -> bool:
    return objective(scene) == "infogan" and scene.images


def pictures(scene: Scene) -> dict[str, np.ndarray]:
    """codes.png: a row for each value of the categorical code, the same noise down a column; continuous_K.png: a
    column for each value of the K-th continuous code from −2 to 2, a category a row."""
    categories, continuous = sizes(scene)
    found = {}
    if categories:
        found["codes"] = image_grid(make(scene, of_categories(scene, categories, continuous)), COLUMNS)
    for index in range(continuous):
        latents = of_continuous(scene, categories, continuous, index)
        found[f"continuous_{index + 1}"] = image_grid(make(scene, latents), COLUMNS)
    return found


def of_categories(scene: Scene, categories: int, continuous: int) -> jax.Array:
    """Latents: every category with each of COLUMNS noises, continuous codes at 0."""
    noise = scene.run.game.prior.sample(scene.key, COLUMNS)[:, : -(categories + continuous)]
    noises = jnp.tile(noise, (categories, 1))
    codes = jnp.repeat(jnp.eye(categories), COLUMNS, axis=0)
    return jnp.concatenate([noises, codes, jnp.zeros((len(noises), continuous))], axis=1)


def of_continuous(scene: Scene, categories: int, continuous: int, index: int) -> jax.Array:
    """Latents: one noise, every category, one continuous code moving and the others at 0."""
    rows = max(categories, 1)
    noise = scene.run.game.prior.sample(scene.key, 1)[:, : -(categories + continuous)]
    noises = jnp.tile(noise, (rows * COLUMNS, 1))
    codes = jnp.repeat(jnp.eye(rows)[:, :categories], COLUMNS, axis=0)
    moving = jnp.tile(jnp.linspace(-REACH, REACH, COLUMNS), rows)
    rest = jnp.zeros((len(noises), continuous)).at[:, index].set(moving)
    return jnp.concatenate([noises, codes, rest], axis=1)


def numbers(scene: Scene, judges: Judges | None) -> dict[str, float]:
    """The share of held-out images whose likeliest code, under the best one-to-one naming of codes, is their class."""
    categories, _ = sizes(scene)
    if judges is None or not categories:
        return {}
    posterior = judge(scene, floats(judges.held_out.images)).features["posterior"]
    guesses = posterior[:, :categories].argmax(axis=1)
    return {"code_accuracy[best permutation]": permuted_accuracy(guesses, judges.held_out.labels)}


def permuted_accuracy(guesses: np.ndarray, labels: np.ndarray) -> float:
    """The largest share of guesses that are right under a one-to-one map of guessed names to labels."""
    size = int(max(guesses.max(), labels.max())) + 1
    table = np.zeros((size, size), int)
    np.add.at(table, (guesses, labels), 1)
    rows, columns = linear_sum_assignment(-table)
    return float(table[rows, columns].sum() / len(labels))


def sizes(scene: Scene) -> tuple[int, int]:
    """Categories and continuous codes."""
    chosen = scene.config.objective
    return chosen.categories, chosen.continuous  # type: ignore[attr-defined]


CODES = View(suits, pictures, numbers)
