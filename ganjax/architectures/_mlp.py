"""Fully connected networks, for points and small images."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

from flax import linen as nn
from jaxtyping import Array, Float

from ganjax.architectures._layers import (
    ACTIVATIONS,
    DTYPES,
    NORMALIZATIONS,
    Activation,
    Initializer,
    Normalization,
    NormalizationName,
    Precision,
    refuse_condition,
)
from ganjax.architectures._narrow import dense_product
from ganjax.architectures._network import from_linen
from ganjax.checks import InputError
from ganjax.numerics import at_least_float32
from ganjax.types import DiscriminatorOutput, Latents, Network, Samples

Points = Float[Array, "B _"]
Order = Callable[[Activation, Activation], Activation]

IMAGE_AXES = 3  # H, W, C


def normalize_first(normalize: Activation, activate: Activation) -> Activation:
    """Dense, normalization, activation: the usual order (Ioffe and Szegedy, 2015)."""
    return lambda x: activate(normalize(x))


def activate_first(normalize: Activation, activate: Activation) -> Activation:
    """Dense, activation, normalization: the order of many Keras programmes."""
    return lambda x: normalize(activate(x))


class MlpGenerator(nn.Module):
    """Latents through dense layers to samples of any shape.

    Per sample, unless a normalization mixes the batch. Parameters are float32.

    Attributes:
      output_shape: one sample's shape.
      features: widths of the hidden layers; () for one linear map.
      activation: after every hidden layer.
      output_activation: after the last one; None for none.
      normalization: of every hidden layer, or None.
      order: `normalize_first` or `activate_first`.
      kernel_init, bias_init: flax initializers of every dense layer.
      dtype: what the layers compute in; None for the common type of input and parameters. The samples come in float32
        or better.
    """

    output_shape: tuple[int, ...]
    features: tuple[int, ...] = (128, 128)
    activation: Activation = nn.relu
    output_activation: Activation | None = None
    normalization: Normalization | None = None
    order: Order = normalize_first
    kernel_init: Initializer = nn.initializers.lecun_normal()
    bias_init: Initializer = nn.initializers.zeros
    dtype: Any = None

    @nn.compact
    def __call__(self, latents: Latents, *condition: Any, train: bool = False) -> Samples:
        refuse_condition("MlpGenerator", condition)
        x = _hidden(self, latents.reshape(latents.shape[0], -1), train)
        x = _dense(self, math.prod(self.output_shape))(x)
        x = at_least_float32(x.reshape(x.shape[0], *self.output_shape))
        return x if self.output_activation is None else self.output_activation(x)


class MlpDiscriminator(nn.Module):
    """Samples of any shape through dense layers to one raw score each.

    Per sample, unless a normalization mixes the batch. Parameters are float32.

    Attributes: as `MlpGenerator`'s. The scores come in float32 or better.
    """

    features: tuple[int, ...] = (128, 128)
    activation: Activation = nn.relu
    normalization: Normalization | None = None
    order: Order = normalize_first
    kernel_init: Initializer = nn.initializers.lecun_normal()
    bias_init: Initializer = nn.initializers.zeros
    dtype: Any = None

    @nn.compact
    def __call__(self, samples: Samples, *condition: Any, train: bool = False) -> DiscriminatorOutput:
        refuse_condition("MlpDiscriminator", condition)
        x = _hidden(self, samples.reshape(samples.shape[0], -1), train)
        scores = _dense(self, 1)(x)
        return DiscriminatorOutput(at_least_float32(scores[:, 0]))


def _hidden(network: MlpGenerator | MlpDiscriminator, x: Points, train: bool) -> Points:
    """The hidden layers, made inside the network's own call."""
    for width in network.features:
        x = _dense(network, width)(x)
        if network.normalization is None:
            x = network.activation(x)
        else:
            normalize = network.normalization(train=train, dtype=network.dtype)
            x = network.order(normalize, network.activation)(x)
    return x


def _dense(network: MlpGenerator | MlpDiscriminator, width: int) -> nn.Dense:
    return nn.Dense(
        width,
        dtype=network.dtype,
        kernel_init=network.kernel_init,
        bias_init=network.bias_init,
        dot_general=dense_product,
    )


def mlp_generator(
    sample_shape: tuple[int, ...],
    *,
    features: tuple[int, ...] = (128, 128),
    activation: Literal["relu", "leaky_relu", "tanh"] = "relu",
    output: Literal["auto", "linear", "tanh"] = "auto",
    normalization: NormalizationName = "none",
    init_std: float | None = None,
    dtype: Precision = "float32",
) -> Network:
    """A fully connected generator.

    Args:
      sample_shape: one sample's shape.
      features: widths of the hidden layers.
      activation: of the hidden layers; leaky_relu has slope 0.2.
      output: the last activation; auto is tanh for images and linear for points.
      normalization: of the hidden layers, before their activation.
      init_std: draws kernels and biases from N(0, init_std); None draws kernels by fan-in and starts biases at 0.
      dtype: what the products are computed in; parameters are float32.
    """
    images = len(sample_shape) == IMAGE_AXES
    bounded = output == "tanh" or (output == "auto" and images)
    kernel_init, bias_init = dense_initializers(init_std)
    return from_linen(
        MlpGenerator(
            output_shape=tuple(sample_shape),
            features=widths(features),
            activation=ACTIVATIONS[activation],
            output_activation=nn.tanh if bounded else None,
            normalization=NORMALIZATIONS[normalization],
            kernel_init=kernel_init,
            bias_init=bias_init,
            dtype=DTYPES[dtype],
        )
    )


def mlp_discriminator(
    sample_shape: tuple[int, ...],
    *,
    features: tuple[int, ...] = (128, 128),
    activation: Literal["relu", "leaky_relu", "tanh"] = "leaky_relu",
    normalization: NormalizationName = "none",
    init_std: float | None = None,
    dtype: Precision = "float32",
) -> Network:
    """A fully connected discriminator.

    Args:
      sample_shape: one sample's shape.
      features: widths of the hidden layers.
      activation: of the hidden layers; leaky_relu has slope 0.2.
      normalization: of the hidden layers, before their activation; batch makes scores depend on the whole batch.
      init_std: draws kernels and biases from N(0, init_std); None draws kernels by fan-in and starts biases at 0.
      dtype: what the products are computed in; parameters are float32.
    """
    del sample_shape  # a dense layer takes its inputs as they come
    kernel_init, bias_init = dense_initializers(init_std)
    return from_linen(
        MlpDiscriminator(
            features=widths(features),
            activation=ACTIVATIONS[activation],
            normalization=NORMALIZATIONS[normalization],
            kernel_init=kernel_init,
            bias_init=bias_init,
            dtype=DTYPES[dtype],
        )
    )


def dense_initializers(std: float | None) -> tuple[Initializer, Initializer]:
    """Kernel's and bias's."""
    if std is None:
        return nn.initializers.lecun_normal(), nn.initializers.zeros
    if not 0 < std < float("inf"):
        raise InputError(f"Expected init_std > 0, got {std}: None takes the usual initializers.")
    return nn.initializers.normal(std), nn.initializers.normal(std)


def widths(features: tuple[int, ...]) -> tuple[int, ...]:
    """The widths of hidden layers, or `InputError` where one is below 1."""
    if any(width < 1 for width in features):
        raise InputError(f"Expected widths >= 1 in features, got {features}.")
    return tuple(features)
