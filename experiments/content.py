"""What a set holds, on its way into a prepared one."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from PIL import Image


class Split(NamedTuple):
    """One part of a set.

    Attributes:
      num: how many examples.
      examples: makes them one after the other, in their original order; pictures as the bytes of a file.
    """

    num: int
    examples: Callable[[], Iterator[dict[str, Any]]]


class Content(NamedTuple):
    """A set that was found and looked at, and whose pictures are read as they are asked for.

    Attributes:
      features: tensorflow-datasets' description of one example.
      supervised: which features are the picture and its label, or None.
      splits: the parts by name.
      notes: what was left out, a sentence each.
    """

    features: Any
    supervised: tuple[str, str] | None
    splits: Mapping[str, Split]
    notes: tuple[str, ...] = ()


def image_features(
    shape: tuple[int, ...], encoding: str | None, classes: int | tuple[str, ...] | None, **more: Any
) -> Any:
    """Features of an image, its label where there are classes (how many, or their names), and others.

    `id=True` adds a text called id; `attributes=NAMES` adds truth values.
    """
    import tensorflow_datasets as tfds  # half a second, and --help doesn't need it

    features: dict[str, Any] = {"image": tfds.features.Image(shape=shape, encoding_format=encoding)}
    if classes is not None:
        known: dict[str, Any] = {"num_classes": classes} if isinstance(classes, int) else {"names": list(classes)}
        features["label"] = tfds.features.ClassLabel(**known)
    if more.get("id"):
        features["id"] = tfds.features.Text()
    if more.get("attributes"):
        features["attributes"] = dict.fromkeys(more["attributes"], np.bool_)
    return tfds.features.FeaturesDict(features)


def png(image: np.ndarray) -> bytes:
    """An image [H, W, 1 or 3] as a PNG file, which loses nothing."""
    file = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, "png")
    return file.getvalue()
