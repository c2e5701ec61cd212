"""A contestant's process: its answers, its end, and what is said when it fails. No clock is asserted on."""

import itertools
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from benchmarks import contestant as contestant_module
from benchmarks import task as task_module
from benchmarks.contestant import Contestant, Running
from benchmarks.task import Task, repeated, warm_up

from ganjax.checks import InputError

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def found(monkeypatch, tmp_path):
    """The tests' contestants can be imported, from any working directory."""
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    monkeypatch.chdir(tmp_path)


def start(function, **arguments):
    return Running(Contestant("under test", f"contestants:{function}", arguments), seconds=0.01)


def test_a_contestant_answers_and_ends():
    with start("counting", first=3) as running:
        facts = running.ready()
        assert (facts["gflop"], facts["calls"]) == (2.0, 1)
        assert facts["pid"] != os.getpid()
        assert [running.measure() for _ in range(3)] == [3.0, 4.0, 5.0]
        os.kill(facts["pid"], 0)  # it is there
    with pytest.raises(ProcessLookupError):
        os.kill(facts["pid"], 0)


def test_what_libraries_print_is_no_answer():
    noisy = Contestant("noisy", "contestants:noisy", environment={"CONTESTANT": "its own"})
    with Running(noisy, seconds=0.01) as running:
        assert running.ready()["variable"] == "its own"
        assert [running.measure(), running.measure()] == [5.0, 5.0]
    assert "CONTESTANT" not in os.environ


def test_a_contestant_that_cannot_be_built_says_why():
    said = r"(?s)'under test'.*code 1:.*the likely cause.*RuntimeError: no such network"
    with pytest.raises(InputError, match=said), start("unbuildable") as running:
        running.ready()


def test_a_contestant_that_ends_midway_says_what_it_said():
    with start("ending") as running:
        running.ready()
        with pytest.raises(InputError, match=r"(?s)'under test'.*code 7:.*Illegal instruction"):
            running.measure()
        with pytest.raises(InputError, match="code 7"):  # and goes on saying so
            running.measure()


def test_no_contestant_outlives_the_benchmark():
    # the benchmark is killed: nothing closes the contestant but the end of its input
    program = (
        "import os, signal\nfrom benchmarks.contestant import *\n"
        "running = Running(Contestant('x', 'contestants:counting'), 0.01)\n"
        "print(running.ready()['pid'], flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    paths = os.pathsep.join(map(str, (TESTS, TESTS.parent, TESTS.parent / "experiments")))
    ended = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": paths}, capture_output=True, check=False
    )
    assert ended.returncode == -9, ended.stderr
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and running(int(ended.stdout)):
        time.sleep(0.05)
    assert not running(int(ended.stdout))


def running(pid):
    """Whether there is such a process that has not ended; one that nobody has waited for yet has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_missing_package_is_named_with_its_mend(monkeypatch):
    assert Contestant("x", "a:b").missing is None
    assert Contestant("x", "a:b", needs=("numpy",)).missing is None
    monkeypatch.setitem(contestant_module.MENDS, "no_such_package", "pip install it")
    assert Contestant("x", "a:b", needs=("numpy", "no_such_package")).missing == "pip install it"
    assert Contestant("x", "a:b", needs=("nor_this_one",)).missing == "pip install nor_this_one"


def test_a_run_is_divided_by_its_calls_and_their_units(monkeypatch):
    # the clock goes from 1 s to 2.2 s: 1.2e6 µs for 4 calls of 6 steps are 50 000 a step
    monkeypatch.setattr(task_module.time, "perf_counter", itertools.count(1.0, 1.2).__next__)
    done = []
    run = repeated(lambda: done.append("call"), lambda: done.append("finish"), units=6)
    assert run(4) == pytest.approx(50_000.0)
    assert done == ["call"] * 4 + ["finish"]


@pytest.mark.parametrize(("each", "calls"), [(0.001, 1000), (0.05, 20), (5.0, 1)])
def test_as_many_calls_are_timed_as_fill_the_seconds(monkeypatch, each, calls):
    clock, asked = [0.0], []
    monkeypatch.setattr(task_module.time, "perf_counter", lambda: clock[0])

    def run(calls):
        asked.append(calls)
        clock[0] += calls * each
        return 0.0

    assert warm_up(Task(run, {}), seconds=1.0) == pytest.approx(calls, rel=0.01)
    assert asked[0] == 1  # compiles, and counts for nothing
    assert asked[-1] == pytest.approx(calls, rel=0.01)


def test_a_task_that_says_how_often_is_not_run_to_find_out():
    assert warm_up(Task(lambda calls: 1 / 0, {}, calls=3), seconds=1.0) == 3
