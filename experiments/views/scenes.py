"""A trained run as the views look at it, and what all of them ask of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from assembly import Run
from classifiers import Classifier, LabeledImages
from config import Config

from ganjax import data
from ganjax.types import DiscriminatorOutput, GanState, Key, Variables

BLOCK = 500  # samples in one forward pass


class Scene(NamedTuple):
    """A trained run.

    Attributes:
      run, config: what it is.
      state: its arrays, on the host.
      generator: the generator's weights to look at, averaged or raw.
      key: for everything that is drawn here.
    """

    run: Run
    config: Config
    state: GanState
    generator: Variables
    key: Key

    @property
    def images(self) -> bool:
        """Whether samples are images."""
        return self.run.source.spec.is_image


class Judges(NamedTuple):
    """Labeled images that the run's classifier did not see, the classifier, and the images that it learned from.

    The last are none where the generator learned from the first: nobody can then tell copies from new samples.
    """

    held_out: LabeledImages
    classifier: Classifier
    train: LabeledImages


class View(NamedTuple):
    """What one method promises beside samples, made visible.

    Attributes:
      suits: whether a run has it to show.
      pictures: (scene) -> file name without ending -> uint8 [H, W, C].
      numbers: (scene, judges, or None where there are none) -> plain floats by name.
    """

    suits: Callable[[Scene], bool]
    pictures: Callable[[Scene], dict[str, np.ndarray]]
    numbers: Callable[[Scene, Judges | None], dict[str, float]]


def no_numbers(scene: Scene, judges: Judges | None) -> dict[str, float]:
    """Nothing beside the pictures."""
    del scene, judges
    return {}


def objective(scene: Scene) -> str:
    """The objective's name, as the library writes it."""
    return str(scene.config.objective.name).replace("-", "_")  # type: ignore[attr-defined]


def make(scene: Scene, latents: Any) -> np.ndarray:
    """The samples of given latents [N, ...], in evaluation mode; float32 [N, ...] on the host."""
    generate = jax.jit(scene.run.generate)
    latents, indices = jnp.asarray(latents), jnp.arange(len(latents))
    made = [
        generate(scene.generator, latents[i : i + BLOCK], indices[i : i + BLOCK]) for i in range(0, len(latents), BLOCK)
    ]
    return np.concatenate([np.asarray(x, np.float32) for x in made])


def draw(scene: Scene, key: Key, num: int) -> np.ndarray:
    """`num` samples of the generator."""
    return make(scene, scene.run.game.prior.sample(key, num))


def real(scene: Scene, num: int) -> np.ndarray:
    """`num` samples of the data, or all there are."""
    source = scene.run.source
    num = min(num, source.spec.num_samples or num)
    return np.asarray(data.batch_at(source, scene.run.sample_key, jnp.int32(0), num).samples)


def judge(scene: Scene, samples: Any) -> DiscriminatorOutput:
    """What the discriminator says of samples [N, ...], in evaluation mode; on the host. Not for conditional games."""
    state, discriminator = scene.state, scene.run.game.discriminator

    @jax.jit
    def apply(samples: jax.Array) -> DiscriminatorOutput:
        output, _ = discriminator.apply(Variables(state.disc_params, state.disc_stats), samples)
        return output if isinstance(output, DiscriminatorOutput) else DiscriminatorOutput(output)

    blocks = [apply(jnp.asarray(samples[i : i + BLOCK])) for i in range(0, len(samples), BLOCK)]
    return jax.tree.map(lambda *x: np.concatenate([np.asarray(y) for y in x]), *blocks)


def floats(images: np.ndarray) -> np.ndarray:
    """Bytes as the networks see them, in [−1, 1]."""
    return np.asarray(images, np.float32) / 127.5 - 1
