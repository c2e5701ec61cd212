"""The forward pass."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Shaped

from ganjax.metrics.inception._layers import INCEPTION, Branch, Conv, Layer, Pool
from ganjax.metrics.inception._resize import to_inputs
from ganjax.metrics.inception._weights import Params

WINDOW = (1, 3, 3, 1)
EXACT = lax.Precision.HIGHEST  # the same features on an accelerator as on the CPU


class InceptionOutput(NamedTuple):
    """What the network says of a batch of images.

    Attributes:
      features: [B, 2048], the mean of the last maps: what the FID and the KID compare.
      logits: [B, 1008].
      logits_unbiased: [B, 1008], without the bias of the last layer: what the Inception score is computed from.
    """

    features: Float[Array, "B 2048"]
    logits: Float[Array, "B 1008"]
    logits_unbiased: Float[Array, "B 1008"]


def inception_features(params: Params, images: Shaped[Array | np.ndarray, "..."]) -> InceptionOutput:
    """The FID's Inception network on images as files hold them. Per sample.

    Args:
      params: of `fold`.
      images: uint8 [B, H, W, 3] or [B, H, W, 1], of any size; resized by `to_inputs`.

    Returns:
      Features and logits, float32.

    Raises:
      InputError: as `to_inputs`.

    Reference:
      Szegedy et al. (2015), arXiv:1512.00567; Heusel et al. (2017), arXiv:1706.08500, for its use in the FID.
    """
    return inception_of_inputs(params, to_inputs(images))


def inception_of_inputs(params: Params, inputs: Float[Array, "B 299 299 3"]) -> InceptionOutput:
    """`inception_features` of what `to_inputs` gives: one shape, whatever the images' size. Per sample."""
    features = jnp.mean(_branch(params, INCEPTION, inputs), axis=(1, 2))
    unbiased = jnp.matmul(features, params["fc"].kernel, precision=EXACT)
    return InceptionOutput(features, unbiased + jnp.asarray(params["fc"].bias)[None], unbiased)


def _branch(params: Params, branch: Branch, x: Float[Array, "B H W C"]) -> Float[Array, "B H2 W2 C2"]:
    for layer in branch:
        x = _layer(params, layer, x)
    return x


def _layer(params: Params, layer: Layer, x: Float[Array, "B H W C"]) -> Float[Array, "B H2 W2 C2"]:
    if isinstance(layer, Conv):
        return _convolution(params, layer, x)
    if isinstance(layer, Pool):
        return _pool(layer, x)
    return jnp.concatenate([_branch(params, branch, x) for branch in layer.branches], axis=-1)


def _convolution(params: Params, conv: Conv, x: Float[Array, "B H W C"]) -> Float[Array, "B H2 W2 C2"]:
    kernel, bias = params[conv.name]
    y = lax.conv_general_dilated(
        x,
        jnp.asarray(kernel),
        (conv.stride, conv.stride),
        conv.padding,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision=EXACT,
    )
    return jax.nn.relu(y + jnp.asarray(bias)[None, None, None])


def _pool(pool: Pool, x: Float[Array, "B H W C"]) -> Float[Array, "B H2 W2 C"]:
    strides = (1, pool.stride, pool.stride, 1)
    if pool.kind == "max":
        return lax.reduce_window(x, -jnp.inf, lax.max, WINDOW, strides, pool.padding)
    # windows over the edge divide by the pixels that they hold, not by nine
    held = lax.reduce_window(np.ones((1, *x.shape[1:3], 1), np.float32), 0.0, lax.add, WINDOW, strides, pool.padding)
    return lax.reduce_window(x, 0.0, lax.add, WINDOW, strides, pool.padding) / held
