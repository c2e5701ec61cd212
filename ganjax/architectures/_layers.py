"""The layers that networks are made of: convolutions, normalizations, activations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import jax.numpy as jnp
from flax import linen as nn
from flax.linen.dtypes import promote_dtype
from jaxtyping import Array, Float

from ganjax import batches
from ganjax.architectures._convolution_forms import Images, Outputs, Pair
from ganjax.architectures._convolutions import Padding, convolve, convolve_transposed
from ganjax.checks import InputError, Table

Initializer = Callable[..., Array]
Activation = Callable[[Array], Array]
Normalization = Callable[..., Activation]  # (train, dtype) -> a layer; called inside a module, once for each layer

Precision = Literal["float32", "bfloat16"]
NormalizationName = Literal["batch", "layer", "none"]

DCGAN_INIT = nn.initializers.normal(0.02)

# float32 is the parameters' own type: no cast, so that float64 inputs stay float64 where they are enabled
DTYPES: Table[Any] = Table("dtype", {"float32": None, "bfloat16": jnp.bfloat16})


class Conv(nn.Module):
    """`convolve` with a kernel and a bias of its own.

    Per sample. Parameters are float32, and `kernel` is [kh, kw, inputs, features].

    Attributes:
      features: output channels.
      kernel: rows and columns of the kernel.
      strides: along rows and columns.
      padding: as in `convolve`.
      use_bias: leave it out before a normalization, which would take it away again.
      dtype: what the layer computes and answers in; None for the common type of input and parameters.
      kernel_init, bias_init: flax initializers.
    """

    features: int
    kernel: Pair
    strides: Pair = (1, 1)
    padding: Padding = "SAME"
    use_bias: bool = True
    dtype: Any = None
    kernel_init: Initializer = DCGAN_INIT
    bias_init: Initializer = nn.initializers.zeros

    @nn.compact
    def __call__(self, x: Images) -> Outputs:
        kernel = self.param("kernel", self.kernel_init, (*self.kernel, x.shape[-1], self.features), jnp.float32)
        bias = self.param("bias", self.bias_init, (self.features,), jnp.float32) if self.use_bias else None
        x, kernel, bias = promote_dtype(x, kernel, bias, dtype=self.dtype)
        y = convolve(x, kernel, self.strides, self.padding)
        return y if bias is None else y + bias[None, None, None]


class ConvTranspose(nn.Module):
    """`convolve_transposed` with a kernel and a bias of its own.

    Per sample. Parameters are float32, and `kernel` is [kh, kw, features, inputs], as in the convolution of which
    this is the transpose. An initializer that counts inputs and outputs needs `in_axis=-1, out_axis=-2`.

    Attributes: those of `Conv`; `strides` and `padding` as in `convolve_transposed`.
    """

    features: int
    kernel: Pair
    strides: Pair = (2, 2)
    padding: Padding = "SAME"
    use_bias: bool = True
    dtype: Any = None
    kernel_init: Initializer = DCGAN_INIT
    bias_init: Initializer = nn.initializers.zeros

    @nn.compact
    def __call__(self, x: Outputs) -> Images:
        kernel = self.param("kernel", self.kernel_init, (*self.kernel, self.features, x.shape[-1]), jnp.float32)
        bias = self.param("bias", self.bias_init, (self.features,), jnp.float32) if self.use_bias else None
        x, kernel, bias = promote_dtype(x, kernel, bias, dtype=self.dtype)
        y = convolve_transposed(x, kernel, self.strides, self.padding)
        return y if bias is None else y + bias[None, None, None]


def batch_norm(momentum: float = 0.9, epsilon: float = 1e-5) -> Normalization:
    """Batch normalization: (x − mean) / √(variance + epsilon) · γ + β, a channel at a time.

    Per batch in training mode, and of the whole batch where its rows are split over devices; per sample, with running
    averages, otherwise. It makes a discriminator score each sample by the company it keeps: leave it out there under
    gradient penalties.

    Args:
      momentum: an average keeps this share of itself and takes 1 − momentum of the batch's (biased) statistics;
        PyTorch writes the second number.
      epsilon: keeps the root away from zero.

    Reference: Ioffe and Szegedy, 2015, arXiv:1502.03167.
    """

    def normalization(train: bool, dtype: Any = None) -> Activation:
        return nn.BatchNorm(
            use_running_average=not train, momentum=momentum, epsilon=epsilon, dtype=dtype, axis_name=batches.axis()
        )

    return normalization


def layer_norm(epsilon: float = 1e-5) -> Normalization:
    """Layer normalization: (x − mean) / √(variance + epsilon) · γ + β, mean and variance over all axes of one sample.

    Per sample, with γ and β one a channel: what Gulrajani et al. (2017, arXiv:1704.00028, section 4)
    recommend in the place of batch norm for a discriminator under a gradient penalty.

    Reference: Ba, Kiros and Hinton, 2016, arXiv:1607.06450.
    """

    def normalization(train: bool, dtype: Any = None) -> Activation:
        del train  # a sample is normalized by itself in both modes

        def apply(x: Float[Array, "B ..."]) -> Float[Array, "B ..."]:
            axes = tuple(range(1, x.ndim))
            return nn.LayerNorm(epsilon=epsilon, dtype=dtype, reduction_axes=axes, feature_axes=-1)(x)

        return apply

    return normalization


NORMALIZATIONS: Table[Normalization | None] = Table(
    "normalization", {"batch": batch_norm(), "layer": layer_norm(), "none": None}
)


def leaky_relu(slope: float = 0.2) -> Activation:
    """x where positive, slope·x elsewhere. Elementwise. 0.2 is DCGAN's slope."""

    def activation(x: Array) -> Array:
        return nn.leaky_relu(x, slope)

    return activation


ACTIVATIONS: Table[Activation] = Table("activation", {"relu": nn.relu, "leaky_relu": leaky_relu(), "tanh": nn.tanh})


def refuse_condition(network: str, condition: tuple[Any, ...]) -> None:
    """Raises `InputError` if an unconditional network was given a condition."""
    if condition:
        raise InputError(
            f"Expected no condition, got {len(condition)}: {network} is unconditional. Take a conditional architecture "
            "for both players (--generator.name and --discriminator.name dcgan-conditional or resnet-projection), or "
            "play without a condition (--data.condition none)."
        )
