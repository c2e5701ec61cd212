"""The networks of two tutorial programmes for MNIST, as their authors wrote them."""

from __future__ import annotations

from typing import Any

from flax import linen as nn
from jaxtyping import Array, Float

from ganjax.architectures._layers import batch_norm, leaky_relu, refuse_condition
from ganjax.architectures._mlp import MlpDiscriminator, MlpGenerator, activate_first
from ganjax.architectures._network import from_linen
from ganjax.checks import InputError
from ganjax.numerics import at_least_float32
from ganjax.types import DiscriminatorOutput, Network, Samples

GLOROT = nn.initializers.glorot_uniform()
# U(−r, r) with r = 4·√(6 / (inputs + outputs)): Glorot and Bengio 2010, section 4.2.1, times 4 for sigmoid layers
SIGMOID_GLOROT = nn.initializers.variance_scaling(16.0, "fan_avg", "uniform")


def keras_generator(sample_shape: tuple[int, ...]) -> Network:
    """The generator of the Keras programme: Z-256-512-1024-pixels, tanh at its end.

    After each hidden layer LeakyReLU of slope 0.2, and only then batch norm (momentum 0.8, epsilon 1e-3): Keras' order
    in that programme. Kernels start as Glorot's uniform. With 100 latents and 28 × 28 pixels it has 1 489 936
    parameters and 3 584 running statistics, which Keras counts too: 1 493 520.

    Args:
      sample_shape: one sample's shape.
    """
    return from_linen(
        MlpGenerator(
            output_shape=tuple(sample_shape),
            features=(256, 512, 1024),
            activation=leaky_relu(0.2),
            output_activation=nn.tanh,
            normalization=batch_norm(momentum=0.8, epsilon=1e-3),
            order=activate_first,
            kernel_init=GLOROT,
        )
    )


def keras_discriminator(sample_shape: tuple[int, ...]) -> Network:
    """The discriminator of the Keras programme: pixels-512-256-1, LeakyReLU of slope 0.2, no normalization.

    With 28 × 28 pixels it has 533 505 parameters. The programme's last sigmoid is in the loss here.

    Args:
      sample_shape: one sample's shape; the network reads it off its input.
    """
    del sample_shape
    return from_linen(MlpDiscriminator(features=(512, 256), activation=leaky_relu(0.2), kernel_init=GLOROT))


def on_both_sides(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """2σ(x) − 1: a sigmoid's images in [0, 1], stretched to [−1, 1]. Elementwise."""
    return 2.0 * nn.sigmoid(x) - 1.0


class SigmoidDiscriminator(nn.Module):
    """Images through one layer of sigmoids, with dropout, to a raw score each. Per sample.

    Inside, images lie in [0, 1]. Dropout drops numbers of the hidden layer in training mode alone, and scales what
    remains by 1/(1 − rate); the programme scales at test time instead.

    Attributes:
      features: width of the hidden layer.
      dropout: the share of it that is dropped.
    """

    features: int = 100
    dropout: float = 0.5

    @nn.compact
    def __call__(self, samples: Samples, *condition: Any, train: bool = False) -> DiscriminatorOutput:
        refuse_condition("SigmoidDiscriminator", condition)
        x = (samples.reshape(samples.shape[0], -1) + 1.0) / 2.0
        x = nn.sigmoid(nn.Dense(self.features, kernel_init=SIGMOID_GLOROT)(x))
        x = nn.Dropout(self.dropout, deterministic=not train)(x)
        scores = nn.Dense(1, kernel_init=SIGMOID_GLOROT)(x)
        return DiscriminatorOutput(at_least_float32(scores[:, 0]))


def matlab_generator(sample_shape: tuple[int, ...]) -> Network:
    """The generator of the MATLAB programme: one linear map of the latents, and a sigmoid a pixel.

    The programme's images lie in [0, 1]; here they are stretched to [−1, 1]. Kernels start as U(−r, r) with
    r = 4·√(6 / (inputs + outputs)). With 100 latents and 28 × 28 pixels: 79 184 parameters.

    Args:
      sample_shape: one sample's shape.
    """
    return from_linen(
        MlpGenerator(
            output_shape=tuple(sample_shape),
            features=(),
            output_activation=on_both_sides,
            kernel_init=SIGMOID_GLOROT,
        )
    )


def matlab_discriminator(sample_shape: tuple[int, ...], *, dropout: float = 0.5) -> Network:
    """The discriminator of the MATLAB programme: pixels-100-1, sigmoids, half of the hidden layer dropped in training.

    With 28 × 28 pixels it has 78 601 parameters. The programme's last sigmoid is in the loss here.

    Args:
      sample_shape: one sample's shape; the network reads it off its input.
      dropout: the share of the hidden layer that is dropped in training.
    """
    del sample_shape
    if not 0 <= dropout < 1:
        raise InputError(f"Expected dropout in [0, 1), got {dropout}.")
    return from_linen(SigmoidDiscriminator(dropout=dropout))
