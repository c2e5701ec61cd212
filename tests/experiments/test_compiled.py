"""The scripts load what was compiled before: where, for whom, how much of it, and that no run depends on it."""

import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

import compiled
import pytest

ROOT = Path(__file__).parents[2]
SHORT = ("gaussian", "--num-steps", "40", "--log-every", "20", "--sample-every", "40", "--checkpoint-every", "40")


def environment(home: Path, **changes: str) -> dict[str, str]:
    """Without the cache of this session of tests."""
    kept = {name: value for name, value in os.environ.items() if "CACHE" not in name}
    return {**kept, "XDG_CACHE_HOME": str(home), "PYTHONWARNINGS": "default::UserWarning", **changes}


def train(workdir: Path, home: Path, **changes: str) -> tuple[dict, str]:
    """A run's final.json, and what it complained of."""
    command = [sys.executable, str(ROOT / "experiments" / "train.py"), *SHORT, "--workdir", str(workdir)]
    result = subprocess.run(
        command, env=environment(home, **changes), capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert result.returncode == 0, result.stderr
    return json.loads((workdir / "final.json").read_text()), result.stderr


def entries(home: Path) -> list[Path]:
    return sorted((home / "ganjax" / "compiled").rglob("*-cache"))


def numbers(final: dict) -> dict:
    return {name: value for name, value in final.items() if "second" not in name}


def entry(path: Path, size: int = 1000, age: float = 0.0, now: float = 1e9) -> Path:
    """A sound one of about `size` bytes, last read `age` seconds before now."""
    path.write_bytes(zlib.compress(os.urandom(size), 0))
    os.utime(path, (now - age, now - age))
    return path


@pytest.mark.slow
def test_a_run_is_the_same_without_the_cache_with_an_empty_one_and_with_a_full_one(tmp_path):
    home = tmp_path / "home"
    off, _ = train(tmp_path / "off", home, JAX_ENABLE_COMPILATION_CACHE="false")
    assert not (home / "ganjax").exists()
    cold, _ = train(tmp_path / "cold", home)
    first = {path.name: path.stat().st_mtime_ns for path in entries(home)}
    assert any(name.startswith("jit_init") for name in first)
    warm, complaints = train(tmp_path / "warm", home)
    assert {path.name: path.stat().st_mtime_ns for path in entries(home)} == first  # nothing was compiled anew
    assert "compilation cache" not in complaints
    assert numbers(off) == numbers(cold) == numbers(warm)
    assert {oct(path.stat().st_mode & 0o777) for path in (home / "ganjax" / "compiled").glob("*-processors")} == {
        "0o700"
    }


@pytest.mark.slow
def test_a_torn_entry_is_made_anew(tmp_path):
    home = tmp_path / "home"
    whole, _ = train(tmp_path / "first", home)
    sizes = {path: path.stat().st_size for path in entries(home)}
    for number, path in enumerate(sizes):  # what kill -9 leaves: nothing, or a beginning
        path.write_bytes(b"" if number % 2 else path.read_bytes()[: sizes[path] // 2])
    again, complaints = train(tmp_path / "second", home)
    assert "compilation cache" not in complaints
    assert numbers(again) == numbers(whole)
    assert set(entries(home)) == set(sizes)
    assert not any(compiled.is_torn(path) for path in sizes)


@pytest.mark.slow
def test_a_folder_that_cannot_be_made_is_done_without(tmp_path):
    home = tmp_path / "home"
    home.write_text("a file")  # read-only folders stop nobody who is root
    _, complaints = train(tmp_path / "run", home)
    assert "compilation cache" not in complaints


def test_a_folder_that_was_named_is_used_as_it_is(tmp_path):
    named, home = tmp_path / "named", tmp_path / "home"
    train(
        tmp_path / "run",
        home,
        JAX_COMPILATION_CACHE_DIR=str(named),
        JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS="0",
    )
    assert any(named.glob("jit_init*-cache"))
    assert not (home / "ganjax").exists()


def test_a_folder_that_others_can_write_to_is_refused(tmp_path):
    folder = compiled.private(tmp_path / "mine")
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o770)
    with pytest.raises(PermissionError, match="written to by others"):
        compiled.private(folder)


def test_a_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    folder = compiled.private(tmp_path / "theirs")
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    with pytest.raises(PermissionError):
        compiled.private(folder)


def test_programs_for_other_numbers_of_processors_lie_apart(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert compiled.num_processors() == 3


def test_what_was_not_read_for_longest_goes_first(tmp_path):
    folders = [tmp_path / name for name in ("1-processors", "2-processors")]
    for folder in folders:
        folder.mkdir()
    paths = [entry(folders[age % 2] / f"{age}-cache", age=age) for age in range(5)]
    compiled.tidy(tmp_path, most_bytes=2500)
    assert [path.exists() for path in paths] == [True, True, False, False, False]


def test_a_read_makes_an_entry_young(tmp_path):
    old, read = entry(tmp_path / "a-cache", age=10), entry(tmp_path / "b-cache", age=20)
    os.utime(read, (1e9, 1e9 - 20))
    compiled.tidy(tmp_path, most_bytes=1500)
    assert (old.exists(), read.exists()) == (False, True)


def test_only_what_is_new_since_the_last_tidying_is_looked_into(tmp_path, monkeypatch):
    looked = []
    monkeypatch.setattr(compiled, "is_torn", lambda path: looked.append(path.name) or False)
    entry(tmp_path / "old-cache")
    compiled.tidy(tmp_path)
    entry(tmp_path / "new-cache", age=-1e10)
    compiled.tidy(tmp_path)
    assert looked == ["old-cache", "new-cache"]
    assert compiled.MOST_BYTES == 2**29


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_torn(tmp_path, share):
    path = entry(tmp_path / "x-cache")
    assert not compiled.is_torn(path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    assert compiled.is_torn(path)
