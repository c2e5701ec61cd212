"""Presets: each a small file whose header says what it shows, its command, its minutes and the number to expect."""

from configs import digits, gaussian, grid, mnist, mnist_mlp, ring
from ganjax.checks import Table

PRESETS = Table(
    "preset",
    {
        "digits": digits.CONFIG,
        "mnist": mnist.CONFIG,
        "mnist-mlp": mnist_mlp.CONFIG,
        "gaussian": gaussian.CONFIG,
        "ring": ring.CONFIG,
        "grid": grid.CONFIG,
    },
)
