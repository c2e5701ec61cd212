"""ring-infogan: InfoGAN; one categorical code of 8 values for 8 modes, on eight Gaussians.

python experiments/train.py ring-infogan
"""

from dataclasses import replace

from choices import choose

from configs import ring

CONFIG = replace(
    ring.CONFIG,
    prior=choose("prior", "coded", noise_dim=2, categories=8, continuous=0),
    discriminator=choose("discriminator", "mlp-posterior", features=(128, 128), num_codes=8),
    objective=choose("objective", "infogan", categories=8, continuous=0),
)
