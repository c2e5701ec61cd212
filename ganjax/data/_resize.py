"""Images at another resolution."""

from __future__ import annotations

from ganjax.checks import InputError
from ganjax.data._source import Source
from ganjax.data._transform import Transform, transformed


def resized(source: Source, resolution: int) -> Source:
    """The same images at resolution × resolution pixels, once, on the host; labels as they were.

    `transformed` with a resolution alone: Pillow's antialiased bicubic filter, channel by channel, on the largest
    square in each image's middle. Not for points.

    Args:
      source: a finite set of images, from `image_source` or a loader.
      resolution: pixels a side, from 1 to 1024.

    Raises:
      InputError: if the source holds no images, or for a resolution out of range.
    """
    if not source.spec.is_image:
        raise InputError(
            f"Expected images to resize, got {source.spec.name} of shape {list(source.spec.shape)}: "
            "leave resolution out."
        )
    return transformed(source, Transform(resolution=resolution))
