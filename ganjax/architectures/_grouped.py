"""Grouped convolution, and resampling between residual stages."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.linen.dtypes import promote_dtype
from jaxtyping import Array, Float

from ganjax.architectures._convolution_forms import Images, Outputs, Pair
from ganjax.architectures._convolutions import convolve
from ganjax.architectures._layers import DCGAN_INIT, Initializer
from ganjax.checks import InputError


def convolve_groups(x: Images, kernel: Float[Array, "kh kw in out"], groups: int) -> Outputs:
    """`convolve`, group of channels by group: the g-th part of the outputs sees the g-th part of the inputs alone.

    Per sample. Stride 1, padding "SAME". It is `convolve` mapped over the groups: on the CPU one group after another,
    elsewhere the platform's own grouped convolution.

    Args:
      x: [B, H, W, groups · in].
      kernel: [kh, kw, in, out]: each group's inputs; all groups' outputs.
      groups: in how many parts; 1 is `convolve`.

    Returns:
      [B, H, W, out].

    Raises:
      InputError: unless `groups` divides the outputs, and the inputs are groups · in.
    """
    inputs, outputs = kernel.shape[2:]
    if groups < 1 or outputs % groups or x.shape[-1] != groups * inputs:
        raise InputError(
            f"Expected inputs and outputs in {groups} equal groups, got {x.shape[-1]} inputs, {inputs} in a group of "
            f"the kernel, and {outputs} outputs: take channels that are a multiple of the groups."
        )
    if groups == 1:
        return convolve(x, kernel)
    apart = x.reshape(*x.shape[:3], groups, inputs)
    kernels = kernel.reshape(*kernel.shape[:3], groups, outputs // groups)
    y = jax.vmap(convolve, in_axes=(3, 3), out_axes=3)(apart, kernels)
    return y.reshape(*x.shape[:3], outputs)


class GroupedConv(nn.Module):
    """`convolve_groups` with a kernel and a bias of its own. Per sample; parameters are float32.

    Attributes:
      features: output channels.
      kernel: rows and columns of the kernel.
      groups: in how many parts.
      dtype, kernel_init: as in `Conv`.
    """

    features: int
    kernel: Pair
    groups: int
    dtype: Any = None
    kernel_init: Initializer = DCGAN_INIT

    @nn.compact
    def __call__(self, x: Images) -> Outputs:
        shape = (*self.kernel, x.shape[-1] // self.groups, self.features)
        kernel = self.param("kernel", self.kernel_init, shape, jnp.float32)
        bias = self.param("bias", nn.initializers.zeros, (self.features,), jnp.float32)
        x, kernel, bias = promote_dtype(x, kernel, bias, dtype=self.dtype)
        return convolve_groups(x, kernel, self.groups) + bias[None, None, None]


def resample(x: Images, size: int) -> Float[Array, "B {size} {size} C"]:
    """`x` at `size` pixels a side, by bilinear interpolation between pixel centers. Per sample.

    Twice as large: each pixel is ¾ and ¼ of its neighbors along each axis. Half as large: ⅛, ⅜, ⅜, ⅛ of four, the
    triangle widened to the coarser grid so that nothing is skipped. At the border the weights that remain sum to 1.
    """
    return jax.image.resize(x, (x.shape[0], size, size, x.shape[3]), "linear")
