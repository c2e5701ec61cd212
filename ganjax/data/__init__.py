"""Real samples: toy distributions, images in memory, and the exact epochs in which they are shown.

Every set is a `Source`. `load` finds one by name; `draw_ahead` and `Source.gather` feed a training loop.
"""

from ganjax.data._ahead import READERS, installed
from ganjax.data._arrays import npz_source
from ganjax.data._decode import UnreadableError, read_picture
from ganjax.data._digits import digits
from ganjax.data._flip import flipped
from ganjax.data._folder import Reading, decode_anew, folder_source
from ganjax.data._idx import idx_source, read_idx
from ganjax.data._images import to_float, to_uint8
from ganjax.data._load import DATASETS, Loader, load
from ganjax.data._parquet import parquet_source
from ganjax.data._pictures import Pictures, find_splits
from ganjax.data._pyramid import pyramid
from ganjax.data._records import Records, folder_records, open_records, tfds_records
from ganjax.data._resize import resized
from ganjax.data._shuffle import feistel_permutation, indices_at
from ganjax.data._source import (
    Feed,
    Source,
    Spec,
    Stored,
    Streamed,
    batch_at,
    batch_shapes,
    check_batch_size,
    check_labels,
    draw_ahead,
    image_source,
    labelled,
    point_source,
)
from ganjax.data._stacked import StackedDigits, stacked_source
from ganjax.data._stream import Streaming, held_source, stream_source
from ganjax.data._tfds import find_prepared, prepared_root, tfds_source
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
from ganjax.data._transform import Transform, transformed

__all__ = [
    "DATASETS",
    "READERS",
    "TOYS",
    "Feed",
    "Loader",
    "Pictures",
    "Reading",
    "Records",
    "Source",
    "Spec",
    "StackedDigits",
    "Stored",
    "Streamed",
    "Streaming",
    "Toy",
    "Transform",
    "UnreadableError",
    "batch_at",
    "batch_shapes",
    "check_batch_size",
    "check_labels",
    "decode_anew",
    "digits",
    "draw_ahead",
    "feistel_permutation",
    "find_prepared",
    "find_splits",
    "flipped",
    "folder_records",
    "folder_source",
    "gaussian",
    "grid",
    "grid_centers",
    "held_source",
    "idx_source",
    "image_source",
    "indices_at",
    "installed",
    "labelled",
    "load",
    "normal",
    "npz_source",
    "open_records",
    "parquet_source",
    "point_source",
    "prepared_root",
    "pyramid",
    "read_idx",
    "read_picture",
    "resized",
    "ring",
    "ring_centers",
    "stacked_source",
    "stream_source",
    "swiss_roll",
    "tfds_records",
    "tfds_source",
    "to_float",
    "to_uint8",
    "toy_dataset",
    "toy_source",
    "transformed",
    "two_moons",
]
