"""Real runs whose disk is full, read-only, taken away or forbidden: they say so, go on training, and try again."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ganjax.io import read_metrics

ROOT = Path(__file__).resolve().parents[2]
LOST = 5  # the exit code that says so, of scripts.py
RING = ["ring", "--generator.features", "16", "--discriminator.features", "16", "--batch-size", "32"]
SHORT = ["--num-steps", "60", "--log-every", "20", "--sample-every", "60", "--checkpoint-every", "20"]
LONG = ["--num-steps", "6000", "--log-every", "100", "--sample-every", "3000", "--checkpoint-every", "200"]
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")


def command(workdir, *flags, first=""):
    """The script, in a process that does something else first: after a fork nothing may be done in JAX's process."""
    script = [str(ROOT / "experiments" / "train.py"), *RING, *flags, "--workdir", str(workdir)]
    before = f"import ctypes, os, resource, sys\n{first}\nos.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    return [sys.executable, *(["-c", before] if first else []), *script]


def train(workdir, *flags, first="", **options):
    words = command(workdir, *flags, first=first)
    return subprocess.run(words, capture_output=True, text=True, timeout=300, check=False, **options)


def final(workdir):
    return json.loads((workdir / "final.json").read_text())


def steps(workdir):
    there = (workdir / "checkpoints").glob("*")
    return sorted(int(path.name) for path in there if path.name.isdigit())


def remains(workdir):
    return [path.name for path in (workdir / "checkpoints").glob("*") if not path.name.isdigit()]


# ---------------------------------------------------------------- no room for any checkpoint: everywhere, in seconds


NO_LARGE_FILES = "resource.setrlimit(resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))"  # as if the disk were full


def test_a_run_that_can_save_nothing_goes_to_its_end_and_says_so(tmp_path):
    workdir = tmp_path / "run"
    # a program's entry of JAX's cache would be cut short, too
    environment = {**os.environ, "JAX_ENABLE_COMPILATION_CACHE": "false"}
    result = train(workdir, *SHORT, first=NO_LARGE_FILES, env=environment)
    assert result.returncode == LOST, result.stderr
    assert "step 60/60" in result.stdout
    for step in (20, 40):
        told = (
            f"The checkpoint of step {step} could not be saved: File too large. Kept: none. The training goes on, and"
        )
        assert result.stdout.count(told) == 1, result.stdout
    assert "The checkpoint of step 60 could not be saved: File too large. Kept: none." in result.stderr
    assert "same command goes on" in result.stderr
    assert result.stdout.count("The pictures of samples could not be written") == 1  # of two
    assert "Traceback" not in result.stdout + result.stderr
    assert (steps(workdir), remains(workdir)) == ([], [])
    assert [row["step"] for row in read_metrics(workdir)] == [20, 40, 60]


@pytest.mark.slow
def test_a_run_that_could_save_nothing_is_run_again(tmp_path):
    workdir = tmp_path / "run"
    environment = {**os.environ, "JAX_ENABLE_COMPILATION_CACHE": "false"}
    assert train(workdir, *SHORT, first=NO_LARGE_FILES, env=environment).returncode == LOST
    again = train(workdir, *SHORT)
    assert again.returncode == 0, again.stderr
    assert steps(workdir) == [20, 40, 60]


# ---------------------------------------------------------------- real disks


class Running:
    """A run under way, whose output is a file, and which stands still while its disk is tampered with."""

    def __init__(self, folder, first=""):
        self.workdir, self._output = folder / "run", folder.with_name("output")
        with self._output.open("w") as output:
            words = command(self.workdir, *LONG, first=first)
            self.process = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT)

    def output(self):
        return self._output.read_text()

    def until(self, condition):
        deadline = time.monotonic() + 200
        while not condition():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.005)

    def until_saved(self, number):
        self.until(lambda: len(steps(self.workdir)) >= number or (steps(self.workdir) or [0])[-1] >= 200 * number)

    def until_told(self, words, times=1):
        self.until(lambda: self.output().count(words) >= times)

    @contextlib.contextmanager
    def paused(self, between_saves=False):
        self.process.send_signal(signal.SIGSTOP)
        while between_saves and remains(self.workdir):
            self.process.send_signal(signal.SIGCONT)
            time.sleep(0.01)
            self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def ends(self):
        return self.process.wait(timeout=200)


@contextlib.contextmanager
def running(folder, first=""):
    run = Running(folder, first)
    try:
        yield run
    finally:
        run.process.kill()
        run.process.wait()


@contextlib.contextmanager
def small_disk(place, size="6m"):
    place.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], check=False)
    if made.returncode:
        pytest.skip("this machine lets nobody mount a disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def fill(place):
    """Writes until nothing fits any more."""
    with (place / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("undisturbed") / "run"
    assert train(workdir, *LONG).returncode == 0
    return final(workdir)["state_sha256"]


def check_whole(run, undisturbed):
    """It came to its end as if nothing had happened."""
    assert run.ends() == 0, run.output()
    assert final(run.workdir)["state_sha256"] == undisturbed
    assert (steps(run.workdir), remains(run.workdir)) == ([5600, 5800, 6000], [])
    assert "Traceback" not in run.output()


@ROOT_ONLY
@pytest.mark.slow
def test_a_disk_that_is_full_for_a_while(tmp_path, undisturbed):
    with small_disk(tmp_path / "disk") as disk, running(disk) as run:
        run.until_saved(2)
        with run.paused():
            before = steps(run.workdir)
            fill(disk)
        run.until_told("could not be saved: No space left on device. Kept:", times=2)
        with run.paused():
            assert set(before) & set(steps(run.workdir))  # the newest that were sound stay, whatever was tried
            (disk / "filler").unlink()
        check_whole(run, undisturbed)
        assert run.output().count("The log (metrics.jsonl, TensorBoard's events) could not be written") <= 1


@ROOT_ONLY
@pytest.mark.slow
def test_a_disk_that_stays_full(tmp_path, undisturbed):
    with small_disk(tmp_path / "disk") as disk, running(disk) as run:
        run.until_saved(3)
        with run.paused():
            fill(disk)
        assert run.ends() == LOST
        assert "error: The checkpoint of step 6000 could not be saved: No space left on device. Kept:" in run.output()
        assert "Traceback" not in run.output()
        assert steps(run.workdir)
        assert remains(run.workdir) == []
        (disk / "filler").unlink()
        again = train(run.workdir, *LONG)
        assert again.returncode == 0, again.stderr
        assert "Resumed from the checkpoint at step" in again.stdout
        assert "Passed over" not in again.stdout  # no half checkpoint was taken for one
        assert final(run.workdir)["state_sha256"] == undisturbed


@ROOT_ONLY
@pytest.mark.slow
def test_a_disk_that_becomes_read_only(tmp_path, undisturbed):
    workdir = tmp_path / "disk" / "run"
    with small_disk(workdir / "checkpoints") as disk, running(tmp_path / "disk") as run:
        run.until_saved(2)

        def remounted(how):
            with run.paused():
                return subprocess.run(["mount", "-o", f"remount,{how}", disk], capture_output=True, check=False)

        run.until(lambda: remounted("ro").returncode == 0)  # busy while a save is under way
        run.until_told("could not be saved: Read-only file system. Kept:", times=2)
        assert remounted("rw").returncode == 0
        check_whole(run, undisturbed)


@pytest.mark.slow
def test_a_folder_that_is_deleted(tmp_path, undisturbed):
    with running(tmp_path / "disk") as run:
        run.until_saved(3)
        with run.paused():
            shutil.rmtree(run.workdir)
        check_whole(run, undisturbed)
        assert run.output().count("deleted, or renamed. It is made anew") == 1
        assert [row["step"] for row in read_metrics(run.workdir)] == list(range(100, 6001, 100))
        assert train(run.workdir, *LONG).returncode == 0  # the same run, which is at its end


@pytest.mark.slow
def test_a_folder_that_is_renamed(tmp_path, undisturbed):
    with running(tmp_path / "disk") as run:
        run.until_saved(3)
        with run.paused():
            run.workdir.rename(tmp_path / "elsewhere")
            there = steps(tmp_path / "elsewhere")
        check_whole(run, undisturbed)
        assert run.output().count("deleted, or renamed. It is made anew") == 1
        assert set(steps(tmp_path / "elsewhere")) <= set(there)
        again = train(tmp_path / "elsewhere", *LONG)
        assert again.returncode == 0, again.stderr
        assert f"Resumed from the checkpoint at step {there[-1]}" in again.stdout
        assert final(tmp_path / "elsewhere")["state_sha256"] == undisturbed


@pytest.mark.slow
def test_a_folder_whose_place_another_run_has_taken(tmp_path):
    with running(tmp_path / "disk") as run:
        run.until_saved(3)
        with run.paused(between_saves=True):  # one under way would go on in their folder
            run.workdir.rename(tmp_path / "elsewhere")
            assert train(run.workdir, *SHORT, "--seed", "1").returncode == 0
            theirs = final(run.workdir)
        assert run.ends() == LOST
        assert "holds a run with another config" in run.output()
        assert final(run.workdir) == theirs
        assert steps(run.workdir) == [20, 40, 60]
        assert steps(tmp_path / "elsewhere")


# root, too, who minds permissions like anybody then: PR_CAPBSET_DROP of CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
UNPRIVILEGED = "for capability in (1, 2): ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)"


@pytest.mark.slow
def test_a_folder_that_is_forbidden(tmp_path, undisturbed):
    with running(tmp_path / "disk", UNPRIVILEGED) as run:
        run.until_saved(3)
        with run.paused():
            (run.workdir / "checkpoints").chmod(0o500)
        try:
            run.until_told("could not be saved: Permission denied. Kept:", times=2)
        finally:
            (run.workdir / "checkpoints").chmod(0o700)
        check_whole(run, undisturbed)


@pytest.mark.slow
def test_checkpoints_that_are_deleted(tmp_path, undisturbed):
    with running(tmp_path / "disk") as run:
        run.until_saved(3)
        with run.paused():
            shutil.rmtree(run.workdir / "checkpoints")
        check_whole(run, undisturbed)
