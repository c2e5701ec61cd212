"""Views: what a method promises beside samples, drawn when its run ends and measured when it is judged.

A new view is one small file and a row here; which runs it suits, it says itself.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ganjax.io import save_png
from views.chains import CHAINS
from views.classes import CLASSES
from views.codes import CODES
from views.energies import ENERGIES
from views.levels import LEVELS
from views.reconstructions import EBGAN, OGAN
from views.scenes import Judges, Scene, View

VIEWS: dict[str, View] = {
    "codes": CODES,
    "classes": CLASSES,
    "encoder": OGAN,
    "autoencoder": EBGAN,
    "energies": ENERGIES,
    "chains": CHAINS,
    "levels": LEVELS,
}


def pictures_of(scene: Scene) -> dict[str, np.ndarray]:
    """Every picture that suits a run, by file name without its ending."""
    suiting = [view for view in VIEWS.values() if view.suits(scene)]
    return {name: picture for view in suiting for name, picture in view.pictures(scene).items()}


def numbers_of(scene: Scene, judges: Judges | None) -> dict[str, float]:
    """Every number that suits a run."""
    suiting = [view for view in VIEWS.values() if view.suits(scene)]
    return {name: value for view in suiting for name, value in view.numbers(scene, judges).items()}


def save_all(scene: Scene, folder: Path) -> list[Path]:
    """Writes every picture that suits a run into a folder; their paths."""
    found = pictures_of(scene)
    for name, picture in found.items():
        save_png(folder / f"{name}.png", picture)
    return [folder / f"{name}.png" for name in found]


__all__ = ["VIEWS", "Judges", "Scene", "View", "numbers_of", "pictures_of", "save_all"]
