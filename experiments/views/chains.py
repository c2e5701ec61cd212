"""Maximum-entropy generators: samples before and after a walk of their latents on the energy that was learned."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from judging import evaluate_toy

from ganjax import samplers
from ganjax.io import image_grid, scatter_picture
from ganjax.samplers import MalaChains
from ganjax.types import Variables
from views.reconstructions import COLUMNS, interleaved
from views.scenes import Judges, Scene, View, make, objective, real

NUM, STEPS, STEP_SIZE = 1000, 60, 0.01
SHOWN = 4 * COLUMNS


def suits(scene: Scene) -> bool:
    return objective(scene) == "meg"


def walk(scene: Scene, num: int) -> tuple[jax.Array, MalaChains]:
    """Draws of the prior, and where MALA takes them."""
    start_key, walk_key = jax.random.split(scene.key)
    latents = scene.run.game.prior.sample(start_key, num)
    discriminator = Variables(scene.state.disc_params, scene.state.disc_stats)

    @jax.jit
    def walked(latents: jax.Array) -> MalaChains:
        energy = samplers.latent_energy(scene.run.game, scene.generator, discriminator)
        return samplers.mala(walk_key, energy, latents, step_size=STEP_SIZE, num_steps=STEPS)

    return latents, walked(latents)


def pictures(scene: Scene) -> dict[str, np.ndarray]:
    """mala.png: rows of samples, each over the samples that its latents have become; points before and after."""
    latents, chains = walk(scene, SHOWN if scene.images else NUM)
    before, after = make(scene, latents), make(scene, chains.latents)
    if scene.images:
        return {"mala": image_grid(interleaved(before, after), COLUMNS)}
    points = real(scene, NUM)
    panels = [scatter_picture(points, x, title=t) for x, t in ((before, "before MALA"), (after, "after MALA"))]
    return {"mala": np.concatenate(panels, axis=1)}


def numbers(scene: Scene, judges: Judges | None) -> dict[str, float]:
    """MALA's acceptance rate, mean energies before and after, and for points what the walk does to their quality."""
    del judges
    num = SHOWN if scene.images else NUM
    latents, chains = walk(scene, num)
    before, after = make(scene, latents), make(scene, chains.latents)
    discriminator = Variables(scene.state.disc_params, scene.state.disc_stats)

    @jax.jit
    def mean_energy(samples: jax.Array) -> jax.Array:
        return -jnp.mean(scene.run.game.discriminator.apply(discriminator, samples)[0].scores)

    found = {
        "mala_acceptance_rate": float(np.mean(chains.acceptance_rate)),
        "energy[before mala]": float(mean_energy(jnp.asarray(before))),
        "energy[after mala]": float(mean_energy(jnp.asarray(after))),
    }
    if scene.images:
        return found
    judged = evaluate_toy(after, scene.config.data.name)
    return found | {f"{name}[after mala]": value for name, value in judged.items()}


CHAINS = View(suits, pictures, numbers)
