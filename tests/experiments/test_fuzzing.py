"""Whatever settings the scripts are given: two steps are trained, or one message is said and nothing is written."""

import json
import math
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import footprint
import fuzzing
import fuzzing_files
import pytest
import train
from fuzzing import Place, command_lines, is_refusal, outcome
from hypothesis import HealthCheck, Phase, given, seed, settings
from scripts import report_errors

SHARDS = 20
MEMORY = 2**31  # bytes that the machine is said to have: cases are to leave the rest of it alone


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Small sets of every kind, and a folder of its own to write to."""
    folder = tmp_path_factory.mktemp("data")
    fuzzing_files.write_idx(folder / "mnist", num=64, side=28)
    for name, side, channels in (("gray", 28, 1), ("color", 32, 3), ("large", 64, 3)):
        fuzzing_files.write_npz(folder / name, 16, side, channels)
    fuzzing_files.write_folder(folder / "folder")
    fuzzing_files.write_zip(folder / "zip")
    fuzzing_files.write_parquet(folder / "parquet")
    fuzzing_files.write_prepared(folder / "tfds")
    found = {name: str(folder / name) for name in ("mnist", "folder", "tfds", "parquet")}
    found |= {name: str(folder / name / "set.npz") for name in ("gray", "color", "large")}
    return Place(found | {"zip": str(folder / "zip/set.zip")}, str(tmp_path_factory.mktemp("scratch")))


def cases(examples, number):
    """The settings of a search that is the same whenever it is made."""
    quick = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck), "print_blob": False}
    made = settings(max_examples=examples, phases=[Phase.generate], **quick)
    return lambda test: seed(number)(made(test))


def trained_or_refused(arguments, place):
    """Which of the two it was; anything else fails."""
    workdir = Path(tempfile.mkdtemp(dir=place.scratch)) / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(footprint, "available", lambda: MEMORY)
        patch.chdir(workdir.parent)
        ended = outcome(lambda: report_errors(lambda: train.main([*arguments, f"--workdir={workdir}"])))
    try:
        if is_refusal(ended):
            if "finite" in ended.err and "diverged" in ended.err:
                return "diverged"
            left = sorted(path.name for path in workdir.parent.rglob("*"))
            assert not left, (ended.err, left)
            return "refused"
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
            fuzzing.forget_compiled()

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
