"""Files from the network: whole and as they were published, or not at all; an interrupted download goes on later."""

from __future__ import annotations

import hashlib
import http.client
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ganjax.checks import InputError

TIMEOUT = 10.0  # seconds without an answer, or without a byte
_CHUNK = 1 << 18
_RANGE_REFUSED = 416
_PARTIAL = 206
T = TypeVar("T")


class RoomError(InputError):
    """A folder that can't be written to, or read."""


class Remote(NamedTuple):
    """A published file.

    Attributes:
      url: where it is.
      size: its bytes.
      sha256: its SHA-256, hexadecimal.
    """

    url: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """What it is called on disk."""
        return self.url.rpartition("/")[2]


def fetch(remote: Remote, folder: Path, advance: Callable[[int], None], timeout: float = TIMEOUT) -> Path:
    """Downloads a file into a folder, unless it is there; what was fetched of it before is not fetched again.

    Bytes gather in NAME.part, which gets its name once its size and checksum are the published ones.

    Args:
      remote: the file.
      folder: where to; made if it isn't there.
      advance: told the number of bytes that are done, each time.
      timeout: seconds of silence after which to give up.

    Returns:
      The file's path.

    Raises:
      InputError: when the network doesn't answer, breaks off, or sends another file than the published one.
      RoomError: when the folder can't be made, read or written.
    """
    target, part = folder / remote.name, folder / f"{remote.name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if target.is_file() and sha256_of(target) == remote.sha256:
            advance(remote.size)
            return target
        if not part.is_file() or part.stat().st_size < remote.size:
            _receive(remote, part, advance, timeout)
        _check(remote, part)
        os.replace(part, target)
    except OSError as error:  # the network's own are InputErrors by now
        raise RoomError(
            f"Expected room and permission to keep downloads in {folder}, got: {error}: name another place with "
            "--data-dir."
        ) from error
    return target


def sha256_of(path: Path) -> str:
    """The file's SHA-256, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _receive(remote: Remote, part: Path, advance: Callable[[int], None], timeout: float) -> None:
    """Appends to `part` what is missing of it."""
    have = part.stat().st_size if part.is_file() else 0
    try:
        with _open(remote.url, have, timeout) as answer:
            have = have if _goes_on(answer, have) else 0  # a server may ignore the range and send everything
            advance(have)
            with part.open("ab" if have else "wb") as file:
                while have <= remote.size and (chunk := answer.read(_CHUNK)):
                    file.write(chunk)
                    have += len(chunk)
                    advance(have)
    except (OSError, http.client.HTTPException) as error:  # urllib's errors are OSErrors
        if isinstance(error, urllib.error.HTTPError) and error.code == _RANGE_REFUSED:
            part.unlink()  # longer than what is there: another file
        raise InputError(_unreachable(remote, part, error)) from error
    if have < remote.size:
        raise InputError(_unreachable(remote, part, f"the connection closed after {have} of {remote.size} bytes"))


def _open(url: str, have: int, timeout: float) -> Any:
    request = urllib.request.Request(url, headers={"User-Agent": "ganjax"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    return _within(timeout, lambda: urllib.request.urlopen(request, timeout=timeout))


def _goes_on(answer: Any, have: int) -> bool:
    return answer.status == _PARTIAL and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")


def _within(seconds: float, call: Callable[[], T]) -> T:
    """What `call` returns; sockets time out by themselves, but looking up a host's name takes what it likes."""
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(call())
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        raise failure[0]
    if not outcome:
        raise TimeoutError(f"no answer in {seconds:g} seconds")
    return outcome[0]


def _check(remote: Remote, part: Path) -> None:
    """Raises `InputError`, and throws the file away, unless it is the published one."""
    size = part.stat().st_size
    found = f"{size} bytes" if size != remote.size else f"SHA-256 {sha256_of(part)}"
    if found != f"SHA-256 {remote.sha256}":
        part.unlink()
        raise InputError(
            f"Expected {remote.url} with {remote.size} bytes and SHA-256 {remote.sha256}, got {found}: the download "
            "was thrown away; run the command again, or fetch the file by hand from another place and use --from."
        )


def _unreachable(remote: Remote, part: Path, reason: object) -> str:
    kept = part.stat().st_size if part.is_file() else 0
    again = f" ({kept} bytes are kept in {part}: the same command goes on from there)" if kept else ""
    return f"Expected to download {remote.url}, got: {reason}{again}."
