"""The network's weights: their names and shapes in the published file, and batch norm folded into the kernels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float

from ganjax.checks import InputError
from ganjax.metrics.inception._layers import INCEPTION, Branch, Conv, Fork

EPSILON = 1e-3  # of every batch norm of the graph
NUM_FEATURES = 2048
NUM_CLASSES = 1008
BATCH_NORM = ("weight", "bias", "running_mean", "running_var")

# of the file weights-inception-2015-12-05-6726825d.pth (also pt_inception-…): the weights of the published FIDs
PUBLISHED_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
PUBLISHED_NAME = "inception-2015-12-05"


class Affine(NamedTuple):
    """One convolution with its batch norm folded in, or the layer of logits.

    Attributes:
      kernel: [height, width, in, out], or [in, out].
      bias: [out].
    """

    kernel: Float[Array | np.ndarray, "..."]
    bias: Float[Array | np.ndarray, "out"]


Params = dict[str, Affine]  # by the names of the published file; "fc" holds the logits


def weight_shapes() -> dict[str, tuple[int, ...]]:
    """The name and shape of every array of the published file: kernels [out, in, height, width], unfolded."""
    shapes: dict[str, tuple[int, ...]] = {}
    for conv, channels in _convolutions(INCEPTION, 3):
        shapes[f"{conv.name}.conv.weight"] = (conv.channels, channels, *conv.kernel)
        shapes |= {f"{conv.name}.bn.{part}": (conv.channels,) for part in BATCH_NORM}
    return shapes | {"fc.weight": (NUM_CLASSES, NUM_FEATURES), "fc.bias": (NUM_CLASSES,)}


def fold(arrays: Mapping[str, np.ndarray]) -> Params:
    """Batch norm folded into the kernels, in float64: γ/√(variance + 10⁻³) · kernel, and β − γ·mean/√(variance + 10⁻³).

    Args:
      arrays: one for each name of `weight_shapes`.

    Returns:
      The params of `inception_features`, float32.

    Raises:
      InputError: names or shapes that are not the network's, or a negative variance.
    """
    _check(arrays)

    def folded(name: str) -> Affine:
        kernel, gamma, beta, mean, variance = (
            np.asarray(arrays[f"{name}.{part}"], np.float64)
            for part in ("conv.weight", *(f"bn.{part}" for part in BATCH_NORM))
        )
        scale = gamma / np.sqrt(variance + EPSILON)
        scaled = kernel.transpose(2, 3, 1, 0) * scale
        return Affine(scaled.astype(np.float32), (beta - mean * scale).astype(np.float32))

    params = {conv.name: folded(conv.name) for conv, _ in _convolutions(INCEPTION, 3)}
    kernel, bias = (np.asarray(arrays[name], np.float32) for name in ("fc.weight", "fc.bias"))
    return params | {"fc": Affine(kernel.T, bias)}


def is_published(file_sha256: str) -> bool:
    """Whether a `.pth` file with this SHA-256 holds the weights that FIDs and Inception scores are published with."""
    return file_sha256 == PUBLISHED_SHA256


def _convolutions(branch: Branch, channels: int) -> Iterator[tuple[Conv, int]]:
    """Every convolution of a branch with the number of its input channels."""
    for layer in branch:
        if isinstance(layer, Fork):
            for each in layer.branches:
                yield from _convolutions(each, channels)
        elif isinstance(layer, Conv):
            yield layer, channels
        channels = _channels_after((layer,), channels)


def _channels_after(branch: Branch, channels: int) -> int:
    for layer in branch:
        if isinstance(layer, Fork):
            channels = sum(_channels_after(each, channels) for each in layer.branches)
        elif isinstance(layer, Conv):
            channels = layer.channels
    return channels


def _check(arrays: Mapping[str, np.ndarray]) -> None:
    expected = weight_shapes()
    if wrong := sorted(expected.keys() ^ arrays.keys()):
        which = "without" if wrong[0] in expected else "with an unknown"
        raise InputError(
            f"Expected the {len(expected)} arrays of the FID's Inception, got {len(arrays)}, {which} {wrong[0]}."
        )
    for name, shape in expected.items():
        if np.shape(arrays[name]) != shape:
            raise InputError(f"Expected {name}{list(shape)}, got {name}{list(np.shape(arrays[name]))}.")
        if name.endswith("running_var") and np.min(arrays[name]) < 0:
            raise InputError(f"Expected variances >= 0, got {np.min(arrays[name])} in {name}.")
