"""The picture of a game on the line: densities, discriminator and the generator's map, as they stand."""

from __future__ import annotations

import assembly
import jax
import jax.numpy as jnp
import numpy as np
from assembly import Run
from config import Config

from ganjax import parallel, steps
from ganjax.data import TOYS
from ganjax.io import density_picture, kernel_density
from ganjax.types import DiscriminatorOutput, GanState, Variables

POINTS, SAMPLES, ARROWS = 401, 4000, 25
LIMITS = 20_000  # points of the data that say what is seen


def suits(run: Run, config: Config) -> bool:
    """Whether the run is a game on the line whose truth is known: p can be drawn, and D asked about every x."""
    toy = TOYS.get(config.data.name.partition(":")[0])
    known = toy is not None and toy().log_density is not None
    return known and run.source.spec.shape == (1,) and run.game.discriminator.samples_per_score == 1


def density_frame(run: Run, config: Config, state: GanState) -> np.ndarray:
    """p, q and D over the line and, for latents of one number, the arrows z → G(z); uint8 [H, W, 3]."""
    toy = TOYS[config.data.name.partition(":")[0]]()
    line = seen(np.asarray(toy.sample(jax.random.key(0), LIMITS)))
    parts = steps.generator_variables(state), Variables(state.disc_params, state.disc_stats)
    # on one device, whatever the run's: in a run of several processes only one of them makes pictures
    generator, discriminator = parallel.on_host(parts)
    fake = assembly.sample(run, generator, run.sample_key, SAMPLES)
    arrows = {}
    if run.game.prior.shape == (1,):
        # evenly spread over the prior's own range, by its order statistics
        latents = jnp.sort(run.game.prior.sample(run.sample_key, SAMPLES), axis=0)
        latents = latents[jnp.linspace(0, SAMPLES - 1, ARROWS).astype(int)]
        made = run.generate(generator, latents, jnp.arange(ARROWS))
        arrows = {"latents": np.asarray(latents[:, 0]), "destinations": np.asarray(made[:, 0])}
    assert toy.log_density is not None
    return density_picture(
        line[:, 0],
        np.exp(toy.log_density(jnp.asarray(line))),
        np.asarray(fake[:, 0]),
        discriminator=probabilities(run, discriminator, line),
        title=f"step {int(state.step)}",
        **arrows,
    )


def of_samples(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Points [N, 1] over real ones, both as kernel estimates of their densities."""
    line = seen(real)[:, 0]
    return density_picture(line, kernel_density(real[:, 0], line), fake[:, 0])


def seen(real: np.ndarray) -> np.ndarray:
    """[POINTS, 1] evenly over the data [N, 1] and an eighth of their range on each side."""
    low, high = float(real.min()), float(real.max())
    margin = (high - low) / 8 or 0.5
    return np.linspace(low - margin, high + margin, POINTS, dtype=np.float32)[:, None]


def probabilities(run: Run, discriminator: Variables, line: np.ndarray) -> np.ndarray:
    """σ(D(x)) in evaluation mode."""
    output, _ = run.game.discriminator.apply(discriminator, jnp.asarray(line))
    scores = output.scores if isinstance(output, DiscriminatorOutput) else output
    return np.asarray(jax.nn.sigmoid(scores))
