"""digits: a DCGAN on scikit-learn's 1797 handwritten digits, 8x8, which come with the package.

python experiments/train.py digits
"""

from choices import choose
from config import Config, Data

CONFIG = Config(
    data=Data(name="digits"),
    prior=choose("prior", "normal", latent_dim=32),
    generator=choose("generator", "dcgan", channels=32),
    discriminator=choose("discriminator", "dcgan", channels=32),
    objective=choose("objective", "non-saturating"),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=5e-4),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=5e-4),
    batch_size=64,
    num_steps=4000,
    log_every=100,
    sample_every=500,
    checkpoint_every=1000,
)
