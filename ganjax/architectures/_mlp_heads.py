"""Fully connected discriminators that give more than a score, and the statistics network of maximum-entropy games."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from ganjax.architectures._layers import leaky_relu, refuse_condition
from ganjax.architectures._mlp import widths
from ganjax.architectures._network import from_linen
from ganjax.checks import check_positive
from ganjax.numerics import safe_norm
from ganjax.types import DiscriminatorOutput, Latents, Network, Samples, Scores


class Trunk(nn.Module):
    """Dense layers, each followed by a LeakyReLU. Per sample.

    Attributes:
      features: widths of the layers.
    """

    features: tuple[int, ...]

    @nn.compact
    def __call__(self, x: Float[Array, "B _"]) -> Float[Array, "B _F"]:
        for width in self.features:
            x = leaky_relu()(nn.Dense(width)(x))
        return x


class AutoencoderDiscriminator(nn.Module):
    """EBGAN's discriminator: the score is minus the reconstruction error, −‖Dec(Enc(x)) − x‖₂. Per sample.

    Its features are `codes` = Enc(x) and `reconstruction` = Dec(Enc(x)).
    Zhao et al. 2016, arXiv:1609.03126, section 2.3.

    Attributes:
      features: widths of the encoder's hidden layers; the decoder has them backwards.
      code_dim: numbers in a code.
    """

    features: tuple[int, ...] = (128, 128)
    code_dim: int = 16

    @nn.compact
    def __call__(self, samples: Samples, *condition: Any, train: bool = False) -> DiscriminatorOutput:
        refuse_condition("AutoencoderDiscriminator", condition)
        flat = samples.reshape(samples.shape[0], -1)
        codes = nn.Dense(self.code_dim)(Trunk(self.features)(flat))
        decoded = nn.Dense(math.prod(samples.shape[1:]))(Trunk(self.features[::-1])(leaky_relu()(codes)))
        scores = -jax.vmap(safe_norm)(decoded - flat)
        return DiscriminatorOutput(scores, {"codes": codes, "reconstruction": decoded.reshape(samples.shape)})


class PosteriorDiscriminator(nn.Module):
    """InfoGAN's discriminator: a score, and Q(c | x) on the same trunk. Per sample.

    Its feature `posterior` [B, num_codes] holds the categorical code's logits, then the continuous codes' means.
    Chen et al. 2016, arXiv:1606.03657, section 5.

    Attributes:
      features: widths of the trunk.
      num_codes: categories + continuous codes.
    """

    features: tuple[int, ...] = (128, 128)
    num_codes: int = 12

    @nn.compact
    def __call__(self, samples: Samples, *condition: Any, train: bool = False) -> DiscriminatorOutput:
        refuse_condition("PosteriorDiscriminator", condition)
        trunk = Trunk(self.features)(samples.reshape(samples.shape[0], -1))
        posterior = nn.Dense(self.num_codes, name="posterior")(trunk)
        return DiscriminatorOutput(nn.Dense(1, name="score")(trunk)[:, 0], {"posterior": posterior})


class EncoderDiscriminator(nn.Module):
    """O-GAN's discriminator: an encoder whose average is the score. Per sample.

    score = avg E(x); its feature is `codes` = E(x). Su 2019, arXiv:1903.01931, section 3.

    Attributes:
      features: widths of the hidden layers.
      code_dim: numbers in a code: the latent dimension.
    """

    features: tuple[int, ...] = (128, 128)
    code_dim: int = 2

    @nn.compact
    def __call__(self, samples: Samples, *condition: Any, train: bool = False) -> DiscriminatorOutput:
        refuse_condition("EncoderDiscriminator", condition)
        codes = nn.Dense(self.code_dim)(Trunk(self.features)(samples.reshape(samples.shape[0], -1)))
        return DiscriminatorOutput(jnp.mean(codes, axis=1), {"codes": codes})


class StatisticsNetwork(nn.Module):
    """T(x, z) of a maximum-entropy generator: whether a sample and latents belong together. Per sample.

    Kumar et al. 2019, arXiv:1901.08508, section 3.

    Attributes:
      features: widths of the hidden layers.
    """

    features: tuple[int, ...] = (128, 128)

    @nn.compact
    def __call__(self, samples: Samples, latents: Latents, train: bool = False) -> Scores:
        both = [x.reshape(x.shape[0], -1) for x in (samples, latents)]
        return nn.Dense(1)(Trunk(self.features)(jnp.concatenate(both, axis=1)))[:, 0]


def autoencoder_discriminator(
    sample_shape: tuple[int, ...], *, features: tuple[int, ...] = (128, 128), code_dim: int = 16
) -> Network:
    """An EBGAN discriminator.

    Args:
      sample_shape: one sample's shape; the network reads it off its input.
      features: widths of the encoder's hidden layers; the decoder has them backwards.
      code_dim: numbers in a code.
    """
    del sample_shape
    check_positive(code_dim=code_dim)
    return from_linen(AutoencoderDiscriminator(widths(features), code_dim))


def posterior_discriminator(
    sample_shape: tuple[int, ...], *, features: tuple[int, ...] = (128, 128), num_codes: int = 12
) -> Network:
    """An InfoGAN discriminator.

    Args:
      sample_shape: one sample's shape; the network reads it off its input.
      features: widths of the trunk.
      num_codes: categories + continuous codes.
    """
    del sample_shape
    check_positive(num_codes=num_codes)
    return from_linen(PosteriorDiscriminator(widths(features), num_codes))


def encoder_discriminator(
    sample_shape: tuple[int, ...], *, features: tuple[int, ...] = (128, 128), code_dim: int = 2
) -> Network:
    """An O-GAN discriminator.

    Args:
      sample_shape: one sample's shape; the network reads it off its input.
      features: widths of the hidden layers.
      code_dim: the latent dimension; with 2, correlations are ±1 and pull nowhere.
    """
    del sample_shape
    check_positive(code_dim=code_dim)
    return from_linen(EncoderDiscriminator(widths(features), code_dim))


def statistics_network(*, features: tuple[int, ...] = (128, 128)) -> Network:
    """A statistics network, for a game's `helper`: (samples, latents) -> [B].

    Args:
      features: widths of the hidden layers.
    """
    return from_linen(StatisticsNetwork(widths(features)))
