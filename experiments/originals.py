"""Image sets as they were published: where their files are, and how to read them, without unpacking anything to disk.

What a file says of itself is not believed: members of archives are read by the last part of their names and never
written, sizes are bounded, and nothing is unpickled.
"""

from __future__ import annotations

import functools
import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import faces
import numpy as np
from content import Content, Split, image_features, png
from downloads import Remote

from ganjax import data
from ganjax.checks import InputError, Table

# where these files are, their sizes and SHA-256: tensorflow-datasets' own records, its folder url_checksums
_MNIST = "https://storage.googleapis.com/cvdf-datasets/mnist/"
_FASHION = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
_CIFAR = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
MNIST_FILES = tuple(
    Remote(_MNIST + name, size, sha256)
    for name, size, sha256 in (
        ("train-images-idx3-ubyte.gz", 9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        ("train-labels-idx1-ubyte.gz", 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        ("t10k-images-idx3-ubyte.gz", 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        ("t10k-labels-idx1-ubyte.gz", 4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    )
)
FASHION_FILES = tuple(
    Remote(_FASHION + name, size, sha256)
    for name, size, sha256 in (
        ("train-images-idx3-ubyte.gz", 26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        ("train-labels-idx1-ubyte.gz", 29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        ("t10k-images-idx3-ubyte.gz", 4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        ("t10k-labels-idx1-ubyte.gz", 5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    )
)
CIFAR_FILES = (Remote(_CIFAR, 170_052_171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),)

FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

# one label, then 1024 bytes of red, of green and of blue, row by row: the page https://www.cs.toronto.edu/~kriz/cifar.html
CIFAR_SIDE = 32
CIFAR_ROW = 1 + 3 * CIFAR_SIDE**2
CIFAR_SPLITS = {"train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)), "test": ("test_batch.bin",)}
CIFAR_NAMES = "batches.meta.txt"
CIFAR_LARGEST = 2**28  # bytes of the archive, unpacked; it has 184 million


class Original(NamedTuple):
    """A published set.

    Attributes:
      name: what tensorflow-datasets calls it.
      version: of what is written from it. tensorflow-datasets' own where the features are the same.
      homepage: where it is described.
      files: what to download; () where only a browser can.
      wanted: the files that --from looks for, in words.
      read: a folder with those files, or the one file -> what it holds.
    """

    name: str
    version: str
    homepage: str
    files: tuple[Remote, ...]
    wanted: str
    read: Callable[[Path], Content]


def read_idx(classes: tuple[str, ...] | None, folder: Path) -> Content:
    """The four IDX files of MNIST or a relative; labels are named where `classes` has names.

    Raises:
      InputError: as `ganjax.data.idx_source`.
    """
    splits = {split: data.idx_source(folder, split).arrays for split in ("train", "test")}
    shape = splits["train"].samples.shape[1:]
    features = image_features(shape, "png", classes or 10)
    return Content(features, ("image", "label"), {split: _arrays_split(*each) for split, each in splits.items()})


def read_cifar(place: Path) -> Content:
    """CIFAR-10's binary version: its archive, a folder with the archive, or the folder that was in it.

    Raises:
      InputError: when a batch is missing, cut short or has a label above 9, or there are only the Python pickles.
    """
    members = _cifar_members(place)
    wanted = [name for names in CIFAR_SPLITS.values() for name in names]
    missing = [name for name in wanted if name not in members]
    if missing:
        raise InputError(f"Expected {', '.join(wanted)} in {place}, got none called {missing[0]}: {_fetch_cifar()}")
    names = members.get(CIFAR_NAMES, b"").decode(errors="replace").split()
    features = image_features((CIFAR_SIDE, CIFAR_SIDE, 3), "png", tuple(names) if len(names) == 10 else 10, id=True)
    splits = {}
    for split, batches in CIFAR_SPLITS.items():
        rows = np.concatenate([_cifar_rows(place, name, members[name]) for name in batches])
        images = rows[:, 1:].reshape(-1, 3, CIFAR_SIDE, CIFAR_SIDE).transpose(0, 2, 3, 1)
        splits[split] = _arrays_split(images, rows[:, 0], f"{split}_")
    return Content(features, ("image", "label"), splits)


def _arrays_split(images: np.ndarray, labels: np.ndarray, prefix: str | None = None) -> Split:
    """Images and labels in their order; `prefix` makes each an id, such as train_00007."""
    images, labels = np.asarray(images), np.asarray(labels)

    def examples() -> Iterator[dict[str, Any]]:
        for i in range(len(images)):
            more = {} if prefix is None else {"id": f"{prefix}{i:05d}"}
            yield {"image": png(images[i]), "label": int(labels[i]), **more}

    return Split(len(images), examples)


def _cifar_members(place: Path) -> Mapping[str, bytes]:
    """The files of the binary version by name."""
    wanted = {CIFAR_NAMES, *(name for names in CIFAR_SPLITS.values() for name in names)}
    archive = place / "cifar-10-binary.tar.gz" if place.is_dir() else place
    folder = place / "cifar-10-batches-bin" if (place / "cifar-10-batches-bin").is_dir() else place
    if archive.is_file() and "-python" not in archive.name:
        return _tar_members(archive, wanted)
    found = {name: folder / name for name in wanted if (folder / name).is_file()} if folder.is_dir() else {}
    if found:
        return {name: _read_bounded(path) for name, path in found.items()}
    raise InputError(_no_binary(place))


def _no_binary(place: Path) -> str:
    if not place.exists():
        return f"Expected CIFAR-10 at {place}, got nothing there: {_fetch_cifar()}"
    pickles = (place / "cifar-10-python.tar.gz", place / "cifar-10-batches-py")
    if place.is_file() or any(each.exists() for each in pickles):
        return (
            f"Expected CIFAR-10's binary version, got the Python version at {place}, which is made of pickles: "
            f"opening one may run anything. {_fetch_cifar().capitalize()}"
        )
    return f"Expected cifar-10-binary.tar.gz in {place}, got none: {_fetch_cifar()}"


def _tar_members(archive: Path, wanted: set[str]) -> Mapping[str, bytes]:
    """Files of a .tar.gz by the last part of their names, in memory: a name with .. in it leads nowhere."""
    members: dict[str, bytes] = {}
    try:
        with gzip.open(archive) as file:
            content = file.read(CIFAR_LARGEST + 1)
        if len(content) > CIFAR_LARGEST:
            raise InputError(f"Expected at most {CIFAR_LARGEST} bytes in {archive}, got more: {_fetch_cifar()}")
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            for member in tar:
                name = PurePosixPath(member.name).name
                # a sparse file's holes are read as zeros, as many as it claims
                plain = member.isreg() and not member.issparse()
                stream = tar.extractfile(member) if plain and name in wanted else None
                if stream is not None:
                    members[name] = stream.read()
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise InputError(f"Expected a whole .tar.gz at {archive}, got: {error}: {_fetch_cifar()}") from error
    return members


def _read_bounded(path: Path) -> bytes:
    if path.stat().st_size > CIFAR_LARGEST:
        raise InputError(f"Expected at most {CIFAR_LARGEST} bytes in {path}, got more: {_fetch_cifar()}")
    return path.read_bytes()


def _cifar_rows(place: Path, name: str, content: bytes) -> np.ndarray:
    if not content or len(content) % CIFAR_ROW:
        raise InputError(
            f"Expected images of {CIFAR_ROW} bytes in {name} of {place}, got {len(content)} bytes, which is no whole "
            f"number of them: {_fetch_cifar()}"
        )
    rows = np.frombuffer(content, np.uint8).reshape(-1, CIFAR_ROW)
    data.check_labels(f"{name} of {place}", rows[:, 0].astype(np.int64), len(rows), 10)
    return rows


def _fetch_cifar() -> str:
    return f"fetch {_CIFAR} and name its folder with --from."


_IDX = "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz"
ORIGINALS: Table[Original] = Table(
    "published image set",
    {
        "mnist": Original(
            "mnist",
            "3.0.1",
            "http://yann.lecun.com/exdb/mnist/",
            MNIST_FILES,
            _IDX,
            functools.partial(read_idx, None),
        ),
        "fashion-mnist": Original(
            "fashion_mnist",
            "3.0.1",
            "https://github.com/zalandoresearch/fashion-mnist",
            FASHION_FILES,
            _IDX,
            functools.partial(read_idx, FASHION_CLASSES),
        ),
        "cifar10": Original(
            "cifar10",
            "3.0.2",
            "https://www.cs.toronto.edu/~kriz/cifar.html",
            CIFAR_FILES,
            "cifar-10-binary.tar.gz",
            read_cifar,
        ),
        # tensorflow-datasets' own has landmarks and identities too, and the version 2.1.0
        "celeba": Original(
            "celeb_a",
            "1.0.0",
            "http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
            (),
            "img_align_celeba.zip, list_eval_partition.txt and, where they are wanted, list_attr_celeba.txt",
            faces.read_celeba,
        ),
    },
)
