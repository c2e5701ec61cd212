"""Real images that come with a package: the data set that runs without network and files."""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from ganjax.data._source import Source, image_source


def digits() -> Source:
    """The 1797 handwritten digits of scikit-learn, 8×8 with one channel, labels 0 to 9.

    Stored values are 0 … 16, made bytes by round(255·v/16).

    Reference: Alpaydin and Kaynak (1998), Optical recognition of handwritten digits, UCI repository (its test part).
    """
    images, labels = _stored()
    images = np.round(images * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8, 1)
    return image_source("digits", images, labels, num_classes=10)


def _stored() -> tuple[UInt8[np.ndarray, "1797 64"], UInt8[np.ndarray, "1797"]]:
    """The numbers 0 … 16, and the labels, from the file in scikit-learn: importing the package takes half a second."""
    specification = importlib.util.find_spec("sklearn")
    for folder in (specification and specification.submodule_search_locations) or ():
        path = Path(folder) / "datasets" / "data" / "digits.csv.gz"
        if path.is_file():
            with gzip.open(path, "rt") as file:
                rows = np.loadtxt(file, delimiter=",", dtype=np.uint8)
            return rows[:, :-1], rows[:, -1]
    from sklearn.datasets import load_digits  # a version that keeps it elsewhere

    images, labels = load_digits(return_X_y=True)
    return images.astype(np.uint8), labels.astype(np.uint8)
