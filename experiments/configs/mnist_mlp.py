"""mnist-mlp: fully connected networks on MNIST, the fastest way to digits.

python experiments/train.py mnist-mlp --data.dir PATH/TO/mnist
"""

from choices import choose
from config import Config, Data

CONFIG = Config(
    data=Data(name="mnist"),
    prior=choose("prior", "normal", latent_dim=64),
    generator=choose("generator", "mlp", features=(256, 512), activation="leaky_relu", normalization="batch"),
    discriminator=choose("discriminator", "mlp", features=(512, 256), activation="leaky_relu"),
    objective=choose("objective", "non-saturating"),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=2e-4),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=2e-4),
    batch_size=64,
    num_steps=20_000,
    log_every=200,
    sample_every=2000,
    checkpoint_every=2000,
)
