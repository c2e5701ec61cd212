"""Several real processes on one machine, joined over TCP, train one run."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
PEER_LOST = 3  # the exit code that machines.py gives a process that was left alone
# plain gradient descent, for the reason that test_parallel.py gives
SGD = {"name": "sgd", "learning-rate": 5e-4}
SIZES = {"--generator.channels": 8, "--discriminator.channels": 8, "--num-steps": 20}
OUTPUTS = {"--log-every": 5, "--checkpoint-every": 5, "--sample-every": 20, "--steps-per-call": 5}
OPTIMIZERS = {f"--{player}-optimizer.{k}": v for player in ("gen", "disc") for k, v in SGD.items()}
FLAGS = ["digits", *(str(x) for pair in (SIZES | OUTPUTS | OPTIMIZERS).items() for x in pair)]


def free_port():
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return listener.getsockname()[1]


def start(workdir, number, count, port, *flags):
    place = [] if count == 1 else ["coordinator", f"localhost:{port}", "num-processes", count, "process-id", number]
    place = [f"--parallel.{x}" if i % 2 == 0 else str(x) for i, x in enumerate(place)]
    command = [sys.executable, str(ROOT / "experiments" / "train.py"), *FLAGS, "--workdir", str(workdir), *place]
    return subprocess.Popen([*command, *flags], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)


@contextlib.contextmanager
def processes(workdir, count, *flags):
    """`count` processes of one run; none outlives the block."""
    port = free_port()
    started = [start(workdir, number, count, port, *flags) for number in range(count)]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def run(workdir, count, *flags):
    with processes(workdir, count, *flags) as started:
        outputs = [process.communicate(timeout=300)[0] for process in started]
    assert [process.returncode for process in started] == [0] * count, "\n".join(outputs)
    return outputs


def rows(workdir):
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    return [[row[name] for name in ("step", "disc_loss", "gen_loss", "real_score", "fake_score")] for row in lines]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("alone") / "run"
    run(workdir, 1)
    return rows(workdir)


@pytest.mark.parametrize(
    ("count", "mode"),
    [(2, "jit"), *(pytest.param(*x, marks=pytest.mark.slow) for x in [(2, "pmap"), (4, "shard-map"), (4, "jit")])],
)
def test_several_processes_train_the_run_of_one(alone, tmp_path, count, mode):
    outputs = run(tmp_path / "run", count, "--parallel.mode", mode)
    np.testing.assert_allclose(rows(tmp_path / "run"), alone, rtol=1e-5)
    assert f"{count} x cpu" in outputs[0]
    assert "step 20/20" in outputs[0]
    assert all("step" not in output for output in outputs[1:])  # one speaks for all
    assert len(list((tmp_path / "run").glob("events.*"))) == 1
    # the checkpoint of many is one process's own
    sampled = subprocess.run(
        [sys.executable, "experiments/sample.py", tmp_path / "run", "--output", tmp_path / "samples"],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert sampled.returncode == 0, sampled.stderr


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_when_a_process_dies_the_others_stop_and_the_run_goes_on_from_its_checkpoint(alone, tmp_path, victim):
    workdir = tmp_path / "run"
    longer = "--num-steps", "60"
    with processes(workdir, 2, *longer) as started:
        deadline = time.monotonic() + 200
        while not (workdir / "checkpoints" / "10").exists():
            assert time.monotonic() < deadline
            assert all(process.poll() is None for process in started)
            time.sleep(0.05)
        started[victim].send_signal(signal.SIGKILL)
        died = time.monotonic()
        output = started[1 - victim].communicate(timeout=60)[0]
        assert time.monotonic() - died < 30
    if victim == 1:
        assert started[0].returncode == PEER_LOST
        assert "process 0 has lost another process of this run" in output
        assert "same command" in output
    else:  # JAX ends a process whose coordinator is gone, if it is faster than the broken connection
        assert started[1].returncode in (PEER_LOST, -signal.SIGABRT)
        assert "another process" in output or "another task died" in output
    outputs = run(workdir, 2, *longer)
    assert "Resumed from the checkpoint at step" in outputs[0]
    assert [row[0] for row in rows(workdir)] == list(range(5, 61, 5))
    np.testing.assert_allclose(rows(workdir)[: len(alone)], alone, rtol=1e-5)


def test_processes_with_different_settings_are_refused(tmp_path):
    port, workdir = free_port(), tmp_path / "run"
    started = [start(workdir, n, 2, port, "--seed", str(n)) for n in range(2)]
    outputs = [process.communicate(timeout=120)[0] for process in started]
    assert [process.returncode for process in started] == [2, 2], outputs
    assert "different settings" in outputs[0]
    assert not workdir.exists()


def test_a_place_that_is_named_by_half_is_refused(tmp_path):
    refused = start(tmp_path / "run", 0, 1, 0, "--parallel.process-id", "0")
    output = refused.communicate(timeout=60)[0]
    assert refused.returncode == 2
    assert "num_processes" in output
    assert not (tmp_path / "run").exists()
