"""The tutorial's first GAN, played to its known end: 20 seeds of the preset, each on its own thousand points."""

from dataclasses import replace

import assembly
import jax
import numpy as np
from configs import PRESETS

from ganjax import steps

PRESET = PRESETS["gaussian"]


def test_the_gaussian_toy_recovers_its_data():
    run = assembly.assemble(PRESET)
    init = jax.jit(run.algorithm.init)
    epoch = jax.jit(steps.chunk(run.algorithm, run.source.draw, run.source.gather, PRESET.batch_size, 125))
    means, covariances, losses = [], [], []
    for seed in range(20):
        own = assembly.assemble(replace(PRESET, seed=seed))
        state = init(own.init_key, assembly.example_batch(own, PRESET))
        for _ in range(20):
            state, info = epoch(state, own.data_key, own.source.arrays)
        layer = state.gen_params["Dense_0"]
        means.append(layer["bias"])
        covariances.append(layer["kernel"].T @ layer["kernel"])  # z ~ N(0, I): the affine map's own covariance
        losses.append((info.disc_loss / 2, info.gen_loss))
    np.testing.assert_allclose(np.median(means, axis=0), [1, 2], atol=0.4)
    np.testing.assert_allclose(np.median(covariances, axis=0), [[1.01, 1.95], [1.95, 4.25]], atol=0.4)
    np.testing.assert_allclose(np.median(losses, axis=0), [0.693, 0.693], atol=0.003)
