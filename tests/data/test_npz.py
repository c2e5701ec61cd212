"""Arrays in NumPy files: read as they are, nothing unpickled, every misfit named."""

import io
import zipfile

import numpy as np
import pytest

from ganjax import data
from ganjax.checks import InputError

RNG = np.random.default_rng(2)
IMAGES = RNG.integers(0, 256, (6, 5, 4, 3), dtype=np.uint8)
LABELS = np.array([2, 0, 1, 1, 0, 2], np.int16)


def written(path, **arrays):
    np.savez(path, **arrays)
    return str(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_images_with_labels(tmp_path, save):
    save(tmp_path / "some.npz", images=IMAGES, labels=LABELS, other=np.arange(3.0))
    source = data.load("npz", str(tmp_path / "some.npz"))
    assert source.spec == data.Spec("some.npz", (5, 4, 3), 6, 3, (-1.0, 1.0))
    np.testing.assert_array_equal(source.arrays.samples, IMAGES)
    np.testing.assert_array_equal(source.arrays.labels, LABELS)


def test_gray_images_and_the_other_order_of_memory(tmp_path):
    path = written(tmp_path / "gray.npz", images=np.asfortranarray(IMAGES[..., 0]))
    source = data.npz_source(path)
    assert source.spec == data.Spec("gray.npz", (5, 4, 1), 6, None, (-1.0, 1.0))
    np.testing.assert_array_equal(source.arrays.samples, IMAGES[..., :1])
    assert source.labels is None


def test_gray_with_opacity_is_no_picture_unless_declared(tmp_path):
    path = written(tmp_path / "two.npz", images=IMAGES[..., :2])
    with pytest.raises(InputError, match=r"1, 3 or 4 channels in .*two.npz, got 2, .*--data\.channels 1 or 3"):
        data.load("npz", path)
    assert data.load("npz", path, reading=data.Reading(data.Transform(channels=1))).spec.shape == (5, 4, 1)


def test_images_alone(tmp_path):
    np.save(tmp_path / "some.npy", IMAGES)
    source = data.npz_source(tmp_path / "some.npy", max_bytes=IMAGES.nbytes)
    np.testing.assert_array_equal(source.arrays.samples, IMAGES)
    with pytest.raises(InputError, match=r"Expected at most .* GiB in images of .*some.npy"):
        data.npz_source(tmp_path / "some.npy", max_bytes=IMAGES.nbytes - 1)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pictures": IMAGES}, "an array called images in .*, got pictures: write it with np.savez"),
        ({"labels": LABELS}, "an array called images in .*, got labels"),
        ({"images": IMAGES / 255}, r"uint8 images .* got float64 \[6, 5, 4, 3\]: store bytes"),
        ({"images": RNG.integers(0, 9, (2, 3, 8, 8), dtype=np.uint8)}, r"got uint8 \[2, 3, 8, 8\]: .* channels last"),
        ({"images": IMAGES[0, 0]}, r"got uint8 \[4, 3\]"),
        ({"images": IMAGES[:0]}, "one or more uint8 images"),
        ({"images": np.array([None, {}])}, "numbers in images of .*, got pickled Python objects"),
        ({"images": IMAGES, "labels": np.array(list("abcdef"), object)}, "numbers in labels of .*, got pickled"),
        ({"images": IMAGES, "labels": LABELS[:5]}, r"shape \[6\], one for each sample, got int16 \[5\]"),
        ({"images": IMAGES, "labels": LABELS - 1}, "labels from 0 to at most 65535 in .*, got -1 to 1"),
        ({"images": IMAGES, "labels": LABELS.astype(np.int64) + 2**40}, "got 1099511627776 to 1099511627778"),
        ({"images": IMAGES, "labels": LABELS / 2}, r"integer labels \[N\] in .*, got float64 \[6\]"),
        ({"images": IMAGES, "labels": LABELS[:, None]}, r"integer labels \[N\] in .*, got int16 \[6, 1\]"),
    ],
)
def test_refuses_what_does_not_fit(tmp_path, arrays, message):
    with pytest.raises(InputError, match=message):
        data.npz_source(written(tmp_path / "bad.npz", **arrays))


def test_a_declared_size_is_checked_before_anything_is_read(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (10**6, 10**5, 9)})
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        archive.writestr("images.npy", header.getvalue())
    (tmp_path / "huge.npy").write_bytes(header.getvalue())
    for name in ("huge.npz", "huge.npy"):
        with pytest.raises(InputError, match=r"at most 8 GiB in images of .*, got 838 GiB"):
            data.npz_source(tmp_path / name)


@pytest.mark.parametrize("shape", [(-1, 5, 4, 3), (6, 5, -4, -3)])
@pytest.mark.parametrize("name", ["some.npz", "some.npy"])
def test_refuses_a_negative_length(tmp_path, name, shape):
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, {"descr": "|u1", "fortran_order": False, "shape": shape})
    content.write(IMAGES.tobytes())
    (tmp_path / "some.npy").write_bytes(content.getvalue())
    with zipfile.ZipFile(tmp_path / "some.npz", "w") as archive:
        archive.write(tmp_path / "some.npy", "images.npy")
    with pytest.raises(InputError, match=r"whole NumPy file at .*, got: a shape of \[.*-.*\]: write it again"):
        data.npz_source(tmp_path / name)


@pytest.mark.parametrize("name", ["some.npz", "some.npy"])
@pytest.mark.parametrize("length", [0, 5, 40, 130, 300, -1])
def test_refuses_a_file_that_was_cut_short(tmp_path, name, length):
    path = tmp_path / name
    np.save(path, IMAGES) if name.endswith("npy") else np.savez(path, images=IMAGES)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(InputError, match=f"whole NumPy file at {path}, got: .*: write it again"):
        data.npz_source(path)


def test_refuses_changed_bytes(tmp_path):
    path = tmp_path / "some.npz"
    np.savez(path, images=IMAGES)
    content = bytearray(path.read_bytes())
    content[300] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"whole NumPy file at .*: Bad CRC-32"):
        data.npz_source(path)


def test_refuses_what_is_not_there_or_something_else(tmp_path):
    with pytest.raises(InputError, match=r"npz or .npy file at .*none.npz, got nothing there"):
        data.npz_source(tmp_path / "none.npz")
    with pytest.raises(InputError, match="got another kind of file"):
        data.npz_source(tmp_path)
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(InputError, match=r"whole NumPy file at .*text.npz, got: "):
        data.npz_source(tmp_path / "text.npz")
