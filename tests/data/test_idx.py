"""IDX files are read exactly, and a damaged one is refused by name before it can do harm."""

import gzip
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from ganjax import data
from ganjax.checks import InputError

MNIST = Path(__file__).resolve().parents[3] / "shared" / "data" / "mnist"
RNG = np.random.default_rng(4)
IMAGES = RNG.integers(0, 256, (5, 3, 4), dtype=np.uint8)  # not square: a swapped axis shows
LABELS = np.array([7, 0, 9, 3, 3], np.uint8)


def idx_bytes(array, kind=8):
    return bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_set(folder, *, prefix="train", joint="-", ending="", images=IMAGES, labels=LABELS):
    pack = gzip.compress if ending else bytes
    (folder / f"{prefix}-images{joint}idx3-ubyte{ending}").write_bytes(pack(idx_bytes(images)))
    (folder / f"{prefix}-labels{joint}idx1-ubyte{ending}").write_bytes(pack(idx_bytes(labels)))


@pytest.mark.parametrize("joint", ["-", "."])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_reads_all_the_usual_names(tmp_path, joint, ending):
    write_set(tmp_path, joint=joint, ending=ending)
    source = data.idx_source(tmp_path)
    np.testing.assert_array_equal(source.arrays.samples, IMAGES[..., None])
    np.testing.assert_array_equal(source.arrays.labels, LABELS)
    assert source.spec == data.Spec("mnist (train)", (3, 4, 1), 5, 10, (-1.0, 1.0))


def test_splits_are_different_files(tmp_path):
    write_set(tmp_path)
    write_set(tmp_path, prefix="t10k", images=IMAGES[:2], labels=LABELS[:2])
    assert data.idx_source(tmp_path, "test").spec.num_samples == 2
    assert data.idx_source(str(tmp_path), "train", name="fashion").spec.name == "fashion (train)"
    with pytest.raises(InputError, match=r"Unknown split of mnist 'tset'. Did you mean 'test'\? Known: train, test"):
        data.idx_source(tmp_path, "tset")


def test_a_header_worked_by_hand(tmp_path):
    path = tmp_path / "two"
    path.write_bytes(b"\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x03" + bytes(range(6)))
    np.testing.assert_array_equal(data.read_idx(path, rank=3), [[[0, 1, 2]], [[3, 4, 5]]])


def damage_images(content):
    """(file name ending, bytes of the images' file, what the message must say) for each way to be damaged."""
    packed = gzip.compress(content)
    flipped = bytearray(packed)
    flipped[len(packed) // 2] ^= 0xFF
    wrong_sum = bytearray(packed)
    wrong_sum[-6] ^= 0x01  # a bit of the checksum that ends a gzip file
    huge = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**31, 28, 28) + b"small"
    return {
        "labels in the images' place": ("", idx_bytes(LABELS), "magic number 0x00000803 .* got 0x00000801"),
        "another element type": ("", idx_bytes(IMAGES, kind=9), "magic number 0x00000803 .* got 0x00000903"),
        "a web page": ("", b"<html>not found</html>", "magic number .* got 0x3c68746d"),
        "gzip without .gz": ("", packed, "got 0x1f8b0800: add .gz to its name"),
        "no bytes": ("", b"", "magic number .* got 0x:"),
        "half a header": ("", content[:10], "header of 16 bytes in .*, got 10"),
        "no images": ("", idx_bytes(IMAGES[:0]), r"one or more samples .* declared shape \[0, 3, 4\]"),
        "cut short": ("", content[:-17], r"60 bytes of data .* shape \[5, 3, 4\], got a file of 59 bytes"),
        "one byte short": ("", content[:-1], "60 bytes of data .* got only 59"),
        "one byte long": ("", content + b"\x00", "60 bytes of data .* got more"),
        "a header that declares too much": ("", huge, "1683627180032 bytes of data .* got a file of 21 bytes"),
        "not gzip": (".gz", content, "Expected a gzip file .* Not a gzipped file"),
        "gzip cut short": (".gz", packed[:-12], "Expected a whole gzip file"),
        "gzip without its end": (".gz", packed[:-4], "Expected a whole gzip file"),
        "gzip with a flipped byte": (".gz", bytes(flipped), "(Expected a whole gzip file|Expected a gzip file|got)"),
        "gzip with a wrong checksum": (".gz", bytes(wrong_sum), "Expected a gzip file .* CRC check failed"),
        "gzip, one byte short": (".gz", gzip.compress(content[:-1]), "60 bytes of data .* got only 59"),
        "gzip, one byte long": (".gz", gzip.compress(content + b"\x00"), "60 bytes of data .* got more"),
        "gzip that declares too much": (".gz", gzip.compress(huge), "1683627180032 bytes of data .* got a file of"),
    }


DAMAGES = damage_images(idx_bytes(IMAGES))


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_refuses_a_damaged_file_by_name(tmp_path, damage):
    ending, content, message = DAMAGES[damage]
    write_set(tmp_path, ending=ending)
    path = tmp_path / f"train-images-idx3-ubyte{ending}"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        data.idx_source(tmp_path)
    assert str(path) in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("count", [2**31, 2**32 - 1])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_allocates_nothing_on_a_header_alone(tmp_path, count, ending):
    content = bytes([0, 0, 8, 3]) + struct.pack(">3I", count, 28, 28) + b"x" * 1000
    path = tmp_path / f"images{ending}"
    path.write_bytes(gzip.compress(content) if ending else content)
    tracemalloc.start()
    with pytest.raises(InputError, match="bytes of data"):
        data.read_idx(path, rank=3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_reads_no_more_than_declared(tmp_path):
    # a gzip bomb: 50 MB of zeros behind a header that declares 12
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(idx_bytes(IMAGES[:1]) + bytes(50_000_000)))
    tracemalloc.start()
    with pytest.raises(InputError, match=r"12 bytes of data .* got more"):
        data.read_idx(path, rank=3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_refuses_labels_that_do_not_fit(tmp_path):
    write_set(tmp_path, labels=LABELS[:4])
    with pytest.raises(InputError, match=r"as many labels as images, got 4 in .*labels.* and 5 in .*images"):
        data.idx_source(tmp_path)
    write_set(tmp_path, labels=np.array([7, 0, 10, 3, 3], np.uint8))
    with pytest.raises(InputError, match=r"labels of .*idx1-ubyte from 0 to 9, got 10 at sample 2"):
        data.idx_source(tmp_path)
    assert data.idx_source(tmp_path, num_classes=11).spec.num_classes == 11


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(InputError, match=r"Expected a folder with IDX files at .*nowhere, got nothing there"):
        data.idx_source(tmp_path / "nowhere")
    with pytest.raises(InputError, match="got an empty folder"):
        data.idx_source(tmp_path)
    write_set(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(InputError, match=r"one of train-labels-idx1-ubyte, .* got train-images-idx3-ubyte: put the"):
        data.idx_source(tmp_path)
    with pytest.raises(InputError, match=r"at .*idx3-ubyte, got a file there"):
        data.idx_source(tmp_path / "train-images-idx3-ubyte")
    with pytest.raises(InputError, match=r"Expected a readable file at .*absent"):
        data.read_idx(tmp_path / "absent", rank=1)


@pytest.mark.skipif(not MNIST.is_dir(), reason="the real files are not here")
def test_real_mnist():
    test, train = data.idx_source(MNIST, "test"), data.idx_source(MNIST, "train")
    assert test.spec == data.Spec("mnist (test)", (28, 28, 1), 10000, 10, (-1.0, 1.0))
    # known of the test set: the first labels, how many of each digit, the mean pixel .1325·255
    np.testing.assert_array_equal(test.arrays.labels[:5], [7, 2, 1, 0, 4])
    counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    np.testing.assert_array_equal(np.bincount(test.arrays.labels), counts)
    assert abs(np.mean(test.arrays.samples) - 33.79) < 0.01
    np.testing.assert_array_equal(train.arrays.labels[:5], [5, 0, 4, 1, 9])
