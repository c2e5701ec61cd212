"""ring-ogan: O-GAN; the discriminator is an encoder whose average is the score, on eight Gaussians.

python experiments/train.py ring-ogan
"""

from dataclasses import replace

from choices import choose

from configs import ring

CONFIG = replace(
    ring.CONFIG,
    prior=choose("prior", "normal", latent_dim=16),
    discriminator=choose("discriminator", "mlp-encoder", features=(128, 128), code_dim=16),
    objective=choose("objective", "ogan"),
)
