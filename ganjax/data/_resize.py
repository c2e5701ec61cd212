"""Images at another resolution."""

from __future__ import annotations

import numpy as np
from jaxtyping import Shaped
from PIL import Image

from ganjax.checks import InputError
from ganjax.data._source import Source, Stored, image_source

LARGEST = 1024


def resized(source: Source, resolution: int) -> Source:
    """The same images at resolution × resolution pixels, once, on the host; labels as they were.

    Pillow's antialiased bicubic filter, channel by channel. Not for points.

    Args:
      source: a finite set of images, from `image_source` or a loader.
      resolution: pixels a side, from 1 to 1024.

    Raises:
      InputError: if the source holds no images, or for a resolution out of range.
    """
    spec, arrays = source.spec, source.arrays
    if len(spec.shape) != 3 or not isinstance(arrays, Stored):
        raise InputError(
            f"Expected images to resize, got {spec.name} of shape {list(spec.shape)}: leave resolution out."
        )
    if not 1 <= resolution <= LARGEST:
        raise InputError(f"Expected a resolution from 1 to {LARGEST}, got {resolution}.")
    if spec.shape[:2] == (resolution, resolution):
        return source
    images = np.stack([_resize(image, resolution) for image in np.asarray(arrays.samples)])
    labels = None if isinstance(arrays.labels, tuple) else np.asarray(arrays.labels)
    return image_source(spec.name, images, labels, spec.num_classes)


def _resize(image: Shaped[np.ndarray, "H W C"], resolution: int) -> Shaped[np.ndarray, "R R C"]:
    size = (resolution, resolution)
    channels = [
        Image.fromarray(channel).resize(size, Image.Resampling.BICUBIC) for channel in np.moveaxis(image, -1, 0)
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=-1)
