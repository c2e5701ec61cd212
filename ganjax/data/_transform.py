"""What is done to every picture before it is kept: cropped, converted, resized, bytes in and bytes out.

One function for all sets, `Transform.__call__`: folders, archives and streams call it on each picture as it is read,
`transformed` on a set that is in memory already.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from ganjax.checks import InputError
from ganjax.data._source import Source, Stored, image_source

LARGEST = 1024  # pixels a side of what is kept
PICTURE_CHANNELS = (1, 3)
TRANSPARENT = {2: "LA", 4: "RGBA"}  # channels of a picture whose last one is its opacity, with Pillow's names

Picture = UInt8[np.ndarray, "_ _ _"]


class Transform(NamedTuple):
    """Crop, then channels, then resolution; each left out where it is None. Calling it transforms one picture.

    Attributes:
      crop: the square of so many pixels in the middle; 108 (or 140, 160, 178) is usual for CelebA's 178 × 218.
      resolution: pixels a side, by Pillow's antialiased bicubic filter (`Image.resize` with `Resampling.BICUBIC`,
        a = −½ and support widened by the scale). A picture that is not square is cropped to the largest square in its
        middle first: nothing is ever stretched.
      channels: 1 for gray, ITU-R 601-2's luma (299 R + 587 G + 114 B)/1000 as Pillow rounds it; 3 for color, a gray
        picture's channel three times. Two or four channels are laid on white first.
    """

    crop: int | None = None
    resolution: int | None = None
    channels: Literal[1, 3] | None = None

    def __call__(self, image: Picture) -> Picture:
        """One picture, uint8 [H, W, C], as it is to be kept.

        Raises:
          InputError: if the picture is smaller than the crop, or has channels that are no picture's.
        """
        image = _center(image, self.crop) if self.crop else image
        image = _convert(image, self.channels) if self.channels else image
        return _resize(image, self.resolution) if self.resolution else image


def check_transform(transform: Transform) -> None:
    """Raises `InputError` for numbers out of range."""
    crop, resolution, channels = transform
    if crop is not None and crop < 1:
        raise InputError(f"Expected a crop of 1 or more pixels, got {crop}.")
    if resolution is not None and not 1 <= resolution <= LARGEST:
        raise InputError(f"Expected a resolution from 1 to {LARGEST}, got {resolution}.")
    if channels is not None and channels not in PICTURE_CHANNELS:
        raise InputError(f"Expected 1 channel (gray) or 3 (color), got {channels}.")


def transformed(source: Source, transform: Transform) -> Source:
    """The same set with every picture transformed, once, on the host; labels and notes as they were.

    Args:
      source: a finite set of images, from `image_source` or a loader; any source where there is nothing to do.
      transform: what is done to each picture.

    Raises:
      InputError: if the source holds no images, or the transform doesn't suit them.
    """
    check_transform(transform)
    spec, arrays = source.spec, source.arrays
    if transform == Transform():
        return source
    if len(spec.shape) != 3 or not isinstance(arrays, Stored):
        raise InputError(
            f"Expected images to crop, resize or convert, got {spec.name} of shape {list(spec.shape)}: leave crop, "
            "resolution and channels out."
        )
    if leaves_alone(transform, spec.shape):
        return source
    try:
        images = np.stack([transform(image) for image in np.asarray(arrays.samples)])
    except InputError as error:
        raise InputError(f"{spec.name}: {error}") from error
    labels = None if isinstance(arrays.labels, tuple) else np.asarray(arrays.labels)
    made = image_source(spec.name, images, labels, spec.num_classes)
    return made._replace(spec=made.spec._replace(notes=spec.notes))


def leaves_alone(transform: Transform, shape: tuple[int, ...]) -> bool:
    """Whether pictures of this shape stay what they are."""
    crop, resolution, channels = transform
    sides = [side for side in (crop, resolution) if side is not None]
    return all(shape[:2] == (side, side) for side in sides) and channels in (None, shape[2])


def _center(image: Picture, side: int) -> Picture:
    height, width, _ = image.shape
    if side > min(height, width):
        raise InputError(
            f"Expected pictures of {side} x {side} pixels or more, got {height} x {width} (height x width): lower the "
            "crop (--data.crop), or leave it out."
        )
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def _convert(image: Picture, channels: int) -> Picture:
    if image.shape[2] in TRANSPARENT:
        image = on_white(image)
    if image.shape[2] not in PICTURE_CHANNELS:
        raise InputError(f"Expected pictures of 1 to 4 channels to convert, got {image.shape[2]}.")
    if image.shape[2] == channels:
        return image
    if channels == 3:
        return np.repeat(image, 3, axis=2)
    return np.asarray(Image.fromarray(image).convert("L"))[..., None]


def on_white(image: Picture) -> Picture:
    """A picture whose last channel is its opacity α, laid on white: α·x + (1 − α)·255, rounded to the nearest."""
    color, alpha = image[..., :-1].astype(np.uint32), image[..., -1:].astype(np.uint32)
    return ((color * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _resize(image: Picture, resolution: int) -> Picture:
    image = _center(image, min(image.shape[:2]))
    if image.shape[0] == resolution:
        return image
    if image.shape[2] == 3:  # in one go, to the same bytes
        return _resampled(image, resolution)
    # channel by channel: Pillow would weight colors by the last of four
    return np.stack([_resampled(channel, resolution) for channel in np.moveaxis(image, -1, 0)], axis=-1)


def _resampled(pixels: UInt8[np.ndarray, "..."], resolution: int) -> UInt8[np.ndarray, "..."]:
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(picture.resize((resolution, resolution), Image.Resampling.BICUBIC))
