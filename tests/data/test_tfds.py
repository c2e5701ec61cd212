"""Sets prepared by tensorflow-datasets are read back exactly, without TensorFlow and without the network."""

import io
import json
import re
import shutil
import socket
import sys
import tempfile

import numpy as np
import pytest
from PIL import Image

from ganjax import data
from ganjax.checks import InputError

RNG = np.random.default_rng(6)
IMAGES = RNG.integers(0, 256, (9, 4, 6, 3), dtype=np.uint8)  # not square, three channels that differ
LABELS = np.arange(9) % 5
SPLITS = {"train": range(6), "test": range(6, 9)}


def png(image):
    """As a file: encoding an array would need TensorFlow."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, format="png")
    return io.BytesIO(file.getvalue())


def prepare(folder, name, shape, supervised, extra=0):
    """Writes a real set with tensorflow-datasets itself: an image, a label, a weight and `extra` further images."""
    import tensorflow_datasets as tfds

    def info(self):
        features = {
            "image": tfds.features.Image(shape=shape),
            "weight": tfds.features.Scalar(dtype=np.float32),
            "label": tfds.features.ClassLabel(num_classes=5),
            "coarse": tfds.features.ClassLabel(num_classes=2),
            **{f"image{i}": tfds.features.Image(shape=shape) for i in range(extra)},
        }
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict(features), supervised_keys=supervised
        )

    def generate(self, numbers):
        del self
        for i in numbers:
            more = {f"image{j}": png(IMAGES[i]) for j in range(extra)}
            yield i, {"image": png(IMAGES[i]), "weight": 0.5, "label": LABELS[i], "coarse": i % 2, **more}

    methods = {
        "VERSION": tfds.core.Version("1.0.0"),
        "_info": info,
        "_split_generators": lambda self, _: {split: self._generate_examples(n) for split, n in SPLITS.items()},
        "_generate_examples": generate,
    }
    with tfds.core.registered.skip_registration():
        builder = type(name, (tfds.core.GeneratorBasedBuilder,), methods)
    builder(data_dir=folder, file_format="array_record").download_and_prepare()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tensorflow_datasets")
    with pytest.MonkeyPatch.context() as patch:
        # preparing leaves its scratch files behind
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("scratch")))
        prepare(folder, "Tiny", (4, 6, 3), ("image", "label"))
        prepare(folder, "Unfixed", (None, None, 3), ("image", "label"))
        prepare(folder, "Pairs", (4, 6, 3), None, extra=1)
        prepare(folder, "Undeclared", (4, 6, 3), None)
    return folder


@pytest.fixture
def copied(prepared, tmp_path):
    """A copy of the tiny set, to be damaged."""
    shutil.copytree(prepared / "tiny", tmp_path / "tiny")
    return tmp_path


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*arguments):
        raise AssertionError(f"reached for the network: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_of_many_folders_the_first_are_named(tmp_path):
    for i in range(14):
        (tmp_path / f"set{i:02}").mkdir()
    with pytest.raises(InputError, match=r"holds set00, .*set11 and 2 more\)"):
        data.tfds_source("nothing", tmp_path)


def sorted_by_first_bytes(images, labels):
    order = np.lexsort(np.asarray(images).reshape(len(images), -1).T)
    return np.asarray(images)[order], np.asarray(labels)[order]


@pytest.mark.parametrize("split", ["train", "test"])
def test_reads_what_was_written(prepared, split):
    source = data.tfds_source("tiny", prepared, split)
    numbers = list(SPLITS[split])
    assert source.spec == data.Spec(f"tiny ({split})", (4, 6, 3), len(numbers), 5, (-1.0, 1.0))
    # preparing shuffles: compare as sets of (image, label)
    found = sorted_by_first_bytes(source.arrays.samples, source.arrays.labels)
    expected = sorted_by_first_bytes(IMAGES[numbers], LABELS[numbers])
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert "tensorflow" not in sys.modules


def test_slices_of_a_split(prepared):
    assert data.tfds_source("tiny", prepared, "train[:50%]").spec.num_samples == 3
    assert data.tfds_source("tiny", prepared, "train[4:]").spec.num_samples == 2
    with pytest.raises(InputError, match=r"Expected one or more samples, got none in 'train\[:0\]'"):
        data.tfds_source("tiny", prepared, "train[:0]")
    for wrong in ("train[:x]", "train[abc"):
        with pytest.raises(InputError, match=rf"^Expected a split such as .* got '{re.escape(wrong)}': [^\n]+[^.]\.$"):
            data.tfds_source("tiny", prepared, wrong)
    with pytest.raises(InputError, match=r"Unknown split of tiny 'trian'. Did you mean 'train'"):
        data.tfds_source("tiny", prepared, "trian")


def test_without_a_declared_label_two_leave_none(prepared):
    source = data.tfds_source("undeclared", prepared)
    assert source.labels is None
    assert source.spec.num_classes is None


def test_refuses_what_is_not_a_set_of_single_images(prepared):
    with pytest.raises(
        InputError, match="one image feature, got image, image0 among coarse, image, image0, label, weight"
    ):
        data.tfds_source("pairs", prepared)
    with pytest.raises(InputError, match=r"uint8 images of one shape, got uint8 \[None, None, 3\]"):
        data.tfds_source("unfixed", prepared)


def test_refuses_more_than_fits(prepared):
    data.tfds_source("tiny", prepared, max_bytes=6 * 72)
    with pytest.raises(InputError, match=r"Expected at most .* GiB in tiny train: take a slice .* train\[:10%\]"):
        data.tfds_source("tiny", prepared, max_bytes=6 * 72 - 1)


def test_a_set_that_is_not_there_is_refused_at_once(tmp_path, monkeypatch):
    with pytest.raises(
        InputError, match=r"tmp.*nowhere/mnist.*does not exist.* `python experiments/prepare_data.py mnist"
    ):
        data.tfds_source("mnist", tmp_path / "nowhere")
    with pytest.raises(
        InputError, match=r"`python experiments/prepare_data.py celeba --from DIR --data-dir /no/where`"
    ):
        data.tfds_source("celeb_a/1.0.0", "/no/where")
    with pytest.raises(InputError, match=r"run `tfds build cars196 --file_format=array_record --data_dir=/no/where`"):
        data.tfds_source("cars196", "/no/where")
    (tmp_path / "cifar10").mkdir()
    with pytest.raises(InputError, match=r"holds cifar10\): prepare it with"):
        data.tfds_source("mnist", tmp_path)
    with pytest.raises(InputError, match=r"prepared data set at .*/cifar10, got no dataset_info.json"):
        data.tfds_source("cifar10", tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "elsewhere"))
    with pytest.raises(InputError, match="elsewhere/mnist"):
        data.tfds_source("mnist")
    monkeypatch.delenv("TFDS_DATA_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(InputError, match="tensorflow_datasets/mnist"):
        data.tfds_source("mnist")


def describe(root, *folders):
    for folder in folders:
        (root / folder).mkdir(parents=True)
        (root / folder / "dataset_info.json").write_text("{}")


def test_finds_the_highest_version_and_asks_for_a_configuration(tmp_path):
    describe(tmp_path, "one/1.9.0", "one/1.10.0", "one/incomplete.x_2.0.0", "two/a/1.0.0", "two/b/3.0.0")
    assert data.find_prepared("one", tmp_path) == tmp_path / "one/1.10.0"
    assert data.find_prepared("one/1.9.0", str(tmp_path)) == tmp_path / "one/1.9.0"
    assert data.find_prepared("two/b", tmp_path) == tmp_path / "two/b/3.0.0"
    with pytest.raises(InputError, match="one configuration of two, got 2: choose one of two/a, two/b"):
        data.find_prepared("two", tmp_path)
    with pytest.raises(InputError, match=r"no dataset_info.json"):
        data.find_prepared("one/7.0.0", tmp_path)


def shard(root):
    return next((root / "tiny/1.0.0").glob("tiny-train.array_record*"))


def overwrite(root):
    content = bytearray(shard(root).read_bytes())
    content[80:400] = bytes(byte ^ 0xFF for byte in content[80:400])
    shard(root).write_bytes(content)


def edit_description(root, edit):
    path = root / "tiny/1.0.0/dataset_info.json"
    description = json.loads(path.read_text())
    edit(description)
    path.write_text(json.dumps(description))


DAMAGES = {
    "no shard": (lambda root: shard(root).unlink(), "6 whole records .* at record 0: .*No such file"),
    "empty shard": (lambda root: shard(root).write_bytes(b""), "6 whole records .* at record 0"),
    "half a shard": (
        lambda root: shard(root).write_bytes(shard(root).read_bytes()[: shard(root).stat().st_size // 2]),
        "6 whole records .* at record 0",
    ),
    "overwritten bytes": (overwrite, "6 whole records .* at record 0: .*mismatch"),
    "fewer records than described": (
        lambda root: edit_description(root, lambda d: d["splits"][0].update(shardLengths=["8"])),
        "8 whole records .* at record 6",
    ),
    "broken description": (
        lambda root: (root / "tiny/1.0.0/dataset_info.json").write_text("{"),
        "prepared data set at .*tiny/1.0.0, got: ",
    ),
    "no features": (lambda root: (root / "tiny/1.0.0/features.json").unlink(), "prepared data set at .*, got: "),
    "riegeli": (
        lambda root: edit_description(root, lambda d: d.update(fileFormat="riegeli")),
        "Expected array_record or tfrecord files at .*tiny/1.0.0, got riegeli, .* prepare the set with --file_format=",
    ),
}


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_refuses_a_damaged_set(copied, damage):
    apply, message = DAMAGES[damage]
    apply(copied)
    with pytest.raises(InputError, match=message):
        data.tfds_source("tiny", copied)


def described(root, change):
    path = root / "tiny/1.0.0/features.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("name", ["stranger.Feature", "tests.stranger.Feature", "os.system"])
@pytest.mark.parametrize("where", ["outside", "inside", "as it was called", "of old"])
def test_no_stranger_is_imported(copied, monkeypatch, name, where):
    """tensorflow-datasets imports the module of whatever class is named."""
    module = copied / "stranger.py"
    module.write_text("raise KeyboardInterrupt('imported')")
    monkeypatch.syspath_prepend(copied)
    changes = {
        "outside": lambda d: d.update(pythonClassName=name),
        "inside": lambda d: next(iter(d["featuresDict"]["features"].values())).update(pythonClassName=name),
        "as it was called": lambda d: (d.pop("pythonClassName"), d.update(python_class_name=name)),
        "of old": lambda d: (d.clear(), d.update(type=name, content={})),
    }
    described(copied, changes[where])
    with pytest.raises(InputError, match=f"got '{name}', which would be imported"):
        data.tfds_source("tiny", copied)


@pytest.mark.parametrize("content", ["[" * 100_000, "7", "[]", "\xff", "{}"])
def test_features_that_are_none(copied, content):
    (copied / "tiny/1.0.0/features.json").write_text(content, encoding="latin-1")
    with pytest.raises(InputError, match="prepared data set at"):
        data.tfds_source("tiny", copied)


def as_tfrecords(root):
    """The tiny set with the same records in TFRecord files, two a file, framed by another library's writer."""
    import tensorflow_datasets as tfds
    from tensorboardX.record_writer import RecordWriter

    builder = tfds.builder_from_directory(root / "tiny/1.0.0")
    lengths = {}
    for split in SPLITS:
        records = list(builder.as_data_source(split, deserialize_method=tfds.decode.DeserializeMethod.RAW_BYTES))
        shards = [records[i : i + 2] for i in range(0, len(records), 2)]
        lengths[split] = [str(len(shard)) for shard in shards]
        for i, each in enumerate(shards):
            writer = RecordWriter(str(root / f"tiny/1.0.0/tiny-{split}.tfrecord-{i:05d}-of-{len(shards):05d}"))
            for record in each:
                writer.write(record)
            writer.close()
    for file in root.rglob("*.array_record*"):
        file.unlink()
    edit_description(root, lambda d: d.update(fileFormat="tfrecord"))
    edit_description(root, lambda d: [split.update(shardLengths=lengths[split["name"]]) for split in d["splits"]])


@pytest.mark.parametrize("split", ["train", "test", "train[3:]", "train[1:4]"])
def test_tfrecord_files_give_what_array_record_files_give(prepared, copied, split):
    as_tfrecords(copied)
    expected, found = (data.tfds_source("tiny", folder, split) for folder in (prepared, copied))
    assert found.spec == expected.spec
    np.testing.assert_array_equal(found.arrays.samples, expected.arrays.samples)
    np.testing.assert_array_equal(found.arrays.labels, expected.arrays.labels)
    assert "tensorflow" not in sys.modules


def damage_tfrecord(root, place, change):
    file = next((root / "tiny/1.0.0").glob("tiny-train.tfrecord-00001-of-*"))
    content = bytearray(file.read_bytes())
    file.write_bytes(change(content, place))


def flipped(content, place):
    content[place] ^= 0x10
    return bytes(content)


def cut(content, place):
    return bytes(content[:place])


@pytest.mark.parametrize(
    ("place", "change", "message"),
    [
        (60, flipped, "a whole record at byte 0 of .*/tiny-train.tfrecord-00001-of-00003, got data that differ"),
        (1, flipped, "TFRecord file at .*/tiny-train.tfrecord-00001-of-00003, got a length that differs .* record 0"),
        (-9, cut, "whole records in .*/tiny-train.tfrecord-00001-of-00003, got a file that ends inside the record at"),
        (0, cut, "Expected 2 records in .*/tiny-train.tfrecord-00001-of-00003, .*, got 0"),
    ],
)
def test_refuses_a_damaged_tfrecord_file(copied, place, change, message):
    as_tfrecords(copied)
    damage_tfrecord(copied, place, change)
    with pytest.raises(InputError, match=message) as caught:
        data.tfds_source("tiny", copied)
    assert str(caught.value).count("Expected") == 1


def test_refuses_a_tfrecord_file_that_is_not_there(copied):
    as_tfrecords(copied)
    next((copied / "tiny/1.0.0").glob("tiny-train.tfrecord-00002-of-*")).unlink()
    with pytest.raises(
        InputError, match=r"TFRecord file at .*/tiny-train.tfrecord-00002-of-00003, got: .*No such file"
    ):
        data.tfds_source("tiny", copied)


def test_refuses_an_image_of_another_shape(copied):
    path = copied / "tiny/1.0.0/features.json"
    text = path.read_text()
    assert text.count('"6"') == 1
    path.write_text(text.replace('"6"', '"7"'))
    with pytest.raises(InputError, match=r"images of shape \[4, 7, 3\] in .*, got \[4, 6, 3\] at record 0"):
        data.tfds_source("tiny", copied)
