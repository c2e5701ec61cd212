"""Folders and archives of pictures."""

import hashlib
import os
import zipfile
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from ganjax.checks import InputError
from ganjax.data import Reading, Transform, batch_at, check_batch_size, folder_source, load


def write(path, value, size=(5, 4), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = {"L": (), "RGB": (3,), "RGBA": (4,)}[mode]
    Image.fromarray(np.full((size[1], size[0], *channels), value, np.uint8)).save(path)


@pytest.fixture
def pictures(tmp_path):
    """Two splits, two classes: cat has 10 and 11, dog 20; in the test split dog alone, 30."""
    root = tmp_path / "set"
    for name, value in (("train/dog/a", 20), ("train/cat/b", 11), ("train/cat/a", 10), ("test/dog/a", 30)):
        write(root / f"{name}.png", value)
    return root


def zipped(root, path):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(root.rglob("*.png"), reverse=True):  # not in the order of their names
            archive.write(file, f"around/{file.relative_to(root)}")
    return path


def test_classes_are_folders_and_pictures_come_in_the_order_of_their_paths(pictures):
    source = folder_source(pictures)
    assert source.spec == ("set (train)", (4, 5, 3), 3, 2, (-1.0, 1.0), ())
    assert np.asarray(source.arrays.samples)[:, 0, 0, 0].tolist() == [10, 11, 20]
    assert np.asarray(source.arrays.labels).tolist() == [0, 0, 1]
    assert np.asarray(folder_source(pictures, "test").arrays.samples)[0, 0, 0, 0] == 30


def test_an_archive_is_read_as_its_folder_is(pictures, tmp_path):
    unpacked, archived = folder_source(pictures), load("folder", str(zipped(pictures, tmp_path / "set.zip")))
    np.testing.assert_array_equal(unpacked.arrays.samples, archived.arrays.samples)
    np.testing.assert_array_equal(unpacked.arrays.labels, archived.arrays.labels)


def test_without_classes_there_are_no_labels(tmp_path):
    write(tmp_path / "b.png", 2, mode="L")
    write(tmp_path / "a.png", 1, mode="RGBA")  # the first: color
    source = folder_source(tmp_path)
    assert source.spec.num_classes is None
    assert source.spec.shape == (4, 5, 3)
    # 1 at opacity 1/255 lies on white: 254
    assert np.asarray(source.arrays.samples)[:, 0, 0].tolist() == [[254, 254, 254], [2, 2, 2]]


def test_gray_pictures_have_one_channel(tmp_path):
    write(tmp_path / "x" / "a.png", 7, mode="L")
    assert folder_source(tmp_path).spec.shape == (4, 5, 1)


def test_bad_folders_say_what_is_wrong(pictures, tmp_path):
    with pytest.raises(InputError, match="there is no"):
        folder_source(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="got none"):
        folder_source(tmp_path / "empty")
    (tmp_path / "not.zip").write_bytes(b"PK but no archive")
    with pytest.raises(InputError, match=r"not\.zip"):
        folder_source(tmp_path / "not.zip")
    zipped(pictures, tmp_path / "cut.zip").write_bytes((tmp_path / "cut.zip").read_bytes()[:-30])
    with pytest.raises(InputError, match=r"whole \.zip file, got .*cut\.zip of .* bytes: .* fetch it again"):
        folder_source(tmp_path / "cut.zip")
    with pytest.raises(InputError, match="among test, train, got 'val'"):
        folder_source(pictures, "val")
    with pytest.raises(InputError, match=r"at most 1\.66e-07 GiB of images, got 1\.68e-07"):
        folder_source(pictures, max_bytes=178)  # three of 4 x 5 x 3 are 180
    write(pictures / "train/stray.png", 1)
    with pytest.raises(InputError, match=r"stray\.png in none"):
        folder_source(pictures)
    (pictures / "train/stray.png").unlink()
    write(pictures / "train/dog/z.png", 1, size=(5, 6))
    with pytest.raises(InputError, match=r"\[4, 5, 3\] of train/cat/a.png and \[6, 5, 3\] of train/dog/z.png"):
        folder_source(pictures)
    (pictures / "train/dog/z.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"z\.png of .* can't be read"):
        folder_source(pictures)


@pytest.mark.parametrize("name", ["set", "set/train", "set/train/dog"])
def test_a_folder_that_cannot_be_read_is_not_left_out(pictures, monkeypatch, name):
    scan, closed = os.scandir, pictures.parent / name

    def refuse(path):
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(closed))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)  # the tests' user may be one who reads everything
    with pytest.raises(InputError, match=f"read the folder {closed}, got: Permission denied: check its permissions"):
        folder_source(pictures)


def labels_of(path, split):
    source = folder_source(path, split)
    return source.spec.num_classes, np.asarray(source.arrays.labels).tolist(), source.spec.notes


def test_a_class_has_one_number_in_all_splits(pictures, tmp_path):
    assert labels_of(pictures, "test") == (2, [1], ("1 class without pictures in test (cat)",))
    write(pictures / "test/ape/a.png", 1)
    (pictures / "train/bee").mkdir()
    (pictures / "train/eel").mkdir()
    (pictures / "train/eel/readme.txt").write_text("none yet")
    left_out = "1 file left out: no picture by its ending (train/eel/readme.txt)"
    for path in (pictures, zipped_with_folders(pictures, tmp_path / "pets.zip")):
        # ape, bee, cat, dog, eel
        *found, (first, second) = labels_of(path, "train")
        assert found == [5, [2, 2, 3]]
        assert first.replace("around/", "") == left_out
        assert second == "3 classes without pictures in train (ape, bee, eel)"
        assert labels_of(path, "test")[:2] == (5, [0, 3])


def zipped_with_folders(root, path):
    with zipfile.ZipFile(path, "w") as archive:
        for each in root.rglob("*"):
            archive.write(each, f"around/{each.relative_to(root)}")
    return path


def test_an_empty_folder_is_a_class_too(tmp_path):
    for name in ("a", "c"):
        write(tmp_path / name / "x.png", 1)
    (tmp_path / "b").mkdir()
    assert labels_of(tmp_path, "train") == (3, [0, 2], ("1 class without pictures in train (b)",))


@pytest.mark.parametrize(
    ("names", "odd"), [(("Train", "Test"), "Test, Train"), (("around/TRAIN",), "TRAIN"), (("train", "Test"), "Test")]
)
def test_splits_by_another_case_are_refused(tmp_path, names, odd):
    for name in names:
        write(tmp_path / name / "a/x.png", 1)
    with pytest.raises(InputError, match=f"to be called train and test, got {odd}: rename each"):
        folder_source(tmp_path)


def test_below_a_split_any_class_may_be_called_train(tmp_path):
    for name in ("Bus", "Train", "test"):
        write(tmp_path / "train" / name / "x.png", 1)
    assert labels_of(tmp_path, "train") == (3, [0, 1, 2], ())


def test_pictures_beside_the_splits_are_counted(pictures):
    for name in ("val/dog/a", "val/dog/b", "cover"):
        write(pictures / f"{name}.png", 1)
    note = "3 files left out: in neither train nor test (cover.png, val/dog/a.png, val/dog/b.png)"
    assert labels_of(pictures, "train") == (2, [0, 0, 1], (note,))


def test_what_is_no_file_is_counted(pictures):
    (pictures / "train/cat/z.png").symlink_to("/no/such/picture")
    (pictures / "train/cat/y.png").symlink_to("y.png")
    os.mkfifo(pictures / "train/dog/pipe.png")
    assert labels_of(pictures, "train")[2] == (
        "3 files left out: a link to nothing, or no file (train/cat/y.png, train/cat/z.png, train/dog/pipe.png)",
    )


def test_a_folder_of_other_files_says_what_they_are(tmp_path):
    (tmp_path / "a.gif").write_bytes(b"GIF89a")
    with pytest.raises(InputError, match=r"got none; 1 file left out: no picture by its ending \(a\.gif\): is it"):
        folder_source(tmp_path)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("flag_bits", 1, r"without a password, got an encrypted a\.png: pack the pictures again without one"),
        (
            "compress_type",
            zipfile.ZIP_LZMA,
            r"by deflate, got a\.png packed otherwise \(method 14\): pack the pic",
        ),
    ],
)
def test_an_archive_packed_otherwise_says_how_to_pack_it(pictures, tmp_path, field, value, message):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.write(pictures / "train/cat/a.png", "a.png")
        setattr(archive.infolist()[0], field, value)  # written to the directory on closing
    with pytest.raises(InputError, match=message):
        folder_source(tmp_path / "set.zip")


def test_a_picture_without_permission_is_not_to_be_deleted(pictures, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(InputError, match=r"cat/a\.png of .*, got: Permission denied: check its permissions, or leave"):
        folder_source(pictures)


def test_a_damaged_member_of_an_archive_is_named(pictures, tmp_path):
    path = zipped(pictures, tmp_path / "set.zip")
    content = bytearray(path.read_bytes())
    start = content.index(b"IHDR")
    content[start + 4 : start + 8] = b"\xff\xff\xff\xff"
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"can't be read .BadZipFile: wrong checksum.: replace"):
        [folder_source(path, split) for split in ("train", "test")]


def test_other_files_are_left_out_and_counted(pictures, tmp_path):
    for name in ("train/readme.txt", "train/cat/list.csv", "a.txt", "b.txt", ".DS_Store", "train/cat/._a.png"):
        (pictures / name).write_text("no picture")
    (pictures / ".git").mkdir()
    write(pictures / ".git/hidden.png", 1)
    source = folder_source(pictures)
    assert source.spec.num_samples == 3
    assert source.spec.notes == ("4 files left out: no picture by its ending (a.txt, b.txt, train/cat/list.csv, …)",)
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name in ("x/a.png", "y/b.png"):
            archive.write(pictures / "train/cat/a.png", name)
        archive.writestr("__MACOSX/x/._a.png", "resource fork")
        archive.writestr("x/notes.txt", "text")
    assert folder_source(tmp_path / "set.zip").spec[2:] == (
        2, 2, (-1.0, 1.0), ("1 file left out: no picture by its ending (x/notes.txt)",)
    )  # fmt: skip


def test_damaged_pictures_are_an_error_or_left_out_by_name(pictures):
    (pictures / "train/cat/aa.png").write_text("text that is called a picture")
    (pictures / "train/dog/z.png").write_bytes((pictures / "train/dog/a.png").read_bytes()[:50])
    with pytest.raises(InputError, match=r"train/cat/aa\.png of .*leave such files out \(--data\.on-error skip\)"):
        folder_source(pictures)
    source = folder_source(pictures, reading=Reading(on_error="skip"))
    assert np.asarray(source.arrays.samples)[:, 0, 0, 0].tolist() == [10, 11, 20]
    assert np.asarray(source.arrays.labels).tolist() == [0, 0, 1]
    assert source.spec.notes == ("2 files left out: can't be read (train/cat/aa.png, train/dog/z.png)",)
    with pytest.raises(InputError, match="batch_size <= 3 samples of set"):
        check_batch_size(source.spec, 4)
    # what is of another size is not damaged, and never left out
    write(pictures / "train/dog/y.png", 1, size=(5, 6))
    with pytest.raises(InputError, match=r"y\.png: declare a resolution to resize them to \(--data\.resolution\)"):
        folder_source(pictures, reading=Reading(on_error="skip"))


def test_nothing_is_left_when_nothing_can_be_read(tmp_path):
    (tmp_path / "a.png").write_text("text")
    with pytest.raises(InputError, match="1 files of which none can be read"):
        folder_source(tmp_path, reading=Reading(on_error="skip"))


def test_pictures_of_any_size_are_cropped_and_resized_while_they_are_read(pictures):
    ramp = np.arange(12 * 30 * 3, dtype=np.uint8).reshape(12, 30, 3)
    Image.fromarray(ramp).save(pictures / "train/dog/b.png")
    transform = Transform(resolution=4, channels=1)
    # the room is of the result: four of 4 x 4 x 1
    source = folder_source(pictures, reading=Reading(transform), max_bytes=64)
    assert source.spec.shape == (4, 4, 1)
    np.testing.assert_array_equal(source.arrays.samples[3], transform(ramp))
    with pytest.raises(InputError, match=r"cat/a\.png of .*: Expected pictures of 5 x 5"):
        folder_source(pictures, reading=Reading(Transform(crop=5)))
    with pytest.raises(InputError, match="resolution from 1 to 1024, got 0"):
        folder_source(pictures, reading=Reading(Transform(resolution=0)))


def test_color_among_gray_is_refused_unless_declared(tmp_path):
    write(tmp_path / "a.png", 7, mode="L")
    write(tmp_path / "b.png", 9)
    with pytest.raises(InputError, match=r"b\.png of .*declare --data\.channels 3"):
        folder_source(tmp_path)
    for channels in (1, 3):
        source = folder_source(tmp_path, reading=Reading(Transform(channels=channels)))
        assert source.spec.shape == (4, 5, channels)
        assert np.unique(source.arrays.samples).tolist() == [7, 9]


@pytest.mark.parametrize("name", ["../evil.png", "/evil.png", "a/../../evil.png", "..\\evil.png"])
def test_names_that_leave_the_archive_are_refused_and_nothing_is_written(pictures, tmp_path, name):
    inside = tmp_path / "here" / "set.zip"
    inside.parent.mkdir()
    with zipfile.ZipFile(inside, "w") as archive:
        archive.write(pictures / "train/cat/a.png", "a.png")
        archive.writestr(zipfile.ZipInfo(name), (pictures / "train/cat/a.png").read_bytes())
    before = set(tmp_path.rglob("*"))
    with pytest.raises(InputError, match="names that stay inside"):
        folder_source(inside)
    assert set(tmp_path.rglob("*")) == before
    assert not Path("/evil.png").exists()


def test_an_archive_that_would_unpack_to_too_much_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(2**26 + 1))
    assert (tmp_path / "bomb.zip").stat().st_size < 100_000
    with pytest.raises(InputError, match=r"at most 67108864 bytes in .*bomb\.zip, got a larger a\.png"):
        folder_source(tmp_path / "bomb.zip")


def test_a_file_that_is_larger_than_any_picture_is_not_read_into_memory(pictures):
    path = pictures / "train" / "dog" / "a.png"
    path.write_bytes(b"")
    os.truncate(path, 2**40)
    with pytest.raises(InputError, match=r"a\.png of .* can't be read \(ValueError: more than 67108864 bytes\)"):
        folder_source(pictures)


def test_links_are_followed_but_not_in_circles(pictures, tmp_path):
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "one").symlink_to(pictures / "train" / "cat")
    write(linked / "two" / "x.png", 3)
    (linked / "two" / "up").symlink_to(linked)
    assert folder_source(linked).spec[2:4] == (3, 2)


def test_the_key_tells_when_anything_has_changed(pictures, tmp_path):
    keys = []

    def keep(key, make):
        keys.append(key)
        return make(), ("kept",)

    def key_of(path, split="train", **how):
        source = folder_source(path, split, reading=Reading(keep=keep, **how))
        assert source.spec.notes[-1] == "kept"
        return keys[-1]

    first = key_of(pictures)
    assert key_of(pictures) == first
    archive = zipped(pictures, tmp_path / "set.zip")
    others = [
        key_of(pictures, "test"),
        key_of(pictures, transform=Transform(resolution=4)),
        key_of(pictures, on_error="skip"),
        key_of(archive),
    ]
    write(pictures / "train/dog/a.png", 21)  # as large a file as before, but later
    others.append(key_of(pictures))
    write(pictures / "train/dog/b.png", 21)
    others.append(key_of(pictures))
    assert len({first, *others}) == 7
    assert key_of(archive) == others[3]


CIFAR = Path(__file__).resolve().parents[2].parent / "shared/data/cifar10_jpeg.zip"


def sha256(source):
    return hashlib.sha256(np.asarray(source.arrays.samples).tobytes() + np.asarray(source.arrays.labels).tobytes())


@pytest.mark.slow
@pytest.mark.skipif(not CIFAR.exists(), reason="no cifar10_jpeg.zip beside the project")
def test_real_pictures_give_the_same_batches_from_the_archive_and_from_its_folder(tmp_path):
    with zipfile.ZipFile(CIFAR) as archive:
        archive.extractall(tmp_path)
    for split, num in (("train", 50_000), ("test", 10_000)):
        packed, unpacked = folder_source(CIFAR, split), folder_source(tmp_path / "cifar10", split)
        assert packed.spec[1:] == ((32, 32, 3), num, 10, (-1.0, 1.0), ())
        assert sha256(packed).digest() == sha256(unpacked).digest()
        np.testing.assert_array_equal(np.bincount(packed.arrays.labels), num // 10)
        for step in (0, 1000):
            one, other = (batch_at(source, jax.random.key(3), step, 64).samples for source in (packed, unpacked))
            np.testing.assert_array_equal(one, other)
