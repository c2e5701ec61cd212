"""Whatever stands in a file: what is read of it makes sense, or one message says what is wrong."""

import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest
import train
from fuzzing.formats import FORMATS
from fuzzing.outcomes import cases, forget_compiled, is_refusal, outcome, within_seconds
from fuzzing.spoiling import apply, damages
from hypothesis import given
from scripts import report_errors

from ganjax.checks import InputError

SECONDS = 30
ALL = sorted(FORMATS)
TINY = ["--generator.features", "8", "--discriminator.features", "8", "--batch-size=4", "--num-samples=4"]
TINY += ["--num-steps=2", "--parallel.devices=1"]


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


@contextlib.contextmanager
def damaged(damage, sets, scratch):
    """A copy of the set with the damage done."""
    folder = Path(tempfile.mkdtemp(dir=scratch)) / "set"
    shutil.copytree(sets / damage.kind, folder)
    apply(damage, folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder.parent)


def read_or_refused(damage, sets, scratch):
    """Which of the two it was; anything else fails."""
    with damaged(damage, sets, scratch) as folder, silence(), within_seconds(SECONDS):
        try:
            FORMATS[damage.kind].read(folder)
        except InputError as error:
            told = str(error)
        else:
            return "read"
    assert 0 < len(told) < 2000
    return "refused"


def trained_or_refused(damage, sets, scratch):
    """Whether train.py takes two steps on what is left of it, or says why not."""
    with damaged(damage, sets, scratch) as folder:
        name, place = FORMATS[damage.kind].named
        same = [] if name in ("mnist", "npz") else ["--data.resolution=8", "--data.channels=3"]
        flags = [f"--data.name={name}", f"--data.dir={folder / place}", *same, *TINY, f"--workdir={folder.parent}/run"]
        ended = outcome(lambda: report_errors(lambda: train.main(["mnist-mlp", *flags])))
        if is_refusal(ended):
            assert not (folder.parent / "run").exists()
            return "refused"
        assert ended.code == 0, ended
        assert json.loads((folder.parent / "run/final.json").read_text())["step"] == 2
        return "trained"


def search(run, sets, scratch, examples, number, kinds=ALL):
    found = Counter()

    @cases(examples, number)
    @given(damages(kinds))
    def one(damage):
        found[run(damage, sets, scratch)] += 1
        if found["trained"] % 20 == 19:
            forget_compiled()

    one()
    return found


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_whole_is_read(kind, sets):
    FORMATS[kind].read(sets / kind)


def test_a_few_damaged_files(sets, tmp_path):
    found = search(read_or_refused, sets, tmp_path, 80, number=100)
    assert found["read"] > 0.05 * found.total()
    assert found["refused"] > 0.4 * found.total()


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(5))
def test_five_hundred_damaged_files(sets, tmp_path, shard):
    found = search(read_or_refused, sets, tmp_path, 100, number=shard)
    print(dict(found))
    assert found["read"] > 0.1 * found.total()
    assert found["refused"] > 0.4 * found.total()


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(5))
def test_training_on_a_hundred_of_them(sets, tmp_path, shard):
    kinds = sorted(kind for kind, made in FORMATS.items() if made.named)
    found = search(trained_or_refused, sets, tmp_path, 20, shard, kinds)
    print(dict(found))
    assert found["trained"] + found["refused"] == found.total()
