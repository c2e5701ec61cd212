"""Convolutional networks of conditional games: the condition is labels, integers [B] in 0 … num_classes − 1.

A label out of that range can't be seen in a compiled step: its one-hot code is all zeros, a class of its own that no
sample belongs to.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from ganjax.architectures._class_conditional import check_labels
from ganjax.architectures._dcgan_layers import DcganNetwork, check_images, dense, enlarged, reduced, settings
from ganjax.architectures._layers import NormalizationName, Precision
from ganjax.architectures._network import from_linen
from ganjax.checks import check_positive
from ganjax.numerics import at_least_float32
from ganjax.types import DiscriminatorOutput, Latents, Network, Samples


class DcganConditionalGenerator(DcganNetwork):
    """The DCGAN generator on [z, one-hot label]: G(z, y).

    Per sample, unless the normalization mixes the batch. Mirza and Osindero 2014, arXiv:1411.1784, section 3.2.

    Attributes: as `DcganNetwork`'s, and
      num_classes: K; labels are 0 … K − 1.

    Raises:
      InputError: in a call, unless the condition is integer labels [B].
    """

    num_classes: int = 10

    @nn.compact
    def __call__(self, latents: Latents, *condition: Any, train: bool = False) -> Samples:
        labels = one_hot("DcganConditionalGenerator", latents, condition, self.num_classes)
        both = jnp.concatenate([latents.reshape(latents.shape[0], -1), labels], axis=1)
        return nn.tanh(enlarged(self, both, train))


class DcganConditionalDiscriminator(DcganNetwork):
    """The DCGAN discriminator on images with K more channels, all ones in the label's and zeros in the rest: D(x, y).

    Per sample, unless the normalization mixes the batch. Mirza and Osindero 2014, arXiv:1411.1784, eq. 2.

    Attributes: as `DcganNetwork`'s, and
      num_classes: K; labels are 0 … K − 1.

    Raises:
      InputError: in a call, for images of another shape, or unless the condition is integer labels [B].
    """

    num_classes: int = 10

    @nn.compact
    def __call__(self, samples: Samples, *condition: Any, train: bool = False) -> DiscriminatorOutput:
        labels = one_hot("DcganConditionalDiscriminator", samples, condition, self.num_classes)
        check_images(self, samples)
        planes = jnp.broadcast_to(labels[:, None, None], (*samples.shape[:3], self.num_classes))
        x = reduced(self.layers, jnp.concatenate([samples, planes], axis=3), train)
        return DiscriminatorOutput(at_least_float32(dense(1, self.dtype)(x)[:, 0]))


class DcganClassifier(DcganNetwork):
    """AC-GAN's discriminator: a score, and which class an image is of, on the same convolutions.

    Per sample, unless the normalization mixes the batch. It is shown the condition in play, and doesn't look: its
    feature `class_logits` [B, K] is what it makes of the image alone. Odena et al. 2016, arXiv:1610.09585, section 3.

    Attributes: as `DcganNetwork`'s, and
      num_classes: K.
    """

    num_classes: int = 10

    @nn.compact
    def __call__(self, samples: Samples, *condition: Any, train: bool = False) -> DiscriminatorOutput:
        del condition  # a classifier that is told the label has nothing to learn
        check_images(self, samples)
        trunk = reduced(self.layers, samples, train)
        scores = dense(1, self.dtype, name="score")(trunk)[:, 0]
        class_logits = dense(self.num_classes, self.dtype, name="class_logits")(trunk)
        return DiscriminatorOutput(at_least_float32(scores), {"class_logits": at_least_float32(class_logits)})


class DcganProjection(DcganNetwork):
    """The projection discriminator D(x, y) = e_yᵀφ(x) + ψ(φ(x)).

    Per sample, unless the normalization mixes the batch. φ are the convolutions' features, all pixels of them (in the
    paper their sum over pixels); ψ is a dense layer; e_y is the label's row of a learned table.
    Miyato and Koyama 2018, arXiv:1802.05637, eq. 3.

    Attributes: as `DcganNetwork`'s, and
      num_classes: K; labels are 0 … K − 1.

    Raises:
      InputError: in a call, for images of another shape, or unless the condition is integer labels [B].
    """

    num_classes: int = 10

    @nn.compact
    def __call__(self, samples: Samples, *condition: Any, train: bool = False) -> DiscriminatorOutput:
        labels = one_hot("DcganProjection", samples, condition, self.num_classes)
        check_images(self, samples)
        trunk = reduced(self.layers, samples, train)
        scores = dense(1, self.dtype, name="score")(trunk)[:, 0]
        # the embedding's rows as products with one-hot codes: their gradient is a product, too, and no scatter
        rows = dense(trunk.shape[1], self.dtype, use_bias=False, name="embedding")(labels)
        return DiscriminatorOutput(at_least_float32(scores) + jnp.sum(at_least_float32(rows) * trunk, axis=1))


def one_hot(
    network: str, inputs: Float[Array, "B ..."], condition: tuple[Any, ...], num_classes: int
) -> Float[Array, "B K"]:
    """The condition's labels as rows of zeros with a one, in the inputs' type.

    Raises:
      InputError: unless the condition is integer labels [B].
    """
    labels = check_labels(network, condition, inputs.shape[0])
    return jax.nn.one_hot(labels, num_classes, dtype=inputs.dtype)


def dcgan_conditional_generator(
    sample_shape: tuple[int, ...],
    *,
    channels: int = 64,
    kernel: int = 5,
    num_classes: int = 10,
    normalization: NormalizationName = "batch",
    dtype: Precision = "float32",
) -> Network:
    """A DCGAN generator that is given labels.

    Args:
      sample_shape: (H, H, C), with H = 4·2ⁿ or 7·2ⁿ: 8, 14, 16, 28, 32, 56, 64, …
      channels: width of the last hidden layer; each layer before it is twice as wide.
      kernel: pixels a side of every kernel.
      num_classes: labels are 0 to num_classes - 1.
      normalization: of every layer but the last.
      dtype: what the layers compute in; parameters are float32.
    """
    check_positive(num_classes=num_classes)
    given = settings(sample_shape, channels, kernel, normalization, dtype)
    return from_linen(DcganConditionalGenerator(**given, num_classes=num_classes))


def dcgan_conditional_discriminator(
    sample_shape: tuple[int, ...],
    *,
    channels: int = 64,
    kernel: int = 5,
    num_classes: int = 10,
    normalization: NormalizationName = "batch",
    dtype: Precision = "float32",
) -> Network:
    """A DCGAN discriminator that is given labels.

    Args:
      sample_shape: (H, H, C), with H = 4·2ⁿ or 7·2ⁿ: 8, 14, 16, 28, 32, 56, 64, …
      channels: width of the first layer; each layer after it is twice as wide.
      kernel: pixels a side of every kernel.
      num_classes: labels are 0 to num_classes - 1.
      normalization: of every convolution but the first; none or layer under gradient penalties and fused steps.
      dtype: what the layers compute in; parameters are float32.
    """
    check_positive(num_classes=num_classes)
    given = settings(sample_shape, channels, kernel, normalization, dtype)
    return from_linen(DcganConditionalDiscriminator(**given, num_classes=num_classes))


def dcgan_classifier(
    sample_shape: tuple[int, ...],
    *,
    channels: int = 64,
    kernel: int = 5,
    num_classes: int = 10,
    normalization: NormalizationName = "batch",
    dtype: Precision = "float32",
) -> Network:
    """A convolutional AC-GAN discriminator: it names the label.

    Args:
      sample_shape: (H, H, C), with H = 4·2ⁿ or 7·2ⁿ: 8, 14, 16, 28, 32, 56, 64, …
      channels: width of the first layer; each layer after it is twice as wide.
      kernel: pixels a side of every kernel.
      num_classes: labels are 0 to num_classes - 1.
      normalization: of every convolution but the first; none or layer under gradient penalties and fused steps.
      dtype: what the layers compute in; parameters are float32.
    """
    check_positive(num_classes=num_classes)
    given = settings(sample_shape, channels, kernel, normalization, dtype)
    return from_linen(DcganClassifier(**given, num_classes=num_classes))


def dcgan_projection(
    sample_shape: tuple[int, ...],
    *,
    channels: int = 64,
    kernel: int = 5,
    num_classes: int = 10,
    normalization: NormalizationName = "batch",
    dtype: Precision = "float32",
) -> Network:
    """A convolutional projection discriminator.

    Args:
      sample_shape: (H, H, C), with H = 4·2ⁿ or 7·2ⁿ: 8, 14, 16, 28, 32, 56, 64, …
      channels: width of the first layer; each layer after it is twice as wide.
      kernel: pixels a side of every kernel.
      num_classes: labels are 0 to num_classes - 1.
      normalization: of every convolution but the first; none or layer under gradient penalties and fused steps.
      dtype: what the layers compute in; parameters are float32.
    """
    check_positive(num_classes=num_classes)
    given = settings(sample_shape, channels, kernel, normalization, dtype)
    return from_linen(DcganProjection(**given, num_classes=num_classes))
