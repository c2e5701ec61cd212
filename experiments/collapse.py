"""A watch for mode collapse while a run trains: how unlike the samples of one fixed batch of latents are."""

from __future__ import annotations

import assembly
import jax
import numpy as np
from assembly import Run

from ganjax import parallel, steps
from ganjax.data import to_float
from ganjax.types import GanState

SAMPLES = 256
ALIKE = 0.1  # share of the data's spread below which samples count as alike; 1 where both are the same distribution


class CollapseWatch:
    """Diversity of 256 samples of the averaged generator, always of the same latents.

    diversity = E‖G(z) − G(z′)‖² / E‖x − x′‖²: 1 where the generator spreads as the data do, 0 where all samples are the
    same. It sees a generator that has collapsed to a few like samples, and not one that lacks some of many modes:
    evaluate.py counts those.
    """

    def __init__(self, run: Run):
        self._run, self._sample = run, assembly.block_sampler(run, SAMPLES)
        self._of_data, self._before, self._told = spread(real_samples(run)), 0.0, False

    def diversity(self, state: GanState) -> float:
        """Of a state's samples."""
        generator = parallel.on_host(steps.generator_variables(state))
        fake = np.asarray(self._sample(generator, self._run.sample_key, SAMPLES))
        return spread(fake) / max(self._of_data, 1e-30)

    def warning(self, diversity: float, progress: float) -> str | None:
        """A sentence, once a fall, where diversity has fallen below `ALIKE` or is still there past half of the run.

        Args:
          diversity: of now.
          progress: the share of the run that is done.
        """
        before, self._before = self._before, diversity
        alike = diversity < ALIKE
        worth_telling = alike and not self._told and (before >= ALIKE or progress >= 0.5)
        self._told = alike and (self._told or worth_telling)
        if not worth_telling:
            return None
        return (
            f"samples of {SAMPLES} different latents are nearly alike: {diversity:.1%} of the data's spread, "
            f"{before:.1%} before. The generator may have collapsed."
        )


def spread(samples: np.ndarray) -> float:
    """Mean squared distance between two of the samples [N, ...], drawn independently: twice their total variance."""
    return float(2 * samples.reshape(len(samples), -1).astype(np.float64).var(axis=0).sum())


def real_samples(run: Run) -> np.ndarray:
    """As many real ones, as the generator makes them."""
    source = run.source
    if source.take is None:
        draw = source.draw(run.sample_key, np.int32(0), SAMPLES)
        return np.asarray(source.gather(source.arrays, draw).samples)
    indices = np.random.default_rng(0).permutation(source.spec.num_samples or 0)[:SAMPLES]
    stored = source.take(np.sort(indices))[0]
    return np.asarray(to_float(jax.numpy.asarray(stored))) if stored.dtype == np.uint8 else stored
