"""Image sets prepared by tensorflow-datasets, read into memory without TensorFlow."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int, UInt8

from ganjax.checks import InputError, unknown_name
from ganjax.data._source import Source, image_source

_GIB = 2**30


class _Keys(NamedTuple):
    image: str
    label: str | None


def tfds_source(
    name: str, data_dir: str | Path | None = None, split: str = "train", *, max_bytes: int = 8 * _GIB
) -> Source:
    """Any image set that tensorflow-datasets has prepared as array_record files, read into memory.

    Looks for the prepared folder itself and never for the network: asked for a set that is not there,
    tensorflow-datasets tries the network for minutes.

    Args:
      name: the set's name, with its configuration and version where it matters: `mnist`, `cifar10/3.0.2`,
        `cmaterdb/bangla`. Without a version, the highest that is there.
      data_dir: where prepared sets lie; by default $TFDS_DATA_DIR or ~/tensorflow_datasets.
      split: one of the set's splits, or a slice of one such as `train[:80%]`.
      max_bytes: the most memory that the images may take.

    Returns:
      A source of images [N, H, W, C], with labels where the set has one class label.

    Raises:
      InputError: when the set is not prepared there, not as array_record, has no such split, no single uint8 image
        of fixed shape, takes more than max_bytes, or its files are damaged.
    """
    folder = find_prepared(name, data_dir)
    builder = _builder(folder)
    info = builder.info
    base = split.partition("[")[0]
    if base not in info.splits:
        raise InputError(unknown_name(f"split of {name}", base, list(info.splits)))
    keys = _find_keys(name, info)
    shape = _fixed_shape(name, info.features[keys.image])
    total = _num_examples(info, split) * math.prod(shape)
    if total > max_bytes:
        raise InputError(
            f"Expected at most {max_bytes / _GIB:.3g} GiB of images, got {total / _GIB:.3g} GiB in {name} {split}: "
            f"take a slice of it such as {base}[:10%], or raise max_bytes."
        )
    images, labels = _read(_records(builder, split, folder), _decoder(info.features, keys), keys, shape, folder)
    num_classes = None if keys.label is None else info.features[keys.label].num_classes
    return image_source(f"{name} ({split})", images, labels, num_classes)


def find_prepared(name: str, data_dir: str | Path | None = None) -> Path:
    """The folder that describes the prepared set `name`: <data_dir>/<name>[/<config>]/<version>. Touches no network.

    Args:
      name: the set's name, or name/config, name/version, name/config/version.
      data_dir: where prepared sets lie; by default $TFDS_DATA_DIR or ~/tensorflow_datasets.

    Returns:
      The folder that holds dataset_info.json; of several versions the highest.

    Raises:
      InputError: when there is none, or several configurations and `name` doesn't choose one.
    """
    root = Path(data_dir or os.environ.get("TFDS_DATA_DIR") or Path.home() / "tensorflow_datasets").expanduser()
    place = root / name
    if (place / "dataset_info.json").is_file():
        return place
    found = {path.parent for pattern in ("*/", "*/*/") for path in place.glob(pattern + "dataset_info.json")}
    versions = {folder: version for folder in found if (version := _version(folder.name)) is not None}
    configs = sorted({folder.parent.relative_to(root).as_posix() for folder in versions})
    if not versions:
        raise InputError(_not_prepared(name, root))
    if len(configs) > 1:
        raise InputError(
            f"Expected one configuration of {name}, got {len(configs)}: choose one of {', '.join(configs)}."
        )
    return max(versions, key=lambda folder: versions[folder])


def _not_prepared(name: str, root: Path) -> str:
    there = sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    holds = ", ".join(there) or ("no folder" if root.is_dir() else "nothing, for it does not exist")
    return (
        f"Expected a prepared data set at {root / name}, got no dataset_info.json there ({root} holds {holds}): "
        f"where there is a network, run `tfds build {name} --file_format=array_record --data_dir={root}`, "
        "or name the right folder."
    )


def _builder(folder: Path) -> Any:
    import tensorflow_datasets as tfds  # half a second, and only this source needs it

    try:
        return tfds.builder_from_directory(folder)
    except Exception as error:  # a broken description fails in whichever parser meets it
        raise InputError(f"Expected a prepared data set at {folder}, got: {error}: prepare it again.") from error


def _num_examples(info: Any, split: str) -> int:
    try:
        num_examples = info.splits[split].num_examples
    except (ValueError, KeyError, AssertionError) as error:
        raise InputError(f"Expected a split such as train or train[:80%], got {split!r}: {error}.") from error
    if not num_examples:
        raise InputError(f"Expected one or more samples, got none in {split!r}: take a larger slice.")
    return num_examples


def _records(builder: Any, split: str, folder: Path) -> Any:
    """The split's undecoded records, read when they are indexed."""
    import tensorflow_datasets as tfds

    try:
        return builder.as_data_source(split=split, deserialize_method=tfds.decode.DeserializeMethod.RAW_BYTES)
    except NotImplementedError as error:
        raise InputError(
            f"Expected array_record files at {folder}, got {builder.info.file_format.value}, which only TensorFlow "
            "reads: prepare the set with --file_format=array_record."
        ) from error


def _version(text: str) -> tuple[int, ...] | None:
    parts = text.split(".")
    return tuple(int(part) for part in parts) if len(parts) == 3 and all(part.isdecimal() for part in parts) else None


def _find_keys(name: str, info: Any) -> _Keys:
    """Which feature is the image and which the label: what the set declares as supervised, else the only one."""
    import tensorflow_datasets as tfds

    images = [key for key, feature in info.features.items() if type(feature) is tfds.features.Image]
    labels = [key for key, feature in info.features.items() if isinstance(feature, tfds.features.ClassLabel)]
    declared = [key for key in info.supervised_keys or () if isinstance(key, str)]
    image = _only(images, declared)
    if image is None:
        raise InputError(
            f"Expected {name} with one image feature, got {', '.join(sorted(images)) or 'none'} among "
            f"{', '.join(sorted(info.features))}: choose a set of single images."
        )
    return _Keys(image, _only(labels, declared))


def _only(candidates: Sequence[str], declared: Sequence[str]) -> str | None:
    chosen = [key for key in candidates if key in declared] or candidates
    return chosen[0] if len(chosen) == 1 else None


def _fixed_shape(name: str, feature: Any) -> tuple[int, ...]:
    shape = tuple(feature.shape)
    if None in shape or np.dtype(feature.np_dtype) != np.uint8:
        raise InputError(
            f"Expected {name} with uint8 images of one shape, got {np.dtype(feature.np_dtype)} {list(shape)}: "
            "resize the images when you prepare the set."
        )
    return shape


def _decoder(features: Any, keys: _Keys) -> Callable[[bytes], Any]:
    """One record's bytes to its image and label alone: another feature may be large, or need TensorFlow."""
    import tensorflow_datasets as tfds

    return tfds.features.FeaturesDict({key: features[key] for key in keys if key is not None}).deserialize_example_np


def _read(
    records: Any, decode: Callable[[bytes], Any], keys: _Keys, shape: tuple[int, ...], folder: Path
) -> tuple[UInt8[np.ndarray, "N H W C"], Int[np.ndarray, "N"] | None]:
    images = np.empty((len(records), *shape), np.uint8)
    labels = np.zeros(len(records), np.int64)
    for i in range(len(records)):
        try:
            sample = decode(records[i])
        except (RuntimeError, OSError, ValueError, SyntaxError, AttributeError) as error:
            # array_record's own; Pillow's; OpenCV, where it is installed, gives None for what it can't read
            raise InputError(
                f"Expected {len(records)} whole records in {folder}, got at record {i}: {error}: prepare the set again."
            ) from error
        if sample[keys.image].shape != shape:
            raise InputError(
                f"Expected images of shape {list(shape)} in {folder}, got {list(sample[keys.image].shape)} at record "
                f"{i}: prepare the set again."
            )
        images[i] = sample[keys.image]
        if keys.label is not None:
            labels[i] = sample[keys.label]
    return images, None if keys.label is None else labels
