"""The slips of a first try in a notebook: each is named, with its mend, before anything is played."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORDS = {
    "objective not called": r"an Objective as objective, got the function non_saturating: call",
    "objective by name": r"got a str: such as objectives.hinge\(\)",
    "loss for an objective": r"make one of the loss: objectives.adversarial\(loss\)",
    "prior not called": r"a Prior as prior, got the function normal: call .* priors.normal\(100\)",
    "prior by size": r"a Prior as prior, got an int: such as",
    "generator not called": r"a Network as generator, got .*: call",
    "generator a module": r"as generator, got a Plain: wrap the module: architectures.from_linen",
    "discriminator a module": r"as discriminator, got a Plain: wrap the module",
    "helper a module": r"as helper, got a Plain: wrap the module",
    "learning rate": r"an optax optimizer as gen_optimizer, got a float: such as optax.adam",
    "optimizer not called": r"an optax optimizer as disc_optimizer, got the function adam: call",
    "no pair": r"apply to return \(output, stats\), got a \w+",
    "bytes": r"floats, got uint8\[8, 2\]: data.to_float",
    "truths": r"floats, got bool",
    "a dict": r"a pair \(samples, condition\), got a dict of 1",
    "a list": r"a pair \(samples, condition\), got a list of 2",
    "three": r"got a tuple of 3",
    "nothing": r"B >= 1, got \[0, 2\]",
    "a number": r"got a float as samples",
    "labels of another batch": r"each of 8 samples, got one of shape \[7\]",
    "floats to float": r"bytes \(uint8\), got float32",
    "a list to float": r"bytes \(uint8\), got a list",
    "bytes to bytes": r"floats in \[-1, 1\], got uint8",
    "one image augmented": r"4 axes, got images\[8, 8, 3\]",
    "many times": r"0 axes, got t\[2\]",
    "kind of inputs": r"Did you mean 'features'",
    "half a mode": r"a whole number modes >= 1, got modes = 2.5",
    "none": r"^$",
}


@pytest.fixture(scope="module")
def told():
    command, environment = [sys.executable, ROOT / "tests" / "slips.py"], {**os.environ, "PYTHONPATH": str(ROOT)}
    found = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return json.loads(found.stdout)


@pytest.mark.parametrize("slip", WORDS)
def test_slips(slip, told):
    assert re.search(WORDS[slip], told[slip]), told[slip]


def test_all_of_them(told):
    assert told.keys() == WORDS.keys()
