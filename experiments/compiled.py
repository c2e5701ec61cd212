"""Programs that were compiled before are loaded, not compiled again: JAX's persistent compilation cache, as the scripts
here use it.

They lie in $GANJAX_CACHE/compiled, by default ~/.cache/ganjax/compiled, and are this user's alone: a program from there
is code that runs. JAX's key of an entry covers the program, the versions of JAX and XLA, XLA's flags and what the
processor can do, so that a home may be shared by different machines; it misses the number of processors, for which XLA
divides a program among threads, so each number has a folder of its own. Where JAX_COMPILATION_CACHE_DIR names a folder,
that one is used, with JAX's own settings; JAX_ENABLE_COMPILATION_CACHE=false turns all of it off.
"""

from __future__ import annotations

import contextlib
import os
import warnings
import zlib
from pathlib import Path

import jax

from ganjax.io import cache_folder

MOST_BYTES = 2**29
TIDIED = "tidied"  # a file as old as the last tidying
SUFFIX = "-cache"  # JAX's entries
ZLIB = b"\x78"  # how they begin, unless zstandard is installed


def keep_compiled() -> None:
    """Turns the cache on, for this process. To be called before anything is compiled, and after processes have joined.

    Where the folder can't be used nothing happens: a run must not fail, nor complain, for the want of it. The same goes
    for runs of several processes: only the first of them writes, and the others, without an entry, might wait for it to
    take part in what it needn't do again.
    """
    named = jax.config.jax_compilation_cache_dir  # type: ignore[attr-defined]
    wanted = jax.config.jax_enable_compilation_cache  # type: ignore[attr-defined]
    if named is not None or not wanted or jax.distributed.is_initialized():
        return
    try:
        root = private(cache_folder() / "compiled")
        folder = private(root / f"{num_processors()}-processors")
        tidy(root)
    except (OSError, RuntimeError):  # RuntimeError: nobody's home
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    # an entry is read in a millisecond or two, less than the smallest program takes to compile
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    # a full disk, or an entry that another process is writing: it is compiled then
    warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache", UserWarning)


def num_processors() -> int:
    """How many this process may use; the others of the machine are no business of XLA's."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def private(folder: Path) -> Path:
    """The folder, made where it is missing.

    Raises:
      OSError: if it can't be made or written to, or isn't this user's alone.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError(f"{folder} can't be written to.")
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
        raise PermissionError(f"{folder} can be written to by others.")
    return folder


def tidy(root: Path, most_bytes: int = MOST_BYTES) -> None:
    """Deletes the entries that nothing has read for longest, until the rest fits; and torn ones, which JAX keeps.

    By hand, because JAX's own limit needs another package, takes a lock at every reading and, in 0.10, deletes nothing
    any more once a process was killed at the wrong moment.
    """
    mark = root / TIDIED
    before = mark.stat().st_mtime if mark.exists() else 0.0
    mark.touch()
    kept = []
    for path in root.rglob("*" + SUFFIX):
        with contextlib.suppress(OSError):  # another process tidies, too
            status = path.stat()
            if status.st_mtime >= before and is_torn(path):
                path.unlink()
            else:
                kept.append((max(status.st_atime, status.st_mtime), status.st_size, path))
    excess = sum(size for _, size, _ in kept) - most_bytes
    for _, size, path in sorted(kept):
        if excess <= 0:
            break
        path.unlink(missing_ok=True)
        excess -= size


def is_torn(path: Path) -> bool:
    """Whether whoever wrote an entry didn't come to its end. Of zstandard's, only an empty one is known."""
    entry = path.read_bytes()
    if not entry.startswith(ZLIB):
        return not entry
    try:
        zlib.decompress(entry)
    except zlib.error:
        return True
    return False
