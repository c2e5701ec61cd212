"""Files: checkpoints, logs, pictures. The library's only place with side effects."""

from ganjax.io.checkpoints import Checkpoints, Restored, Skipped, restore_latest, restore_step, state_sha256
from ganjax.io.logs import MetricsLog, read_metrics, write_json
from ganjax.io.pictures import (
    Dots,
    curves_picture,
    curves_png,
    density_picture,
    histograms_picture,
    image_grid,
    intervals_picture,
    kernel_density,
    landscape_picture,
    png_bytes,
    save_gif,
    save_png,
    scatter_limits,
    scatter_picture,
    to_uint8,
)

__all__ = [
    "Checkpoints",
    "Dots",
    "MetricsLog",
    "Restored",
    "Skipped",
    "curves_picture",
    "curves_png",
    "density_picture",
    "histograms_picture",
    "image_grid",
    "intervals_picture",
    "kernel_density",
    "landscape_picture",
    "png_bytes",
    "read_metrics",
    "restore_latest",
    "restore_step",
    "save_gif",
    "save_png",
    "scatter_limits",
    "scatter_picture",
    "state_sha256",
    "to_uint8",
    "write_json",
]
