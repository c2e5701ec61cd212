"""Weights and images for the Inception network from a formula, exact on every machine: nothing to download or keep."""

import zlib

import numpy as np


def uniform(name, shape):
    """Entries in [−1, 1) from 32-bit integers mixed out of (name, index)."""
    start = np.uint32(zlib.crc32(name.encode()))
    mixed = np.arange(np.prod(shape), dtype=np.uint32) * np.uint32(2654435761) + start
    for multiplier in (0x85EBCA6B, 0xC2B2AE35):
        mixed ^= mixed >> np.uint32(15)
        mixed *= np.uint32(multiplier)
    mixed ^= mixed >> np.uint32(16)
    return ((mixed >> np.uint32(8)).astype(np.float64) / 2**23 - 1).reshape(shape)


def formula_weights(shapes):
    """Arrays of these names and shapes: kernels keep the second moment through a ReLU, batch norms are no identity."""

    def array(name, shape):
        entries = uniform(name, shape)
        scaled = {
            "conv.weight": entries * np.sqrt(6 / np.prod(shape[1:])),
            "bn.weight": 1 + 0.4 * entries,
            "bn.bias": 0.1 + 0.2 * entries,
            "bn.running_mean": 0.2 * entries,
            "bn.running_var": 1 + 0.5 * entries,
            "fc.weight": entries * np.sqrt(3 / 2048),
            "fc.bias": entries,
        }
        return next(values for end, values in scaled.items() if name.endswith(end)).astype(np.float32)

    return {name: array(name, shape) for name, shape in shapes.items()}


def formula_images(shape):
    """Smooth shades with noise on top, uint8 [N, H, W, C]: neighboring pixels are alike and none is the same."""
    num, height, width, channels = shape
    n, y, x, c = np.meshgrid(*(np.arange(size) for size in (num, height, width, channels)), indexing="ij")
    shades = 96 * np.sin(7 * (n + 1) * y / height + c) * np.cos(5 * x / width - c)
    return np.rint(128 + shades + 24 * uniform("images", shape)).astype(np.uint8)
