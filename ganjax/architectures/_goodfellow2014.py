"""The two networks of the first GAN for MNIST: rectifiers into sigmoids against maxout with dropout."""

from __future__ import annotations

import jax
from flax import linen as nn
from jaxtyping import Array, Float

from ganjax.architectures._layers import Initializer, refuse_condition
from ganjax.architectures._maxout import Maxout
from ganjax.architectures._mlp import MlpGenerator, widths
from ganjax.architectures._network import from_linen
from ganjax.architectures._tutorials import on_both_sides
from ganjax.checks import InputError, check_positive
from ganjax.numerics import at_least_float32
from ganjax.types import DiscriminatorOutput, Key, Network, Samples


def symmetric_uniform(reach: float) -> Initializer:
    """Kernels from U[−reach, reach).

    Raises:
      InputError: unless reach > 0.
    """
    check_positive(init_range=reach)

    def init(key: Key, shape: tuple[int, ...], dtype: jax.typing.DTypeLike = "float32") -> Float[Array, "..."]:
        return jax.random.uniform(key, shape, dtype, -reach, reach)

    return init


class MaxoutDropoutDiscriminator(nn.Module):
    """Images through maxout layers, each behind dropout, to one raw score each. Per sample.

    Inside, images lie in [0, 1]. Dropout drops numbers in training mode alone, and scales what remains by
    1/(1 − rate), which is how the published programme does it, too.

    Attributes:
      features: units of the hidden layers.
      pieces: linear maps a unit.
      input_dropout: the share of the pixels that is dropped.
      dropout: the share of each hidden layer that is dropped.
      kernel_init: flax initializer of every layer; biases start at 0.
    """

    features: tuple[int, ...] = (240, 240)
    pieces: int = 5
    input_dropout: float = 0.2
    dropout: float = 0.5
    kernel_init: Initializer = nn.initializers.lecun_normal()

    @nn.compact
    def __call__(self, samples: Samples, *condition: Array, train: bool = False) -> DiscriminatorOutput:
        refuse_condition("MaxoutDropoutDiscriminator", condition)
        x = (samples.reshape(samples.shape[0], -1) + 1.0) / 2.0
        x = nn.Dropout(self.input_dropout, deterministic=not train)(x)
        for width in self.features:
            x = Maxout(width, self.pieces, kernel_init=self.kernel_init)(x)
            x = nn.Dropout(self.dropout, deterministic=not train)(x)
        scores = nn.Dense(1, kernel_init=self.kernel_init)(x)
        return DiscriminatorOutput(at_least_float32(scores[:, 0]))


def goodfellow2014_generator(
    sample_shape: tuple[int, ...], *, features: tuple[int, ...] = (1200, 1200), init_range: float = 0.05
) -> Network:
    """The generator of the first GAN for MNIST: Z-1200-1200-pixels, rectifiers, sigmoids at its end.

    Goodfellow et al. 2014, arXiv:1406.2661, with the settings of the authors' published mnist.yaml. The sigmoids'
    [0, 1] is stretched to [−1, 1]. With 100 latents and 28 × 28 pixels it has 2 503 984 parameters. The programme
    starts the last biases at the logits of the pixels' means in the data; here they start at 0.

    Args:
      sample_shape: one sample's shape.
      features: widths of the hidden layers.
      init_range: kernels start uniform within ± this.

    Raises:
      InputError: widths or a range that are not positive.
    """
    return from_linen(
        MlpGenerator(
            output_shape=tuple(sample_shape),
            features=widths(features),
            output_activation=on_both_sides,
            kernel_init=symmetric_uniform(init_range),
        )
    )


def goodfellow2014_discriminator(
    sample_shape: tuple[int, ...],
    *,
    features: tuple[int, ...] = (240, 240),
    pieces: int = 5,
    input_dropout: float = 0.2,
    dropout: float = 0.5,
    init_range: float = 0.005,
) -> Network:
    """The discriminator of the first GAN for MNIST: pixels-240-240-1, maxout of five pieces, dropout before each layer.

    Goodfellow et al. 2014, arXiv:1406.2661, with the settings of the authors' published mnist.yaml. With 28 × 28 pixels
    it has 1 231 441 parameters. The programme's last sigmoid is in the loss here.

    Args:
      sample_shape: one sample's shape; the network reads it off its input.
      features: units of the hidden layers.
      pieces: linear maps a unit takes the greatest of.
      input_dropout: the share of the pixels that is dropped in training.
      dropout: the share of each hidden layer that is dropped in training.
      init_range: kernels start uniform within ± this.

    Raises:
      InputError: widths, pieces or a range that are not positive, or dropout outside [0, 1).
    """
    del sample_shape  # a dense layer takes its inputs as they come
    check_positive(pieces=pieces)
    for name, rate in (("input_dropout", input_dropout), ("dropout", dropout)):
        if not 0 <= rate < 1:
            raise InputError(f"Expected {name} in [0, 1), got {rate}.")
    kernel_init = symmetric_uniform(init_range)
    return from_linen(MaxoutDropoutDiscriminator(widths(features), pieces, input_dropout, dropout, kernel_init))
