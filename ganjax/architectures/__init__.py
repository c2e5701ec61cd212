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
from ganjax.architectures._mlp import (
    MlpDiscriminator,
    MlpGenerator,
    activate_first,
    mlp_discriminator,
    mlp_generator,
    normalize_first,
)
from ganjax.architectures._network import from_linen, stateless
from ganjax.checks import Table

ARCHITECTURES = Table(
    "architecture",
    {
        "mlp": Architecture(mlp_generator, mlp_discriminator),
        "dcgan": Architecture(dcgan_generator, dcgan_discriminator),
    },
)

__all__ = [
    "ARCHITECTURES",
    "Activation",
    "Architecture",
    "Conv",
    "ConvTranspose",
    "DcganDiscriminator",
    "DcganGenerator",
    "MlpDiscriminator",
    "MlpGenerator",
    "Normalization",
    "activate_first",
    "batch_norm",
    "convolve",
    "convolve_transposed",
    "dcgan_discriminator",
    "dcgan_generator",
    "from_linen",
    "layer_norm",
    "leaky_relu",
    "mlp_discriminator",
    "mlp_generator",
    "normalize_first",
    "stateless",
]
