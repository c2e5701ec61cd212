"""Maxout: layers that take the greatest of a few linear maps, and the discriminator made of them."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from ganjax.architectures._layers import DTYPES, Initializer, Precision, refuse_condition
from ganjax.architectures._mlp import dense_initializers, widths
from ganjax.architectures._network import from_linen
from ganjax.checks import check_positive
from ganjax.numerics import at_least_float32
from ganjax.types import DiscriminatorOutput, Network, Samples


class Maxout(nn.Module):
    """h_i(x) = max_j (x·W_ij + b_ij): a convex, piecewise linear function of which nothing but its pieces is chosen.

    Per sample. Goodfellow et al. 2013, arXiv:1302.4389, section 3. The dense layer's columns hold piece 0 of every
    unit, then piece 1 of every unit, and so on.

    Attributes:
      features: units.
      pieces: linear maps a unit; 1 is a dense layer.
      dtype: what the layer computes and answers in; None for the common type of input and parameters.
      kernel_init, bias_init: flax initializers.
    """

    features: int
    pieces: int = 5
    dtype: Any = None
    kernel_init: Initializer = nn.initializers.lecun_normal()
    bias_init: Initializer = nn.initializers.zeros

    @nn.compact
    def __call__(self, x: Float[Array, "B _"]) -> Float[Array, "B _F"]:
        width = self.features * self.pieces
        every = nn.Dense(width, dtype=self.dtype, kernel_init=self.kernel_init, bias_init=self.bias_init)(x)
        return jnp.max(every.reshape(x.shape[0], self.pieces, self.features), axis=1)


class MaxoutDiscriminator(nn.Module):
    """Samples of any shape through maxout layers to one raw score each.

    Per sample. Parameters are float32.

    Attributes:
      features: units of the hidden layers.
      pieces: linear maps a unit.
      kernel_init, bias_init: flax initializers of every layer.
      dtype: what the layers compute in. The scores come in float32 or better.
    """

    features: tuple[int, ...] = (200, 200, 200)
    pieces: int = 5
    kernel_init: Initializer = nn.initializers.lecun_normal()
    bias_init: Initializer = nn.initializers.zeros
    dtype: Any = None

    @nn.compact
    def __call__(self, samples: Samples, *condition: Any, train: bool = False) -> DiscriminatorOutput:
        refuse_condition("MaxoutDiscriminator", condition)
        x = samples.reshape(samples.shape[0], -1)
        layer = {"dtype": self.dtype, "kernel_init": self.kernel_init, "bias_init": self.bias_init}
        for width in self.features:
            x = Maxout(width, self.pieces, **layer)(x)
        return DiscriminatorOutput(at_least_float32(nn.Dense(1, **layer)(x)[:, 0]))


def maxout_discriminator(
    sample_shape: tuple[int, ...],
    *,
    features: tuple[int, ...] = (200, 200, 200),
    pieces: int = 5,
    init_std: float | None = None,
    dtype: Precision = "float32",
) -> Network:
    """A fully connected discriminator of maxout units; the defaults are PacGAN's for points in the plane.

    Lin et al. 2018, arXiv:1712.04086, section 4.1, after Dumoulin et al. 2017, arXiv:1606.00704.

    Args:
      sample_shape: one sample's shape.
      features: units of the hidden layers.
      pieces: linear maps a unit takes the greatest of.
      init_std: draws kernels and biases from N(0, init_std); None draws kernels by fan-in and starts biases at 0.
      dtype: what the products are computed in; parameters are float32.
    """
    del sample_shape  # a dense layer takes its inputs as they come
    check_positive(pieces=pieces)
    kernel_init, bias_init = dense_initializers(init_std)
    return from_linen(
        MaxoutDiscriminator(
            features=widths(features),
            pieces=pieces,
            kernel_init=kernel_init,
            bias_init=bias_init,
            dtype=DTYPES[dtype],
        )
    )
