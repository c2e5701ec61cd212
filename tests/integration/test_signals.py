"""Ctrl-C, SIGTERM, a closed terminal or pipe, at any moment: a run saves and stops, or goes on as if nothing were."""

import itertools
import json
import os
import pty
import signal
import subprocess
import sys
import time

import pytest
from killing import ROOT, Watched, end_all, free_port, latest

RING = ["ring", "--generator.features", "16", "--discriminator.features", "16", "--batch-size", "32"]
LONG = {"num_steps": 3000, "log_every": 20, "checkpoint_every": 20, "steps_per_call": 20, "sample_every": 200}
SHORT = {"num_steps": 200, "log_every": 20, "checkpoint_every": 100, "steps_per_call": 20, "sample_every": 100}
JUDGED = {"eval_every": 100, "eval_samples": 2000}
PEER_LOST, INTERRUPTED = 3, 130
# where a run has begun to train in this process, a signal ends it with a save
SAVES = ("compiling", "training", "saving", "judging", "drawing")


@pytest.fixture(autouse=True)
def no_process_outlives_its_test():
    yield
    end_all()


def command(folder, values, *more):
    flags = [text for name, value in values.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    script = [sys.executable, str(ROOT / "experiments" / "train.py"), *RING, *flags, *more]
    return [*script, "--workdir", str(folder / "run")]


def processes(folder, values, count):
    """One run's, started."""
    place = ["--parallel.coordinator", f"localhost:{free_port()}", "--parallel.num-processes", str(count)]
    places = [[*place, "--parallel.process-id", str(i)] for i in range(count)] if count > 1 else [[]]
    return [Watched(command(folder, values, *place), folder, {}) for place in places]


def hash_of(folder):
    return json.loads((folder / "run" / "final.json").read_text())["state_sha256"]


def ended(processes, number, to):
    """The exit codes after a signal to one of them, and the seconds that it took."""
    began = time.monotonic()
    processes[to].process.send_signal(number)
    processes[to].wait(60)
    codes = [process.wait(150) for process in processes]
    return codes, time.monotonic() - began


def check(phase, number, codes, to, before, after):
    """What a signal to one of them may do in a phase."""
    if phase in SAVES:
        assert set(codes) == {0}
        assert after > before or before == 0  # a first picture is drawn before anything is trained
    else:
        # before they train together the others find that one is missing, or JAX's heartbeats do
        assert codes[to] in {0, INTERRUPTED, -number}
        assert {*codes[:to], *codes[to + 1 :]} <= {0, INTERRUPTED, -number, PEER_LOST, -signal.SIGABRT}
        assert after >= before


def test_without_a_reader_a_run_goes_on(tmp_path):
    """`train.py | head -1`"""
    with subprocess.Popen(command(tmp_path, SHORT), stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"data")
        process.stdout.close()
        assert process.wait(120) == 0
    assert hash_of(tmp_path)


def test_a_closed_terminal_saves_and_stops(tmp_path):
    """SIGHUP comes, and whatever is said from then on is an error."""
    ours, theirs = pty.openpty()
    on_terminal = ["sh", "-c", 'exec "$@" < "$0" > "$0" 2>&1', os.ttyname(theirs)]  # which becomes the session's own
    with subprocess.Popen([*on_terminal, *command(tmp_path, LONG)], start_new_session=True) as process:
        while latest(tmp_path / "run" / "checkpoints") < 200:
            assert os.read(ours, 1 << 16)
        os.close(theirs)
        os.close(ours)
        assert process.wait(60) == 0
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == latest(tmp_path / "run" / "checkpoints") < LONG["num_steps"]


def test_a_second_ctrl_c_exits_at_once(tmp_path):
    """Also from within a call that takes minutes."""
    chunk = 1_000_000
    endless = dict.fromkeys(("num_steps", "log_every", "checkpoint_every", "steps_per_call", "sample_every"), chunk)
    process = Watched(command(tmp_path, endless), tmp_path, {})
    process.wait_for("training")
    process.process.send_signal(signal.SIGINT)
    process.wait_until(lambda: "Stopping" in process.output, 10)
    code, seconds = ended([process], signal.SIGINT, 0)
    assert code == [INTERRUPTED]
    assert seconds < 5, seconds


@pytest.mark.slow
def test_a_run_under_nohup_stays(tmp_path):
    process = Watched(["nohup", *command(tmp_path, SHORT)], tmp_path, {})
    process.wait_for("training")
    assert ended([process], signal.SIGHUP, 0)[0] == [0]
    assert hash_of(tmp_path)


@pytest.mark.slow
def test_sigterm_again_and_again(tmp_path):
    """As schedulers may send it: the save is not cut short."""
    process = Watched(command(tmp_path, LONG), tmp_path, {})
    checkpoints = tmp_path / "run" / "checkpoints"
    process.wait_until(lambda: latest(checkpoints) > 200)
    while process.runs:
        process.process.send_signal(signal.SIGTERM)
        time.sleep(0.001)
    assert process.wait() in (0, -signal.SIGTERM)  # it may end by the last of them, with all saved
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == latest(checkpoints)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2])
def test_any_signal_at_any_moment(tmp_path, count):
    """The state at the end is that of a run that nobody disturbed."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"

    def start(folder):
        return processes(folder, LONG | JUDGED, count)

    def finish(folder):
        started = start(folder)
        assert [process.wait() for process in started] == [0] * count, started[0].output

    finish(whole)
    # of several, the others wait for one that has left while they join
    phases = (*SAVES, "restoring", *(["setting up"] if count == 1 else []))
    for number, phase in itertools.product((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), phases):
        before, started = latest(cut / "run" / "checkpoints"), start(cut)
        to = (len(phase) + number) % count
        started[0].wait_for(phase)
        codes, seconds = ended(started, number, to)
        after = latest(cut / "run" / "checkpoints")
        name = signal.Signals(number).name
        print(f"{name} to {to} of {count}, {phase}: {codes} in {seconds:.2f} s, {before} → {after}")
        check(phase, number, codes, to, before, after)
        assert not any("Traceback" in process.output for process in started), started[to].output
    finish(cut)
    for number in (signal.SIGINT, signal.SIGTERM):
        started = start(cut)
        started[0].wait_for("final pictures")
        codes, seconds = ended(started, number, 0)
        print(f"{signal.Signals(number).name}, final pictures: {codes} in {seconds:.2f} s")
        assert codes[0] in {0, INTERRUPTED, -number}
    finish(cut)
    assert hash_of(cut) == hash_of(whole)


@pytest.mark.slow
def test_one_of_several_processes_heeds_a_sigterm_as_soon_as_they_have_met(tmp_path):
    """JAX has a handler of its own there, that would only make a note."""
    started = processes(tmp_path, LONG, 2)
    started[1].wait_until(lambda: "Gloo" in started[1].output)
    began = time.monotonic()
    started[1].process.send_signal(signal.SIGTERM)
    code = started[1].wait(60)
    print(f"code {code} in {time.monotonic() - began:.2f} s")
    assert code in (0, -signal.SIGTERM)
    assert latest(tmp_path / "run" / "checkpoints") < LONG["num_steps"]
