"""Networks: the only folder that imports Flax."""

from ganjax.architectures._architecture import Architecture
from ganjax.architectures._convolutions import convolve, convolve_transposed
from ganjax.architectures._dcgan import DcganDiscriminator, DcganGenerator, dcgan_discriminator, dcgan_generator
from ganjax.architectures._layers import (
    Activation,
    Conv,
    ConvTranspose,
    Normalization,
    batch_norm,
    layer_norm,
    leaky_relu,
)
from ganjax.architectures._maxout import Maxout, MaxoutDiscriminator, maxout_discriminator
from ganjax.architectures._mlp import (
    MlpDiscriminator,
    MlpGenerator,
    activate_first,
    mlp_discriminator,
    mlp_generator,
    normalize_first,
)
from ganjax.architectures._mlp_heads import (
    AutoencoderDiscriminator,
    EncoderDiscriminator,
    PosteriorDiscriminator,
    StatisticsNetwork,
    autoencoder_discriminator,
    encoder_discriminator,
    posterior_discriminator,
    statistics_network,
)
from ganjax.architectures._network import from_linen, stateless
from ganjax.architectures._packing import pack, packed, packed_shape
from ganjax.checks import Table

ARCHITECTURES = Table(
    "architecture",
    {
        "mlp": Architecture(mlp_generator, mlp_discriminator),
        "dcgan": Architecture(dcgan_generator, dcgan_discriminator),
        "mlp_autoencoder": Architecture(mlp_generator, autoencoder_discriminator),
        "mlp_posterior": Architecture(mlp_generator, posterior_discriminator),
        "mlp_encoder": Architecture(mlp_generator, encoder_discriminator),
        "mlp_maxout": Architecture(mlp_generator, maxout_discriminator),
    },
)
HELPERS = Table("helper", {"statistics": statistics_network})

__all__ = [
    "ARCHITECTURES",
    "HELPERS",
    "Activation",
    "Architecture",
    "AutoencoderDiscriminator",
    "Conv",
    "ConvTranspose",
    "DcganDiscriminator",
    "DcganGenerator",
    "EncoderDiscriminator",
    "Maxout",
    "MaxoutDiscriminator",
    "MlpDiscriminator",
    "MlpGenerator",
    "Normalization",
    "PosteriorDiscriminator",
    "StatisticsNetwork",
    "activate_first",
    "autoencoder_discriminator",
    "batch_norm",
    "convolve",
    "convolve_transposed",
    "dcgan_discriminator",
    "dcgan_generator",
    "encoder_discriminator",
    "from_linen",
    "layer_norm",
    "leaky_relu",
    "maxout_discriminator",
    "mlp_discriminator",
    "mlp_generator",
    "normalize_first",
    "pack",
    "packed",
    "packed_shape",
    "posterior_discriminator",
    "stateless",
    "statistics_network",
]
