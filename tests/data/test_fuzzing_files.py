"""Whatever stands in a file: what is read of it makes sense, or one message says what is wrong."""

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from fuzzing import within_seconds
from fuzzing_files import FORMATS, apply

from ganjax.checks import InputError

SECONDS = 30
SHARDS = 5


def written(folder):
    """A small set of every kind."""
    for name, made in FORMATS.items():
        made.write(folder / name)
    return folder


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    return written(tmp_path_factory.mktemp("sets"))


@contextlib.contextmanager
def silence():
    """Whoever prints in it, also from C, fails: a refusal is one message."""
    with tempfile.TemporaryFile() as file:
        kept = [os.dup(number) for number in (1, 2)]
        for number in (1, 2):
            os.dup2(file.fileno(), number)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, number)
                os.close(copy)
            file.seek(0)
            printed = file.read().decode(errors="replace")
    assert not printed, printed


def read_or_refused(damage, sets, scratch):
    """Which of the two it was; anything else fails."""
    folder = Path(tempfile.mkdtemp(dir=scratch)) / "set"
    shutil.copytree(sets / damage.kind, folder)
    apply(damage, folder)
    try:
        with within_seconds(SECONDS), silence():
            FORMATS[damage.kind].read(folder)
    except InputError as error:
        assert str(error)
        assert len(str(error)) < 2000
        return "refused"
    finally:
        shutil.rmtree(folder.parent)
    return "read"


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_whole_is_read(kind, sets):
    FORMATS[kind].read(sets / kind)
