"""Image sets prepared by tensorflow-datasets, read into memory without TensorFlow."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int, UInt8

from ganjax.checks import InputError, UnknownNameError, unknown_name
from ganjax.data._features import check_features
from ganjax.data._notes import listed
from ganjax.data._source import Source, image_source
from ganjax.data._tfrecord import Shard, TFRecords

_GIB = 2**30
# names of sets that need no TensorFlow to be prepared, and what experiments/prepare_data.py calls them
PREPARED_HERE = {"mnist": "mnist", "fashion_mnist": "fashion-mnist", "cifar10": "cifar10", "celeb_a": "celeba"}


class _Keys(NamedTuple):
    image: str
    label: str | None


class Prepared(NamedTuple):
    """One split of a prepared set.

    Attributes:
      folder: where it lies.
      shape: of its images, as declared: None for a side that isn't fixed.
      num_classes: K, or None without labels.
      num_samples: how many records there are.
      read: i -> the image and, with classes, the label of record i; any number of threads may do so at once.
    """

    folder: Path
    shape: tuple[int | None, ...]
    num_classes: int | None
    num_samples: int
    read: Callable[[int], tuple[UInt8[np.ndarray, "H W C"], int | None]]


def tfds_source(
    name: str, data_dir: str | Path | None = None, split: str = "train", *, max_bytes: int = 8 * _GIB
) -> Source:
    """Any image set that tensorflow-datasets has prepared as array_record or tfrecord files, read into memory.

    Looks for the prepared folder itself and never for the network: asked for a set that is not there,
    tensorflow-datasets tries the network for minutes.

    Args:
      name: the set's name, with its configuration and version where it matters: `mnist`, `cifar10/3.0.2`,
        `cmaterdb/bangla`. Without a version, the highest that is there.
      data_dir: where prepared sets lie; by default `$TFDS_DATA_DIR` or ~/tensorflow_datasets.
      split: one of the set's splits, or a slice of one such as `train[:80%]`.
      max_bytes: the most memory that the images may take.

    Returns:
      A source of images [N, H, W, C], with labels where the set has one class label.

    Raises:
      InputError: when the set is not prepared there, not as array_record or tfrecord, has no such split, no single
        uint8 image of fixed shape, takes more than max_bytes, or its files are damaged.
    """
    prepared = open_prepared(name, data_dir, split)
    shape = check_fixed(name, prepared)
    total = prepared.num_samples * math.prod(shape)
    if total > max_bytes:
        raise InputError(
            f"Expected at most {max_bytes / _GIB:.3g} GiB of images, got {total / _GIB:.3g} GiB in {name} {split}: "
            f"take a slice of it such as {split.partition('[')[0]}[:10%], or raise max_bytes."
        )
    return image_source(f"{name} ({split})", *_read(prepared, shape), prepared.num_classes)


def open_prepared(name: str, data_dir: str | Path | None = None, split: str = "train") -> Prepared:
    """What `tfds_source` reads, not read yet. Arguments and errors: its own, where they don't take reading."""
    folder = find_prepared(name, data_dir)
    _check_files(folder)
    check_features(folder)
    try:
        return _described(name, folder, split)
    except InputError:
        raise
    except Exception as error:  # a broken description fails in whichever parser meets it
        raise InputError(f"Expected a prepared data set at {folder}, got: {error}: prepare it again.") from error


def _described(name: str, folder: Path, split: str) -> Prepared:
    """A split as the files of its folder describe it; what is wrong with them raises anything."""
    import tensorflow_datasets as tfds  # half a second, and only this source needs it

    builder: Any = tfds.builder_from_directory(folder)
    info = builder.info
    base = split.partition("[")[0]
    if base not in info.splits:
        raise UnknownNameError(unknown_name(f"split of {name}", base, list(info.splits)))
    keys = _find_keys(name, info)
    num_samples = _num_examples(info, split)
    return Prepared(
        folder,
        tuple(_bytes_feature(name, info.features[keys.image]).shape),
        None if keys.label is None else info.features[keys.label].num_classes,
        num_samples,
        _reader(_records(builder, split, folder), _decoder(info.features, keys), keys, num_samples, folder),
    )


def find_prepared(name: str, data_dir: str | Path | None = None) -> Path:
    """The folder that describes the prepared set `name`: <data_dir>/<name>[/<config>]/<version>. Touches no network.

    Args:
      name: the set's name, or name/config, name/version, name/config/version.
      data_dir: where prepared sets lie; by default `$TFDS_DATA_DIR` or ~/tensorflow_datasets.

    Returns:
      The folder that holds dataset_info.json; of several versions the highest.

    Raises:
      InputError: when there is none, or several configurations and `name` doesn't choose one.
    """
    root = prepared_root(data_dir)
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


def prepared_root(data_dir: str | Path | None = None) -> Path:
    """Where prepared sets lie: `data_dir`, by default `$TFDS_DATA_DIR` or ~/tensorflow_datasets."""
    return Path(data_dir or os.environ.get("TFDS_DATA_DIR") or Path.home() / "tensorflow_datasets").expanduser()


def _not_prepared(name: str, root: Path) -> str:
    there = sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    holds = listed(there) or ("no folder" if root.is_dir() else "nothing, for it does not exist")
    script = PREPARED_HERE.get(name.partition("/")[0])
    mend = (
        f"where there is a network, run `tfds build {name} --file_format=array_record --data_dir={root}`, which needs "
        "TensorFlow"
        if script is None
        else f"prepare it with `python experiments/prepare_data.py {script} --from DIR --data-dir {root}`, DIR holding "
        "its original files, or with --download instead of --from where there is a network"
    )
    return (
        f"Expected a prepared data set at {root / name}, got no dataset_info.json there ({root} holds {holds}): "
        f"{mend}, or name the right folder (--data.dir)."
    )


def _check_files(folder: Path) -> None:
    """Raises `InputError` for a pipe or a device among the set's files: whoever opened it might wait for ever."""
    strange = [
        path.name for path in sorted(folder.iterdir()) if path.exists() and not (path.is_file() or path.is_dir())
    ]
    if strange:
        raise InputError(f"Expected files in {folder}, got {strange[0]}, which is none: prepare the set again.")


def _num_examples(info: Any, split: str) -> int:
    try:
        num_examples = info.splits[split].num_examples
    except (ValueError, KeyError, AssertionError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise InputError(f"Expected a split such as train or train[:80%], got {split!r}: {reason}.") from error
    if not num_examples:
        raise InputError(f"Expected one or more samples, got none in {split!r}: take a larger slice.")
    return num_examples


def _records(builder: Any, split: str, folder: Path) -> Any:
    """The split's undecoded records, read when they are indexed."""
    import tensorflow_datasets as tfds

    if builder.info.file_format.value == "tfrecord":
        stretches = builder.info.splits[split].file_instructions
        return TFRecords([Shard(Path(s.filename), s.examples_in_shard, s.skip, s.take) for s in stretches])
    try:
        return builder.as_data_source(split=split, deserialize_method=tfds.decode.DeserializeMethod.RAW_BYTES)
    except NotImplementedError as error:
        raise InputError(
            f"Expected array_record or tfrecord files at {folder}, got {builder.info.file_format.value}, which is not "
            "read here: prepare the set with --file_format=array_record."
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


def _bytes_feature(name: str, feature: Any) -> Any:
    if np.dtype(feature.np_dtype) != np.uint8:
        raise InputError(
            f"Expected {name} with uint8 images of one shape, got {np.dtype(feature.np_dtype)} "
            f"{list(feature.shape)}: prepare another set."
        )
    return feature


def check_fixed(name: str, prepared: Prepared) -> tuple[int, ...]:
    """The shape of all images.

    Raises:
      InputError: when the set declares none.
    """
    shape = tuple(side for side in prepared.shape if side is not None)
    if len(shape) < len(prepared.shape):
        raise InputError(
            f"Expected {name} with uint8 images of one shape, got uint8 {list(prepared.shape)}: "
            "resize the images when you prepare the set."
        )
    return shape


def _decoder(features: Any, keys: _Keys) -> Callable[[bytes], Any]:
    """One record's bytes to its image and label alone: another feature may be large, or need TensorFlow."""
    import tensorflow_datasets as tfds

    return tfds.features.FeaturesDict({key: features[key] for key in keys if key is not None}).deserialize_example_np


def _reader(
    records: Any, decode: Callable[[bytes], Any], keys: _Keys, num_samples: int, folder: Path
) -> Callable[[int], tuple[UInt8[np.ndarray, "H W C"], int | None]]:
    def read(i: int) -> tuple[UInt8[np.ndarray, "H W C"], int | None]:
        try:
            sample = decode(records[i])
            # OpenCV, where it is installed, gives None for what it can't read: it has no shape
            return sample[keys.image][..., :], None if keys.label is None else int(sample[keys.label])
        except InputError:
            raise  # of a tfrecord file, which it names
        except Exception as error:  # array_record's own, the parser's of records, Pillow's
            raise InputError(
                f"Expected {num_samples} whole records in {folder}, got at record {i}: {error}: prepare the set again."
            ) from error

    return read


def _read(
    prepared: Prepared, shape: tuple[int, ...]
) -> tuple[UInt8[np.ndarray, "N H W C"], Int[np.ndarray, "N"] | None]:
    images = np.empty((prepared.num_samples, *shape), np.uint8)
    labels = np.zeros(prepared.num_samples, np.int64)
    for i in range(prepared.num_samples):
        image, label = prepared.read(i)
        if image.shape != shape:
            raise InputError(
                f"Expected images of shape {list(shape)} in {prepared.folder}, got {list(image.shape)} at record "
                f"{i}: prepare the set again."
            )
        images[i], labels[i] = image, label or 0
    return images, None if prepared.num_classes is None else labels
