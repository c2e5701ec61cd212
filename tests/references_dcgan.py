"""The convolutional family at 8 pixels in NumPy float64, tap by tap: what each named layer of a parameter tree does.

Networks of 8 pixels have a convolution of stride 1 and one of stride 2, and the same transposed and backwards.
"""

import itertools

import numpy as np


def tree(params):
    """Parameters in float64."""
    return {k: tree(v) if hasattr(v, "items") else np.asarray(v, np.float64) for k, v in params.items()}


def margins(size, kernel, stride):
    """Zeros before and after a side, for ⌈size / stride⌉ outputs; the odd one comes after."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def convolve(layer, x, stride):
    """y[p, q, o] = Σ x[s·p + i − lo, s·q + j − lo, c] kernel[i, j, c, o] + bias[o]."""
    kernel = layer["kernel"]
    sides = [margins(x.shape[axis], kernel.shape[axis - 1], stride) for axis in (1, 2)]
    padded = np.pad(x, ((0, 0), *sides, (0, 0)))
    rows, columns = (-(-x.shape[axis] // stride) for axis in (1, 2))
    y = np.zeros((x.shape[0], rows, columns, kernel.shape[3]))
    for p, q, i, j in itertools.product(range(rows), range(columns), *map(range, kernel.shape[:2])):
        y[:, p, q] += padded[:, stride * p + i, stride * q + j] @ kernel[i, j]
    return y + layer.get("bias", 0.0)


def convolve_transposed(layer, y, stride):
    """Each y[p, q, o] spread over x[s·p + i − lo, s·q + j − lo, c] by kernel[i, j, c, o]; then bias[c]."""
    kernel, size = layer["kernel"], stride * y.shape[1]
    before, after = margins(size, kernel.shape[0], stride)
    x = np.zeros((y.shape[0], size + before + after, size + before + after, kernel.shape[2]))
    for p, q, i, j in itertools.product(*map(range, (*y.shape[1:3], *kernel.shape[:2]))):
        x[:, stride * p + i, stride * q + j] += y[:, p, q] @ kernel[i, j].T
    return x[:, before : before + size, before : before + size] + layer.get("bias", 0.0)


def dense(layer, x):
    return x @ layer["kernel"] + layer.get("bias", 0.0)


def batch_norm(layer, x, epsilon=1e-5):
    """By this batch's own mean and biased variance, a channel at a time."""
    axes = tuple(range(x.ndim - 1))
    mean = x.mean(axes)
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean(axes) + epsilon) * layer["scale"] + layer["bias"]


def relu(x):
    return np.where(x > 0, x, 0.0)


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def trunk(p, x):
    """Images [B, 8, 8, C] to flat features; normalized where the tree says so."""
    x = leaky(convolve(p["Conv_0"], x, 1))
    x = convolve(p["Conv_1"], x, 2)
    x = leaky(batch_norm(p["BatchNorm_0"], x) if "BatchNorm_0" in p else x)
    return x.reshape(len(x), -1)


def images(p, x, first_norm=0):
    """Flat inputs to images before their last activation."""
    x = dense(p["Dense_0"], x)
    x = x.reshape(len(x), 4, 4, -1)
    x = convolve_transposed(p["ConvTranspose_0"], relu(batch_norm(p[f"BatchNorm_{first_norm}"], x)), 2)
    return convolve_transposed(p["ConvTranspose_1"], relu(batch_norm(p[f"BatchNorm_{first_norm + 1}"], x)), 1)
