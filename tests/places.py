"""A folder with everything that the READMEs' commands speak of, made small: data, pictures, runs."""

import gzip
import io
import shutil
import struct
import tarfile
import zipfile

import assembly
import games
import jax.numpy as jnp
import numpy as np
import prepare_data
import pyarrow
import train
from configs import PRESETS
from PIL import Image
from pyarrow import parquet
from recorded import to_dict

from ganjax.io import Checkpoints, write_json

RNG = np.random.default_rng(11)
NUM = 100  # images in a set; a classifier wants batches of 64
LABELS = np.arange(NUM, dtype=np.uint8) % 10


def preset_of(run):
    """The arguments of the run that a folder's name is about: the preset that the name begins with, or the digits."""
    name = run.removeprefix("runs/")
    known = [preset for preset in PRESETS if name == preset or name.startswith(f"{preset}-")]
    preset = max(known, key=len, default="ring" if run == "WORKDIR" else "digits")
    return [preset, "--data.dir", "DIR"] if PRESETS[preset].data.name == "mnist" else [preset]


def make(folder):
    """Everything, in an empty folder."""
    write_mnist(folder / "DIR")
    prepare_data.entry(["mnist", "--from", str(folder / "DIR"), "--data-dir", str(folder / "DATA_DIR")])
    write_cifar(folder / "cifar")
    prepare_data.entry(["cifar10", "--from", str(folder / "cifar"), "--data-dir", str(folder / "DATA_DIR")])
    write_pictures(folder / "my_pictures", 40)
    for name, side in (("img_align_celeba.zip", 64), ("cifar10.zip", 32)):
        write_pictures(folder / "pictures", side)
        with zipfile.ZipFile(folder / name, "w") as archive:
            for path in sorted((folder / "pictures").rglob("*.png")):
                archive.write(path, path.relative_to(folder / "pictures"))
        shutil.rmtree(folder / "pictures")
    np.savez(folder / "mine.npz", images=images(NUM, 28), labels=LABELS)


def images(num, side, channels=1):
    return RNG.integers(0, 256, (num, side, side, channels), np.uint8)


def write_mnist(folder):
    """IDX files, and beside them the same kind of images as parquet."""
    folder.mkdir()
    for part in ("train", "t10k"):
        for stem, array in ((f"{part}-images-idx3", images(NUM, 28)[..., 0]), (f"{part}-labels-idx1", LABELS)):
            header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
            (folder / f"{stem}-ubyte.gz").write_bytes(gzip.compress(header + array.tobytes()))
    pictures = [{"bytes": png(image), "path": f"{i}.png"} for i, image in enumerate(images(NUM, 28))]
    parquet.write_table(pyarrow.table({"image": pictures, "label": LABELS}), folder / "train-00000-of-00001.parquet")


def png(image):
    file = io.BytesIO()
    Image.fromarray(image.squeeze()).save(file, "png")
    return file.getvalue()


def write_pictures(folder, side):
    """Two classes of sixteen color pictures."""
    for name in ("cats", "dogs"):
        (folder / name).mkdir(parents=True)
        for i, image in enumerate(images(16, side, 3)):
            (folder / name / f"{i}.png").write_bytes(png(image))


def write_cifar(folder):
    """CIFAR-10's binary archive, a fifth of them in each of its files."""
    folder.mkdir()
    members = {f"data_batch_{i}.bin": rows() for i in range(1, 6)} | {"test_batch.bin": rows()}
    members["batches.meta.txt"] = "\n".join(f"class{i}" for i in range(10)).encode() + b"\n\n"
    with tarfile.open(folder / "cifar-10-binary.tar.gz", "w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def rows():
    content = RNG.integers(0, 256, (NUM // 5, 3073), np.uint8)
    content[:, 0] %= 10
    return content.tobytes()


def write_run(folder, arguments, steps):
    """A run's folder with untrained checkpoints at these steps, the first of them the best."""
    config = train.parse(arguments)
    run = assembly.assemble(config)
    state = games.first_state(run.algorithm, assembly.example_batch(run, config))
    write_json(folder / "config.json", to_dict(config))
    with Checkpoints(folder / "checkpoints", keep_last=len(steps)) as checkpoints:
        for step in steps:
            score = 1.0 if step == steps[0] else None
            checkpoints.save(step, state._replace(step=jnp.int32(step)), extra={}, score=score)
