"""O-GAN's encoder and EBGAN's auto-encoder: originals over their reconstructions, and how far apart they are."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import memory
import numpy as np

from ganjax import priors
from ganjax.io import image_grid
from ganjax.numerics import standardize
from views.scenes import Judges, Scene, View, draw, floats, judge, make, no_numbers, objective, real

COLUMNS, PAIRS, STEPS = 12, 4, 12


def interleaved(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Rows of `above` and of `below` in turn, for a grid of COLUMNS."""
    pairs = [x.reshape(-1, COLUMNS, *x.shape[1:]) for x in (above, below)]
    return np.stack(pairs, axis=1).reshape(-1, *above.shape[1:])


def filled(images: np.ndarray, num: int) -> np.ndarray:
    """As many images, again from the first one where a set has fewer."""
    return np.resize(images, (num, *images.shape[1:]))


# --- O-GAN: x̂ = G(N(E(x)))


def latents_of(scene: Scene, images: np.ndarray) -> jax.Array:
    """N(E(x)): codes brought to mean 0 and variance 1 a sample, as the latents of the prior are."""
    return standardize(jnp.asarray(judge(scene, images).features["codes"]))


def ogan_pictures(scene: Scene) -> dict[str, np.ndarray]:
    """reconstructions.png: rows of originals, each over its row of G(N(E(x))); interpolations.png: in each row the
    first and the last image are reconstructions of real ones, with what lies between their latents."""
    originals = filled(real(scene, 5 * COLUMNS), 5 * COLUMNS)
    codes = latents_of(scene, originals)
    shares = jnp.linspace(0.0, 1.0, STEPS)
    rows = [priors.spherical(codes[2 * i], codes[2 * i + 1], share) for i in range(2 * PAIRS) for share in shares]
    return {
        "reconstructions": image_grid(interleaved(originals, make(scene, codes)), COLUMNS),
        "interpolations": image_grid(make(scene, jnp.stack(rows)), STEPS),
    }


def ogan_numbers(scene: Scene, judges: Judges | None) -> dict[str, float]:
    """Mean squared error a pixel on held-out images in [−1, 1], and that of as many principal components, of as many
    as give the same error, and of the mean image, all fitted to the training images."""
    if judges is None:
        return {}
    held_out = floats(judges.held_out.images)
    rebuilt = make(scene, latents_of(scene, held_out))
    train = floats(memory.samples(scene.run.source))
    code_dim = scene.config.discriminator.code_dim  # type: ignore[attr-defined]
    error = float(np.mean((rebuilt - held_out) ** 2))
    by_components = component_errors(train, held_out)
    return {
        "reconstruction_mse": error,
        f"pca_{code_dim}_mse": float(by_components[min(code_dim, len(by_components) - 1)]),
        "pca_0_mse": float(by_components[0]),
        "pca_components_of_equal_mse": float(np.argmax(by_components <= error)),
    }


def component_errors(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Mean squared error on `test` of the reconstruction by the first 0, 1, 2, … principal components of `train`."""
    flat = [x.reshape(len(x), -1).astype(np.float64) for x in (train, test)]
    mean = flat[0].mean(axis=0)
    _, axes = np.linalg.eigh(np.cov((flat[0] - mean).T))
    centered = flat[1] - mean
    explained = np.mean((centered @ axes[:, ::-1]) ** 2, axis=0)  # largest variance first
    return (np.mean(np.sum(centered**2, axis=1)) - np.concatenate([[0.0], np.cumsum(explained)])) / len(mean)


OGAN = View(lambda scene: objective(scene) == "ogan" and scene.images, ogan_pictures, ogan_numbers)


# --- EBGAN: the energy is the auto-encoder's error


def ebgan_pictures(scene: Scene) -> dict[str, np.ndarray]:
    """reconstructions.png: real images over Dec(Enc(x)), then generated ones over theirs."""
    real_key, _ = jax.random.split(scene.key)
    originals = np.concatenate([filled(real(scene, 3 * COLUMNS), 3 * COLUMNS), draw(scene, real_key, 3 * COLUMNS)])
    rebuilt = np.clip(judge(scene, originals).features["reconstruction"], -1, 1)
    return {"reconstructions": image_grid(interleaved(originals, rebuilt), COLUMNS)}


EBGAN = View(lambda scene: objective(scene) == "ebgan" and scene.images, ebgan_pictures, no_numbers)
