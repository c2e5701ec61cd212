"""Downloads: whole and as published, or an error; what broke off goes on; silence is given up on."""

import socket
import threading
import time

import downloads
import numpy as np
import pytest
import servers
from downloads import Remote, RoomError, fetch

from ganjax.checks import InputError

CONTENT = np.random.default_rng(8).bytes(600_000)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    servers.refuse_network(monkeypatch)


@pytest.fixture
def server():
    with servers.running() as handler:
        yield handler


def published(server, served=None):
    return servers.published(server, "some.bin", CONTENT, served)


def ignore(done):
    del done


def test_downloads_once(server, tmp_path):
    remote, seen = published(server), []
    path = fetch(remote, tmp_path / "new", seen.append)
    assert path.read_bytes() == CONTENT
    assert seen[0] == 0
    assert seen[-1] == len(CONTENT)
    assert fetch(remote, tmp_path / "new", ignore) == path
    assert server.asked == [None]
    assert [file.name for file in path.parent.iterdir()] == ["some.bin"]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_download_that_broke_off_goes_on(server, tmp_path, ranges):
    remote, server.cut, server.ranges = published(server), 250_000, ranges
    with pytest.raises(InputError, match=r"Expected to download .*250000 bytes are kept in .*some.bin.part: the same"):
        fetch(remote, tmp_path, ignore)
    assert not (tmp_path / "some.bin").exists()
    assert fetch(remote, tmp_path, ignore).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=250000-"]
    assert not (tmp_path / "some.bin.part").exists()


@pytest.mark.parametrize(
    "served", [CONTENT[:-1] + b"!", CONTENT[:400_000], CONTENT + b"!"], ids=["changed", "short", "long"]
)
def test_another_file_than_the_published_one(server, tmp_path, served):
    remote = published(server, served=served)
    with pytest.raises(InputError, match=r"Expected (to download )?http://127.0.0.1:.*some.bin"):
        fetch(remote, tmp_path, ignore)
    assert not (tmp_path / "some.bin").exists()
    assert (tmp_path / "some.bin.part").exists() == (len(served) < len(CONTENT))


def test_what_is_left_of_another_download_is_not_completed(server, tmp_path):
    remote = published(server)
    (tmp_path / "some.bin.part").write_bytes(b"x" * 1000)
    with pytest.raises(InputError, match=r"SHA-256 .* the download was thrown away"):
        fetch(remote, tmp_path, ignore)
    assert fetch(remote, tmp_path, ignore).read_bytes() == CONTENT
    (tmp_path / "some.bin").write_bytes(b"damaged since")
    assert fetch(remote, tmp_path, ignore).read_bytes() == CONTENT


def test_a_place_that_takes_no_files(server, tmp_path, monkeypatch):
    remote = published(server)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(RoomError, match=r"keep downloads in .*/file/new, got: .*Not a directory.*: name another place"):
        fetch(remote, tmp_path / "file" / "new", ignore)
    fetch(remote, tmp_path, ignore)

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(downloads, "sha256_of", refuse)  # the tests' user may be one who reads everything
    with pytest.raises(RoomError, match=r"Permission denied: .*some.bin.: name another place with --data-dir"):
        fetch(remote, tmp_path, ignore)


def test_a_server_that_says_nothing_is_given_up(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        remote = Remote(f"http://127.0.0.1:{silent.getsockname()[1]}/some.bin", 5, "0")
        began = time.monotonic()
        with pytest.raises(InputError, match=r"Expected to download .*: .*(no answer|timed out)"):
            fetch(remote, tmp_path, ignore, timeout=0.3)
        assert time.monotonic() - began < 5


def test_a_name_that_takes_long_to_look_up_is_given_up(tmp_path, monkeypatch):
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: released.wait(20) and [])
    with pytest.raises(InputError, match=r"no answer in 0.2 seconds"):
        fetch(Remote("http://nowhere.invalid/some.bin", 5, "0"), tmp_path, ignore, timeout=0.2)
    released.set()
