"""The README's example trains a GAN on the ring, as it stands there."""

import re
from pathlib import Path

import numpy as np

from ganjax import data, metrics

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_fifteen_lines_find_the_ring():
    code = re.search(r"<!-- example: tests run it -->\n```python\n(.*?)```", README.read_text(), re.DOTALL).group(1)
    assert len([line for line in code.splitlines() if line.strip()]) <= 15
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    found = metrics.mode_statistics(np.asarray(names["samples"]), data.ring_centers(), 0.05)
    assert found.modes_found >= 6
