"""Whatever settings the scripts are given: two steps are trained, or one message is said and nothing is written."""

import json
import math
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import footprint
import pytest
import sample
import train
from fuzzing import small_sets
from fuzzing.command_lines import Place, command_lines, tiny
from fuzzing.outcomes import cases, forget_compiled, is_one_message, is_refusal, outcome
from fuzzing.runs import changed_settings, options_lines
from hypothesis import given
from scripts import DIVERGED, report_errors

SHARDS = 20
MEMORY = 2**31  # bytes that the machine is said to have: cases are to leave the rest of it alone


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Small sets of every kind, and a folder of its own to write to."""
    folder = tmp_path_factory.mktemp("data")
    small_sets.write_idx(folder / "mnist", num=64, side=28)
    for name, side, channels in (("gray", 28, 1), ("color", 32, 3), ("large", 64, 3)):
        small_sets.write_npz(folder / name, 16, side, channels)
    small_sets.write_folder(folder / "folder")
    small_sets.write_zip(folder / "zip")
    small_sets.write_parquet(folder / "parquet")
    small_sets.write_prepared(folder / "tfds")
    found = {name: str(folder / name) for name in ("mnist", "folder", "tfds", "parquet")}
    found |= {name: str(folder / name / "set.npz") for name in ("gray", "color", "large")}
    return Place(found | {"zip": str(folder / "zip/set.zip")}, str(tmp_path_factory.mktemp("scratch")))


def trained_or_refused(arguments, place):
    """Which of the two it was; anything else fails."""
    workdir = Path(tempfile.mkdtemp(dir=place.scratch)) / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(footprint, "available", lambda: MEMORY)
        patch.chdir(workdir.parent)
        ended = outcome(lambda: report_errors(lambda: train.main([*arguments, f"--workdir={workdir}"])))
    try:
        if is_refusal(ended):
            left = sorted(path.name for path in workdir.parent.rglob("*"))
            assert not left, (ended.err, left)
            return "refused"
        if ended.code == DIVERGED:
            assert is_one_message(ended.err), ended
            assert "Numbers are no longer finite" in ended.err
            return "diverged"
        assert ended.code == 0, ended
        final = json.loads((workdir / "final.json").read_text())
        assert final["step"] == 2
        assert math.isfinite(final["seconds"])
        return "trained"
    finally:
        shutil.rmtree(workdir.parent)


def search(place, examples, number):
    """How many cases ended in which way."""
    found = Counter()

    @cases(examples, number)
    @given(command_lines(place))
    def one(arguments):
        if log := os.environ.get("FUZZING_LOG"):
            with open(log, "a") as file:
                print(json.dumps(arguments), file=file)
        found[trained_or_refused(arguments, place)] += 1
        if found.total() % 20 == 0:
            forget_compiled()

    one()
    return found


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.slow
def test_two_thousand_command_lines(place, shard, capsys):
    found = search(place, 2000 // SHARDS, shard)
    with capsys.disabled():
        print(f"\nshard {shard}: {dict(found)}")
    assert found["trained"] > 0.1 * found.total()
    assert found["refused"] > 0.1 * found.total()


# ---------------------------------------------------------------- a run that is there


@pytest.fixture(scope="module")
def runs(place):
    """Two runs of two steps, of points and of pictures: their folders, with the command lines that made them."""
    networks = {"ring": ("generator.features", "discriminator.features")}
    networks["digits"] = ("generator.channels", "discriminator.channels")
    found = {
        f"{place.scratch}/{preset}": [preset, *tiny(dict.fromkeys(paths)), "--num-steps=2"]
        for preset, paths in networks.items()
    }
    for workdir, line in found.items():
        assert outcome(lambda: report_errors(lambda: train.main([*line, f"--workdir={workdir}"]))).code == 0  # noqa: B023
    return found


def contents(folder):
    return {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def done_or_refused(entry, arguments):
    """Which of the two it was, of a script that reads a run."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(footprint, "available", lambda: MEMORY)
        patch.chdir(folder)
        ended = outcome(lambda: entry(arguments))
    if is_refusal(ended):
        return "refused"
    assert ended.code == 0, ended
    return "done"


def changed_and_read(made, run, line, place):
    """sample.py and train.py on a run whose config.json was changed. train.py never goes on with another config."""
    with tempfile.TemporaryDirectory(dir=place.scratch) as folder:
        workdir = Path(folder) / "run"
        shutil.copytree(run, workdir)
        (workdir / "config.json").write_text(json.dumps(made))
        before = contents(workdir)
        ended = outcome(lambda: report_errors(lambda: train.main([*line, f"--workdir={workdir}"])))
        assert is_refusal(ended), ended
        assert contents(workdir) == before
        return done_or_refused(sample.entry, [str(workdir)])


def settings_of(run):
    return json.loads((Path(run) / "config.json").read_text())


def search_options(module, place, runs, examples, number):
    found = Counter()

    @cases(examples, number)
    @given(options_lines(module.Options, sorted(runs), place.scratch))
    def one(arguments):
        found[done_or_refused(module.entry, arguments)] += 1

    one()
    return found


def search_settings(place, runs, examples, number):
    found = Counter()
    for run, line in runs.items():

        @cases(examples // len(runs), number)
        @given(changed_settings(settings_of(run)).filter(lambda made, run=run: made != settings_of(run)))
        def one(made, run=run, line=line):
            found[changed_and_read(made, run, line, place)] += 1

        one()
    return found
