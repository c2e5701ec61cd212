"""Contestants for the tests of the benchmark's protocol; each is built in a process of its own."""

import itertools
import os
import sys

from benchmarks.task import Task


def counting(first=1):
    """Costs first, first + 1, …, whatever is timed."""
    numbers = itertools.count(first)
    return Task(lambda calls: float(next(numbers)), {"pid": os.getpid(), "gflop": 2.0}, calls=1)


def noisy():
    """What libraries print, from Python and from C++, while building and while running."""
    print("built")

    def run(calls):
        print("run")
        os.write(1, b"from below Python\n")
        return 5.0

    return Task(run, {"variable": os.environ.get("CONTESTANT")}, calls=1)


def unbuildable():
    print("the likely cause", file=sys.stderr)
    raise RuntimeError("no such network")


def ending():
    """Ends in its first timed run, without a word of Python's."""

    def run(calls):
        os.write(2, b"Illegal instruction\n")
        os._exit(7)

    return Task(run, {}, calls=1)
