"""Where a run's chunks of steps end, and the data of each."""

from __future__ import annotations

from typing import Any

from config import Config
from machines import Layout


def next_stop(config: Config, step: int) -> int:
    """The next step at which a chunk ends. A function of the step alone, so a resumed run cuts the same chunks."""
    intervals = (config.steps_per_call, config.log_every, config.sample_every, config.checkpoint_every)
    intervals += () if config.eval_every is None else (config.eval_every,)
    return min(config.num_steps, *((step // interval + 1) * interval for interval in intervals))


def fetch(config: Config, layout: Layout, step: int) -> tuple[int, Any]:
    """How many steps the chunk from `step` on has, and its data; nothing after the last step."""
    length = next_stop(config, step) - step
    return length, layout.arrays(step, length) if length else None
