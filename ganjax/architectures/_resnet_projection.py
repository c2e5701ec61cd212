"""Residual networks of classes: conditional batch norm in the generator, projection in the discriminator.

Reference: Miyato and Koyama, 2018, "cGANs with projection discriminator", arXiv:1802.05637, section 4 and figure 14.
"""

from __future__ import annotations

from typing import Any

from flax import linen as nn

from ganjax.architectures._class_conditional import ProjectionHead, check_labels, conditional_batch_norm
from ganjax.architectures._layers import DTYPES, Precision
from ganjax.architectures._network import from_linen
from ganjax.architectures._resnet import (
    RESTRAINTS,
    ResnetFeatures,
    ResnetImages,
    ResnetNormalizationName,
    resnet_features,
    resnet_images,
)
from ganjax.checks import check_positive
from ganjax.types import DiscriminatorOutput, Latents, Network, Samples


class ResnetConditionalGenerator(nn.Module):
    """Latents and labels to images in [−1, 1]: `ResnetImages` with `conditional_batch_norm` before every ReLU.

    Attributes:
      images: resolution, widths and precision.
      num_classes: K.
    """

    images: ResnetImages
    num_classes: int = 10

    @nn.compact
    def __call__(self, latents: Latents, *condition: Any, train: bool = False) -> Samples:
        labels = check_labels("ResnetConditionalGenerator", condition, latents.shape[0])
        return self.images(latents, conditional_batch_norm(labels, self.num_classes), train)


class ResnetProjectionDiscriminator(nn.Module):
    """Images and labels to one raw score each: `ProjectionHead` on `ResnetFeatures`.

    Attributes:
      features: resolution, widths, restraint and precision.
      num_classes: K.
    """

    features: ResnetFeatures
    num_classes: int = 10

    @nn.compact
    def __call__(self, samples: Samples, *condition: Any, train: bool = False) -> DiscriminatorOutput:
        labels = check_labels("ResnetProjectionDiscriminator", condition, samples.shape[0])
        phi = self.features(samples, train)
        head = ProjectionHead(self.num_classes, self.features.restraint.constraint, self.features.dtype, name="head")
        return DiscriminatorOutput(head(phi, labels, train))


def resnet_conditional_generator(
    sample_shape: tuple[int, ...],
    *,
    channels: int | None = None,
    num_classes: int = 10,
    dtype: Precision = "float32",
) -> Network:
    """A residual generator with conditional batch norm; its condition is integer labels.

    Args:
      sample_shape: (H, H, C), with H = 4·2ⁿ, 6·2ⁿ or 7·2ⁿ: 8, 16, 28, 32, 48, 64, 128, …
      channels: width of the last block; by default the paper's, 256 up to 32 pixels and 64 above.
      num_classes: K; labels are 0 … K − 1.
      dtype: what the layers compute in; parameters are float32.
    """
    check_positive(num_classes=num_classes)
    return from_linen(ResnetConditionalGenerator(resnet_images(sample_shape, channels, DTYPES[dtype]), num_classes))


def resnet_projection_discriminator(
    sample_shape: tuple[int, ...],
    *,
    channels: int | None = None,
    num_classes: int = 10,
    normalization: ResnetNormalizationName = "spectral",
    group_size: int = 1,
    dtype: Precision = "float32",
) -> Network:
    """A residual projection discriminator; its condition is integer labels.

    Args:
      sample_shape: (H, H, C), with H = 4·2ⁿ, 6·2ⁿ or 7·2ⁿ: 8, 16, 28, 32, 48, 64, 128, …
      channels: width of the first block; by default the paper's, 128 up to 32 pixels and 64 above.
      num_classes: K; labels are 0 … K − 1.
      normalization: spectral of every kernel and of the labels' table; or layer normalization, or none.
      group_size: samples of a minibatch standard deviation before the last block; 1 for none.
      dtype: what the layers compute in; parameters are float32.
    """
    check_positive(num_classes=num_classes)
    features = resnet_features(sample_shape, channels, RESTRAINTS[normalization], group_size, DTYPES[dtype])
    return from_linen(ResnetProjectionDiscriminator(features, num_classes))
