"""Layers in NumPy float64, pixel by pixel, written from the papers' formulas."""

import numpy as np


def convolve(x, kernel, bias=0.0):
    """y[b, p, q, o] = Σ x[b, p + i − ⌊kh/2⌋, q + j − ⌊kw/2⌋, c] kernel[i, j, c, o]; zeros around, odd sizes."""
    x, kernel = np.asarray(x, np.float64), np.asarray(kernel, np.float64)
    rows, columns = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = np.pad(x, ((0, 0), (rows, rows), (columns, columns), (0, 0)))
    y = np.zeros((*x.shape[:3], kernel.shape[3]))
    for p in range(x.shape[1]):
        for q in range(x.shape[2]):
            window = padded[:, p : p + kernel.shape[0], q : q + kernel.shape[1]]
            y[:, p, q] = np.tensordot(window, kernel, axes=3)
    return y + np.asarray(bias, np.float64)


def halve(x):
    """The mean of 2×2 pixels."""
    return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4


def enlarge(x):
    """Each pixel four times."""
    y = np.zeros((x.shape[0], 2 * x.shape[1], 2 * x.shape[2], x.shape[3]))
    for row in (0, 1):
        for column in (0, 1):
            y[:, row::2, column::2] = x
    return y


def standardize_channels(x, epsilon=1e-5):
    """Batch norm without scale and shift, by the batch's own biased statistics."""
    mean = x.mean((0, 1, 2), keepdims=True)
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean((0, 1, 2), keepdims=True) + epsilon)


def relu(x):
    return np.where(x > 0, x, 0.0)


def leaky(x, slope=0.2):
    return np.where(x > 0, x, slope * x)
