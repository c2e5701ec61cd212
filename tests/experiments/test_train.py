"""The command line: what a run leaves behind, how it goes on, and what bad input gets before anything is touched."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import evaluate
import numpy as np
import pytest
import sample
import scripts
import train as train_module
from killing import half_written, latest
from scripts import report_errors

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["ring", "--generator.features", "16", "--discriminator.features", "16", "--batch-size", "32"]
SHORT = ["--num-steps", "60", "--log-every", "20", "--sample-every", "30", "--checkpoint-every", "20"]


def script(name, *arguments, **options):
    command = [sys.executable, str(ROOT / "experiments" / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=options.pop("cwd", ROOT), **options, check=False)


def train(*arguments, **options):
    return script("train.py", *arguments, **options)


def refused(capsys, *arguments):
    """What train.py says, in this process: starting another takes longer than refusing."""
    capsys.readouterr()
    try:
        code = report_errors(lambda: train_module.main([str(x) for x in arguments]))
    except SystemExit as stopped:  # the parser's own
        code = stopped.code
    told = capsys.readouterr()
    assert code == 2, told
    return told.err


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("run") / "ring"
    result = train(*SMALL, *SHORT, "--workdir", workdir)
    assert result.returncode == 0, result.stderr
    return workdir, result.stdout


def final(workdir):
    return json.loads((workdir / "final.json").read_text())


def test_a_workdir_holds_the_whole_run(finished):
    workdir, output = finished
    names = {path.name for path in workdir.iterdir()}
    assert {
        "config.json",
        "metrics.jsonl",
        "samples",
        "samples.gif",
        "curves.png",
        "checkpoints",
        "final.json",
    } <= names
    assert list(workdir.glob("events.out.tfevents.*"))
    assert sorted(path.name for path in (workdir / "samples").iterdir()) == [
        f"step_{step:08d}.png" for step in (0, 30, 60)
    ]
    rows = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [20, 40, 60]
    assert all(np.isfinite(row["disc_loss"]) and np.isfinite(row["gen_loss"]) for row in rows)
    result = final(workdir)
    assert result["step"] == 60
    assert len(result["state_sha256"]) == 64
    assert result["seconds"] > 0
    assert result["disc_loss"] == rows[-1]["disc_loss"]
    assert "step 60/60" in output


def test_the_same_command_again_changes_nothing(finished):
    workdir, _ = finished
    before = final(workdir)
    result = train(*SMALL, *SHORT, "--workdir", workdir)
    assert result.returncode == 0, result.stderr
    assert final(workdir)["state_sha256"] == before["state_sha256"]
    assert len((workdir / "metrics.jsonl").read_text().splitlines()) == 3


def test_same_seed_same_hash_other_seed_other_hash(finished, tmp_path):
    workdir, _ = finished
    again, other = tmp_path / "again", tmp_path / "other"
    assert train(*SMALL, *SHORT, "--workdir", again).returncode == 0
    assert train(*SMALL, *SHORT, "--workdir", other, "--seed", 1).returncode == 0
    assert final(again)["state_sha256"] == final(workdir)["state_sha256"]
    assert final(other)["state_sha256"] != final(workdir)["state_sha256"]


def test_killed_and_interrupted_runs_end_as_if_nothing_had_happened(tmp_path):
    """kill -9 in a save, Ctrl-C after that, kill -9 in the final pictures, then to the end: the same state and rows."""
    long = [*SMALL, "--num-steps", "9000", "--log-every", "150", "--checkpoint-every", "100", "--sample-every", "9000"]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    checkpoints = cut / "checkpoints"
    assert train(*long, "--workdir", whole).returncode == 0
    for moment, number, code in (
        (lambda seen: latest(checkpoints) > seen and half_written(checkpoints), signal.SIGKILL, -signal.SIGKILL),
        (lambda seen: latest(checkpoints) > seen, signal.SIGINT, 0),
        (lambda seen: (cut / "final.json").exists(), signal.SIGKILL, -signal.SIGKILL),
    ):
        before = latest(checkpoints)
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "experiments" / "train.py"), *long, "--workdir", str(cut)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        wait_until(lambda moment=moment, before=before: moment(before))
        process.send_signal(number)
        output, _ = process.communicate(timeout=120)
        assert process.returncode == code, output
        assert ("goes on from there" in output) == (number == signal.SIGINT)
    assert train(*long, "--workdir", cut).returncode == 0
    assert final(cut)["state_sha256"] == final(whole)["state_sha256"]
    rows = [
        [
            {name: value for name, value in json.loads(line).items() if name != "steps_per_second"}
            for line in (workdir / "metrics.jsonl").read_text().splitlines()
        ]
        for workdir in (whole, cut)
    ]
    assert rows[0] == rows[1]
    names = [{path.name for path in workdir.glob("[!.]*") if "tfevents" not in path.name} for workdir in (whole, cut)]
    assert names[0] == names[1]


def wait_until(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_ctrl_c_ends_a_script_at_once_and_a_test_not(monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    def wrapped():
        try:
            interrupted()
        except KeyboardInterrupt as error:
            raise RuntimeError("Error calling __set_name__") from error

    left = []
    monkeypatch.setattr(scripts.os, "_exit", left.append)
    assert report_errors(interrupted) == report_errors(wrapped) == 130
    assert not left
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(ROOT / "experiments" / "train.py"), raising=False)
    report_errors(interrupted)
    assert left == [130]


# ---------------------------------------------------------------- bad input


def truncated_mnist(folder):
    folder.mkdir()
    (folder / "train-images-idx3-ubyte").write_bytes(
        b"\x00\x00\x08\x03\x00\x00\x00\x0a\x00\x00\x00\x1c\x00\x00\x00\x1c" + b"x"
    )
    (folder / "train-labels-idx1-ubyte").write_bytes(b"\x00\x00\x08\x01\x00\x00\x00\x0a" + b"\x01" * 10)
    return folder


BAD = {
    "preset": (["digts"], ["digits"]),
    "objective": (["ring", "--objective.name", "hinje"], ["hinge"]),
    "field": (["ring", "--num-stepz", "3"], ["--num-steps"]),
    "batch": (["digits", "--batch-size", "2000"], ["1797", "2000"]),
    "resolution": (["digits", "--data.resolution", "9"], ["9", "8"]),
    "folder": (["mnist", "--data.dir", "/nowhere/at/all"], ["/nowhere/at/all"]),
    "no folder": (["mnist"], ["folder"]),
    "data set": (["ring", "--data.name", "rign"], ["ring"]),
    "steps": (["ring", "--num-steps=-5"], ["num-steps", "-5"]),
    "learning rate": (["ring", "--gen-optimizer.learning-rate=-1"], ["gen-optimizer.learning-rate > 0", "-1"]),
    "not a number": (["ring", "--objective.name", "wgan-gp", "--objective.weight", "nan"], ["finite", "nan"]),
    "average": (["ring", "--update.ema-decay", "1.5"], ["update.ema-decay", "1.5"]),
    "size": (["ring", "--update.disc-steps", "100000000"], ["update.disc-steps", "1000"]),
    "pairing": (["ring-infogan", "--discriminator.num-codes", "4"], ["posterior", "num-codes"]),
    "fused": (["digits", "--update.gradients", "fused"], ["mixes the samples"]),
    "markup": (["ring", "--objective.name", "[bold]x[/oops]"], ["[bold]x[/oops]"]),
    "labels": (["ring", "--objective.name", "projection"], ["labels"]),
    "value": (["ring", "--num-steps", "many"], ["many"]),
    "synchronous": (["ring", "--update.schedule", "synchronous", "--update.disc-steps", "2"], ["alternating"]),
}


IN_A_PROCESS = [pytest.param(x, marks=[] if x in ("objective", "field") else [pytest.mark.slow]) for x in BAD]


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_clear_error_before_anything_is_touched(name, tmp_path, capsys):
    arguments, expected = BAD[name]
    workdir = tmp_path / "run"
    error = refused(capsys, *arguments, "--workdir", workdir)
    for text in expected:
        assert text in error
    assert not workdir.exists()


@pytest.mark.parametrize("name", IN_A_PROCESS)
def test_bad_input_ends_the_process_without_a_traceback(name, tmp_path):
    arguments, expected = BAD[name]
    workdir = tmp_path / "run"
    result = train(*arguments, "--workdir", workdir)
    assert result.returncode == 2, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    for text in expected:
        assert text in result.stderr
    assert not workdir.exists()


def test_a_truncated_idx_file_is_named(tmp_path, capsys):
    folder, workdir = truncated_mnist(tmp_path / "mnist"), tmp_path / "run"
    error = refused(capsys, "mnist", "--data.dir", folder, "--workdir", workdir)
    assert "train-images-idx3-ubyte" in error.replace("\n", "")
    assert not workdir.exists()


def snapshot(folder):
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()}


def test_another_config_in_the_workdir_is_refused_with_the_difference(finished, capsys):
    workdir, _ = finished
    before = snapshot(workdir)
    error = refused(capsys, *SMALL, *SHORT, "--workdir", workdir, "--seed", 5, "--objective.name", "hinge")
    assert "seed: 0 there, 5 here" in error
    assert "objective.name: non-saturating there, hinge here" in error
    assert snapshot(workdir) == before


def test_a_workdir_that_cannot_be_written_is_refused(tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("x")
    for workdir in (file, file / "below", Path("/proc/run")):
        error = refused(capsys, *SMALL, *SHORT, "--workdir", workdir)
        assert str(workdir) in error.replace("\n", "")
    assert file.read_text() == "x"


def test_checkpoints_of_an_unknown_run_are_not_gone_on_with(finished, tmp_path, capsys):
    workdir = tmp_path / "orphan"
    shutil.copytree(finished[0], workdir)
    (workdir / "config.json").unlink()
    assert "no config.json" in refused(capsys, *SMALL, *SHORT, "--workdir", workdir, "--seed", 7)


def test_two_processes_do_not_train_in_one_folder(tmp_path):
    long = [*SMALL, "--num-steps", "200000", "--workdir", str(tmp_path / "shared")]
    with subprocess.Popen(
        [sys.executable, str(ROOT / "experiments" / "train.py"), *long], stdout=subprocess.DEVNULL
    ) as first:
        wait_until((tmp_path / "shared" / "config.json").exists)
        second = train(*long)
        first.kill()
    assert second.returncode == 2
    assert "Another process is training" in second.stderr


def test_help_lists_the_fields_of_the_named_objective():
    result = train("ring", "--objective.name", "wgan-gp", "--help", env={**os.environ, "COLUMNS": "200"})
    assert result.returncode == 0
    for text in (
        "--objective.weight FLOAT",
        "--update.disc-steps",
        "--num-steps",
        "{alternating,synchronous,",
        "wgan-gp",
    ):
        assert text in result.stdout


# ---------------------------------------------------------------- sample.py and evaluate.py


def test_sample_and_evaluate(finished, tmp_path):
    workdir, _ = finished
    result = script("sample.py", workdir, "--num", 70, "--output", tmp_path)
    assert result.returncode == 0, result.stderr
    with np.load(tmp_path / "samples.npz", allow_pickle=False) as stored:
        assert stored["samples"].shape == (70, 2)
    result = script("evaluate.py", workdir, "--num-samples", 500)
    assert result.returncode == 0, result.stderr
    numbers = json.loads(result.stdout)
    assert numbers["step"] == 60
    assert {"modes_found", "high_quality_share", "reverse_kl"} <= set(numbers)


def test_sampling_from_nowhere_is_refused(tmp_path, capsys):
    for entry in (sample.entry, evaluate.entry):
        assert entry([str(tmp_path / "none")]) == 2
        assert "none" in capsys.readouterr().err
