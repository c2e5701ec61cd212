"""The Inception network behind the FID, the KID and the Inception score: pure functions of its weights.

    arrays = ganjax.io.read_weights(path, weight_shapes()).arrays  # of a file of experiments/convert_inception.py
    params = fold(arrays)
    output = inception_features(params, images)
    output.features  # [B, 2048], for `frechet_distance` and `kernel_distance`
    output.logits_unbiased  # [B, 1008], for `classifier_score`

A distance is an FID only with the weights that FIDs are published with: see `is_published`.
"""

from ganjax.metrics.inception._network import InceptionOutput, inception_features, inception_of_inputs
from ganjax.metrics.inception._resize import INPUT_SIZE, resize_matrix, to_inputs
from ganjax.metrics.inception._weights import (
    NUM_CLASSES,
    NUM_FEATURES,
    PUBLISHED_NAME,
    PUBLISHED_SHA256,
    Affine,
    Params,
    fold,
    is_published,
    weight_shapes,
)

__all__ = [
    "INPUT_SIZE",
    "NUM_CLASSES",
    "NUM_FEATURES",
    "PUBLISHED_NAME",
    "PUBLISHED_SHA256",
    "Affine",
    "InceptionOutput",
    "Params",
    "fold",
    "inception_features",
    "inception_of_inputs",
    "is_published",
    "resize_matrix",
    "to_inputs",
    "weight_shapes",
]
