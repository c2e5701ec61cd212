"""The files that a resumed run reads, damaged: it ends as if nothing had happened, or says what is wrong."""

import collections
import json
import random
import shutil

import numpy as np
import pictures
import pytest
import train
import workdir as workdir_module
from damages import FILE_DAMAGES, flip
from PIL import Image
from scripts import report_errors

from ganjax.checks import InputError
from ganjax.io import Checkpoints, MetricsLog, kept_arrays, save_png

RUN = ["ring", "--generator.features", "8", "--discriminator.features", "8", "--batch-size", "16", "--num-samples", "9"]
RUN += ["--num-steps", "60", "--log-every", "10", "--sample-every", "60", "--checkpoint-every", "20"]
STOPPED, END = 40, 60  # where it was killed, and where it goes
READ = ("config.json", "metrics.jsonl", "checkpoints/20", "checkpoints/40")


def run(workdir, *flags):
    return report_errors(lambda: train.main([*RUN, *flags, "--workdir", str(workdir)]))


def final(workdir):
    return json.loads((workdir / "final.json").read_text())


def rows(workdir):
    lines = (workdir / "metrics.jsonl").read_text().splitlines()
    return [{name: x for name, x in json.loads(line).items() if name != "steps_per_second"} for line in lines]


@pytest.fixture(scope="module", autouse=True)
def let_go():
    """Runs lock their folders until their process ends, which here is the tests' own."""
    yield
    while workdir_module.LOCKS:
        workdir_module.LOCKS.pop().close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("whole") / "run"
    assert run(workdir) == 0
    return workdir


@pytest.fixture(scope="module")
def killed(whole, tmp_path_factory):
    """As a kill leaves it between its last but one checkpoint and its last."""
    workdir = tmp_path_factory.mktemp("killed") / "run"
    shutil.copytree(whole, workdir)
    shutil.rmtree(workdir / "checkpoints" / str(END))
    (workdir / "final.json").unlink()
    return workdir


def outcome(workdir, whole, capsys):
    """What became of the run that goes on in a damaged folder; anything wrong fails the test."""
    capsys.readouterr()
    code = run(workdir)
    told = capsys.readouterr()
    assert "Traceback" not in told.out + told.err
    if code:
        assert code == 2
        assert told.err.startswith("error: ")
        return "refused"
    assert final(workdir)["state_sha256"] == final(whole)["state_sha256"]
    assert final(workdir)["step"] == END
    if "metrics.jsonl is not what was logged" in told.out:
        return "log told of"
    assert rows(workdir) == rows(whole)
    return "fell back" if "Passed over the checkpoint" in told.out else "harmless"


def survive(killed, whole, tmp_path, capsys, places, seed):
    rng, became = random.Random(seed), collections.defaultdict(collections.Counter)
    for place in range(places):
        workdir, part = tmp_path / str(place), READ[place % len(READ)]
        shutil.copytree(killed, workdir)
        kind = rng.choice(sorted(FILE_DAMAGES)) if part.startswith("checkpoints") else rng.choice(["flip", "truncate"])
        target = workdir / part
        if target.is_file():  # a folder with that file alone
            alone = tmp_path / "alone"
            alone.mkdir()
            shutil.move(target, alone / target.name)
            what = FILE_DAMAGES[kind](rng, alone)
            shutil.move(alone / target.name, target)
            alone.rmdir()
        else:
            what = FILE_DAMAGES[kind](rng, target)
        try:
            became[part][outcome(workdir, whole, capsys)] += 1
        except BaseException as error:
            error.add_note(f"place {place}: {what}")
            raise
        shutil.rmtree(workdir)
    return became


@pytest.mark.slow
def test_a_damaged_run_ends_as_the_whole_one_or_says_what_is_wrong(killed, whole, tmp_path, capsys):
    became = survive(killed, whole, tmp_path, capsys, places=4, seed=0)
    assert became.keys() == set(READ)


@pytest.mark.slow
def test_runs_damaged_at_two_hundred_places(killed, whole, tmp_path, capsys):
    became = survive(killed, whole, tmp_path, capsys, places=200, seed=1)
    with capsys.disabled():
        for part, counts in became.items():
            print(f"\n  {part:20}{dict(counts)}", end="")
    assert became["config.json"].keys() <= {"refused", "harmless"}


# ---------------------------------------------------------------- every byte of the small files


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """A folder as it is before the first step."""
    folder = tmp_path_factory.mktemp("settings") / "run"
    workdir_module.open_for_training(train.parse([*RUN, "--workdir", str(folder)]))
    return folder


def places(content, every_one):
    return range(len(content)) if every_one else random.Random(0).sample(range(len(content)), 150)


EVERY = pytest.mark.parametrize("every_one", [False, pytest.param(True, marks=pytest.mark.slow)])


@EVERY
def test_no_byte_of_the_settings_changes_unnoticed(settings, tmp_path, every_one):
    content = (settings / "config.json").read_bytes()
    expected, rng = workdir_module.read_config_values(settings), random.Random(0)
    refused, tried = 0, places(content, every_one)
    for place in tried:
        changed = bytes([content[place] ^ 1 << rng.randrange(8)])
        (tmp_path / "config.json").write_bytes(content[:place] + changed + content[place + 1 :])
        try:
            # one whose seal is gone holds a name that no version has, which `from_dict` refuses
            workdir_module.read_config(tmp_path)
            assert workdir_module.read_config_values(tmp_path) == expected, place
        except InputError:
            refused += 1
    assert refused > 0.6 * len(tried)  # the rest is the space between


def test_settings_that_were_changed_by_hand_are_taken_without_their_seal(settings, tmp_path):
    values = json.loads((settings / "config.json").read_text())
    values["seed"] = 5
    (tmp_path / "config.json").write_text(json.dumps(values))
    with pytest.raises(InputError, match=r"config\.json is not as it was written.*delete its line sha256"):
        workdir_module.read_config(tmp_path)
    del values["sha256"]
    (tmp_path / "config.json").write_text(json.dumps(values))
    assert workdir_module.read_config(tmp_path).seed == 5


def test_settings_of_a_version_without_some_of_them_mean_what_they_did(settings):
    values = workdir_module.read_config_values(settings)
    for name in ("keep_every", "packing"):
        del values[name]
    assert workdir_module.completed(values) == workdir_module.read_config_values(settings)


@pytest.mark.parametrize("content", ["[" * 100_000, "7", "[]", "", "{", '{"seed": NaN}', "\xff"])
def test_settings_that_are_none_are_refused(tmp_path, content):
    (tmp_path / "config.json").write_text(content, encoding="latin-1")
    with pytest.raises(InputError, match=r"config\.json"):
        workdir_module.read_config(tmp_path)


@EVERY
def test_no_byte_of_the_metrics_changes_unnoticed(tmp_path, every_one):
    with MetricsLog(tmp_path) as log:
        for step in range(10, END + 1, 10):
            log.write(step, {"disc_loss": step / 7, "gen_loss": float("nan"), "real_score": -1e-9})
        expected = log.sha256(STOPPED)
    content, rng = (tmp_path / "metrics.jsonl").read_bytes(), random.Random(0)
    kept = b"".join(content.splitlines(keepends=True)[:4])
    for place in places(content, every_one):
        changed = bytes([content[place] ^ 1 << rng.randrange(8)])
        (tmp_path / "metrics.jsonl").write_bytes(content[:place] + changed + content[place + 1 :])
        try:
            with MetricsLog(tmp_path, STOPPED) as log:
                found = log.sha256(STOPPED)
        except InputError:
            continue
        finally:
            for events in tmp_path.glob("events.*"):
                events.unlink()
        assert (found == expected) == ((tmp_path / "metrics.jsonl").read_bytes() == kept), place


def test_no_damage_to_kept_arrays_goes_unnoticed(tmp_path):
    rng, noise = random.Random(0), np.random.default_rng(0)
    made = {"images": noise.integers(0, 256, (50, 9), np.uint8), "labels": np.arange(50)}
    key, other = "0123456789abcdef" * 2, "fedcba9876543210" * 2

    def keep(key, arrays):
        return kept_arrays(tmp_path, key, lambda: arrays, worth_seconds=0.0)

    keep(key, made)
    keep(other, {name: array[::-1].copy() for name, array in made.items()})
    notes = collections.Counter()
    for _ in range(200):
        kind = rng.choice(sorted(FILE_DAMAGES))
        FILE_DAMAGES[kind](rng, rng.choice([tmp_path, tmp_path / key]))
        arrays, said = keep(key, made)
        for name, array in made.items():
            np.testing.assert_array_equal(arrays[name], array)
        notes[said[0].split(":")[0].split(" ")[0]] += 1
        keep(other, {name: array[::-1].copy() for name, array in made.items()})
        for strange in tmp_path.iterdir():
            if strange.name not in (key, other):
                strange.unlink()
    assert notes["made"] > 20 < notes["read"]
    # whole entries that change places
    (tmp_path / key).rename(tmp_path / "aside")
    (tmp_path / other).rename(tmp_path / key)
    arrays, said = keep(key, made)
    assert "it is another's" in said[0]
    np.testing.assert_array_equal(arrays["images"], made["images"])


# ---------------------------------------------------------------- what stays, and what is of another version


def test_what_is_never_saved_can_not_stay(tmp_path, capsys):
    assert run(tmp_path / "run", "--keep-every", "30") == 2
    told = capsys.readouterr().err
    assert "Expected --keep-every to be a multiple of --checkpoint-every 20, got 30: only what is saved can" in told
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_every_kth_checkpoint_stays_for_ever(tmp_path):
    assert run(tmp_path / "run", "--keep-every", "40", "--keep-checkpoints", "1") == 0
    assert sorted(int(path.name) for path in (tmp_path / "run" / "checkpoints").iterdir()) == [40, 60]


@pytest.mark.slow
def test_a_run_of_a_version_without_some_settings_goes_on(killed, whole, tmp_path, capsys):
    workdir = tmp_path / "run"
    shutil.copytree(killed, workdir)
    values = json.loads((workdir / "config.json").read_text())
    for name in ("keep_every", "sha256"):
        del values[name]
    (workdir / "config.json").write_text(json.dumps(values))
    assert outcome(workdir, whole, capsys) == "harmless"
    values["of_a_later_version"] = 3
    (workdir / "config.json").write_text(json.dumps(values))
    assert run(workdir) == 2
    assert "than this version has, got of_a_later_version: was it written by another version" in capsys.readouterr().err


@pytest.mark.slow
def test_a_checkpoint_of_another_script_is_refused(killed, tmp_path, capsys):
    workdir = tmp_path / "run"
    shutil.copytree(killed, workdir)
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        template = train.machines.layout(*assembled()).template
        state = checkpoints.restore(template).state
        checkpoints.save(50, state, {"sums": {"loss": "much"}})
    assert run(workdir) == 2
    assert "checkpoint at step 50 is not one of this script: could not convert string" in capsys.readouterr().err


def assembled():
    config = train.parse(RUN)
    return train.assembly.assemble(config), config


def test_a_flip_is_a_flip(tmp_path):
    (tmp_path / "file").write_bytes(bytes(10))
    flip(random.Random(0), tmp_path)
    assert sum(byte != 0 for byte in (tmp_path / "file").read_bytes()) == 1


def test_the_film_leaves_out_pictures_that_are_damaged(tmp_path):
    (tmp_path / "samples").mkdir()
    for step in range(4):
        frame = np.random.default_rng(step).integers(0, 256, (20, 30), np.uint8)
        save_png(tmp_path / "samples" / f"step_{step:08d}.png", frame)
    damaged = tmp_path / "samples" / "step_00000002.png"
    content = damaged.read_bytes()
    for place in [*range(0, len(content) - 12, 9), 18]:  # among them the sides that it claims to have
        damaged.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        assert not pictures.is_whole(damaged), place
    pictures.film_and_curves(tmp_path, [])
    with Image.open(tmp_path / "samples.gif") as film:
        assert film.n_frames == 3
