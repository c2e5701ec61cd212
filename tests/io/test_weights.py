"""Files of weights: whole or refused, and never anything but arrays."""

import io
import os
import pickle
import zipfile

import numpy as np
import pytest

from ganjax.checks import InputError
from ganjax.io import read_arrays, read_weights, weights_sha256, write_weights

SHAPES = {"a.kernel": (2, 3), "b.bias": (4,)}
ARRAYS = {name: np.arange(np.prod(shape), dtype=np.float32).reshape(shape) for name, shape in SHAPES.items()}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "folder" / "weights.npz"
    write_weights(path, ARRAYS, SHAPES, "abc")
    return path


def test_there_and_back(path):
    saved = read_weights(path, SHAPES)
    assert saved.arrays.keys() == ARRAYS.keys()
    assert all(np.array_equal(saved.arrays[name], ARRAYS[name]) for name in ARRAYS)
    assert (saved.source_sha256, saved.fingerprint) == ("abc", weights_sha256(ARRAYS))
    assert [file.name for file in path.parent.iterdir()] == ["weights.npz"]


def test_the_fingerprint_is_of_names_shapes_and_entries():
    fingerprint = weights_sha256(ARRAYS)
    assert len(fingerprint) == 64
    assert weights_sha256(dict(reversed(ARRAYS.items()))) == fingerprint
    others = [
        {**ARRAYS, "b.bias": ARRAYS["b.bias"] + np.float32(1e-6)},
        {**ARRAYS, "a.kernel": ARRAYS["a.kernel"].reshape(3, 2)},
        {"a.kernel": ARRAYS["a.kernel"], "c.bias": ARRAYS["b.bias"]},
    ]
    assert len({fingerprint, *map(weights_sha256, others)}) == 4


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a.kernel": ARRAYS["a.kernel"]}, "it lacks b.bias"),
        ({**ARRAYS, "c": ARRAYS["b.bias"]}, "got 3: it has c too"),
        ({**ARRAYS, "b.bias": np.zeros(5, np.float32)}, r"Expected b.bias\[4\] of float32 in .*, got \[5\]"),
        ({**ARRAYS, "b.bias": np.zeros(4)}, r"got \[4\] of float64"),
        ({**ARRAYS, "b.bias": np.full(4, np.nan, np.float32)}, "NaN or infinity in b.bias"),
    ],
)
def test_what_is_neither_written_nor_read(arrays, message, tmp_path):
    with pytest.raises(InputError, match=message):
        write_weights(tmp_path / "w.npz", arrays, SHAPES, "")
    assert not (tmp_path / "w.npz").exists()
    np.savez(tmp_path / "w.npz", **arrays, source_sha256="", fingerprint=weights_sha256(arrays))
    with pytest.raises(InputError, match=message):
        read_weights(tmp_path / "w.npz", SHAPES)


def test_missing_truncated_and_empty(path, tmp_path):
    for absent, what in ((tmp_path / "none.npz", "not there"), (tmp_path, "no file")):
        with pytest.raises(InputError, match=rf"which is {what}\. Make it with: convert it"):
            read_weights(absent, SHAPES, convert="convert it")
    whole = path.read_bytes()
    for part in (whole[:-40], whole[: len(whole) // 2], b"", b"text"):
        path.write_bytes(part)
        with pytest.raises(InputError, match=r"can't be read \(.*Make it with: convert it"):
            read_weights(path, SHAPES, convert="convert it")


def test_other_contents_than_were_written(path):
    changed = {**ARRAYS, "b.bias": ARRAYS["b.bias"] + 1}
    np.savez(path, **changed, source_sha256="abc", fingerprint=weights_sha256(ARRAYS))
    with pytest.raises(InputError, match="the file is damaged"):
        read_weights(path, SHAPES)
    np.savez(path, **ARRAYS)
    with pytest.raises(InputError, match="the file is damaged"):
        read_weights(path, SHAPES)


def test_pytorch_files_are_known_and_not_unpickled(tmp_path):
    new, old = tmp_path / "new.pth", tmp_path / "old.pth"
    with zipfile.ZipFile(new, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
    old.write_bytes(pickle.dumps({"weights": 1}, protocol=2))
    for path in (new, old):
        with pytest.raises(InputError, match=r"a PyTorch file: convert it first. Make it with: this"):
            read_weights(path, SHAPES, convert="this")


def test_objects_are_not_unpickled_and_nobody_advises_to(tmp_path):
    np.savez(tmp_path / "w.npz", **ARRAYS, c=np.array([{}], object))
    (tmp_path / "bytes.npz").write_bytes(b"anything but an archive" * 99)
    np.save(tmp_path / "lone.npy", ARRAYS["b.bias"])
    for name in ("w.npz", "bytes.npz", "lone.npy"):
        with pytest.raises(InputError, match=r"can't be read \(it is no .npz of arrays alone\)") as told:
            read_weights(tmp_path / name, SHAPES)
        assert "allow_pickle" not in str(told.value)


def test_a_damaged_compressed_file(tmp_path):
    path = tmp_path / "w.npz"
    np.savez_compressed(path, **ARRAYS)
    content = bytearray(path.read_bytes())
    content[30 + sum(content[26:30])] = 0xFF  # behind the member's header, of 30 bytes, its name and its extra field
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"can't be read \(Error -3"):
        read_weights(path, SHAPES)


def test_a_header_that_claims_more_than_there_can_be(tmp_path):
    header = io.BytesIO()
    claimed = {"descr": "<f4", "fortran_order": False, "shape": (10**14,)}
    np.lib.format.write_array_header_1_0(header, claimed)
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as archive:
        archive.writestr("a.kernel.npy", header.getvalue())
    with pytest.raises(InputError, match=r"can't be read \(Unable to allocate 364"):
        read_weights(tmp_path / "w.npz", SHAPES)


def test_the_right_names_on_what_is_no_array(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as archive:
        for name in SHAPES:
            archive.writestr(name, b"bytes")
    with pytest.raises(InputError, match=r"a\.kernel in it is no array"):
        read_weights(tmp_path / "w.npz", SHAPES)


def test_a_file_that_unpacks_to_more_than_the_weights_is_not_unpacked(tmp_path):
    path = tmp_path / "w.npz"
    np.savez_compressed(path, **ARRAYS, more=np.zeros(2**20, np.float32))
    assert path.stat().st_size < 20_000
    with pytest.raises(InputError, match=r"can't be read \(it holds 4,19\d,\d{3} bytes, more than 1,0"):
        read_weights(path, SHAPES)
    with pytest.raises(InputError, match=r"^it holds 4,19\d,\d{3} bytes, more than 1,000,000$"):
        read_arrays(path, 1_000_000)
    assert read_arrays(path)["more"].size == 2**20


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "w.npz")
    with pytest.raises(InputError, match=r"^it is no file$"):
        read_arrays(tmp_path / "w.npz")
