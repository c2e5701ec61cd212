"""How a game moves: gradients (ways to one vector field) x schedules (who moves when). The only folder with optax."""

from ganjax.steps._averaging import averaged, generator_variables, warmed_up
from ganjax.steps._chunk import Chunk, best_loop, chunk, compiled_chunk
from ganjax.steps._dynamics import Flow, eigenvalues, jacobian, one_step, spectral_radius, vector_field
from ganjax.steps._finite import all_finite, nonfinite
from ganjax.steps._fused import fused
from ganjax.steps._gradients import Gradients, separate
from ganjax.steps._integrators import extragradient, optimistic, runge_kutta
from ganjax.steps._loops import IN_PAIRS, ONE_KERNEL, SCAN, Loop, compiled_at_first_call
from ganjax.steps._play import Field, Players
from ganjax.steps._projections import clipped
from ganjax.steps._real_then_fake import real_then_fake
from ganjax.steps._recalibration import recalibrated
from ganjax.steps._schedules import alternating, synchronous
from ganjax.steps._shared_forward import shared_forward
from ganjax.steps._single_loss import single_loss
from ganjax.steps._unrolled import unrolled
from ganjax.steps._wrapped import accumulated, consensus
from ganjax.types import Algorithm, GanState, StepInfo

__all__ = [
    "IN_PAIRS",
    "ONE_KERNEL",
    "SCAN",
    "Algorithm",
    "Chunk",
    "Field",
    "Flow",
    "GanState",
    "Gradients",
    "Loop",
    "Players",
    "StepInfo",
    "accumulated",
    "all_finite",
    "alternating",
    "averaged",
    "best_loop",
    "chunk",
    "clipped",
    "compiled_at_first_call",
    "compiled_chunk",
    "consensus",
    "eigenvalues",
    "extragradient",
    "fused",
    "generator_variables",
    "jacobian",
    "nonfinite",
    "one_step",
    "optimistic",
    "real_then_fake",
    "recalibrated",
    "runge_kutta",
    "separate",
    "shared_forward",
    "single_loss",
    "spectral_radius",
    "synchronous",
    "unrolled",
    "vector_field",
    "warmed_up",
]
