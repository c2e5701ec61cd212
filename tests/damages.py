"""What can happen to files on a disk, at random places: for the tests of what survives it."""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

Damage = Callable[[random.Random, Path], str]  # does it, and says what it did


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def flip(rng: random.Random, folder: Path) -> str:
    """One to eight bits of one byte; one time in two of any file, else of any byte."""
    files = [path for path in files_in(folder) if path.stat().st_size]
    by_size = rng.random() < 0.5
    file = rng.choices(files, [path.stat().st_size if by_size else 1 for path in files])[0]
    content = bytearray(file.read_bytes())
    place, change = rng.randrange(len(content)), rng.randrange(1, 256)
    content[place] ^= change
    file.write_bytes(content)
    return f"byte {place} of {len(content)} of {file.relative_to(folder)} changed by {change:#04x}"


def truncate(rng: random.Random, folder: Path) -> str:
    file = rng.choice([path for path in files_in(folder) if path.stat().st_size])
    length = rng.randrange(file.stat().st_size)
    os.truncate(file, length)
    return f"{file.relative_to(folder)} cut to {length} bytes"


def empty(rng: random.Random, folder: Path) -> str:
    file = rng.choice(files_in(folder))
    file.write_bytes(b"")
    return f"{file.relative_to(folder)} emptied"


def delete(rng: random.Random, folder: Path) -> str:
    file = rng.choice(files_in(folder))
    file.unlink()
    return f"{file.relative_to(folder)} deleted"


def swap(rng: random.Random, folder: Path) -> str:
    """Two files change places."""
    first, second = rng.sample(files_in(folder), 2)
    aside = first.with_name("aside")
    first.rename(aside)
    second.rename(first)
    aside.rename(second)
    return f"{first.relative_to(folder)} and {second.relative_to(folder)} swapped"


def stray(rng: random.Random, folder: Path) -> str:
    """A file that does not belong there: noise, or a copy of one of the files, by any name."""
    place = rng.choice([folder, *sorted(path for path in folder.rglob("*") if path.is_dir())])
    names = ["9", "999", "metadata", ".hidden", "core", "1.orbax-checkpoint-tmp", "manifest.ocdbt", "d", "x" * 200]
    free = [name for name in names if not (place / name).exists()]
    target = place / rng.choice(free)
    if rng.random() < 0.5:
        target.write_bytes(rng.randbytes(rng.randrange(2000)))
    else:
        shutil.copyfile(rng.choice(files_in(folder)), target)
    return f"{target.relative_to(folder)} added"


FILE_DAMAGES: dict[str, Damage] = {
    "flip": flip,
    "truncate": truncate,
    "empty": empty,
    "delete": delete,
    "swap": swap,
    "stray": stray,
}


# ---------------------------------------------------------------- of the folders of checkpoints


def steps_of(folder: Path) -> list[Path]:
    return sorted((path for path in folder.iterdir() if path.name.isdigit()), key=lambda path: int(path.name))


def swap_steps(rng: random.Random, folder: Path) -> str:
    """Two checkpoints change places: each is sound, and says the wrong step."""
    first, second = rng.sample(steps_of(folder), 2)
    aside = folder / "aside"
    first.rename(aside)
    second.rename(first)
    aside.rename(second)
    return f"checkpoints {first.name} and {second.name} swapped"


def copy_step(rng: random.Random, folder: Path) -> str:
    """A checkpoint appears as a later one, as a copy or a link."""
    source, target = rng.choice(steps_of(folder)), folder / str(rng.randrange(10_000, 20_000))
    if rng.random() < 0.5:
        shutil.copytree(source, target)
    else:
        target.symlink_to(source)
    return f"checkpoint {source.name} appears as {target.name}"


def empty_step(rng: random.Random, folder: Path) -> str:
    target = folder / str(rng.randrange(10_000, 20_000))
    target.mkdir()
    return f"an empty folder {target.name}"


def delete_step(rng: random.Random, folder: Path) -> str:
    target = rng.choice(steps_of(folder))
    shutil.rmtree(target)
    return f"checkpoint {target.name} deleted"


def delete_part(rng: random.Random, folder: Path) -> str:
    target = rng.choice([path for path in sorted(folder.rglob("*")) if path.is_dir() and path.parent != folder])
    shutil.rmtree(target)
    return f"folder {target.relative_to(folder)} deleted"


STEP_DAMAGES: dict[str, Damage] = {
    "swap steps": swap_steps,
    "copy a step": copy_step,
    "empty step": empty_step,
    "delete a step": delete_step,
    "delete a folder": delete_part,
}
