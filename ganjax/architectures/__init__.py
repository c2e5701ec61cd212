"""Networks: the only folder that imports Flax."""

from ganjax.architectures._architecture import Architecture
from ganjax.architectures._class_conditional import ProjectionHead, conditional_batch_norm
from ganjax.architectures._constraints import Constraint, spectral_norm, unconstrained
from ganjax.architectures._convolutions import convolve, convolve_transposed
from ganjax.architectures._dcgan import DcganDiscriminator, DcganGenerator, dcgan_discriminator, dcgan_generator
from ganjax.architectures._dcgan_conditional import (
    DcganClassifier,
    DcganConditionalDiscriminator,
    DcganConditionalGenerator,
    DcganProjection,
    dcgan_classifier,
    dcgan_conditional_discriminator,
    dcgan_conditional_generator,
    dcgan_projection,
)
from ganjax.architectures._dcgan_heads import (
    DcganAutoencoder,
    DcganEncoder,
    DcganPosterior,
    DcganStatistics,
    dcgan_autoencoder,
    dcgan_encoder,
    dcgan_posterior,
    dcgan_statistics,
)
from ganjax.architectures._goodfellow2014 import (
    MaxoutDropoutDiscriminator,
    goodfellow2014_discriminator,
    goodfellow2014_generator,
)
from ganjax.architectures._grouped import GroupedConv, convolve_groups
from ganjax.architectures._lapgan import (
    LapganDiscriminator,
    LapganGenerator,
    lapgan_discriminator,
    lapgan_generator,
)
from ganjax.architectures._lapgan_levels import ResidualDiscriminator, ResidualGenerator, lapgan_latent_dim
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
from ganjax.architectures._minibatch_std import minibatch_std
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
from ganjax.architectures._r3gan import R3ganDiscriminator, R3ganGenerator, r3gan_discriminator, r3gan_generator
from ganjax.architectures._resnet import (
    ResnetDiscriminator,
    ResnetFeatures,
    ResnetGenerator,
    ResnetImages,
    resnet_discriminator,
    resnet_generator,
)
from ganjax.architectures._resnet_projection import (
    ResnetConditionalGenerator,
    ResnetProjectionDiscriminator,
    resnet_conditional_generator,
    resnet_projection_discriminator,
)
from ganjax.architectures._tutorials import (
    SigmoidDiscriminator,
    keras_discriminator,
    keras_generator,
    matlab_discriminator,
    matlab_generator,
)
from ganjax.checks import Table

ARCHITECTURES = Table(
    "architecture",
    {
        "mlp": Architecture(mlp_generator, mlp_discriminator),
        "dcgan": Architecture(dcgan_generator, dcgan_discriminator),
        "dcgan_autoencoder": Architecture(dcgan_generator, dcgan_autoencoder),
        "dcgan_posterior": Architecture(dcgan_generator, dcgan_posterior),
        "dcgan_encoder": Architecture(dcgan_generator, dcgan_encoder),
        "dcgan_conditional": Architecture(dcgan_conditional_generator, dcgan_conditional_discriminator),
        "dcgan_classifier": Architecture(dcgan_conditional_generator, dcgan_classifier),
        "dcgan_projection": Architecture(dcgan_conditional_generator, dcgan_projection),
        "lapgan": Architecture(lapgan_generator, lapgan_discriminator),
        "goodfellow2014": Architecture(goodfellow2014_generator, goodfellow2014_discriminator),
        "mlp_autoencoder": Architecture(mlp_generator, autoencoder_discriminator),
        "mlp_posterior": Architecture(mlp_generator, posterior_discriminator),
        "mlp_encoder": Architecture(mlp_generator, encoder_discriminator),
        "mlp_maxout": Architecture(mlp_generator, maxout_discriminator),
        "resnet": Architecture(resnet_generator, resnet_discriminator),
        "resnet_projection": Architecture(resnet_conditional_generator, resnet_projection_discriminator),
        "r3gan": Architecture(r3gan_generator, r3gan_discriminator),
        "tutorial_keras": Architecture(keras_generator, keras_discriminator),
        "tutorial_matlab": Architecture(matlab_generator, matlab_discriminator),
    },
)
HELPERS = Table("helper", {"statistics": statistics_network, "dcgan_statistics": dcgan_statistics})

__all__ = [
    "ARCHITECTURES",
    "HELPERS",
    "Activation",
    "Architecture",
    "AutoencoderDiscriminator",
    "Constraint",
    "Conv",
    "ConvTranspose",
    "DcganAutoencoder",
    "DcganClassifier",
    "DcganConditionalDiscriminator",
    "DcganConditionalGenerator",
    "DcganDiscriminator",
    "DcganEncoder",
    "DcganGenerator",
    "DcganPosterior",
    "DcganProjection",
    "DcganStatistics",
    "EncoderDiscriminator",
    "GroupedConv",
    "LapganDiscriminator",
    "LapganGenerator",
    "Maxout",
    "MaxoutDiscriminator",
    "MaxoutDropoutDiscriminator",
    "MlpDiscriminator",
    "MlpGenerator",
    "Normalization",
    "PosteriorDiscriminator",
    "ProjectionHead",
    "R3ganDiscriminator",
    "R3ganGenerator",
    "ResidualDiscriminator",
    "ResidualGenerator",
    "ResnetConditionalGenerator",
    "ResnetDiscriminator",
    "ResnetFeatures",
    "ResnetGenerator",
    "ResnetImages",
    "ResnetProjectionDiscriminator",
    "SigmoidDiscriminator",
    "StatisticsNetwork",
    "activate_first",
    "autoencoder_discriminator",
    "batch_norm",
    "conditional_batch_norm",
    "convolve",
    "convolve_groups",
    "convolve_transposed",
    "dcgan_autoencoder",
    "dcgan_classifier",
    "dcgan_conditional_discriminator",
    "dcgan_conditional_generator",
    "dcgan_discriminator",
    "dcgan_encoder",
    "dcgan_generator",
    "dcgan_posterior",
    "dcgan_projection",
    "dcgan_statistics",
    "encoder_discriminator",
    "from_linen",
    "goodfellow2014_discriminator",
    "goodfellow2014_generator",
    "keras_discriminator",
    "keras_generator",
    "lapgan_discriminator",
    "lapgan_generator",
    "lapgan_latent_dim",
    "layer_norm",
    "leaky_relu",
    "matlab_discriminator",
    "matlab_generator",
    "maxout_discriminator",
    "minibatch_std",
    "mlp_discriminator",
    "mlp_generator",
    "normalize_first",
    "pack",
    "packed",
    "packed_shape",
    "posterior_discriminator",
    "r3gan_discriminator",
    "r3gan_generator",
    "resnet_conditional_generator",
    "resnet_discriminator",
    "resnet_generator",
    "resnet_projection_discriminator",
    "spectral_norm",
    "stateless",
    "statistics_network",
    "unconstrained",
]
