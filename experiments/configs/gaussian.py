"""gaussian: the tutorial's first GAN. A linear generator learns a correlated Gaussian from 1000 points.

    python experiments/train.py gaussian

20 epochs of 125 batches of 8; all parameters start at N(0, 0.02).
"""

from choices import choose
from config import Config, Data, Update

CONFIG = Config(
    data=Data(name="gaussian:1000"),
    prior=choose("prior", "normal", latent_dim=2),
    generator=choose("generator", "mlp", features=(), init_std=0.02),
    discriminator=choose("discriminator", "mlp", features=(5, 3), activation="tanh", init_std=0.02),
    objective=choose("objective", "non-saturating"),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=0.005, b1=0.9),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=0.05, b1=0.9),
    update=Update(ema_decay=None),
    batch_size=8,
    num_steps=2500,
    log_every=125,
    sample_every=125,
    checkpoint_every=500,
    steps_per_call=125,
    num_samples=1000,
)
