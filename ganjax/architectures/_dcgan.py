"""Deep convolutional networks that double (and halve) their images' resolution layer by layer.

Reference: Radford, Metz and Chintala, 2015, "Unsupervised representation learning with deep convolutional generative
adversarial networks", arXiv:1511.06434, section 3 and figure 1.
"""

from __future__ import annotations

from typing import Any

from flax import linen as nn

from ganjax.architectures._dcgan_layers import DcganNetwork, check_images, dense, enlarged, reduced, settings
from ganjax.architectures._layers import NormalizationName, Precision, refuse_condition
from ganjax.architectures._network import from_linen
from ganjax.numerics import at_least_float32
from ganjax.types import DiscriminatorOutput, Latents, Network, Samples


class DcganGenerator(DcganNetwork):
    """Latents through a dense layer and transposed convolutions to images in [−1, 1].

    Per sample, unless the normalization mixes the batch. The layers are `enlarged`'s; tanh ends it. Kernels start as
    N(0, 0.02). A bias stands only where no normalization takes it away again. The paper's 64-pixel generator (1024,
    512, 256, 128 channels) has channels = 128.

    Attributes: as `DcganNetwork`'s.
    """

    @nn.compact
    def __call__(self, latents: Latents, *condition: Any, train: bool = False) -> Samples:
        refuse_condition("DcganGenerator", condition)
        return nn.tanh(enlarged(self, latents.reshape(latents.shape[0], -1), train))


class DcganDiscriminator(DcganNetwork):
    """Images through strided convolutions to one raw score each.

    Per sample, unless the normalization mixes the batch. The layers are `reduced`'s; then a dense layer. Kernels start
    as N(0, 0.02). A bias stands only where no normalization takes it away again.

    Attributes: as `DcganNetwork`'s.

    Raises:
      InputError: in a call, for images of another shape.
    """

    @nn.compact
    def __call__(self, samples: Samples, *condition: Any, train: bool = False) -> DiscriminatorOutput:
        refuse_condition("DcganDiscriminator", condition)
        check_images(self, samples)
        scores = dense(1, self.dtype)(reduced(self.layers, samples, train))
        return DiscriminatorOutput(at_least_float32(scores[:, 0]))


def dcgan_generator(
    sample_shape: tuple[int, ...],
    *,
    channels: int = 64,
    kernel: int = 5,
    normalization: NormalizationName = "batch",
    dtype: Precision = "float32",
) -> Network:
    """A DCGAN generator.

    Args:
      sample_shape: (H, H, C), with H = 4·2ⁿ or 7·2ⁿ: 8, 14, 16, 28, 32, 56, 64, …
      channels: width of the last hidden layer; each layer before it is twice as wide.
      kernel: pixels a side of every kernel: 5 in the paper, 4 in many programmes.
      normalization: of every layer but the last.
      dtype: what the layers compute in; parameters are float32.
    """
    return from_linen(DcganGenerator(**settings(sample_shape, channels, kernel, normalization, dtype)))


def dcgan_discriminator(
    sample_shape: tuple[int, ...],
    *,
    channels: int = 64,
    kernel: int = 5,
    normalization: NormalizationName = "batch",
    dtype: Precision = "float32",
) -> Network:
    """A DCGAN discriminator.

    Args:
      sample_shape: (H, H, C), with H = 4·2ⁿ or 7·2ⁿ: 8, 14, 16, 28, 32, 56, 64, …
      channels: width of the first layer; each layer after it is twice as wide.
      kernel: pixels a side of every kernel: 5 in the paper, 4 in many programmes.
      normalization: of every convolution but the first; none or layer under gradient penalties and fused steps.
      dtype: what the layers compute in; parameters are float32.
    """
    return from_linen(DcganDiscriminator(**settings(sample_shape, channels, kernel, normalization, dtype)))
