"""Presets: each a small file whose header says what it shows, its command, its minutes and the number to expect."""

from configs import (
    digits,
    gaussian,
    grid,
    mnist,
    mnist_mlp,
    pacgan_grid,
    pacgan_ring,
    ring,
    ring_ebgan,
    ring_infogan,
    ring_meg,
    ring_ogan,
)
from ganjax.checks import Table

PRESETS = Table(
    "preset",
    {
        "digits": digits.CONFIG,
        "mnist": mnist.CONFIG,
        "mnist-mlp": mnist_mlp.CONFIG,
        "gaussian": gaussian.CONFIG,
        "ring": ring.CONFIG,
        "ring-ebgan": ring_ebgan.CONFIG,
        "ring-infogan": ring_infogan.CONFIG,
        "ring-ogan": ring_ogan.CONFIG,
        "ring-meg": ring_meg.CONFIG,
        "grid": grid.CONFIG,
        "pacgan-ring": pacgan_ring.CONFIG,
        "pacgan-grid": pacgan_grid.CONFIG,
    },
)
