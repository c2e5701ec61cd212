"""Sets prepared without TensorFlow from their original files: read back exactly, whole or not at all, no surprises."""

import gzip
import io
import json
import os
import pickle
import re
import shutil
import socket
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import downloads
import numpy as np
import originals
import prepare_data
import prepared
import pytest
import servers
from PIL import Image

from ganjax import data
from ganjax.checks import InputError

ROOT = Path(__file__).resolve().parents[2]
RNG = np.random.default_rng(8)
DIGITS = {"train": RNG.integers(0, 256, (12, 8, 8), np.uint8), "t10k": RNG.integers(0, 256, (5, 8, 8), np.uint8)}
DIGIT_LABELS = {"train": np.arange(12) * 7 % 10, "t10k": np.arange(5)}
FACES = RNG.integers(0, 256, (6, 10, 8, 3), np.uint8)


def prepare(*arguments):
    return prepare_data.entry([str(argument) for argument in arguments])


def refused(capsys, message, *arguments):
    """The one line on stderr of a preparation that ends with code 2."""
    assert prepare(*arguments) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert re.search(message, error), error
    assert error.count("Traceback") == 0


def write_idx(folder):
    folder.mkdir(exist_ok=True)
    for part, images in DIGITS.items():
        labels = DIGIT_LABELS[part].astype(np.uint8)
        for stem, array in ((f"{part}-images-idx3", images), (f"{part}-labels-idx1", labels)):
            header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
            (folder / f"{stem}-ubyte.gz").write_bytes(gzip.compress(header + array.tobytes(), mtime=0))
    return folder


CIFAR_BATCHES = {
    name: RNG.integers(0, 256, (3, 3073), np.uint8) for names in originals.CIFAR_SPLITS.values() for name in names
}
for _rows in CIFAR_BATCHES.values():
    _rows[:, 0] %= 10


def tar_of(members):
    """A .tar.gz of names and contents, as they are given."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def cifar_members(**changes):
    names = "\n".join(f"class{i}" for i in range(10)).encode() + b"\n\n"
    contents = {name: rows.tobytes() for name, rows in CIFAR_BATCHES.items()} | {"batches.meta.txt": names} | changes
    # test_batch first: the archive's own order isn't the batches'
    order = sorted(contents, reverse=True)
    return [(f"cifar-10-batches-bin/{name}", contents[name]) for name in order if contents[name] is not None]


def write_cifar(folder, members=None):
    folder.mkdir(exist_ok=True)
    (folder / "cifar-10-binary.tar.gz").write_bytes(tar_of(cifar_members() if members is None else members))
    return folder


def jpeg(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "jpeg", quality=90)
    return file.getvalue()


def write_celeba(folder, parts="001021", attributes=True, names=None, faces=FACES):
    folder.mkdir(exist_ok=True)
    names = names or [f"img_align_celeba/{i + 1:06d}.jpg" for i in range(len(faces))]
    with zipfile.ZipFile(folder / "img_align_celeba.zip", "w") as archive:
        for name, face in zip(names, faces, strict=True):
            archive.writestr(name, face if isinstance(face, bytes) else jpeg(face))
    lines = [f"{i + 1:06d}.jpg {part}" for i, part in enumerate(parts)]
    (folder / "list_eval_partition.txt").write_text("\n".join(lines) + "\n")
    if attributes:
        rows = [f"{i + 1:06d}.jpg {' 1' if i % 2 else '-1'}  1" for i in range(6)]
        (folder / "list_attr_celeba.txt").write_text("\n".join(["6", "Bald Young", *rows]) + "\n")
    return folder


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    servers.refuse_network(monkeypatch)


@pytest.fixture
def server():
    with servers.running() as handler:
        yield handler


# ---------------------------------------------------------------- what is read back


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_idx_files_give_what_the_idx_source_gives(tmp_path, capsys, name):
    folder = write_idx(tmp_path / "originals")
    assert prepare(name, "--from", folder, "--data-dir", tmp_path / "sets") == 0
    output = " ".join(capsys.readouterr().out.split())
    set_name = name.replace("-", "_")
    assert f"{set_name}: 12 train, 5 test, in {tmp_path}/sets/{set_name}/3.0.1" in output
    assert f"--data.name tfds:{set_name} --data.dir {tmp_path}/sets" in output
    assert output.count("Not the published file") == 4
    for split in ("train", "test"):
        found = data.load(f"tfds:{set_name}", str(tmp_path / "sets"), split)
        expected = data.load("mnist", str(folder), split)
        np.testing.assert_array_equal(found.arrays.samples, expected.arrays.samples)
        np.testing.assert_array_equal(found.arrays.labels, expected.arrays.labels)
        assert found.spec[1:] == expected.spec[1:]
    assert "tensorflow" not in sys.modules


def test_tensorflow_datasets_reads_it_too(tmp_path):
    import tensorflow_datasets as tfds

    prepare("fashion-mnist", "--from", write_idx(tmp_path / "originals"), "--data-dir", tmp_path)
    builder = tfds.builder_from_directory(tmp_path / "fashion_mnist/3.0.1")
    assert builder.info.features["label"].names[9] == "Ankle boot"
    assert builder.info.supervised_keys == ("image", "label")
    examples = list(builder.as_data_source("test[1:3]"))
    np.testing.assert_array_equal([example["image"][..., 0] for example in examples], DIGITS["t10k"][1:3])
    assert [example["label"] for example in examples] == [1, 2]


def test_cifar10_in_its_own_order(tmp_path):
    import tensorflow_datasets as tfds

    assert prepare("cifar10", "--from", write_cifar(tmp_path / "originals"), "--data-dir", tmp_path) == 0
    found = data.load("tfds:cifar10", str(tmp_path))
    rows = np.concatenate([CIFAR_BATCHES[f"data_batch_{i}.bin"] for i in range(1, 6)])
    # one label, then all red, all green, all blue bytes, row by row
    np.testing.assert_array_equal(found.arrays.labels, rows[:, 0])
    for channel in range(3):
        plane = rows[:, 1 + 1024 * channel : 1 + 1024 * (channel + 1)].reshape(-1, 32, 32)
        np.testing.assert_array_equal(found.arrays.samples[..., channel], plane)
    builder = tfds.builder_from_directory(tmp_path / "cifar10/3.0.2")
    assert builder.info.features["label"].names == [f"class{i}" for i in range(10)]
    assert builder.as_data_source("test")[2]["id"] == b"test_00002"


def test_cifar10_unpacked_and_as_one_file(tmp_path):
    archive = write_cifar(tmp_path / "originals") / "cifar-10-binary.tar.gz"
    unpacked = tmp_path / "unpacked/cifar-10-batches-bin"
    unpacked.mkdir(parents=True)
    for name, content in cifar_members():
        (unpacked / Path(name).name).write_bytes(content)
    contents = [originals.read_cifar(place) for place in (archive, unpacked, unpacked.parent)]
    first, *others = [list(content.splits["train"].examples()) for content in contents]
    assert first == others[0] == others[1]


@pytest.mark.parametrize("attributes", [True, False])
def test_celeba_keeps_the_files_bytes(tmp_path, attributes):
    import tensorflow_datasets as tfds

    folder = write_celeba(tmp_path / "originals", attributes=attributes)
    assert prepare("celeba", "--from", folder, "--data-dir", tmp_path) == 0
    builder = tfds.builder_from_directory(tmp_path / "celeb_a/1.0.0")
    members = {"train": [0, 1, 3], "validation": [2, 5], "test": [4]}
    assert {name: split.num_examples for name, split in builder.info.splits.items()} == {
        name: len(numbers) for name, numbers in members.items()
    }
    for split, numbers in members.items():
        source = data.load("tfds:celeb_a", str(tmp_path), split)
        expected = [np.asarray(Image.open(io.BytesIO(jpeg(FACES[i])))) for i in numbers]
        np.testing.assert_array_equal(source.arrays.samples, expected)
        examples = list(builder.as_data_source(split))
        if attributes:
            assert [each["attributes"] for each in examples] == [{"Bald": i % 2 == 1, "Young": True} for i in numbers]
        else:
            assert "attributes" not in examples[0]


def picture_folder(root):
    for i, part in enumerate(("train", "train", "train", "test")):
        place = root / part / ("cats" if i % 2 else "dogs")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(FACES[i]).save(place / f"{i}.png")
    (root / "test/dogs").mkdir()
    Image.fromarray(FACES[4]).save(root / "test/dogs/4.bmp")  # tensorflow-datasets would not encode it
    Image.fromarray(FACES[5]).convert("P").save(root / "train/dogs/5.png")  # a palette: its bytes are no colors
    (root / "train/readme.md").write_text("no picture")
    return root


def test_a_folder_of_pictures_gives_what_it_gives_unprepared(tmp_path, capsys):
    root = picture_folder(tmp_path / "pets")
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for file in sorted(root.rglob("*.*")):
            archive.write(file, Path("pets") / file.relative_to(root))
    for name, place in (("pets", root), ("zipped", tmp_path / "pets.zip")):
        assert prepare(f"folder:{name}", "--from", place, "--data-dir", tmp_path / "sets") == 0
        assert "1 file left out: no picture by its ending (train/readme.md)" in capsys.readouterr().out.replace(
            "pets/train", "train"
        )
        for split in ("train", "test"):
            found = data.load(f"tfds:{name}", str(tmp_path / "sets"), split)
            expected = data.load("folder", str(root), split)
            np.testing.assert_array_equal(found.arrays.samples, expected.arrays.samples)
            np.testing.assert_array_equal(found.arrays.labels, expected.arrays.labels)
            assert found.spec[1:4] == expected.spec[1:4]


def test_a_folder_without_classes_or_splits(tmp_path):
    (tmp_path / "plain").mkdir()
    for i in range(3):
        Image.fromarray(FACES[i, ..., 0]).save(tmp_path / f"plain/{i}.png")
    assert prepare("folder:plain", "--from", tmp_path / "plain", "--data-dir", tmp_path) == 0
    source = data.load("tfds:plain", str(tmp_path))
    np.testing.assert_array_equal(source.arrays.samples[..., 0], FACES[:3, ..., 0])
    assert source.labels is None


def test_splits_with_other_classes_are_numbered_alike(tmp_path, capsys):
    root = picture_folder(tmp_path / "pets")
    (root / "test/ants").mkdir()
    Image.fromarray(FACES[0]).save(root / "test/ants/0.png")
    (root / "val").mkdir()
    Image.fromarray(FACES[0]).save(root / "val/0.png")
    assert prepare("folder:pets", "--from", root, "--data-dir", tmp_path / "sets") == 0
    output = capsys.readouterr().out
    assert output.count("in neither train nor test (val/0.png)") == 1
    assert "1 class without pictures in train (ants)" in output
    for split, labels in (("train", {1, 2}), ("test", {0, 1, 2})):
        found = data.load("tfds:pets", str(tmp_path / "sets"), split)
        assert found.spec.num_classes == 3
        assert set(np.asarray(found.arrays.labels).tolist()) == labels
        np.testing.assert_array_equal(found.arrays.labels, data.load("folder", str(root), split).arrays.labels)
    for file in (root / "test").rglob("*.*"):
        file.rename(root / "test" / file.name)
    refused(capsys, "classes in every split of .*, or in none", "folder:flat", "--from", root, "--data-dir", tmp_path)


def test_a_damaged_picture_of_a_folder(tmp_path, capsys):
    root = picture_folder(tmp_path / "pets")
    (root / "train/dogs/5.png").write_text("no picture")
    arguments = "folder:pets", "--from", root, "--data-dir", tmp_path / "sets"
    refused(capsys, "dogs/5.png of .* can't be read .*: replace or delete it.$", *arguments)  # nothing else can be done


@pytest.fixture(scope="module")
def prepared_digits(tmp_path_factory):
    root = tmp_path_factory.mktemp("sets")
    folder = write_idx(root / "originals")
    assert prepare("mnist", "--from", folder, "--data-dir", root) == 0
    return root


def train_two_steps(name, folder, workdir):
    small = ["--num-steps", "2", "--batch-size", "4", "--steps-per-call", "2", "--num-samples", "4"]
    small += ["--generator.features", "8", "--discriminator.features", "8", "--workdir", str(workdir)]
    command = [sys.executable, str(ROOT / "experiments/train.py"), "ring", *small]
    named = ["--data.name", name, "--data.dir", str(folder)]
    result = subprocess.run([*command, *named], capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads((workdir / "final.json").read_text())


def test_trains_by_name(prepared_digits, tmp_path):
    assert train_two_steps("tfds:mnist", prepared_digits, tmp_path)["step"] == 2


@pytest.mark.slow
def test_trains_as_on_the_original_files_bit_for_bit(prepared_digits, tmp_path):
    one = train_two_steps("tfds:mnist", prepared_digits, tmp_path / "one")
    other = train_two_steps("mnist", prepared_digits / "originals", tmp_path / "other")
    assert one["state_sha256"] == other["state_sha256"]


# ---------------------------------------------------------------- what is refused


def test_what_is_missing_on_the_command_line(tmp_path, capsys):
    root = tmp_path / "sets"
    refused(capsys, "Unknown published image set 'mnits'.* Did you mean 'mnist'", "mnits", "--from", tmp_path)
    refused(capsys, "got neither --from nor --download: name the folder that holds train-images-idx3", "mnist")
    refused(capsys, "Expected --from or --download, got both", "mnist", "--from", tmp_path, "--download")
    refused(capsys, "small letters, digits and underscores after the colon", "folder:My", "--from", tmp_path)
    refused(capsys, "small letters", "folder", "--from", tmp_path)
    refused(capsys, "small letters", "folder:../up", "--from", tmp_path)
    refused(capsys, "--from with a folder or .zip file of pictures", "folder:mine", "--download")
    refused(capsys, "one of train-images-idx3-ubyte.* got an empty folder", "mnist", "--from", tmp_path)
    refused(capsys, "there is no .*/none", "folder:mine", "--from", tmp_path / "none", "--data-dir", root)
    assert not root.exists()
    assert sorted(tmp_path.iterdir()) == []


def test_a_set_that_is_there_is_left_alone(prepared_digits, capsys):
    before = {file: file.stat().st_mtime_ns for file in (prepared_digits / "mnist").rglob("*")}
    arguments = ("mnist", "--from", prepared_digits / "originals", "--data-dir", prepared_digits)
    refused(capsys, "Expected no set at .*mnist/3.0.1 yet, got one: use it .* or delete the folder", *arguments)
    assert {file: file.stat().st_mtime_ns for file in (prepared_digits / "mnist").rglob("*")} == before


CIFAR_DAMAGES = {
    "a batch is missing": (cifar_members(**{"data_batch_3.bin": None}), "got none called data_batch_3.bin"),
    "a batch is cut short": (cifar_members(**{"test_batch.bin": b"\1" * 3072}), "3073 bytes in test_batch.bin"),
    "a batch is empty": (cifar_members(**{"test_batch.bin": b""}), "3073 bytes in test_batch.bin of .*, got 0"),
    "a label is 10": (
        cifar_members(**{"data_batch_2.bin": b"\0" * 3073 + b"\x0a" * 3073}),
        "labels of data_batch_2.bin of .* from 0 to 9, got 10 at sample 1",
    ),
    "nothing is in it": ([], "got none called data_batch_1.bin"),
}


@pytest.mark.parametrize("damage", list(CIFAR_DAMAGES))
def test_refuses_a_damaged_cifar10(tmp_path, capsys, damage):
    members, message = CIFAR_DAMAGES[damage]
    folder = write_cifar(tmp_path / "originals", members)
    refused(capsys, message, "cifar10", "--from", folder, "--data-dir", tmp_path / "sets")
    assert not (tmp_path / "sets").exists()


def test_refuses_archives_that_are_none_or_cut_short(tmp_path, capsys):
    folder = write_cifar(tmp_path)
    archive = folder / "cifar-10-binary.tar.gz"
    content = archive.read_bytes()
    for damaged in (b"", content[: len(content) // 2], b"text", gzip.compress(b"text" * 300)):
        archive.write_bytes(damaged)
        refused(capsys, "cifar-10-binary.tar.gz|got none called", "cifar10", "--from", folder, "--data-dir", tmp_path)
    assert not (tmp_path / "cifar10").exists()


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(originals, "CIFAR_LARGEST", 100_000)
    folder = write_cifar(tmp_path, [("zeros", b"\0" * 10**6), *cifar_members()])
    refused(capsys, "at most 100000 bytes in .*, got more", "cifar10", "--from", folder, "--data-dir", tmp_path)


def test_a_sparse_member_of_an_archive_is_not_filled(tmp_path, capsys):
    """512 bytes of a tar file may claim to be a terabyte of zeros."""
    folder = write_cifar(tmp_path)
    archive = folder / "cifar-10-binary.tar.gz"
    member = tarfile.TarInfo("data_batch_1.bin")
    member.type, member.size = tarfile.GNUTYPE_SPARSE, 0
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[483:495] = tarfile.itn(2**40, 12, tarfile.GNU_FORMAT)  # the size that it has once its holes are filled
    header[148:156] = b"%06o\0 " % tarfile.calc_chksums(bytes(header))[0]
    archive.write_bytes(gzip.compress(bytes(header) + bytes(2 * tarfile.BLOCKSIZE)))
    with tarfile.open(archive) as opened:
        assert [(each.name, each.size) for each in opened] == [("data_batch_1.bin", 2**40)]
    refused(capsys, "none called data_batch_1.bin", "cifar10", "--from", folder, "--data-dir", tmp_path)


def test_members_of_archives_stay_inside(tmp_path):
    """Names that lead outside are read by their last part, in memory: nothing but the set is written."""
    inner = tmp_path / "a/b"
    inner.mkdir(parents=True)
    evil = [(f"../../{Path(name).name}", content) for name, content in cifar_members()]
    folder = write_cifar(inner / "originals", [*evil, ("/etc/evil", b"x"), ("../../../evil", b"x")])
    assert prepare("cifar10", "--from", folder, "--data-dir", inner / "sets") == 0
    names = [f"../../{i + 1:06d}.jpg" for i in range(6)]
    faces = write_celeba(inner / "faces", names=names)
    assert prepare("celeba", "--from", faces, "--data-dir", inner / "sets") == 0
    assert sorted(path.name for path in tmp_path.rglob("*") if path.parent in (tmp_path, tmp_path / "a")) == ["a", "b"]


class Exploit:
    def __reduce__(self):
        return pytest.fail, ("unpickled",)


@pytest.mark.parametrize("unpacked", [True, False])
def test_pickles_stay_closed(tmp_path, capsys, unpacked):
    pickled = pickle.dumps(Exploit())
    if unpacked:
        (tmp_path / "cifar-10-batches-py").mkdir()
        (tmp_path / "cifar-10-batches-py/data_batch_1").write_bytes(pickled)
    else:
        (tmp_path / "cifar-10-python.tar.gz").write_bytes(tar_of([("cifar-10-batches-py/data_batch_1", pickled)]))
    places = [tmp_path] if unpacked else [tmp_path, tmp_path / "cifar-10-python.tar.gz"]
    for place in places:
        refused(
            capsys,
            "made of pickles: .* Fetch https://.*cifar-10-binary.tar.gz and name its folder",
            "cifar10",
            "--from",
            place,
        )


CELEBA_DAMAGES = {
    "no list": (lambda f: (f / "list_eval_partition.txt").unlink(), "list_eval_partition.txt in .*, got none: fetch"),
    "no archive": (lambda f: (f / "img_align_celeba.zip").unlink(), "img_align_celeba.zip in .*, got none: fetch"),
    "archive cut short": (
        lambda f: (f / "img_align_celeba.zip").write_bytes((f / "img_align_celeba.zip").read_bytes()[:-60]),
        "whole zip archive at",
    ),
    "a wrong line": (
        lambda f: (f / "list_eval_partition.txt").write_text("000001.jpg 3\n"),
        "0, 1 or 2 in line 1 of .*, got '000001.jpg 3'",
    ),
    "a line twice": (
        lambda f: (f / "list_eval_partition.txt").write_text("000001.jpg 0\n000001.jpg 1\n"),
        "not there before .* line 2",
    ),
    "an empty list": (lambda f: (f / "list_eval_partition.txt").write_text("\n"), "one or more pictures"),
    "bytes for text": (lambda f: (f / "list_eval_partition.txt").write_bytes(b"\xff\xfe"), "a text file at"),
    "a picture too few": (
        lambda f: write_celeba(f, faces=FACES[:5]),
        r"got 000006.jpg in list_eval_partition.txt alone \(1 such\): fetch img_align_celeba.zip again",
    ),
    "attributes of others": (
        lambda f: (f / "list_attr_celeba.txt").write_text("1\nBald\n000009.jpg 1\n"),
        "list_attr_celeba.txt and list_eval_partition.txt",
    ),
    "attributes cut short": (
        lambda f: (f / "list_attr_celeba.txt").write_text("6\nBald\n000001.jpg 1\n"),
        "as many rows in .* as its first line says, got 1",
    ),
    "an attribute of 0": (
        lambda f: (f / "list_attr_celeba.txt").write_text("1\nBald Young\n000001.jpg 1 0\n"),
        "2 times 1 or -1 in line 3",
    ),
    "another size": (
        lambda f: write_celeba(f, faces=[*FACES[:3], FACES[3][:-1], *FACES[4:]]),
        r"got \[10, 8, 3\] and \[9, 8, 3\] of 000004.jpg",
    ),
    "no picture": (
        lambda f: write_celeba(f, faces=[*FACES[:3], b"text", *FACES[4:]]),
        "a JPEG picture in 000004.jpg of",
    ),
    "a gray picture": (
        lambda f: write_celeba(f, faces=[*FACES[:3], FACES[3][..., 0], *FACES[4:]]),
        "RGB pictures in .*, got the mode L of 000004.jpg",
    ),
}


@pytest.mark.parametrize("damage", list(CELEBA_DAMAGES))
def test_refuses_a_damaged_celeba(tmp_path, capsys, damage):
    apply, message = CELEBA_DAMAGES[damage]
    folder = write_celeba(tmp_path / "originals")
    apply(folder)
    refused(capsys, message, "celeba", "--from", folder, "--data-dir", tmp_path / "sets")
    assert list((tmp_path / "sets").rglob("*.*")) == []


def test_a_flipped_byte_of_a_face(tmp_path, capsys):
    folder = write_celeba(tmp_path / "originals")
    content = bytearray((folder / "img_align_celeba.zip").read_bytes())
    content[len(jpeg(FACES[0])) + 600] ^= 1
    (folder / "img_align_celeba.zip").write_bytes(content)
    refused(capsys, "whole picture .*: Bad CRC-32", "celeba", "--from", folder, "--data-dir", tmp_path / "sets")


# ---------------------------------------------------------------- all or nothing


def test_an_interrupted_preparation_leaves_nothing(tmp_path, monkeypatch):
    folder = write_idx(tmp_path / "originals")
    made = 0
    png = originals.png

    def interrupted(image):
        nonlocal made
        made += 1
        if made == 15:
            assert list((tmp_path / "sets/mnist").glob("incomplete.*_3.0.1/mnist-train*"))
            with pytest.raises(InputError, match=r"no dataset_info\.json"):
                data.find_prepared("mnist", tmp_path / "sets")
            raise KeyboardInterrupt
        return png(image)

    monkeypatch.setattr(originals, "png", interrupted)
    assert prepare("mnist", "--from", folder, "--data-dir", tmp_path / "sets") == 130
    assert made == 15
    assert list((tmp_path / "sets/mnist").iterdir()) == []
    monkeypatch.setattr(originals, "png", png)
    assert prepare("mnist", "--from", folder, "--data-dir", tmp_path / "sets") == 0


def test_what_a_killed_preparation_leaves_does_not_load(tmp_path):
    """Killed where no handler runs: the folder stays under a name that nothing takes for a version."""
    script = (
        "import sys, os, prepare_data, originals\n"
        "png, made = originals.png, []\n"
        "def killed(image):\n"
        "    made.append(1)\n"
        "    return png(image) if len(made) < 15 else os._exit(9)\n"
        "originals.png = killed\n"
        "prepare_data.entry(sys.argv[1:])\n"
    )
    arguments = ["mnist", "--from", str(write_idx(tmp_path / "originals")), "--data-dir", str(tmp_path)]
    result = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=ROOT / "experiments", env=environment(), check=False
    )
    assert result.returncode == 9
    (left,) = (tmp_path / "mnist").iterdir()
    with pytest.raises(InputError, match=r"no dataset_info\.json"):
        data.load("tfds:mnist", str(tmp_path))
    young = shutil.copytree(left, left.with_name("incomplete.0_3.0.1"))  # another process may be writing it
    os.utime(left, (0, 0))
    assert prepare(*arguments) == 0
    assert (left.exists(), young.exists()) == (False, True)
    assert data.load("tfds:mnist", str(tmp_path)).spec.num_samples == 12


def environment():
    return os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'experiments'}"}


def test_no_room_or_permission(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text("")
    folder = write_idx(tmp_path / "originals")
    refused(capsys, "room and permission to write at", "mnist", "--from", folder, "--data-dir", tmp_path / "file")

    def full(*arguments):
        raise OSError(28, "No space left on device")

    refused(
        capsys, "keep downloads in .*: name another place with --data-dir.$", "mnist", "--download", "--data-dir",
        tmp_path / "file",
    )  # fmt: skip
    monkeypatch.setattr(prepared.os, "rename", full)
    refused(capsys, "room and permission .* No space left", "mnist", "--from", folder, "--data-dir", tmp_path / "sets")
    assert list((tmp_path / "sets/mnist").iterdir()) == []


def test_originals_that_cannot_be_read(tmp_path, capsys, monkeypatch):
    arguments = "cifar10", "--from", write_cifar(tmp_path / "originals"), "--data-dir", tmp_path / "sets"

    def refuse(path, *arguments):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(prepare_data, "sha256_of", refuse)  # the tests' user may be one who reads everything
    monkeypatch.setattr(originals.gzip, "open", refuse)
    refused(capsys, "whole .tar.gz at .*, got: .*Permission denied", *arguments)
    monkeypatch.setattr(originals, "_cifar_members", refuse)
    refused(capsys, "read the original files in .*/originals, got: .*Permission denied: .*: check their", *arguments)


# ---------------------------------------------------------------- downloads


def test_downloads_and_prepares(server, tmp_path, monkeypatch, capsys):
    folder = write_idx(tmp_path / "originals")
    remotes = tuple(servers.published(server, file.name, file.read_bytes()) for file in sorted(folder.iterdir()))
    rows = dict(originals.ORIGINALS) | {"mnist": originals.ORIGINALS["mnist"]._replace(files=remotes)}
    monkeypatch.setattr(prepare_data, "ORIGINALS", rows)
    assert prepare("mnist", "--download", "--data-dir", tmp_path / "sets") == 0
    assert "Not the published" not in capsys.readouterr().out
    assert data.load("tfds:mnist", str(tmp_path / "sets"), "test").spec.num_samples == 5
    assert len(server.asked) == 4


def test_offline_it_says_at_once_what_to_do(tmp_path, monkeypatch, capsys):
    def unreachable(*arguments, **options):
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    began = time.monotonic()
    refused(
        capsys,
        "Expected to download https://.*name resolution.* Fetch by hand: https://www.cs.toronto.edu/~kriz/"
        "cifar-10-binary.tar.gz .* then run: python experiments/prepare_data.py cifar10 --from DIR --data-dir",
        "cifar10",
        "--download",
        "--data-dir",
        tmp_path,
    )
    refused(
        capsys,
        "only a browser can. Fetch by hand: .*img_align_celeba.zip",
        "celeba",
        "--download",
        "--data-dir",
        tmp_path,
    )
    assert time.monotonic() - began < 5
    assert downloads.TIMEOUT <= 10


def test_the_published_files_are_four_of_each_kind():
    for row in originals.ORIGINALS.values():
        assert all(len(remote.sha256) == 64 and remote.size > 0 for remote in row.files)
    names = [remote.name for remote in originals.MNIST_FILES]
    assert names == [remote.name for remote in originals.FASHION_FILES]
    assert len(set(names)) == 4
