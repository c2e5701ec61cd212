"""Convolutional discriminators that give more than a score, and the statistics network of maximum-entropy games.

All stand on the strided convolutions of the DCGAN discriminator; what differs is the head.
"""

from __future__ import annotations

from typing import Any, Literal

import jax
import jax.numpy as jnp
from flax import linen as nn

from ganjax.architectures._dcgan_layers import (
    DcganNetwork,
    Layers,
    check_images,
    dense,
    enlarged,
    normalized,
    reduced,
    settings,
)
from ganjax.architectures._layers import (
    DTYPES,
    Activation,
    NormalizationName,
    Precision,
    leaky_relu,
    refuse_condition,
)
from ganjax.architectures._mlp import widths
from ganjax.architectures._network import from_linen
from ganjax.checks import InputError, Table, check_positive
from ganjax.numerics import at_least_float32, safe_norm
from ganjax.types import DiscriminatorOutput, Latents, Network, Samples, Scores

Output = Literal["tanh", "linear"]

OUTPUTS: Table[Activation | None] = Table("output", {"tanh": nn.tanh, "linear": None})


class DcganPosterior(DcganNetwork):
    """InfoGAN's discriminator: a score, and Q(c | x) on the same convolutions.

    Per sample, unless the normalization mixes the batch. Q is a dense layer of its own, a normalization, a LeakyReLU
    and a dense layer; its feature `posterior` [B, num_codes] holds the categorical code's logits, then the continuous
    codes' means. Chen et al. 2016, arXiv:1606.03657, section 5 and appendix C.1.

    Attributes: as `DcganNetwork`'s, and
      num_codes: categories + continuous codes.
      posterior_features: width of Q's own hidden layer.
    """

    num_codes: int = 12
    posterior_features: int = 128

    @nn.compact
    def __call__(self, samples: Samples, *condition: Any, train: bool = False) -> DiscriminatorOutput:
        refuse_condition("DcganPosterior", condition)
        check_images(self, samples)
        trunk = reduced(self.layers, samples, train)
        scores = dense(1, self.dtype, name="score")(trunk)[:, 0]
        plain = self.normalization is None
        hidden = dense(self.posterior_features, self.dtype, use_bias=plain, name="posterior_hidden")(trunk)
        hidden = leaky_relu()(normalized(self.layers, hidden, train))
        posterior = dense(self.num_codes, self.dtype, name="posterior")(hidden)
        return DiscriminatorOutput(at_least_float32(scores), {"posterior": at_least_float32(posterior)})


class DcganEncoder(DcganNetwork):
    """O-GAN's discriminator: an encoder whose average is the score.

    Per sample, unless the normalization mixes the batch. score = avg E(x); its feature is `codes` = E(x)
    [B, code_dim]. Su 2019, arXiv:1903.01931, section 3.

    Attributes: as `DcganNetwork`'s, and
      code_dim: numbers in a code: the latent dimension.
    """

    code_dim: int = 128

    @nn.compact
    def __call__(self, samples: Samples, *condition: Any, train: bool = False) -> DiscriminatorOutput:
        refuse_condition("DcganEncoder", condition)
        check_images(self, samples)
        codes = dense(self.code_dim, self.dtype, name="codes")(reduced(self.layers, samples, train))
        codes = at_least_float32(codes)
        return DiscriminatorOutput(jnp.mean(codes, axis=1), {"codes": codes})


class DcganAutoencoder(DcganNetwork):
    """EBGAN's discriminator: the score is minus the reconstruction error, −‖Dec(Enc(x)) − x‖₂.

    Per sample, unless the normalization mixes the batch. The encoder is the discriminator's convolutions and a dense
    layer, the decoder the generator's layers. Its features are `codes` = Enc(x) [B, code_dim] and
    `reconstruction` = Dec(Enc(x)), images. Zhao et al. 2016, arXiv:1609.03126, section 2.3.

    Attributes: as `DcganNetwork`'s, and
      code_dim: numbers in a code.
      output_activation: the decoder's last; None for none.
    """

    code_dim: int = 64
    output_activation: Activation | None = nn.tanh

    @nn.compact
    def __call__(self, samples: Samples, *condition: Any, train: bool = False) -> DiscriminatorOutput:
        refuse_condition("DcganAutoencoder", condition)
        check_images(self, samples)
        codes = dense(self.code_dim, self.dtype, name="codes")(reduced(self.layers, samples, train))
        decoded = enlarged(self, codes, train)
        reconstruction = decoded if self.output_activation is None else self.output_activation(decoded)
        scores = -jax.vmap(safe_norm)(reconstruction - samples)
        return DiscriminatorOutput(scores, {"codes": at_least_float32(codes), "reconstruction": reconstruction})


class DcganStatistics(nn.Module):
    """T(x, z) of a maximum-entropy generator, whether an image and latents belong together. Per sample.

    The discriminator's convolutions on x, without normalization; then dense layers on their features beside z.
    Kumar et al. 2019, arXiv:1901.08508, section 3.

    Attributes:
      channels: width of the first convolution; each after it is twice as wide.
      kernel: pixels a side of every kernel.
      features: widths of the dense layers from where x and z meet on.
      dtype: what the layers compute in; None for the common type of input and parameters.

    Raises:
      InputError: in a call, for samples that are no square images of 4·2ⁿ or 7·2ⁿ pixels.
    """

    channels: int = 64
    kernel: int = 5
    features: tuple[int, ...] = (256,)
    dtype: Any = None

    @nn.compact
    def __call__(self, samples: Samples, latents: Latents, train: bool = False) -> Scores:
        if samples.ndim != 4 or samples.shape[1] != samples.shape[2]:
            raise InputError(
                f"Expected square images [B, H, H, C], got samples{list(samples.shape)}: take the statistics helper."
            )
        trunk = reduced(Layers(self.channels, self.kernel, None, self.dtype), samples, train)
        x = jnp.concatenate([trunk, latents.reshape(latents.shape[0], -1).astype(trunk.dtype)], axis=1)
        for width in self.features:
            x = leaky_relu()(dense(width, self.dtype)(x))
        return at_least_float32(dense(1, self.dtype)(x)[:, 0])


def dcgan_posterior(
    sample_shape: tuple[int, ...],
    *,
    channels: int = 64,
    kernel: int = 5,
    num_codes: int = 12,
    normalization: NormalizationName = "batch",
    dtype: Precision = "float32",
) -> Network:
    """A convolutional InfoGAN discriminator.

    Args:
      sample_shape: (H, H, C), with H = 4·2ⁿ or 7·2ⁿ: 8, 14, 16, 28, 32, 56, 64, …
      channels: width of the first layer; each layer after it is twice as wide.
      kernel: pixels a side of every kernel: 4 in the paper.
      num_codes: categories + continuous codes.
      normalization: of every convolution but the first, and of the code head's hidden layer.
      dtype: what the layers compute in; parameters are float32.
    """
    check_positive(num_codes=num_codes)
    given = settings(sample_shape, channels, kernel, normalization, dtype)
    return from_linen(DcganPosterior(**given, num_codes=num_codes))


def dcgan_encoder(
    sample_shape: tuple[int, ...],
    *,
    channels: int = 64,
    kernel: int = 5,
    code_dim: int = 128,
    normalization: NormalizationName = "batch",
    dtype: Precision = "float32",
) -> Network:
    """A convolutional O-GAN discriminator.

    Args:
      sample_shape: (H, H, C), with H = 4·2ⁿ or 7·2ⁿ: 8, 14, 16, 28, 32, 56, 64, …
      channels: width of the first layer; each layer after it is twice as wide.
      kernel: pixels a side of every kernel.
      code_dim: the latent dimension; with 2, correlations are ±1 and pull nowhere.
      normalization: of every convolution but the first.
      dtype: what the layers compute in; parameters are float32.
    """
    check_positive(code_dim=code_dim)
    given = settings(sample_shape, channels, kernel, normalization, dtype)
    return from_linen(DcganEncoder(**given, code_dim=code_dim))


def dcgan_autoencoder(
    sample_shape: tuple[int, ...],
    *,
    channels: int = 64,
    kernel: int = 5,
    code_dim: int = 64,
    output: Output = "tanh",
    normalization: NormalizationName = "batch",
    dtype: Precision = "float32",
) -> Network:
    """A convolutional EBGAN discriminator.

    Args:
      sample_shape: (H, H, C), with H = 4·2ⁿ or 7·2ⁿ: 8, 14, 16, 28, 32, 56, 64, …
      channels: width of the layers next to the images; each layer further in is twice as wide.
      kernel: pixels a side of every kernel.
      code_dim: numbers in a code.
      output: the decoder's last activation; tanh bounds the energy of any image.
      normalization: of every layer but the ones next to the images.
      dtype: what the layers compute in; parameters are float32.
    """
    check_positive(code_dim=code_dim)
    given = settings(sample_shape, channels, kernel, normalization, dtype)
    return from_linen(DcganAutoencoder(**given, code_dim=code_dim, output_activation=OUTPUTS[output]))


def dcgan_statistics(
    *, channels: int = 64, kernel: int = 5, features: tuple[int, ...] = (256,), dtype: Precision = "float32"
) -> Network:
    """A convolutional statistics network, for a game's `helper`: (images, latents) -> [B].

    Args:
      channels: width of the first convolution; each after it is twice as wide.
      kernel: pixels a side of every kernel.
      features: widths of the dense layers on the convolutions' features beside the latents.
      dtype: what the layers compute in; parameters are float32.
    """
    check_positive(channels=channels, kernel=kernel)
    return from_linen(DcganStatistics(channels, kernel, widths(features), DTYPES[dtype]))
