"""ring: eight Gaussians on the unit circle, standard deviation 0.01; small networks.

python experiments/train.py ring
"""

from choices import choose
from config import Config, Data

CONFIG = Config(
    data=Data(name="ring"),
    prior=choose("prior", "normal", latent_dim=2),
    generator=choose("generator", "mlp", features=(128, 128)),
    discriminator=choose("discriminator", "mlp", features=(128, 128)),
    objective=choose("objective", "non-saturating"),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=1e-3),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=1e-3),
    batch_size=256,
    num_steps=10_000,
    log_every=200,
    sample_every=1000,
    checkpoint_every=2000,
    num_samples=2000,
)
