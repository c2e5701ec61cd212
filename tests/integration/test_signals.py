"""Ctrl-C, SIGTERM and closed terminals, at any moment: a run saves and stops, and goes on as if nothing had happened."""

import hashlib
import json
import os
import pty
import signal
import subprocess
import sys
import time

import pytest
from killing import ROOT, Watched, free_port, latest

RING = ["ring", "--generator.features", 16, "--discriminator.features", 16, "--batch-size", 32]
LONG = {"num_steps": 40_000, "log_every": 100, "checkpoint_every": 100, "steps_per_call": 100, "sample_every": 2000}
JUDGED = {"eval_every": 200, "eval_samples": 2000}
ASKED = {signal.SIGINT: 130, signal.SIGTERM: -signal.SIGTERM, signal.SIGHUP: -signal.SIGHUP}


def flags(values):
    return [text for name, value in values.items() for text in (f"--{name.replace('_', '-')}", str(value))]


def command(folder, values):
    script = [sys.executable, str(ROOT / "experiments" / "train.py"), *map(str, RING)]
    return [*script, *flags(values), "--workdir", str(folder / "run")]


def final(folder):
    return json.loads((folder / "run" / "final.json").read_text())["state_sha256"]


def send(process, number):
    """The exit code after a signal, and the seconds it took."""
    began = time.monotonic()
    process.process.send_signal(number)
    code = process.wait(60)
    return code, time.monotonic() - began
