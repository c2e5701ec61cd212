"""Numbers on the features of the FID's Inception network, from a file of weights that the user gives.

    network = inception_network("inception.npz")
    judgement = evaluate_inception(network, real, fake, cache=Path("workdir"))
    judgement.numbers  # {"fid[inception-2015-12-05]": 31.2, …}
    judgement.protocol  # what stands behind each of them, in words

FID, KID and Inception score are names of numbers made with one file of weights. With any other weights, the same
functions give frechet_distance, kernel_distance and classifier_score[inception-…], named by the weights' fingerprint.

An image costs 11 GFLOP: about two a second on a CPU core, so that 10 000 take more than an hour and an accelerator
seconds; what the network says of real images is kept on disk.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float32, UInt8

from ganjax.checks import InputError
from ganjax.io import read_arrays, read_weights
from ganjax.metrics import METRICS, Metric, class_probabilities, classifier_score_splits, evaluate
from ganjax.metrics.inception import (
    PUBLISHED_NAME,
    Params,
    fold,
    inception_of_inputs,
    is_published,
    to_inputs,
    weight_shapes,
)

BLOCK = 32  # images in one forward pass: their largest maps take 180 MB
SPLITS = 10
ROWS = ("frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage", "classifier_score")
CONVERT = "python experiments/convert_inception.py weights-inception-2015-12-05-6726825d.pth inception.npz"
# what the rows of METRICS are called on the published network's features
FIELD_NAMES = {
    "frechet_distance": "fid",
    "kernel_distance": "kid",
    "kernel_distance_standard_error": "kid_standard_error",
}

Images = UInt8[np.ndarray, "N H W C"]


class Outputs(NamedTuple):
    """What the network says of some images, on the host.

    Attributes:
      features: [N, 2048].
      logits: [N, 1008], without the last layer's bias, as the Inception score takes them.
    """

    features: Float32[np.ndarray, "N 2048"]
    logits: Float32[np.ndarray, "N 1008"]


class InceptionNetwork(NamedTuple):
    """The network with one file's weights.

    Attributes:
      name: inception-2015-12-05 with the published weights, else inception-FINGERPRINT.
      fingerprint: the weights' SHA-256.
      is_standard: whether they are the published ones.
      outputs: uint8 images [N, H, W, 1 or 3] -> features and logits, from one forward pass.
    """

    name: str
    fingerprint: str
    is_standard: bool
    outputs: Callable[[Images], Outputs]

    def features(self, images: Images) -> Float32[np.ndarray, "N 2048"]:
        return self.outputs(images).features

    def logits(self, images: Images) -> Float32[np.ndarray, "N 1008"]:
        return self.outputs(images).logits


class Judgement(NamedTuple):
    """Numbers, and for each what has to be said beside it."""

    numbers: dict[str, float]
    protocol: dict[str, str]


def network_name(fingerprint: str, source_sha256: str) -> str:
    """What numbers of these weights carry in brackets."""
    return PUBLISHED_NAME if is_published(source_sha256) else f"inception-{fingerprint[:8]}"


def inception_network(weights_file: str | os.PathLike[str]) -> InceptionNetwork:
    """The network with the weights of a file that convert_inception.py wrote.

    Raises:
      InputError: as `read_weights`.
    """
    saved = read_weights(weights_file, weight_shapes(), convert=CONVERT)
    name = network_name(saved.fingerprint, saved.source_sha256)
    return InceptionNetwork(name, saved.fingerprint, is_published(saved.source_sha256), bind(fold(saved.arrays)))


def bind(params: Params) -> Callable[[Images], Outputs]:
    """The forward pass on any number of images, in blocks of one shape: compiled once, whatever the images' size."""
    on_device = jax.device_put(params)
    resize, forward = jax.jit(to_inputs), jax.jit(inception_of_inputs)

    def block(images: Images) -> Outputs:
        filled = np.concatenate([images, np.zeros((BLOCK - len(images), *images.shape[1:]), np.uint8)])
        output = forward(on_device, resize(filled))
        return Outputs(*(np.asarray(part)[: len(images)] for part in (output.features, output.logits_unbiased)))

    def outputs(images: Images) -> Outputs:
        images = np.asarray(images)
        if images.ndim != 4 or images.dtype != np.uint8 or not images.size:
            raise InputError(
                f"Expected images as uint8 [N, H, W, C], at least one, got {list(images.shape)} of {images.dtype}."
            )
        blocks = [block(images[start : start + BLOCK]) for start in range(0, len(images), BLOCK)]
        return Outputs(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))

    return outputs


def evaluate_inception(
    network: InceptionNetwork,
    real: Images,
    fake: Images,
    *,
    cache: Path | None = None,
    metrics: Mapping[str, Metric] | None = None,
) -> Judgement:
    """Metrics of features and of probabilities on this network, with the field's names where they are right.

    Args:
      network: of `inception_network`.
      real: uint8 [N, H, W, C].
      fake: uint8 [M, H, W, C], rounded to bytes as the real images are.
      cache: a folder to keep the real images' features in; None keeps nothing.
      metrics: the rows to compute; by default `ROWS`, which the field reports: others take minutes at this width.

    Raises:
      InputError: images that are not uint8 [N, H, W, C].
    """
    rows = {name: METRICS[name] for name in ROWS} if metrics is None else metrics
    real_features = network.features(real) if cache is None else cached_features(cache, network, real)
    found = network.outputs(fake)
    probabilities = class_probabilities(found.logits)
    numbers = evaluate(rows, "features", real_features, found.features)
    numbers |= evaluate(rows, "probabilities", probabilities)
    if network.is_standard:
        numbers = {FIELD_NAMES.get(name, name): value for name, value in numbers.items()}
    if network.is_standard and "classifier_score" in rows:
        scores = classifier_score_splits(probabilities, splits=min(SPLITS, len(fake)))
        numbers |= {"inception_score": float(scores.mean()), "inception_score_deviation": float(scores.std())}
    sentences = protocol(network, real, fake)
    return Judgement(
        {f"{name}[{network.name}]": value for name, value in numbers.items()},
        {f"{name}[{network.name}]": sentences[name] for name in numbers if name in sentences} | _behind(network),
    )


def protocol(network: InceptionNetwork, real: Images, fake: Images) -> dict[str, str]:
    """What each number was made of, by its name without brackets."""
    pixels = (
        f"images as uint8, generated ones rounded to it, {_size(fake)} generated and {_size(real)} real, resized to "
        "299x299 in float32 by TensorFlow 1's bilinear rule (corners not aligned, no half-pixel centers, no "
        "antialiasing), then (x - 128)/128"
    )
    both = f"{len(real)} real and {len(fake)} generated samples; 2048 pooled features of {network.name}; {pixels}"
    alone = f"{len(fake)} generated samples; 1008 logits of {network.name} without their bias; {pixels}"
    distance = f"squared Frechet distance in float64, unbiased covariances; {both}"
    kernel = f"unbiased squared MMD, kernel (x.y/2048 + 1)^3, all pairs in place of random subsets; {both}"
    splits = f"mean and deviation over {min(SPLITS, len(fake))} consecutive splits in the order drawn; {alone}"
    return {
        **dict.fromkeys(("fid", "frechet_distance"), distance),
        **dict.fromkeys(("kid", "kernel_distance"), kernel),
        "classifier_score": f"all samples as one group; {alone}",
        "inception_score": splits,
    }


def cached_features(folder: Path, network: InceptionNetwork, images: Images) -> Float32[np.ndarray, "N 2048"]:
    """`network.features(images)`, kept in folder/NAME-features-HASH.npz; the hash is of weights and images.

    A file that can't be read is made again.
    """
    digest = hashlib.sha256(f"{network.fingerprint}; {images.shape}; ".encode())
    digest.update(np.ascontiguousarray(images).tobytes())
    path = folder / f"{network.name}-features-{digest.hexdigest()[:16]}.npz"
    if (kept := _kept(path, len(images))) is not None:
        return kept
    features = network.features(images)
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            np.savez(file, features=features, checksum=np.array(hashlib.sha256(features.tobytes()).hexdigest()))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return features


def _kept(path: Path, num: int) -> Float32[np.ndarray, "N 2048"] | None:
    try:
        arrays = read_arrays(path)
    except InputError:
        return None
    if arrays.keys() != {"features", "checksum"} or not arrays["features"].shape:
        return None
    features, checksum = arrays["features"], str(arrays["checksum"])
    whole = len(features) == num and hashlib.sha256(features.tobytes()).hexdigest() == checksum
    return features if whole else None


def _behind(network: InceptionNetwork) -> dict[str, str]:
    standard = "the published weights" if network.is_standard else "NOT the published weights: nothing here is an FID"
    return {"network": f"{network.name}, {standard}; weights' SHA-256 {network.fingerprint}"}


def _size(images: Images) -> str:
    height, width, channels = images.shape[1:]
    return f"{height}x{width}{' gray (repeated to 3 channels)' if channels == 1 else ''}"
