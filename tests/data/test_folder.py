"""Folders and archives of pictures."""

import zipfile

import numpy as np
import pytest
from PIL import Image

from ganjax.checks import InputError
from ganjax.data import folder_source, load


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
    assert source.spec == ("set (train)", (4, 5, 3), 3, 2, (-1.0, 1.0))
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
    assert np.asarray(source.arrays.samples)[:, 0, 0].tolist() == [[1, 1, 1], [2, 2, 2]]


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


def test_a_damaged_member_of_an_archive_is_named(pictures, tmp_path):
    path = zipped(pictures, tmp_path / "set.zip")
    content = bytearray(path.read_bytes())
    start = content.index(b"IHDR")
    content[start + 4 : start + 8] = b"\xff\xff\xff\xff"
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match="can't be read"):
        [folder_source(path, split) for split in ("train", "test")]
