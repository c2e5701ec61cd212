"""How a game moves: gradients (ways to one vector field) x schedules (who moves when). The only folder with optax."""

from ganjax.steps._averaging import averaged, generator_variables, warmed_up
from ganjax.steps._chunk import chunk
from ganjax.steps._gradients import Gradients, separate
from ganjax.steps._play import Field, Players
from ganjax.steps._projections import clipped
from ganjax.steps._schedules import alternating, synchronous
from ganjax.types import Algorithm, GanState, StepInfo

__all__ = [
    "Algorithm",
    "Field",
    "GanState",
    "Gradients",
    "Players",
    "StepInfo",
    "alternating",
    "averaged",
    "chunk",
    "clipped",
    "generator_variables",
    "separate",
    "synchronous",
    "warmed_up",
]
