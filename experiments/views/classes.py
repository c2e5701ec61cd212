"""Conditional games: a row for each class, and whether a classifier agrees with the labels that were asked for."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from ganjax.data import to_uint8
from ganjax.io import image_grid
from views.scenes import Judges, Scene, View, draw

COLUMNS = 12
NUM = 10_000


def suits(scene: Scene) -> bool:
    return scene.config.data.condition == "labels" and scene.images


def pictures(scene: Scene) -> dict[str, np.ndarray]:
    """classes.png: a row for each class."""
    classes = num_classes(scene)
    samples = draw(scene, scene.key, COLUMNS * classes)  # sample i is of class i mod K
    by_class = samples.reshape(COLUMNS, classes, *samples.shape[1:]).swapaxes(0, 1)
    return {"classes": image_grid(by_class.reshape(samples.shape), COLUMNS)}


def numbers(scene: Scene, judges: Judges | None) -> dict[str, float]:
    """The share of generated images that the classifier puts into the class that was asked for, and its own accuracy
    on held-out real ones, the most that can be expected."""
    if judges is None:
        return {}
    images = np.asarray(to_uint8(jnp.asarray(draw(scene, scene.key, NUM))))
    asked = np.arange(len(images)) % num_classes(scene)
    found = judges.classifier.logits(images).argmax(axis=1)
    return {f"class_accuracy[{judges.classifier.name}-classifier]": float(np.mean(found == asked))}


def num_classes(scene: Scene) -> int:
    found = scene.run.source.spec.num_classes
    assert found is not None  # a conditional game has labels
    return found


CLASSES = View(suits, pictures, numbers)
