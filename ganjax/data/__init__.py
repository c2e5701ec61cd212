"""Real samples: toy distributions, images in memory, and the exact epochs in which they are shown.

Every set is a `Source`. `load` finds one by name; `draw_ahead` and `Source.gather` feed a training loop.
"""

from ganjax.data._digits import digits
from ganjax.data._folder import folder_source
from ganjax.data._idx import idx_source, read_idx
from ganjax.data._images import to_float, to_uint8
from ganjax.data._load import DATASETS, Loader, load
from ganjax.data._pyramid import pyramid
from ganjax.data._resize import resized
from ganjax.data._shuffle import feistel_permutation, indices_at
from ganjax.data._source import (
    Source,
    Spec,
    Stored,
    batch_at,
    check_batch_size,
    check_labels,
    draw_ahead,
    image_source,
    labelled,
    point_source,
)
from ganjax.data._tfds import find_prepared, tfds_source
from ganjax.data._toys import (
    TOYS,
    Toy,
    gaussian,
    grid,
    grid_centers,
    normal,
    ring,
    ring_centers,
    swiss_roll,
    toy_dataset,
    toy_source,
    two_moons,
)

__all__ = [
    "DATASETS",
    "TOYS",
    "Loader",
    "Source",
    "Spec",
    "Stored",
    "Toy",
    "batch_at",
    "check_batch_size",
    "check_labels",
    "digits",
    "draw_ahead",
    "feistel_permutation",
    "find_prepared",
    "folder_source",
    "gaussian",
    "grid",
    "grid_centers",
    "idx_source",
    "image_source",
    "indices_at",
    "labelled",
    "load",
    "normal",
    "point_source",
    "pyramid",
    "read_idx",
    "resized",
    "ring",
    "ring_centers",
    "swiss_roll",
    "tfds_source",
    "to_float",
    "to_uint8",
    "toy_dataset",
    "toy_source",
    "two_moons",
]
