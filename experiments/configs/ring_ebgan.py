"""ring-ebgan: EBGAN with its repelling term; the discriminator is an auto-encoder, on eight Gaussians.

python experiments/train.py ring-ebgan
"""

from dataclasses import replace

from choices import choose

from configs import ring

CONFIG = replace(
    ring.CONFIG,
    discriminator=choose("discriminator", "mlp-autoencoder", features=(128, 128)),
    objective=choose("objective", "ebgan"),
)
