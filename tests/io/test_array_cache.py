"""Arrays kept on disk."""

import os
import time

import numpy as np
import pytest

from ganjax.checks import InputError
from ganjax.io import array_cache as file
from ganjax.io import cache_folder, kept_arrays

KEY, OTHER = "0123456789abcdef" * 4, "f" * 64
ARRAYS = {"images": np.arange(24, dtype=np.uint8).reshape(2, 3, 4), "kept": np.array([0, 5])}


class Maker:
    def __init__(self, arrays=ARRAYS, error=None):
        self.arrays, self.error, self.calls = arrays, error, 0

    def __call__(self):
        self.calls += 1
        if self.error:
            raise self.error
        return self.arrays


def keep(folder, make, key=KEY):
    return kept_arrays(folder, key, make, worth_seconds=0.0)


def entry_of(folder):
    (entry,) = folder.iterdir()
    return entry


def same(found):
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_made_once_and_read_back_from_the_disk(tmp_path):
    make = Maker()
    folder = tmp_path / "new" / "cache"
    arrays, notes = keep(folder, make)
    same(arrays)
    entry = entry_of(folder)
    assert notes == (f"kept for next time: 0 MiB in {entry}",)
    arrays, notes = keep(folder, make)
    same(arrays)
    assert (make.calls, notes) == (1, (f"read decoded from {entry}",))
    assert isinstance(arrays["images"], np.memmap)
    assert not arrays["images"].flags.writeable
    assert sorted(path.name for path in entry.iterdir()) == ["images.npy", "kept.npy", "sha256.json"]
    keep(folder, make, OTHER)
    assert make.calls == 2


def test_what_is_quick_is_not_kept(tmp_path):
    make = Maker()
    for _ in range(2):
        assert kept_arrays(tmp_path, KEY, make, worth_seconds=60.0) == (ARRAYS, ())
    assert make.calls == 2
    assert not list(tmp_path.iterdir())


def flip_a_byte(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("name", ["images.npy", "sha256.json"])
@pytest.mark.parametrize("damage", [flip_a_byte, cut, os.unlink, lambda path: path.write_bytes(b"{}")])
def test_a_damaged_entry_is_made_again_and_said_so(tmp_path, name, damage):
    make = Maker()
    keep(tmp_path, make)
    entry = entry_of(tmp_path)
    damage(entry / name)
    # and kept again, however quickly it was made: else it would be found damaged each time
    arrays, notes = kept_arrays(tmp_path, KEY, make, worth_seconds=60.0)
    same(arrays)
    assert make.calls == 2
    assert notes[0].startswith(f"made again: {entry} was damaged (")
    assert keep(tmp_path, make)[1] == (f"read decoded from {entry}",)


def test_python_objects_are_never_loaded(tmp_path):
    keep(tmp_path, Maker())
    entry = entry_of(tmp_path)
    np.save(entry / "images.npy", np.array([{}], object), allow_pickle=True)
    (entry / "sha256.json").write_text(
        f'{{"key": "{KEY}", "arrays": {{"images": "{file._sha256(entry / "images.npy")}"}}}}'
    )
    arrays, notes = keep(tmp_path, Maker())
    same(arrays)
    assert "was damaged" in notes[0]


def test_nothing_is_left_of_what_fails(tmp_path):
    with pytest.raises(InputError, match="no pictures"):
        keep(tmp_path, Maker(error=InputError("no pictures")))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        keep(tmp_path, Maker({"images": ARRAYS["images"], "objects": np.array([{}], object)}))
    assert not list(tmp_path.iterdir())


def test_where_nothing_can_be_written_it_is_done_without(tmp_path):
    (tmp_path / "file").write_text("in the way")
    arrays, notes = keep(tmp_path / "file", Maker())
    same(arrays)
    assert len(notes) == 1
    assert notes[0].startswith(f"not kept: {tmp_path}/file/{KEY[:32]} can't be written (")


def test_another_process_may_be_first(tmp_path):
    def make():
        keep(tmp_path, Maker())  # meanwhile
        return ARRAYS

    same(keep(tmp_path, make)[0])
    entry_of(tmp_path)
    same(keep(tmp_path, Maker(error=AssertionError("kept")))[0])


def test_what_killed_processes_left_is_removed_when_it_is_old(tmp_path):
    old, new = (tmp_path / f"{name}.partial" for name in ("old", "new"))
    for folder in (old, new):
        folder.mkdir()
        (folder / "images.npy").write_bytes(b"half")
    days_ago = time.time() - 2 * 24 * 3600
    os.utime(old, (days_ago, days_ago))
    keep(tmp_path, Maker())
    assert not old.exists()
    assert new.exists()


def test_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("GANJAX_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("GANJAX_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert cache_folder() == tmp_path / "caches" / "ganjax"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "ganjax"


def test_a_key_is_a_digest(tmp_path):
    for key in ("../up", "", "ABCDEF0123456789", "0123"):
        with pytest.raises(InputError, match="hexadecimal digest as key"):
            keep(tmp_path, Maker(), key)
