"""Real images that come with a package: the data set that runs without network and files."""

from __future__ import annotations

import numpy as np

from ganjax.data._source import Source, image_source


def digits() -> Source:
    """The 1797 handwritten digits of scikit-learn, 8×8 with one channel, labels 0 to 9.

    Stored values are 0 … 16, made bytes by round(255·v/16).

    Reference: Alpaydin and Kaynak (1998), Optical recognition of handwritten digits, UCI repository (its test part).
    """
    from sklearn.datasets import load_digits  # importing scikit-learn takes a second

    images, labels = load_digits(return_X_y=True)
    images = np.round(images * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8, 1)
    return image_source("digits", images, labels, num_classes=10)
